import asyncio
import logging
from dataclasses import replace
from itertools import pairwise
from typing import Final, Literal

import pytest
from hypothesis import given, settings, strategies as st

from couriers import (
    DELIVERED,
    FAILING,
    GONE,
    LIMITED,
    LOST,
    UNFIT,
    MoodyStore,
    StandingClock,
    a_rig,
    entry,
    running,
    until,
)
from fakes import FakeClock
from liqmon.core.board import Receiver
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
)
from liqmon.core.model import Severity
from liqmon.discord.answers import Answer
from liqmon.monitor.courier import Courier
from liqmon.store.outbox import OutboxEntry, OutboxRow, RowState

LONG_S: Final = 4_000.0
"""Longer than any wait of a test, but for days; only the fake clock sees it."""

EDGE = Answer(403, body="error code: 1010")
FORBIDDEN = Answer(403, body='{"code": 50001, "message": "Missing Access"}')
NO_THREAD = Answer(400, body='{"code": 220001, "message": "needs a thread"}')
REDIRECT = Answer(307, headers={"location": "http://elsewhere"})


# one attempt


async def test_a_finding_is_posted_and_its_row_settled() -> None:
    async with a_rig() as rig:
        await rig.add(entry())

        assert await rig.courier.drain(deadline_s=5) == 0

        row = await rig.row()
        assert (row.state, row.message_id, row.attempts) == (RowState.SENT, "42", 1)
        assert len(rig.sender.posted) == 1
        assert "BTCUSDT" in rig.sender.texts[0]
        [sent] = rig.of(Delivery)
        assert (sent.episode, sent.status) == ("e1", DeliveryStatus.SENT)
        assert (sent.message_id, sent.latency_s) == ("42", 0.12)


async def test_the_attempt_is_on_disk_before_the_request() -> None:
    async with a_rig() as rig:
        await rig.add(entry())
        seen: list[tuple[int, str]] = []

        async def look() -> None:
            row = await rig.row()
            seen.append((row.attempts, row.last_error))

        rig.sender.meanwhile = look
        await rig.courier.drain(deadline_s=5)

        assert seen == [(1, "")]


@pytest.mark.parametrize(
    ("answer", "state", "breaker", "wait_s"),
    [
        (DELIVERED, RowState.SENT, BreakerState.CLOSED, None),
        (Answer(204), RowState.SENT, BreakerState.CLOSED, None),
        (Answer(200, body="<html>"), RowState.SENT, BreakerState.CLOSED, None),
        (LOST, RowState.PENDING, BreakerState.CLOSED, None),
        (FAILING, RowState.PENDING, BreakerState.CLOSED, None),
        (Answer(404, body="<html>"), RowState.PENDING, BreakerState.CLOSED, None),
        (LIMITED, RowState.PENDING, BreakerState.CLOSED, 30.25),
        (Answer(429, body="<html>"), RowState.PENDING, BreakerState.CLOSED, 900.0),
        (EDGE, RowState.PENDING, BreakerState.CLOSED, 900.0),
        (FORBIDDEN, RowState.PENDING, BreakerState.CLOSED, 3600.0),
        (NO_THREAD, RowState.PENDING, BreakerState.CLOSED, 3600.0),
        (GONE, RowState.PENDING, BreakerState.DEAD, None),
        (
            Answer(401, body='{"code": 50027}'),
            RowState.PENDING,
            BreakerState.DEAD,
            None,
        ),
        (REDIRECT, RowState.PENDING, BreakerState.DEAD, None),
    ],
)
async def test_every_answer_does_to_row_and_gate_what_the_table_says(
    answer: Answer, state: RowState, breaker: BreakerState, wait_s: float | None
) -> None:
    async with a_rig(answer) as rig:
        await rig.add(entry())

        await rig.courier.drain(deadline_s=0.5)

        row = await rig.row()
        assert row.state is state
        assert (row.last_error == "") is (state is RowState.SENT)
        assert rig.shown[-1].breaker is breaker
        assert rig.shown[-1].until_mono == wait_s


async def test_a_lost_reply_is_sent_again_with_the_same_id_and_a_warning() -> None:
    async with a_rig(LOST) as rig:
        await rig.add(entry())

        await rig.courier.drain(deadline_s=5)

        first, second = rig.sender.texts
        assert "e1" in first
        assert "possible duplicate" not in first
        assert "e1 · " in second
        assert "possible duplicate" in second


async def test_a_row_that_fails_waits_longer_every_time_up_to_a_minute() -> None:
    never = BreakerPolicy(enabled=False)
    async with a_rig(*[FAILING] * 9, policy=never) as rig:
        await rig.add(entry())

        await rig.courier.drain(deadline_s=LONG_S)

        times = rig.sender.times
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60], abs=2.2)


async def test_the_same_trouble_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    never = BreakerPolicy(enabled=False)
    async with a_rig(FAILING, FAILING, LOST, FAILING, policy=never) as rig:
        await rig.add(entry())

        await rig.courier.drain(deadline_s=LONG_S)

        said = [line for line in caplog.messages if line.startswith("not delivered")]
        assert ["HTTP 500" in line for line in said] == [True, False, True]


# the breaker


async def test_a_receiver_is_named_after_its_route(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_rig(*[FAILING] * 3, routes=("phone", "tablet")) as rig:
        await rig.add(*[replace(entry(one), route="phone") for one in range(3)])
        await rig.courier.drain(deadline_s=LONG_S)

        changes = [one for one in rig.events if isinstance(one, BreakerChanged)]
        assert {one.receiver for one in changes} == {"phone"}
        assert {one.name for one in rig.shown} == {"phone"}
    assert "phone circuit breaker open for 300 s" in caplog.text


async def test_three_failures_open_the_breaker_and_nothing_is_sent_until_one_probe(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*map(entry, range(6)))

        assert await rig.courier.drain(deadline_s=299) == 6
        assert rig.sender.times == [0.0, 0.0, 0.0]
        assert rig.breaker() == [BreakerState.OPEN]
        assert "webhook circuit breaker open for 300 s" in caplog.text

        assert await rig.courier.drain(deadline_s=LONG_S) == 0
        assert rig.sender.times[3] == pytest.approx(300.0)
        assert rig.breaker() == [
            BreakerState.OPEN,
            BreakerState.HALF_OPEN,
            BreakerState.CLOSED,
        ]


async def test_a_failed_probe_means_another_full_period() -> None:
    async with a_rig(*[FAILING] * 5) as rig:
        await rig.add(*map(entry, range(4)))

        await rig.courier.drain(deadline_s=LONG_S)

        assert rig.sender.times[3:6] == pytest.approx([300.0, 600.0, 900.0])


async def test_after_an_outage_of_few_findings_a_report_comes_before_them() -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*[entry(f"m{number}") for number in range(3)])

        await rig.courier.drain(deadline_s=LONG_S)

        order = [episode for episode, status in rig.deliveries() if status == "sent"]
        assert order == ["em0", "", "em1", "em2"]
        report = rig.sender.texts[4]
        assert "Discord was unreachable" in report
        assert "2 findings were held and follow" in report
        assert "HTTP 500" in report


async def test_after_an_outage_a_digest_takes_the_place_of_report_and_findings() -> (
    None
):
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*[entry(f"m{number}") for number in range(3)])
        await rig.courier.drain(deadline_s=100)
        await rig.add(
            entry("low", severity=Severity.LOW),
            entry("high", severity=Severity.HIGH),
            entry("critical", severity=Severity.CRITICAL),
        )
        rig.clock.push(250)

        await rig.courier.drain(deadline_s=LONG_S)

        probe, digest = rig.sender.texts[3:5]
        assert "ecritical" in probe
        assert "5 episodes still going on" in digest
        told = [each for each in rig.deliveries() if each[1] in ("sent", "digested")]
        assert told == [
            ("ecritical", "sent"),
            ("", "sent"),
            *[(f"em{number}", "digested") for number in range(3)],
            ("elow", "digested"),
            ("ehigh", "digested"),
        ]
        assert len(rig.sender.texts) == 5


async def test_after_an_outage_no_row_waits_for_its_own_retry_time() -> None:
    async with a_rig(*[FAILING] * 3, policy=BreakerPolicy(open_s=1.0)) as rig:
        await rig.add(entry())
        await rig.courier.drain(deadline_s=3.5)
        assert rig.sender.times == pytest.approx([0.0, 1.0, 3.0])
        await rig.add(entry("probe"))

        await rig.courier.drain(deadline_s=60)

        assert rig.sender.times[3:] == pytest.approx([4.0, 4.0, 4.0], abs=2.2)
        assert ("e1", "sent") in rig.deliveries()
        assert (await rig.row("1")).settled_ms == rig.clock.wall_ms + 4_200


async def test_findings_of_one_episode_keep_their_order() -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(
            entry("onset", severity=Severity.LOW, episode="one"),
            entry("escalation", severity=Severity.CRITICAL, episode="one"),
            entry("end", severity=Severity.CRITICAL, episode="one"),
        )

        await rig.courier.drain(deadline_s=LONG_S)

        posted = [text for text in rig.sender.texts[3:] if "unreachable" not in text]
        assert [("CRITICAL" in text) for text in posted] == [False, True, True]


async def test_a_row_is_called_held_once_however_long_it_waits() -> None:
    async with a_rig(*[FAILING] * 5) as rig:
        await rig.add(*map(entry, range(3)))

        await rig.courier.drain(deadline_s=LONG_S)

        held = [event for event in rig.of(Delivery) if event.status == "held"]
        assert sorted(event.episode for event in held) == ["e0", "e1", "e2"]
        assert held[0].reason == "breaker open: Discord is failing (HTTP 500)"


async def test_skipped_findings_are_dead_with_the_reason_and_counted() -> None:
    async with a_rig(*[FAILING] * 3, when_open="skip") as rig:
        await rig.add(*map(entry, range(3)))
        assert await rig.courier.drain(deadline_s=10) == 3
        await rig.add(entry("meanwhile"))
        assert await rig.courier.drain(deadline_s=10) == 4

        row = await rig.row("meanwhile")
        assert (row.state, row.last_error) == (RowState.DEAD, "skipped: breaker open")
        assert ("emeanwhile", "dead") in rig.deliveries()

        rig.clock.push(300)
        await rig.add(entry("after"))
        assert await rig.courier.drain(deadline_s=10) == 4
        assert (await rig.row("after")).state is RowState.SENT
        assert "No finding was held" in rig.sender.texts[-1]


async def test_a_report_that_is_due_while_skipping_stays_pending() -> None:
    async with a_rig(DELIVERED, *[FAILING] * 4, when_open="skip") as rig:
        await rig.add(replace(entry("report"), kind="report", episode=""), entry())

        await rig.courier.drain(deadline_s=100)

        states = await rig.states()
        assert states == {"report": "sent", "1": "dead"}
        await rig.add(replace(entry("second"), kind="report", episode=""))
        await rig.courier.drain(deadline_s=100)
        assert (await rig.states())["second"] == "pending"


async def test_without_the_breaker_every_row_is_tried_again_and_again() -> None:
    never = BreakerPolicy(enabled=False)
    async with a_rig(*[FAILING] * 6, policy=never) as rig:
        await rig.add(*map(entry, range(3)))

        assert await rig.courier.drain(deadline_s=60) == 0
        assert rig.breaker() == []
        assert len(rig.sender.posted) == 9


async def test_without_the_breaker_a_webhook_that_is_gone_is_still_given_up_on() -> (
    None
):
    async with a_rig(GONE, policy=BreakerPolicy(enabled=False)) as rig:
        await rig.add(entry(), entry(2))

        assert await rig.courier.drain(deadline_s=LONG_S) == 2
        assert len(rig.sender.posted) == 1


async def test_the_board_is_told_how_long_and_why() -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*map(entry, range(3)))

        await rig.courier.drain(deadline_s=10)

        shown = rig.shown[-1]
        assert (shown.breaker, shown.failures) == (BreakerState.OPEN, 3)
        assert shown.until_mono == pytest.approx(300.0)
        assert shown.pending == 3
        assert "HTTP 500" in shown.reason


# the gate


async def test_a_rate_limit_is_waited_for_and_is_no_failure() -> None:
    async with a_rig(*[LIMITED] * 5) as rig:
        await rig.add(entry(), entry(2))

        await rig.courier.drain(deadline_s=LONG_S)

        assert rig.breaker() == []
        assert rig.sender.times == pytest.approx(
            [0, 30.25, 60.5, 90.75, 121, 151.25, 151.25]
        )
        assert rig.deliveries()[:2] == [("e1", "held"), ("e2", "held")]


async def test_an_empty_bucket_is_waited_for() -> None:
    empty = {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.2"}
    async with a_rig(replace(DELIVERED, headers=empty)) as rig:
        await rig.add(entry(), entry(2))

        await rig.courier.drain(deadline_s=5)

        assert rig.sender.times == pytest.approx([0.0, 1.2])
        assert "held" not in dict(rig.deliveries()).values()


async def test_a_backlog_goes_out_at_the_pace_discord_takes() -> None:
    async with a_rig() as rig:
        await rig.add(*map(entry, range(33)))

        assert await rig.courier.drain(deadline_s=LONG_S) == 0

        times = rig.sender.times
        assert len(times) == 33
        assert times[3] == 0.0
        for start in times:
            assert sum(start <= at < start + 60 for at in times) <= 28
            assert sum(start <= at < start + 2 for at in times) <= 4


# refused messages


async def test_a_refused_message_goes_out_plain_and_then_is_a_dead_letter() -> None:
    async with a_rig(UNFIT, UNFIT) as rig:
        await rig.add(entry(severity=Severity.HIGH), entry(2))

        assert await rig.courier.drain(deadline_s=LONG_S) == 1

        assert await rig.states() == {"1": "dead", "2": "sent"}
        assert "embeds" in rig.sender.posted[0][1]
        assert not rig.sender.posted[1][1].get("embeds")
        assert "50035" in (await rig.row()).last_error
        assert rig.deliveries() == [("e1", "dead"), ("e2", "sent")]
        assert rig.breaker() == []


async def test_three_dead_letters_in_a_row_stop_the_sender_and_no_more_are_buried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_rig(*[UNFIT] * 40) as rig:
        await rig.add(*map(entry, range(6)))

        await rig.courier.drain(deadline_s=3_599)
        assert len(rig.sender.posted) == 6
        assert "3 messages in a row were refused" in caplog.text
        await rig.courier.drain(deadline_s=3 * LONG_S)

        rows = (await rig.rows()).values()
        states = [row.state.value for row in rows if row.kind == "finding"]
        assert states.count("dead") == 3
        assert states.count("pending") == 3


async def test_one_delivery_ends_the_row_of_dead_letters() -> None:
    script = [UNFIT] * 4 + [DELIVERED] + [UNFIT] * 4
    async with a_rig(*script) as rig:
        await rig.add(*map(entry, range(6)))

        await rig.courier.drain(deadline_s=600)

        states = list((await rig.states()).values())
        assert (states.count("dead"), states.count("sent")) == (4, 2)


# a webhook that is gone


async def test_a_webhook_that_is_gone_is_not_asked_again_even_by_the_next_run() -> None:
    async with a_rig(GONE) as rig:
        await rig.add(entry())
        assert await rig.courier.drain(deadline_s=LONG_S) == 1

        async with a_rig(store=rig.store, clock=rig.clock) as after:
            assert await after.courier.drain(deadline_s=LONG_S) == 1
            assert after.sender.posted == []
            assert after.deliveries() == [("e1", "held")]
            assert after.shown[-1].breaker is BreakerState.DEAD
            assert "does not exist any more" in after.shown[-1].reason


async def test_another_webhook_gets_what_the_one_that_is_gone_did_not() -> None:
    async with a_rig(GONE) as rig:
        await rig.add(entry())
        await rig.courier.drain(deadline_s=LONG_S)

        async with a_rig(store=rig.store, clock=rig.clock, fingerprint="new") as after:
            assert await after.courier.drain(deadline_s=LONG_S) == 0
            assert len(after.sender.posted) == 1


async def test_a_webhook_revived_from_outside_is_used_within_a_minute() -> None:
    async with a_rig(GONE, clock=StandingClock()) as rig:
        await rig.add(entry())
        async with running(rig):
            await until(lambda: len(rig.clock.slept) == 1)
            assert rig.clock.slept == [60.0]
            await rig.store.revive_receiver("272ab690e7bd")
            rig.courier.wake()
            await until(lambda: ("e1", "sent") in rig.deliveries())

        assert rig.breaker() == [BreakerState.DEAD, BreakerState.CLOSED]


# restarts


async def test_a_restart_waits_for_the_rest_of_the_open_time() -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*map(entry, range(3)))
        await rig.courier.drain(deadline_s=10)
        later = FakeClock(wall_ms=rig.clock.now_ms() + 100_000)

        async with a_rig(store=rig.store, clock=later) as after:
            assert await after.courier.drain(deadline_s=LONG_S) == 0
            assert after.sender.times[0] == pytest.approx(200.0)
            assert "HTTP 500" in after.sender.texts[1]
            assert "for 5 min" in after.sender.texts[1]


@pytest.mark.parametrize("jump_ms", [-86_400_000, 86_400_000 // 4])
async def test_p11_a_wall_clock_that_jumped_costs_one_open_time_at_most(
    jump_ms: int,
) -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*[entry(key, severity=Severity.HIGH) for key in range(3)])
        await rig.courier.drain(deadline_s=10)
        later = FakeClock(wall_ms=rig.clock.now_ms() + jump_ms)

        async with a_rig(store=rig.store, clock=later) as after:
            assert await after.courier.drain(deadline_s=LONG_S) == 0
            assert after.sender.times[0] <= 300.0


async def test_a_restart_respects_a_rate_limit() -> None:
    async with a_rig(LIMITED) as rig:
        await rig.add(entry())
        await rig.courier.drain(deadline_s=0.5)

        async with a_rig(store=rig.store, clock=rig.clock) as after:
            await after.courier.drain(deadline_s=LONG_S)
            assert after.sender.times == pytest.approx([30.25])
            assert "rate-limited" in after.of(Delivery)[0].reason


# expiry


async def test_what_nobody_needs_any_more_expires_and_counts_as_undelivered() -> None:
    async with a_rig(GONE) as rig:
        await rig.add(entry("low", severity=Severity.LOW), entry())
        await rig.courier.drain(deadline_s=10)
        rig.clock.push(1_800)

        assert await rig.courier.drain(deadline_s=10) == 2
        assert await rig.states() == {"low": "expired", "1": "pending"}
        assert rig.deliveries()[-1] == ("elow", "expired")


# without a webhook


async def test_without_a_webhook_all_is_kept_and_shown_and_nothing_is_undelivered() -> (
    None
):
    clock, shown = StandingClock(), list[Receiver]()
    store = await MoodyStore.in_memory()
    courier = Courier(
        store=store,
        sender=None,
        breaker=Breaker(BreakerPolicy()),
        fingerprint="",
        clock=clock,
        emit=lambda event: pytest.fail(f"{event}"),
        on_receiver=shown.append,
    )
    await store.enqueue(entry(), now_ms=clock.now_ms())
    task = asyncio.create_task(courier.run())
    await until(lambda: bool(clock.slept))
    task.cancel()
    await asyncio.wait({task})

    assert await courier.drain(deadline_s=5) == 0
    assert (shown[-1].configured, shown[-1].pending) == (False, 1)
    await store.close()


# the disk


async def test_what_was_delivered_is_not_delivered_again_because_the_disk_failed() -> (
    None
):
    async with a_rig() as rig:
        await rig.add(entry())

        async def break_disk() -> None:
            rig.store.broken = frozenset({"conclude"})

        rig.sender.meanwhile = break_disk
        assert await rig.courier.drain(deadline_s=600) == 1
        assert len(rig.sender.posted) == 1
        assert rig.told[0] == "outbox: the disk is full"
        rig.store.broken = frozenset()

        assert await rig.courier.drain(deadline_s=600) == 0
        assert len(rig.sender.posted) == 1
        assert (await rig.row()).state is RowState.SENT
        assert rig.told[-1] == ""


async def test_nothing_is_sent_that_cannot_be_noted_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_rig() as rig:
        await rig.add(entry())
        rig.store.broken = frozenset({"begin_attempt"})

        await rig.courier.drain(deadline_s=200)

        assert rig.sender.posted == []
        assert rig.clock.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
        assert caplog.text.count("the disk is full") == 1


async def test_an_outbox_that_cannot_be_counted_counts_as_undelivered() -> None:
    async with a_rig() as rig:
        rig.store.broken = frozenset({"counts"})

        assert await rig.courier.drain(deadline_s=1) == 1


# waking and stopping


async def test_a_finding_goes_out_as_soon_as_it_is_announced() -> None:
    async with a_rig(clock=StandingClock()) as rig, running(rig):
        await until(lambda: bool(rig.clock.slept))
        await rig.add(entry())
        rig.courier.wake()
        await until(lambda: ("e1", "sent") in rig.deliveries())

        assert rig.sender.times == [0.0]


async def test_a_retry_comes_in_time_without_anybody_waking() -> None:
    async with a_rig(FAILING) as rig:
        await rig.add(entry())
        async with running(rig):
            await until(lambda: ("e1", "sent") in rig.deliveries())

        assert rig.sender.times == pytest.approx([0.0, 1.0])


async def test_a_post_on_its_way_is_finished_although_the_run_was_cancelled() -> None:
    answered = asyncio.Event()
    async with a_rig(clock=StandingClock()) as rig:
        await rig.add(entry())
        rig.sender.meanwhile = answered.wait
        async with running(rig):
            await until(lambda: bool(rig.sender.posted))
        draining = asyncio.create_task(rig.courier.drain(deadline_s=5))
        await asyncio.sleep(0)
        answered.set()

        assert await draining == 0
        assert (await rig.row()).state is RowState.SENT
        assert len(rig.sender.posted) == 1


async def test_a_post_that_outlasts_the_deadline_leaves_its_row_in_doubt() -> None:
    async with a_rig() as rig:
        await rig.add(entry())
        rig.sender.meanwhile = asyncio.Event().wait

        assert await rig.courier.drain(deadline_s=0.2) == 1

        row = await rig.row()
        assert (row.state, row.ambiguous) == (RowState.PENDING, True)
        assert row.last_error == "stopped before an answer"


async def test_a_second_signal_ends_the_post_and_leaves_its_row_in_doubt() -> None:
    async with a_rig() as rig:
        await rig.add(entry())
        rig.sender.meanwhile = asyncio.Event().wait
        draining = asyncio.create_task(rig.courier.drain(deadline_s=60))
        await until(lambda: bool(rig.sender.posted))
        draining.cancel()
        await asyncio.wait({draining})

        assert draining.cancelled()
        assert (await rig.row()).ambiguous


async def test_a_probe_that_was_cut_off_leaves_room_for_the_next() -> None:
    async with a_rig(*[FAILING] * 3) as rig:
        await rig.add(*map(entry, range(3)))
        await rig.courier.drain(deadline_s=10)
        rig.clock.push(300)
        rig.sender.meanwhile = asyncio.Event().wait
        await rig.courier.drain(deadline_s=0.02)
        rig.sender.meanwhile = None

        assert await rig.courier.drain(deadline_s=5) == 0
        assert rig.breaker()[-1] is BreakerState.CLOSED


async def test_a_bug_in_an_attempt_ends_the_run_with_its_traceback() -> None:
    async def stumble() -> None:
        raise TypeError("a bug")

    async with a_rig() as rig:
        await rig.add(entry())
        rig.sender.meanwhile = stumble

        with pytest.raises(TypeError, match="a bug"):
            await rig.courier.run()
        rig.sender.meanwhile = None
        assert await rig.courier.drain(deadline_s=5) == 0


# whatever comes


ANSWERS: Final = [
    DELIVERED,
    DELIVERED,
    FAILING,
    FAILING,
    LOST,
    LIMITED,
    UNFIT,
    EDGE,
    FORBIDDEN,
    Answer(404, body="<html>"),
    GONE,
]


@settings(max_examples=50)
@given(
    script=st.lists(st.sampled_from(ANSWERS), max_size=30),
    severities=st.lists(st.sampled_from(Severity), min_size=1, max_size=8),
    restart_after_s=st.integers(0, 1_000),
    skips=st.booleans(),
)
def test_no_row_is_lost_and_nothing_is_sent_through_a_shut_gate(
    script: list[Answer],
    severities: list[Severity],
    restart_after_s: int,
    skips: bool,
) -> None:
    asyncio.run(_deliver_through(script, severities, restart_after_s, skips))


async def _deliver_through(
    script: list[Answer],
    severities: list[Severity],
    restart_after_s: int,
    skips: bool,
) -> None:
    logging.disable(logging.CRITICAL)
    when_open: Literal["skip", "hold"] = "skip" if skips else "hold"
    clock, store = FakeClock(), await MoodyStore.in_memory()
    asked: list[tuple[float, Answer]] = []
    try:
        async with a_rig(*script, store=store, clock=clock, when_open=when_open) as rig:
            half = len(severities) // 2
            await rig.add(*_entries(severities[:half], 0))
            await rig.courier.drain(deadline_s=restart_after_s)
            left = list(rig.sender.script)
            asked += zip(rig.sender.times, script, strict=False)
            before = rig
        async with a_rig(*left, store=store, clock=clock, when_open=when_open) as rig:
            await rig.add(*_entries(severities[half:], half))
            undelivered = await rig.courier.drain(deadline_s=100_000)
            asked += zip(rig.sender.times, [*left, *[DELIVERED] * 50], strict=False)
        rows = await rig.rows()
    finally:
        logging.disable(logging.NOTSET)
        await store.close()

    findings = [row for row in rows.values() if row.kind == "finding"]
    assert len(findings) == len(severities)
    open_ends = [row for row in findings if row.state is RowState.PENDING]
    assert undelivered >= len(open_ends)
    _check_rows(findings, [*before.deliveries(), *rig.deliveries()])
    _check_shut_times([*before.events, *rig.events], asked, clock)


def _check_rows(findings: list[OutboxRow], told: list[tuple[str, str]]) -> None:
    for row in findings:
        is_told = row.state in (RowState.SENT, RowState.DIGESTED)
        assert is_told is (row.message_id == "42")
        assert is_told or row.last_error or not row.attempts
        for status in (RowState.SENT, RowState.DIGESTED):
            assert told.count((row.episode, status.value)) == (row.state is status)


def _entries(severities: list[Severity], start: int) -> list[OutboxEntry]:
    return [
        entry(number, severity=severity)
        for number, severity in enumerate(severities, start)
    ]


def _check_shut_times(
    events: list[Event], asked: list[tuple[float, Answer]], clock: FakeClock
) -> None:
    shut: list[tuple[float, float]] = []
    for event in events:
        if isinstance(event, BreakerChanged) and event.new is BreakerState.OPEN:
            at_s = (event.at_ms - clock.wall_ms) / 1000
            shut.append((at_s, at_s + (event.open_s or 0)))
    for at_s, answer in asked:
        if answer is LIMITED:
            shut.append((at_s, at_s + 30))
        if answer is EDGE:
            shut.append((at_s, at_s + 900))
        if answer is GONE:
            shut.append((at_s, float("inf")))
    for start, end in shut:
        assert not [at for at, _ in asked if start + 0.01 < at < end - 0.01]
