"""One episode is one message: posted, edited while it lasts, grey when it is over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from couriers import MoodyStore, SteppedClock, developed
from delivering import Delivering, delivering
from factories import ETH, a_finding
from liqmon.core.model import Finding, Phase, Severity
from liqmon.discord.attachments import Attachment
from liqmon.store.outbox import RowState
from loopback_discord import loopback_discord

ONSET = a_finding(episode="one")
SEVERE = replace(ONSET, phase=Phase.ESCALATION, severity=Severity.HIGH, nearness=2.0)
END = replace(
    ONSET,
    phase=Phase.END,
    decided_ms=ONSET.decided_ms + 1_800_000,
    ended_ms=ONSET.decided_ms + 600_000,
)
GREY = 0x8B8D98


def lower(finding: Finding, share: float) -> Finding:
    return replace(finding, price_extreme=finding.price_extreme * (1 - share))


@asynccontextmanager
async def after(
    seconds: float, finding: Finding, *faults: str | None, **how: Any
) -> AsyncIterator[Delivering]:
    """Open both, raise the finding, and let ``seconds`` pass."""
    async with delivering(*faults, **how) as both:
        await both.raise_(finding)
        await both.live(seconds)
        yield both


def color(both: Delivering, place: int = -1) -> int:
    return int(both.messages[place].payload["embeds"][0]["color"])


async def test_an_onset_is_posted_and_its_end_edits_the_same_message_to_grey() -> None:
    async with after(10, ONSET) as both:
        assert color(both) != GREY
        await both.raise_(END)
        await both.live(10)

        (message,) = both.messages
        assert both.methods() == ["POST", "PATCH"]
        assert color(both) == GREY
        assert "ended after" in both.titles()[0]
        rows = await both.rig.store.entries()
        assert [(row.state, row.message_id) for row in rows] == [
            (RowState.SENT, message.id)
        ] * 2


async def test_nobody_is_mentioned_or_notified_by_an_edit() -> None:
    async with delivering() as both:
        await both.raise_(ONSET, END)
        await both.live(10)

        payload = both.messages[0].payload
        assert payload["allowed_mentions"] == {"parse": []}
        assert "flags" not in payload


async def test_a_message_is_edited_once_a_minute_and_only_for_something_new() -> None:
    async with after(5, ONSET) as both:
        for step in range(1, 31):
            await developed(both.rig, lower(ONSET, step * 0.005))
            await both.live(10)
        assert both.moments("PATCH") == pytest.approx([60, 120, 180, 240, 300], abs=1)

        before = len(both.methods())
        await developed(both.rig, replace(lower(ONSET, 0.15), price_to=1.0))
        await both.live(600)
        assert len(both.methods()) == before


async def test_an_edit_shows_the_new_low() -> None:
    async with after(5, ONSET) as both:
        await developed(both.rig, replace(ONSET, price_extreme=61_001.0))
        await both.live(60)

        assert "61,001" in str(both.messages[0].payload["embeds"][0]["fields"])
        assert both.messages[0].edited == 1


async def test_an_escalation_is_a_new_message_and_the_old_one_says_so_once() -> None:
    async with after(90, ONSET) as both:
        await both.raise_(SEVERE)
        await both.live(300)

        assert both.methods() == ["POST", "POST", "PATCH"]
        first, second = both.titles()
        assert "continued below" in first
        assert "now HIGH" in second
        assert color(both, 0) != GREY

        await both.raise_(replace(END, severity=Severity.HIGH))
        await both.live(300)
        assert both.methods() == ["POST", "POST", "PATCH", "PATCH"]
        assert color(both, 0) != GREY
        assert color(both, 1) == GREY


async def test_progress_after_an_escalation_goes_into_the_newer_message() -> None:
    async with after(90, ONSET) as both:
        await both.raise_(SEVERE)
        await both.live(30)
        await developed(both.rig, replace(SEVERE, price_extreme=60_001.0))
        await both.live(120)

        first, second = (str(message.payload) for message in both.messages)
        assert "60,001" not in first
        assert "60,001" in second
        assert "now HIGH" in both.titles()[1]


async def test_d21_a_deleted_message_is_posted_anew_and_followed() -> None:
    async with after(90, ONSET) as both:
        both.messages.clear()
        await developed(both.rig, lower(ONSET, 0.01))
        await both.live(30)

        assert both.methods() == ["POST", "PATCH", "POST"]
        (anew,) = both.messages
        assert anew.payload["flags"] == 4096
        await both.raise_(END)
        await both.live(30)
        assert [message.id for message in both.messages] == [anew.id]
        assert color(both) == GREY


async def test_d21_the_end_of_a_deleted_message_is_posted_once() -> None:
    async with after(30, ONSET) as both:
        both.messages.clear()
        await both.raise_(END)
        await both.live(300)

        assert both.methods() == ["POST", "PATCH", "POST"]
        (message,) = both.messages
        assert "ended after" in both.titles()[0]
        assert message.payload["flags"] == 4096
        assert set((await both.rig.states()).values()) == {"sent"}


async def test_a_message_that_was_to_say_no_more_than_that_it_is_over_may_be_gone() -> (
    None
):
    async with after(90, ONSET) as both:
        await both.raise_(SEVERE)
        del both.messages[0]
        await both.live(300)

        assert both.methods() == ["POST", "POST", "PATCH"]
        assert ["now HIGH" in title for title in both.titles()] == [True]


async def test_after_an_hour_nothing_is_edited_and_the_end_is_a_silent_post() -> None:
    async with after(3_590, ONSET) as both:
        await developed(both.rig, lower(ONSET, 0.05))
        await both.live(5)
        assert both.methods() == ["POST", "PATCH"]
        await both.live(60)
        await developed(both.rig, lower(ONSET, 0.09))
        await both.raise_(END)
        await both.live(600)

        assert both.methods() == ["POST", "PATCH", "POST"]
        assert both.messages[1].payload["flags"] == 4096
        assert color(both) == GREY


async def test_without_an_id_the_end_is_a_silent_post() -> None:
    async with after(90, ONSET, "discord-204") as both:
        await developed(both.rig, lower(ONSET, 0.05))
        await both.live(90)
        await both.raise_(END)
        await both.live(90)

        assert both.methods() == ["POST", "POST"]
        assert both.messages[1].payload["flags"] == 4096


async def test_a_restart_goes_on_editing(tmp_path: Path) -> None:
    clock = SteppedClock()
    async with loopback_discord(clock) as loopback:
        store = await MoodyStore.open(tmp_path)
        async with delivering(store=store, clock=clock, loopback=loopback) as both:
            await both.raise_(ONSET)
            await both.live(30)
        await store.close()

        store = await MoodyStore.open(tmp_path)
        async with delivering(store=store, clock=clock, loopback=loopback) as both:
            await developed(both.rig, lower(ONSET, 0.01))
            await both.live(60)
            await both.raise_(END)
            await both.live(30)
            assert both.methods() == ["POST", "PATCH", "PATCH"]
            assert color(both) == GREY
        await store.close()


async def test_an_edit_that_fails_is_tried_again_after_a_minute() -> None:
    async with after(70, ONSET, None, "discord-500") as both:
        await developed(both.rig, lower(ONSET, 0.01))
        await both.live(100)

        assert both.moments("PATCH") == pytest.approx([70, 130], abs=1)
        assert both.messages[0].edited == 1


async def test_an_edit_that_is_refused_is_left_until_there_is_more_to_say() -> None:
    async with after(70, ONSET, None, "discord-400") as both:
        await developed(both.rig, lower(ONSET, 0.01))
        await both.live(300)
        assert both.methods() == ["POST", "PATCH"]

        await developed(both.rig, lower(ONSET, 0.02))
        await both.live(60)
        assert both.methods() == ["POST", "PATCH", "PATCH"]
        assert both.messages[0].edited == 1


async def test_an_end_that_is_refused_as_an_edit_is_posted_plain() -> None:
    async with after(10, ONSET, None, "discord-400") as both:
        await both.raise_(END)
        await both.live(300)

        assert both.methods() == ["POST", "PATCH", "POST"]
        assert not both.messages[1].payload.get("embeds")
        assert set((await both.rig.states()).values()) == {"sent"}


async def test_two_episodes_of_one_message_end_one_after_the_other() -> None:
    lone = a_finding(episode="zero", market=replace(ETH, symbol="XRP/USDT:USDT"))
    other = a_finding(episode="two", market=ETH, severity=Severity.HIGH)
    async with delivering() as both:
        await both.raise_(lone, ONSET, other)
        await both.live(10)
        assert both.methods() == ["POST", "POST"]
        shared = both.messages[1]
        assert "ETHUSDT" in both.titles()[0]
        assert {"one", "zero"} <= set(str(shared.payload).replace(" ", "").split("·"))

        over = replace(END, episode="zero", market=lone.market)
        await both.raise_(over)
        await both.live(90)
        assert color(both, 1) != GREY
        assert "ended after" in str(both.messages[1].payload["embeds"][0]["fields"])
        await both.raise_(END)
        await both.live(90)
        assert color(both, 1) == GREY
        assert both.methods() == ["POST", "POST", "PATCH", "PATCH"]


async def test_a_route_that_gets_no_row_of_the_end_still_sees_the_message_grey() -> (
    None
):
    async with after(70, ONSET) as both:
        await developed(both.rig, END)
        await both.live(10)

        assert both.methods() == ["POST", "PATCH"]
        assert color(both) == GREY


async def test_from_the_second_on_a_day_s_episodes_are_counted() -> None:
    midnight_ms = 1_700_000_000_000 // 86_400_000 * 86_400_000
    clock = SteppedClock(wall_ms=midnight_ms + 12 * 3_600_000)
    async with delivering(clock=clock) as both:
        now_ms = clock.now_ms()
        for number, onset_ms in enumerate([now_ms - 86_400_000, now_ms - 9, now_ms]):
            one = replace(ONSET, episode=f"day-{number}", onset_ms=onset_ms)
            await both.raise_(one, replace(one, market=ETH, episode=f"eth-{number}"))
            await both.live(10)

        told = [str(message.payload) for message in both.messages]
        assert ["2nd today" in text for text in told] == [False] * 4 + [True] * 2


# the picture


async def a_picture(finding: Finding) -> Attachment | None:
    data = finding.phase.encode()
    return (
        None if finding.severity is Severity.LOW else Attachment("c.png", data, "alt")
    )


def files(both: Delivering, place: int = -1) -> list[bytes]:
    return [file.data for file in both.messages[place].files]


def image(both: Delivering) -> str:
    return str(both.messages[-1].payload["embeds"][0].get("image"))


async def test_a_picture_stays_through_edits_and_is_drawn_anew_at_the_end() -> None:
    async with after(70, ONSET, pictures=a_picture) as both:
        assert files(both) == [b"onset"]
        await developed(both.rig, lower(ONSET, 0.01))
        await both.live(10)
        assert both.methods() == ["POST", "PATCH"]
        assert files(both) == [b"onset"]
        assert "attachment://c.png" in image(both)
        await both.raise_(END)
        await both.live(10)

        assert files(both) == [b"end"]
        assert "attachment://c.png" in image(both)


async def test_a_picture_that_was_not_ready_comes_with_the_first_edit() -> None:
    pending = replace(ONSET, severity=Severity.LOW)
    async with delivering(pictures=a_picture) as both:
        await both.raise_(pending)
        await both.live(70)
        assert files(both) == []
        await developed(both.rig, ONSET)
        await both.live(10)

        assert files(both) == [b"onset"]


async def test_a_message_posted_anew_has_no_picture_until_it_is_edited() -> None:
    async with after(70, ONSET, pictures=a_picture) as both:
        both.messages.clear()
        await developed(both.rig, lower(ONSET, 0.01))
        await both.live(10)
        assert files(both) == []
        await developed(both.rig, lower(ONSET, 0.02))
        await both.live(61)

        assert files(both) == [b"onset"]


# the first step

BUILDING = replace(
    ONSET, phase=Phase.BUILDING, severity=Severity.LOW, nearness=0.8, score=9.6
)
WITHDRAWN = replace(
    BUILDING, phase=Phase.WITHDRAWN, decided_ms=BUILDING.decided_ms + 1_800_000
)


async def test_what_is_building_is_one_silent_message_taken_back_by_an_edit() -> None:
    async with after(60, BUILDING) as both:
        for step in range(1, 10):
            await developed(both.rig, lower(BUILDING, step * 0.01))
            await both.live(60)
        assert both.methods() == ["POST"]
        assert "building" in both.titles()[0]
        assert both.messages[0].payload["flags"] == 1 << 12

        await developed(both.rig, WITHDRAWN)
        await both.live(120)
        assert both.methods() == ["POST", "PATCH"]
        assert "withdrawn" in both.titles()[0]
        assert color(both) == GREY


async def test_a_confirmed_one_is_posted_anew_and_the_first_message_points_there() -> (
    None
):
    async with after(120, BUILDING) as both:
        await both.raise_(ONSET)
        await both.live(120)

        assert both.methods() == ["POST", "POST", "PATCH"]
        first, second = both.messages
        assert "confirmed below" in both.titles()[0]
        assert "MEDIUM" in both.titles()[1]
        assert "flags" not in second.payload

        await both.raise_(END)
        await both.live(120)
        assert both.methods()[3:] == ["PATCH"]
        assert "ended after" in both.titles()[1]
        assert first.edited == 1


async def test_where_the_finding_goes_elsewhere_the_message_itself_becomes_it() -> None:
    """As on a route that takes only what is LOW."""
    async with after(90, BUILDING) as both:
        await developed(both.rig, ONSET)
        await both.live(90)

        assert both.methods() == ["POST", "PATCH"]
        assert "MEDIUM" in both.titles()[0]


async def test_what_was_building_when_discord_went_is_in_no_digest() -> None:
    many = [replace(BUILDING, episode=f"b{at}") for at in range(4)]
    async with delivering(*["discord-500"] * 3) as both:
        await both.raise_(*many, END)
        await both.live(600)

        digests = [head for head in both.heads() if "without Discord" in head]
        assert digests
        assert not any("building" in head for head in both.heads())
        assert all("still going on" not in head for head in both.heads())
