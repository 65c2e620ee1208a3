"""The table of thresholds: what each costs, and what it catches."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from liqmon.backtest.moves import Move
from liqmon.backtest.tuning import Outcome, Tuning, tune
from liqmon.cli.moments import since
from liqmon.cli.recorded import Recorded, threshold_of, with_companions
from liqmon.core.model import Finding, PositionSide
from liqmon.errors import UserError
from liqmon.settings.load import Loaded
from liqmon.settings.overrides import write_threshold
from liqmon.ui.columns import columns
from liqmon.ui.figures import UNKNOWN, counted, day_and_time
from liqmon.ui.ndjson import SCHEMA

__all__ = ["run_tune"]

_END_MS: Final = 1 << 60
_FEW_WEEKS: Final = 4.0

_SHOWN: Final = frozenset(range(5, 21)) | {25, 30}
"""The thresholds of the table; the others only if they are chosen or in use."""

_NOTE: Final = (
    "false: about no move of even twice the usual size of its length. large moves: at "
    "least 2 % and\n3.5 times that size, seen in hindsight. in time: with half of the "
    "move still to come."
)


def run_tune(
    recorded: Recorded,
    found: Loaded,
    *,
    since_text: str,
    false_per_week: float,
    as_json: bool,
    write: bool,
) -> None:
    """Print the table, and write the override when told to.

    Raises:
        UserError: there are no candles, too few of them, or no settings file to write.
    """
    if write and found.path is None:
        raise UserError(
            "--write: there is no settings file",
            hint="make one (touch liqmon.toml), or name one with --config",
        )
    source, companions = with_companions(recorded, found.settings)
    market = source.market
    used = threshold_of(source, found.settings)
    tuning = tune(
        source,
        companions,
        since_ms=since(since_text).before(source.end_ms()),
        until_ms=_END_MS,
        cooldown_ms=round(found.settings.detector.cooldown_s * 1000),
        also=(used,),
    )
    if not tuning.weeks:
        raise UserError(
            f"{market.name}: too few candles to tune by",
            hint="eight days are needed at least; ninety are better",
        )
    best = tuning.chosen(false_per_week)
    if as_json:
        sys.stdout.write(f"{json.dumps(_record(tuning, best), allow_nan=False)}\n")
    else:
        lines = _text(tuning, best, used=used, false_per_week=false_per_week)
        sys.stdout.writelines(f"{line}\n" for line in lines)
    if write and found.path is not None:
        _write(found.path, tuning, best, false_per_week)


def _write(path: Path, tuning: Tuning, best: Outcome, false_per_week: float) -> None:
    if _is_too_many(tuning, best, false_per_week):
        raise UserError(
            "--write: no threshold is quiet enough, so nothing was written",
            hint="allow more with --false-alerts-per-week",
        )
    name = tuning.market.name
    write_threshold(path, name, best.threshold)
    sys.stderr.write(f"{path}: [overrides.{name}] threshold = {best.threshold:g}\n")


def _record(tuning: Tuning, best: Outcome) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "event": "tuning",
        "symbol": tuning.market.symbol,
        "exchange": tuning.market.exchange,
        "timeframe": tuning.timeframe,
        "weeks": tuning.weeks,
        "moves": len(tuning.large),
        "threshold": best.threshold,
        "thresholds": [
            {
                "threshold": one.threshold,
                "alerts_per_week": one.alerts / tuning.weeks,
                "false_per_week": one.false / tuning.weeks,
                "caught": one.caught,
                "in_time": tuning.in_time(one),
            }
            for one in tuning.outcomes
        ],
    }


def _text(
    tuning: Tuning, best: Outcome, *, used: float, false_per_week: float
) -> Iterator[str]:
    market = tuning.market
    yield (
        f"{market.name} {tuning.timeframe} on {market.exchange}: "
        f"{tuning.weeks:.1f} weeks judged, {counted(len(tuning.large), 'large move')}"
    )
    if tuning.weeks < _FEW_WEEKS:
        yield "that is little: take the figures as rough ones"
    yield ""
    shown = [
        one
        for one in tuning.outcomes
        if one.threshold in {*_SHOWN, used, best.threshold}
    ]
    head = ("threshold", "alerts a week", "false a week", "caught", "in time", "")
    yield from columns(head, [_row(tuning, one, best, used) for one in shown], left=0)
    yield ""
    yield from _moves(tuning, best)
    yield _NOTE
    yield ""
    yield _verdict(tuning, best, false_per_week)


def _row(tuning: Tuning, one: Outcome, best: Outcome, used: float) -> tuple[str, ...]:
    notes = ["now"] if one.threshold == used else []
    notes += ["suggested"] if one is best else []
    return (
        f"{one.threshold:g}",
        f"{one.alerts / tuning.weeks:.2f}",
        f"{one.false / tuning.weeks:.2f}",
        f"{one.caught} of {len(tuning.large)}",
        str(tuning.in_time(one)),
        ", ".join(notes),
    )


def _moves(tuning: Tuning, best: Outcome) -> Iterator[str]:
    if not tuning.large:
        return
    head = (
        "move, over at (UTC)",
        "side",
        f"alert at {best.threshold:g}",
        "size",
        "left",
    )
    pairs = zip(tuning.large, best.first, strict=True)
    rows = [_move_cells(move, first) for move, first in pairs]
    yield from columns(head, rows, left=3)
    yield ""


def _move_cells(move: Move, first: Finding | None) -> tuple[str, ...]:
    sign = "\N{MINUS SIGN}" if move.liquidated is PositionSide.LONG else "+"
    size = abs(move.price_to / move.price_from - 1.0)
    return (
        day_and_time(move.extreme_ms),
        move.liquidated.value,
        "missed" if first is None else day_and_time(first.decided_ms),
        f"{sign}{size:.1%}".replace("%", " %"),
        UNKNOWN if first is None else f"{move.left_at(first.price_to):.0%}",
    )


def _verdict(tuning: Tuning, best: Outcome, false_per_week: float) -> str:
    wish = f"no more than {false_per_week:g} false a week"
    if _is_too_many(tuning, best, false_per_week):
        return f"{wish}: no threshold up to {best.threshold:g} keeps that here"
    return f"{wish}: [overrides.{tuning.market.name}] threshold = {best.threshold:g}"


def _is_too_many(tuning: Tuning, best: Outcome, false_per_week: float) -> bool:
    return best.false > false_per_week * tuning.weeks
