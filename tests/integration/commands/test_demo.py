"""``liqmon demo`` and ``liqmon sim``: all of it, without a network."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from processes import Finished, Shell
from recorded import DATA, candle_file

HEAL_KEYS = {"schema", "event", "at_ms", "exchange", "symbol", "error"}

MAY_2021 = [
    f"binance_spot_{symbol}_1m_2021-04_2021-05" for symbol in ("BTCUSDT", "ETHUSDT")
]

PLAYS = {
    "made up": ["--speed", "120", "--for", "15s"],
    "discord stays down": ["--speed", "240", "--for", "6s", "--fault", "discord-500"],
    # up to 12:58; faster, Discord's limits would still hold something up at the end
    "recorded": [
        *("--start", "2021-05-19T12:40", "--speed", "120", "--for", "9s"),
        *("--fault", "session-closed@3"),
        *("--data", *(str(DATA / "candles" / f"{name}.csv.gz") for name in MAY_2021)),
    ],
}


class Played(NamedTuple):
    """How a play ended, and what it left behind in its home."""

    ended: Finished
    left: list[str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Played]:
    """Return all plays by name; they run side by side, for they mostly wait."""
    shells = {name: Shell(tmp_path_factory.mktemp("demo")) for name in PLAYS}

    async def play(name: str) -> Played:
        shell = shells[name]
        ended = await shell.finished("demo", "--json", *PLAYS[name])
        return Played(ended, [path.name for path in shell.home.iterdir()])

    async def play_all() -> list[Played]:
        return await asyncio.gather(*map(play, PLAYS))

    return dict(zip(PLAYS, asyncio.run(play_all()), strict=True))


def assert_adds_up(ended: Finished) -> None:
    """Assert that the closing account is that of the lines above it."""
    summary = ended.events()[-1]
    assert summary["event"] == "summary"
    assert summary["raised"] == len(ended.events("finding"))
    assert summary["retried"] == len(ended.events("retry"))
    assert summary["healed"] == len(ended.events("heal"))
    opened = [event for event in ended.events("breaker") if event["new"] == "open"]
    assert summary["breaker_opened"] == len(opened)
    fates = Counter(
        event["status"] for event in ended.events("delivery") if event["episode"]
    )
    assert summary["held"] == fates["held"]
    assert summary["delivered"] == fates["sent"] + fates["digested"]


def arrived(ended: Finished) -> Counter[str]:
    """Return how many findings of each episode arrived, singly or in a digest."""
    return Counter(
        event["episode"]
        for event in ended.events("delivery")
        if event["status"] in ("sent", "digested") and event["episode"]
    )


def test_everything_goes_wrong_and_every_finding_arrives(
    played: Mapping[str, Played],
) -> None:
    ended, left = played["made up"]

    assert ended.code == 0, ended.err
    assert_adds_up(ended)
    summary = ended.events()[-1]
    assert summary["delivered"] == summary["raised"] > 0
    assert summary["undelivered"] == 0
    assert min(summary["healed"], summary["breaker_opened"], summary["held"]) >= 1
    raised = Counter(event["episode"] for event in ended.events("finding"))
    assert arrived(ended) == raised
    assert set(ended.events("heal")[0]) >= HEAL_KEYS
    assert "instead of 300" in ended.err
    assert f"all of {summary['raised']} findings arrived" in ended.err
    # the state was in a temporary directory
    assert left == []


def test_what_never_arrived_is_named_and_is_exit_code_4(
    played: Mapping[str, Played],
) -> None:
    ended, left = played["discord stays down"]

    assert ended.code == 4, ended.err
    assert_adds_up(ended)
    summary = ended.events()[-1]
    assert summary["delivered"] == 0
    assert summary["undelivered"] == summary["raised"] > 0
    named = ended.err.splitlines()[-1].removeprefix("not delivered: ").split(", ")
    assert set(named) == {event["episode"] for event in ended.events("finding")}
    assert left == []


def test_the_longs_of_may_2021_are_found_and_delivered(
    played: Mapping[str, Played],
) -> None:
    for name in MAY_2021:
        candle_file(name)
    ended, _left = played["recorded"]

    assert ended.code == 0, ended.err
    assert_adds_up(ended)
    begin, end = (
        datetime(2021, 5, 19, hour, minute, tzinfo=UTC).timestamp() * 1000
        for hour, minute in ((12, 30), (13, 15))
    )
    longs = [
        event["episode"]
        for event in ended.events("finding")
        if event["liquidated"] == "long" and begin <= event["decided_ms"] <= end
    ]
    assert longs
    assert set(longs) <= set(arrived(ended))


async def test_a_sim_serves_a_check_of_another_process(shell: Shell) -> None:
    async with shell.liqmon("sim", "--speed", "300") as sim:
        await sim.says("\n")
        ready = json.loads(sim.out)
        ended = await shell.given(
            LIQMON_EXCHANGE__BASE_URL=ready["base_url"],
            LIQMON_DISCORD__BASE_URL=ready["base_url"],
            LIQMON_DISCORD__WEBHOOK_URL=ready["webhook_url"],
        ).finished("check", "XRPUSDT", "--exchange", "binanceusdm")

        assert (ended.code, ended.out, ended.err) == (0, "", "")
        sim.process.send_signal(signal.SIGTERM)
        assert (await sim.ended()).code == 143
