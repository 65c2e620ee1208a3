"""How liqmon did, added up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from factories import ETH, MARKET
from fakes import FakeClock
from liqmon.app.record import Stats
from liqmon.app.stats import stats
from liqmon.core.model import Phase, Severity
from liqmon.store.database import Store
from liqmon.store.tally import Count, hour_of
from lookbacks import (
    DEAD,
    END,
    NOW_MS,
    ONSET,
    OTHER,
    SENT,
    following,
    raising,
    settling,
)

HOUR = hour_of(NOW_MS)
CLOCK = FakeClock(wall_ms=NOW_MS + 600_000)


async def asked(state: Path, *, since_ms: int = NOW_MS - 1) -> Stats:
    return await stats(since_ms=since_ms, state_dir=state, clock=CLOCK)


async def counted(
    state: Path, counts: Mapping[tuple[str, str, str], float], hour_ms: int = HOUR
) -> None:
    store = await Store.open(state)
    await store.count([Count(hour_ms, *key, n) for key, n in counts.items()])
    await store.close()


async def changed(
    state: Path, *changes: tuple[int, str, str], receiver: str = ""
) -> None:
    store = await Store.open(state)
    for at_s, old, new in changes:
        await store.record(
            at_ms=NOW_MS + at_s * 1000,
            kind="BreakerChanged",
            market="",
            body={"old": old, "new": new, "receiver": receiver},
        )
    await store.close()


async def test_where_nothing_happened_nothing_is_made_up(tmp_path: Path) -> None:
    found = await asked(tmp_path)

    assert found.is_empty
    assert found.polls.solved == {}
    assert found.breaker.opened == 0
    assert (found.since_ms, found.until_ms) == (NOW_MS - 1, CLOCK.now_ms())


async def test_a_webhook_is_judged_by_its_answers_and_a_rate_limit_is_no_failure(
    tmp_path: Path,
) -> None:
    counts = {"200": 6, "204": 1, "429": 5, "500": 2, "no answer": 1}
    await counted(
        tmp_path,
        {("webhook", "", name): float(n) for name, n in counts.items()}
        | {("webhook", "", "answered"): 4.0, ("webhook", "", "answered_s"): 1.0}
        | {("webhook", "phone", "429"): 1.0},
    )

    default, phone = (await asked(tmp_path)).webhooks

    assert (default.requests, default.success) == (15, 0.7)
    assert default.by_answer == counts
    assert default.answer_s == 0.25
    assert (default.messages, default.p50_s, default.p95_s) == (0, None, None)
    assert (phone.route, phone.success, phone.answer_s) == ("phone", None, None)


async def test_the_time_to_delivery_is_one_that_occurred(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    for number in range(1, 21):
        one = replace(ONSET, episode=f"e{number}")
        await raising(one)(store)
        await store.settle(number, SENT, now_ms=NOW_MS + number * 1_000)
    await store.close()

    (webhook,) = (await asked(tmp_path)).webhooks

    assert (webhook.messages, webhook.p50_s, webhook.p95_s) == (20, 10.0, 19.0)


async def test_polls_count_by_the_attempt_that_brought_data(tmp_path: Path) -> None:
    await counted(
        tmp_path,
        {
            ("poll", MARKET.key, "1"): 90.0,
            ("poll", ETH.key, "1"): 10.0,
            ("poll", ETH.key, "3"): 2.0,
            ("poll", "bybit", "gave up"): 4.0,
            ("poll", MARKET.key, "gave up"): 1.0,
            ("poll", MARKET.key, "strange"): 1.0,
            ("error", "bybit", "unavailable"): 2.0,
            ("error", "okx", "no answer in time"): 3.0,
            ("heal", "bybit", "the session was closed"): 5.0,
        },
    )

    found = await asked(tmp_path)

    assert found.polls.solved == {1: 100, 3: 2}
    assert found.polls.gave_up == 5
    assert [(one.exchange, one.count) for one in found.errors] == [
        ("okx", 3),
        ("bybit", 2),
    ]
    assert [one.error for one in found.healed] == ["the session was closed"]


async def test_a_market_is_up_for_the_share_of_time_it_had_data(
    tmp_path: Path,
) -> None:
    await counted(
        tmp_path,
        {
            ("feed", MARKET.key, "watched_s"): 1_000.0,
            ("feed", MARKET.key, "stale_s"): 250.0,
            ("feed", MARKET.key, "stale"): 2.0,
            ("poll", MARKET.key, "1"): 9.0,
            ("poll", MARKET.key, "gave up"): 3.0,
            ("feed", ETH.key, "stale_s"): 5.0,
        },
    )
    store = await Store.open(tmp_path)
    await raising(ONSET)(store)
    await store.close()

    btc, eth = (await asked(tmp_path)).markets

    assert (btc.market, btc.uptime, btc.stale, btc.stale_s) == (
        MARKET.key,
        0.75,
        2,
        250.0,
    )
    assert (btc.polls, btc.gave_up, btc.episodes) == (9, 3, 1)
    assert eth.uptime is None


async def test_what_was_before_does_not_count(tmp_path: Path) -> None:
    poll = {("poll", MARKET.key, "1"): 5.0}
    await counted(tmp_path, poll, HOUR - 3_600_000)
    await counted(tmp_path, poll, HOUR)

    assert (await asked(tmp_path)).polls.solved == {1: 5}


@pytest.mark.parametrize(
    ("changes", "opened", "open_s", "is_open"),
    [
        ([(10, "closed", "open"), (70, "half-open", "closed")], 1, 60.0, False),
        ([(10, "closed", "open")], 1, 590.0, True),
        ([(-50, "closed", "open"), (30, "half-open", "closed")], 0, 30.001, False),
        ([(10, "closed", "dead")], 1, 590.0, True),
        (
            [
                (0, "closed", "open"),
                (10, "half-open", "closed"),
                (20, "closed", "open"),
                (21, "closed", "open"),
                (30, "half-open", "closed"),
            ],
            2,
            20.0,
            False,
        ),
        ([(5, "half-open", "closed")], 0, 0.0, False),
    ],
)
async def test_the_breaker_is_open_from_calm_to_calm(
    tmp_path: Path,
    changes: list[tuple[int, str, str]],
    opened: int,
    open_s: float,
    is_open: bool,
) -> None:
    await changed(tmp_path, *changes)

    breaker = (await asked(tmp_path)).breaker

    assert (breaker.opened, breaker.is_open) == (opened, is_open)
    assert breaker.open_s == pytest.approx(open_s)


async def test_each_receiver_has_a_breaker_of_its_own(tmp_path: Path) -> None:
    await changed(tmp_path, (10, "closed", "open"))
    await changed(
        tmp_path,
        (20, "closed", "open"),
        (50, "half-open", "closed"),
        receiver="phone",
    )

    breaker = (await asked(tmp_path)).breaker

    assert (breaker.opened, breaker.is_open) == (2, True)
    assert breaker.open_s == pytest.approx(590.0 + 30.0)


async def test_what_was_only_building_is_no_episode(tmp_path: Path) -> None:
    await counted(tmp_path, {("feed", MARKET.key, "watched_s"): 60.0})
    store = await Store.open(tmp_path)
    building = replace(ONSET, phase=Phase.BUILDING)
    await raising(building, replace(building, phase=Phase.WITHDRAWN))(store)
    await store.close()

    found = await asked(tmp_path)

    assert [one.episodes for one in found.markets] == [0]
    assert found.severities == ()


async def test_severities_say_what_the_price_did_and_of_how_many_that_is_known(
    tmp_path: Path,
) -> None:
    high = replace(OTHER, episode="high", severity=Severity.HIGH)
    store = await Store.open(tmp_path)
    await raising(ONSET, END, OTHER, high)(store)
    await settling(DEAD, SENT)(store)
    await following(ONSET, {0: 100.0, 15: 99.0, 60: 102.0})(store)
    await following(high, {0: 100.0, 15: 98.0})(store)
    await store.close()

    first, second = (await asked(tmp_path)).severities

    assert (first.severity, first.episodes) == (Severity.HIGH, 1)
    assert first.after_15 == pytest.approx(0.02, abs=1e-5)
    assert (first.known_15, first.after_60, first.known_60) == (1, None, 0)
    assert (second.severity, second.episodes) == (Severity.MEDIUM, 2)
    assert second.after_15 == pytest.approx(0.01, abs=1e-5)
    assert second.after_60 == pytest.approx(-0.02, abs=1e-5)
    assert (second.known_15, second.known_60) == (1, 1)
