"""The markets that would be watched, as a table or as JSON.

Import it inside a command: it brings the exchange's side.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

from liqmon.app.run import Run
from liqmon.app.selecting import Survey, surveyed
from liqmon.cli.asked import Asked, logging_as_asked
from liqmon.clock import SystemClock
from liqmon.exchange.selection import Pick
from liqmon.settings.models import Settings
from liqmon.ui.columns import columns
from liqmon.ui.figures import UNKNOWN, counted, plain, usd

__all__ = ["selected"]


def selected(asked: Asked, *, as_json: bool) -> Iterator[str]:
    """Ask the exchanges, and yield the lines that say what would be watched.

    Raises:
        UserError: something that was asked for cannot be had.
        FeedError: an exchange did not answer.
    """
    run = asked.run()
    with logging_as_asked(asked, run.settings, to_terminal=True, least="error"):
        surveys = asyncio.run(_surveys(run))
    if as_json:
        rows = [
            _record(survey, pick, run.settings)
            for survey in surveys
            for pick in survey.picks
        ]
        whole = {"schema": 1, "markets": rows}
        yield json.dumps(whole, allow_nan=False, indent=2)
        return
    for survey in surveys:
        yield from _table(survey, run.settings)


async def _surveys(run: Run) -> list[Survey]:
    clock = SystemClock()
    return [
        await surveyed(run, exchange_id, clock=clock)
        for exchange_id in run.settings.exchange.ids
    ]


def _table(survey: Survey, settings: Settings) -> Iterator[str]:
    watched = sum(not pick.excluded_by for pick in survey.picks)
    yield (
        f"{survey.exchange}: {watched} of {counted(survey.listed, 'perpetual')}"
        " would be watched"
    )
    has_interest = any(pick.activity.open_interest for pick in survey.picks)
    head = ["market", "why", "rank", "24 h volume", "threshold"]
    if has_interest:
        head.insert(4, "open interest")
    usual = settings.decided_for().by
    rows = [_row(pick, settings, usual, has_interest) for pick in survey.picks]
    yield from columns(head, rows, left=2)
    said = getattr(settings.detector, usual.rpartition(".")[2])
    yield f"thresholds: {usual} {said}, {settings.watch.timeframe} candles"
    used = {pick.excluded_by for pick in survey.picks}
    for text in settings.watch.exclude:
        if text not in used:
            yield f"note: to exclude {plain(text)} changes nothing here"


def _row(
    pick: Pick,
    settings: Settings,
    usual: str,
    has_interest: bool,  # noqa: FBT001
) -> Sequence[str]:
    threshold, source = _threshold(pick, settings)
    why = f"excluded by {plain(pick.excluded_by)}" if pick.excluded_by else pick.why
    own = "" if source == usual else f", own {source.rpartition('.')[2]}"
    cells = [
        pick.market.name,
        why + own,
        UNKNOWN if pick.rank is None else str(pick.rank),
        _amount(pick.activity.volume),
        "" if pick.excluded_by else f"{threshold:g}",
    ]
    if has_interest:
        cells.insert(4, _amount(pick.activity.open_interest))
    return cells


def _record(survey: Survey, pick: Pick, settings: Settings) -> dict[str, Any]:
    threshold, source = _threshold(pick, settings)
    return {
        "exchange": survey.exchange,
        "symbol": pick.market.symbol,
        "name": pick.market.name,
        "why": pick.why,
        "excluded_by": pick.excluded_by or None,
        "rank": pick.rank,
        "volume_24h": pick.activity.volume,
        "open_interest": pick.activity.open_interest,
        "threshold": threshold,
        "threshold_from": source,
    }


def _threshold(pick: Pick, settings: Settings) -> tuple[float, str]:
    names = (pick.market.name, pick.market.symbol)
    decided = settings.decided_for(*names)
    return decided.threshold, decided.by


def _amount(value: float | None) -> str:
    return UNKNOWN if value is None else usd(value)
