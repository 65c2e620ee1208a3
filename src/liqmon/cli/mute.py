"""``liqmon mute``, ``unmute`` and ``ack``: quiet, without losing anything.

They act on a watch that is going on within two seconds, and on the next one.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from liqmon.cli.completion import markets_like
from liqmon.cli.durations import seconds
from liqmon.cli.options import JsonOption, StateDirOption
from liqmon.cli.stored import state_dir as state_dir_of

__all__ = ["ack", "mute", "unmute"]

_USUAL_S: Final = 1_800.0
_LONGEST_S: Final = 366 * 86_400.0

_LOOKS_LIKE_TIME: Final = re.compile(r"\d+(\.\d+)?\s*[smhd]?", re.ASCII)


def mute(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="A market (else all of them), and for how long: 30m, 2h, 1d.",
            autocompletion=markets_like,
            metavar="SYMBOL|DURATION",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Post without notifying anybody for a while.

    For 30 minutes if nothing else is said. Nothing is dropped: findings are shown,
    stored and posted silently. CRITICAL rings.
    """
    import asyncio

    from liqmon.app.silencing import mute as muted
    from liqmon.clock import SystemClock

    symbol, for_s = _read(words or [])
    done = asyncio.run(
        muted(
            symbol, for_s=for_s, state_dir=state_dir_of(state_dir), clock=SystemClock()
        )
    )
    told = {
        "schema": 1,
        "muted": [market or None for market in done.markets],
        "until_ms": done.until_ms,
    }
    typer.echo(
        json.dumps(told)
        if as_json
        else f"muted: {_named(done.markets)}, until {_utc(done.until_ms)} UTC; "
        "findings are posted silently, CRITICAL still rings"
    )


def unmute(
    symbol: Annotated[
        str | None,
        typer.Argument(
            help="A market; else every one.",
            autocompletion=markets_like,
            metavar="SYMBOL",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Let findings ring again."""
    import asyncio

    from liqmon.app.silencing import unmute as unmuted
    from liqmon.clock import SystemClock

    markets, until_ms = asyncio.run(
        unmuted(symbol, state_dir=state_dir_of(state_dir), clock=SystemClock())
    )
    if as_json:
        told = {
            "schema": 1,
            "unmuted": [market or None for market in markets],
            "all_until_ms": until_ms or None,
        }
        typer.echo(json.dumps(told))
        return
    typer.echo(f"unmuted: {_named(markets)}" if markets else "nothing was muted there")
    if until_ms:
        typer.echo(f"all markets stay muted until {_utc(until_ms)} UTC: liqmon unmute")


def ack(
    name: Annotated[
        str,
        typer.Argument(
            help="An episode's id, or the market where one is going on.",
            autocompletion=markets_like,
            metavar="EPISODE|SYMBOL",
        ),
    ],
    *,
    as_json: JsonOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Say that an episode has been seen: it rings no more.

    Its message is still edited. Only if it becomes CRITICAL does it ring.
    """
    import asyncio

    from liqmon.app.silencing import acknowledge
    from liqmon.clock import SystemClock

    episodes = asyncio.run(
        acknowledge(name, state_dir=state_dir_of(state_dir), clock=SystemClock())
    )
    told = {"schema": 1, "acknowledged": list(episodes)}
    typer.echo(json.dumps(told) if as_json else f"acknowledged: {', '.join(episodes)}")


def _read(words: Sequence[str]) -> tuple[str | None, float]:
    """Return the market and the seconds."""
    match words:
        case []:
            return None, _USUAL_S
        case [word] if _LOOKS_LIKE_TIME.fullmatch(word):
            return None, _bounded(word)
        case [symbol]:
            return symbol, _USUAL_S
        case [duration, symbol] if _LOOKS_LIKE_TIME.fullmatch(duration):
            return symbol, _bounded(duration)
        case [symbol, duration]:
            return symbol, _bounded(duration)
        case _:
            text = f"{' '.join(words)!r} is more than a market and a duration"
            raise typer.BadParameter(f"{text}; try BTCUSDT 30m")


def _bounded(text: str) -> float:
    for_s = seconds(text)
    if for_s > _LONGEST_S:
        raise typer.BadParameter(f"{text} is more than a year; try 8h or 7d")
    return for_s


def _named(markets: Sequence[str]) -> str:
    from liqmon.ui.figures import name_of, plain

    names = [
        f"{name_of(symbol)} ({plain(exchange)})"
        for exchange, _, symbol in (market.partition(":") for market in markets)
        if symbol
    ]
    return ", ".join(names) or "all markets"


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d %H:%M:%S}"
