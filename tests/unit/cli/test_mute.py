"""``liqmon mute``, ``unmute`` and ``ack`` as they are typed."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from factories import ETH, MARKET
from liqmon.clock import SystemClock
from liqmon.store.database import Store
from liqmon.store.silences import Wishes
from lookbacks import END, ONSET, OTHER, raising, written
from shells import Typed

UNTIL = r"until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
NOW_MS = SystemClock().now_ms()


def wishes(state: Path) -> Wishes:
    """Read what is wished while the run that holds the lock goes on."""

    async def read() -> Wishes:
        store = await Store.open(state)
        found = await store.wishes(SystemClock().now_ms())
        await store.close()
        return found

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("words", "markets", "for_s"),
    [
        ([], [""], 1_800),
        (["2h"], [""], 7_200),
        (["BTCUSDT"], [MARKET.key], 1_800),
        (["2h", "BTCUSDT"], [MARKET.key], 7_200),
        (["eth/usdt", "1d"], [ETH.key, ETH.key.replace("bybit", "okx")], 86_400),
    ],
)
def test_a_market_or_all_of_them_for_a_while(
    looking: Typed, state: Path, words: list[str], markets: list[str], for_s: int
) -> None:
    okx = replace(OTHER, episode="x", market=replace(ETH, exchange="okx"))
    written(state, raising(ONSET, OTHER, okx))

    before_ms = SystemClock().now_ms()
    code, out, err = looking("mute", *words)
    after_ms = SystemClock().now_ms()

    assert (code, err) == (0, "")
    assert re.search(UNTIL, out)
    muted = wishes(state).muted
    assert list(muted) == markets
    for until_ms in muted.values():
        assert before_ms <= until_ms - for_s * 1000 <= after_ms


def test_it_says_what_is_muted_and_what_still_rings(
    looking: Typed, state: Path
) -> None:
    written(state, raising(ONSET))

    _, one, _ = looking("mute", "BTCUSDT", "30m")
    _, every, _ = looking("mute")

    rest = "; findings are posted silently, CRITICAL still rings\n"
    assert re.fullmatch(rf"muted: BTCUSDT \(bybit\), {UNTIL}{rest}", one)
    assert re.fullmatch(rf"muted: all markets, {UNTIL}{rest}", every)


def test_it_acts_beside_a_run_that_holds_the_lock(looking: Typed, state: Path) -> None:
    async def held() -> Store:
        return await Store.open(state)

    loop = asyncio.new_event_loop()
    ours = loop.run_until_complete(held())
    code, _, _ = looking("mute", "1h")
    found = loop.run_until_complete(ours.wishes(NOW_MS))
    loop.run_until_complete(ours.close())
    loop.close()

    assert code == 0
    assert list(found.muted) == [""]


def test_unmute_takes_back_one_or_all(looking: Typed, state: Path) -> None:
    written(state, raising(ONSET))
    looking("mute", "BTCUSDT")
    looking("mute", "2h")

    _, one, _ = looking("unmute", "BTCUSDT")
    said, remains = one.splitlines()
    assert said == "unmuted: BTCUSDT (bybit)"
    assert re.fullmatch(rf"all markets stay muted {UNTIL}: liqmon unmute", remains)
    assert looking("unmute") == (0, "unmuted: all markets\n", "")
    assert looking("unmute") == (0, "nothing was muted there\n", "")
    assert wishes(state) == Wishes()


def test_an_episode_is_acknowledged_by_its_id_or_its_market(
    looking: Typed, state: Path
) -> None:
    written(state, raising(ONSET, OTHER, now_ms=NOW_MS))

    assert looking("ack", "aaaa1") == (0, "acknowledged: aaaa1111\n", "")
    assert looking("ack", "ETHUSDT") == (0, "acknowledged: aaaa2222\n", "")
    assert wishes(state).acknowledged == {"aaaa1111", "aaaa2222"}


def test_all_of_them_speak_json(looking: Typed, state: Path) -> None:
    written(state, raising(ONSET))

    muted = json.loads(looking("mute", "BTCUSDT", "--json")[1])
    every = json.loads(looking("mute", "--json")[1])
    unmuted = json.loads(looking("unmute", "BTCUSDT", "--json")[1])
    acknowledged = json.loads(looking("ack", "BTCUSDT", "--json")[1])

    assert (muted["schema"], muted["muted"]) == (1, [MARKET.key])
    assert every["muted"] == [None]
    assert unmuted == {
        "schema": 1,
        "unmuted": [MARKET.key],
        "all_until_ms": every["until_ms"],
    }
    assert acknowledged == {"schema": 1, "acknowledged": [ONSET.episode]}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["mute", "DOGEUSDT", "5m"], "DOGEUSDT has not been watched with this state"),
        (["unmute", "DOGEUSDT"], "DOGEUSDT has not been watched with this state"),
        (["ack", "DOGEUSDT"], "DOGEUSDT is neither an episode nor a market"),
        (["ack", "BTCUSDT"], "nothing is going on in BTCUSDT"),
        (["ack", "aaaa"], "aaaa is the beginning of 2 episodes"),
        (["ack", ""], " is neither an episode nor a market of this state"),
        (["mute", "a", "b", "c"], "'a b c' is more than a market and a duration"),
        (["mute", "BTCUSDT", "soon"], "'soon' is no duration"),
        (["mute", "999d"], "999d is more than a year"),
    ],
)
def test_mistakes_are_explained(
    looking: Typed, state: Path, arguments: list[str], error: str
) -> None:
    written(state, raising(ONSET, OTHER, END))

    code, out, err = looking(*arguments)

    assert (code, out) == (2, "")
    assert error in err
    assert wishes(state) == Wishes()
