"""``liqmon show``: the story of one episode."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from liqmon.cli.options import AsciiOption, JsonOption, StateDirOption

if TYPE_CHECKING:
    from liqmon.app.lookback import EpisodeLine, Moment
    from liqmon.core.model import Finding
    from liqmon.store.lookback import Story
    from liqmon.store.outbox import OutboxRow

__all__ = ["show"]

_USUAL_WIDTH: Final = 80
_WIDEST_CHART: Final = 100


def show(
    episode: Annotated[
        str,
        typer.Argument(
            help="An id that history shows, or the beginning of it.", metavar="EPISODE"
        ),
    ],
    *,
    as_json: JsonOption = False,
    ascii_only: AsciiOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Tell the story of one episode: why, the price, who was told."""
    import asyncio

    from liqmon.app.lookback import line_of, the_story
    from liqmon.cli import stored
    from liqmon.ui.glyphs import ASCII, UNICODE

    story = asyncio.run(the_story(episode, state_dir=stored.state_dir(state_dir)))
    line = line_of(story.episode)
    if as_json:
        typer.echo(stored.as_json(_record(story, line)))
        return
    glyphs = ASCII if ascii_only else UNICODE
    blocks = (
        [glyphs.text(_head(line))],
        [f"{label:<6}{glyphs.text(text)}" for label, text in _facts(line)],
        list(_drawn(line, ascii_only=ascii_only)),
        [
            f"{label}  {glyphs.text(text)}"[: stored.width()]
            for label, text in _timeline(story)
        ],
    )
    typer.echo("\n\n".join("\n".join(block) for block in blocks if block))


# what it is


def _head(line: "EpisodeLine") -> str:
    finding = line.finding
    if finding is None:
        return f"{line.record.id}: its facts are those of another version of liqmon"
    market = finding.market
    return (
        f"{line.record.id} · {market.name} ({market.exchange}, {finding.timeframe}) · "
        f"{finding.liquidated.value} liquidations · {finding.severity.name} · "
        f"{_stage(line, finding)}"
    )


def _stage(line: "EpisodeLine", finding: "Finding") -> str:
    if line.is_first_step:
        return finding.phase.value
    return "over" if line.is_over else "going on"


def _facts(line: "EpisodeLine") -> Iterator[tuple[str, str]]:
    from liqmon.ui.figures import day_and_time

    finding = line.finding
    if finding is not None:
        yield "onset", f"{day_and_time(finding.onset_ms)} UTC"
        yield "move", _move(line, finding)
        yield "basis", _basis(finding)
        for one in finding.conditions:
            yield "why", f"{one.name} {one.value:.4g}, threshold {one.threshold:.4g}"
    yield "after", _aftermath(line)
    yield "told", f"{line.told.value}{_wishes(line)}"


def _move(line: "EpisodeLine", finding: "Finding") -> str:
    from liqmon.core.model import PositionSide
    from liqmon.ui.figures import percent, price, span, usd

    extreme = "low" if finding.liquidated is PositionSide.LONG else "high"
    after = "" if line.lasted_s is None else f" after {span(line.lasted_s)}"
    return (
        f"{price(finding.price_from)} → {extreme} {price(finding.price_extreme)} "
        f"({percent(line.worst)}){after}, {usd(finding.volume_usd)} traded"
    )


def _basis(finding: "Finding") -> str:
    from liqmon.core.confidence import odds

    basis = f"{finding.basis.name.lower()} from price and volume"
    if finding.confidence is None or finding.phase.is_first_step:
        return basis
    return f"{basis}; about {odds(finding.confidence)} such alerts were cascades"


def _wishes(line: "EpisodeLine") -> str:
    muted = " (its market was muted)" if line.record.muted else ""
    return f"{muted}, acknowledged" if line.record.acknowledged_ms else muted


def _aftermath(line: "EpisodeLine") -> str:
    from liqmon.ui.figures import percent

    told = [
        f"{minutes} min {'unknown' if change is None else percent(change)}"
        for minutes, change in ((15, line.after_15), (60, line.after_60))
    ]
    return f"{', '.join(told)} (plus: it went on, minus: it came back)"


# the price


def _drawn(line: "EpisodeLine", *, ascii_only: bool) -> Iterator[str]:
    from liqmon.cli import stored
    from liqmon.ui.pathchart import path_chart

    if line.path is None:
        yield "no prices were noted"
        return
    within = min((stored.width() or _USUAL_WIDTH) - 1, _WIDEST_CHART)
    marks = {"^": line.record.onset_ms, "!": line.record.told_ms}
    chart = list(
        path_chart(line.path, marks=marks, width=within, only_ascii=ascii_only)
    )
    yield from chart
    if chart:
        yield "^ onset, ! told first; UTC"


# who was told when


def _timeline(story: "Story") -> Iterator[tuple[str, str]]:
    from liqmon.app.lookback import timeline
    from liqmon.ui.figures import day_and_time, time_of_day

    for moment in timeline(story):
        month_and_day = day_and_time(moment.at_ms)[5:10]
        yield f"{month_and_day} {time_of_day(moment.at_ms)}", _happened(moment)


def _happened(moment: "Moment") -> str:
    if moment.finding is not None:
        return _raised(moment.what, moment.finding)
    if moment.row is not None:
        return _fate(moment.row)
    match moment.what:
        case "held":
            return f"held back: {moment.detail}"
        case "edited":
            return moment.detail
        case "acknowledged":
            return "acknowledged"
        case _:
            return moment.what


def _raised(what: str, finding: "Finding") -> str:
    from liqmon.ui.figures import percent, price

    return (
        f"{what} {finding.severity.name}: {price(finding.price_from)} → "
        f"{price(finding.price_to)} ({percent(finding.change)}), "
        f"score {finding.score:.1f}"
    )


def _fate(row: "OutboxRow") -> str:
    from liqmon.ui.figures import counted, span

    what = str(row.payload.get("phase", "message"))
    route = f" to {row.route}" if row.route else ""
    tries = counted(row.attempts, "attempt")
    why = f": {row.last_error}" if row.last_error else ""
    match row.state.value:
        case "sent":
            took = span(max((row.settled_ms or 0) - row.created_ms, 0) / 1000)
            return f"{what} delivered{route} {took} after it was stored, {tries}"
        case "digested":
            return f"{what} told in a digest{route}"
        case "pending":
            return f"{what} waits{route}, {tries}{why}"
        case state:
            return f"{what} {state}{route}, {tries}{why}"


# as JSON


def _record(story: "Story", line: "EpisodeLine") -> dict[str, object]:
    from dataclasses import asdict

    from liqmon.app.lookback import timeline
    from liqmon.cli.history import record_of

    return {
        "episode": record_of(line),
        "conditions": [] if line.finding is None else _plain_conditions(line.finding),
        "timeline": [_moment(moment) for moment in timeline(story)],
        "messages": [_message(row) for row in story.rows],
        "posts": [asdict(post) for post in story.posts],
        "path": None if line.path is None else asdict(line.path),
    }


def _plain_conditions(finding: "Finding") -> list[dict[str, object]]:
    return [
        {"name": one.name, "value": one.value, "threshold": one.threshold}
        for one in finding.conditions
    ]


def _moment(moment: "Moment") -> dict[str, object]:
    return {"at_ms": moment.at_ms, "what": moment.what, "text": _happened(moment)}


def _message(row: "OutboxRow") -> dict[str, object]:
    settled_ms = row.settled_ms
    return {
        "id": row.id,
        "route": row.route,
        "phase": row.payload.get("phase"),
        "state": row.state.value,
        "attempts": row.attempts,
        "created_ms": row.created_ms,
        "settled_ms": settled_ms,
        "delay_s": None if settled_ms is None else (settled_ms - row.created_ms) / 1000,
        "message_id": row.message_id,
        "ambiguous": row.ambiguous,
        "error": row.last_error,
    }
