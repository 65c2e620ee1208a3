"""``liqmon history``: the episodes of the last day, or of any time that is kept."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from liqmon.cli.completion import markets_like
from liqmon.cli.options import AsciiOption, JsonOption, StateDirOption
from liqmon.cli.stored import CsvOption

if TYPE_CHECKING:
    from liqmon.app.lookback import EpisodeLine

__all__ = ["history", "record_of"]

_HEAD: Final = (
    "onset (UTC)",
    "market",
    "exchange",
    "side",
    "severity",
    "told",
    "id",
    "move",
    "lasted",
    "conf.",
    "15 min",
    "60 min",
)
_WORDS: Final = 7
_DISPENSABLE: Final = ("exchange", "conf.", "60 min", "15 min", "lasted", "severity")


def history(
    symbol: Annotated[
        str | None,
        typer.Argument(
            help="Only this market.",
            autocompletion=markets_like,
            metavar="SYMBOL",
            show_default=False,
        ),
    ] = None,
    *,
    since: Annotated[
        str,
        typer.Option("--since", help="A span such as 7d, or a time.", metavar="WHEN"),
    ] = "24h",
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    ascii_only: AsciiOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """List the episodes with news; show ID tells more of one.

    15 and 60 min: what the price did after it was told, in its direction: plus, it
    went on; minus, it came back; a dot, unknown.
    """
    import asyncio

    from liqmon.app.lookback import history as looked_up
    from liqmon.cli import stored

    stored.one_form(json=as_json, csv=as_csv)
    since_ms = stored.since_ms(since)
    lines, is_known = asyncio.run(
        looked_up(symbol, since_ms=since_ms, state_dir=stored.state_dir(state_dir))
    )
    records = [record_of(line) for line in lines]
    if as_json:
        told: dict[str, object] = {"since_ms": since_ms, "episodes": records}
        typer.echo(stored.as_json(told))
    elif as_csv:
        typer.echo(stored.as_csv(_KEYS, [[*record.values()] for record in records]))
    elif not lines:
        typer.echo(_nothing(symbol, since, is_known=is_known))
    else:
        typer.echo("\n".join(_table(lines, ascii_only=ascii_only)))


_KEYS: Final = (
    "episode",
    "exchange",
    "symbol",
    "timeframe",
    "liquidated",
    "severity",
    "is_over",
    "onset_ms",
    "told_ms",
    "ended_ms",
    "price_from",
    "price_to",
    "price_extreme",
    "move",
    "lasted_s",
    "volume_usd",
    "score",
    "confidence",
    "told",
    "muted",
    "acknowledged_ms",
    "after_15",
    "after_60",
)


def record_of(line: "EpisodeLine") -> dict[str, object]:
    """Return an episode as plain values; None is unknown."""
    record, finding = line.record, line.finding
    exchange, _, symbol = record.market.partition(":")
    values: dict[str, object] = {
        "episode": record.id,
        "exchange": exchange,
        "symbol": symbol,
        "is_over": line.is_over,
        "onset_ms": record.onset_ms or None,
        "told_ms": record.told_ms or None,
        "move": line.worst,
        "lasted_s": line.lasted_s,
        "told": line.told.value,
        "muted": record.muted,
        "acknowledged_ms": record.acknowledged_ms,
        "after_15": line.after_15,
        "after_60": line.after_60,
    }
    if finding is not None:
        values |= {
            "timeframe": finding.timeframe,
            "liquidated": finding.liquidated.value,
            "severity": finding.severity.name.lower(),
            "ended_ms": finding.ended_ms,
            "price_from": finding.price_from,
            "price_to": finding.price_to,
            "price_extreme": finding.price_extreme,
            "volume_usd": finding.volume_usd,
            "score": finding.score,
            "confidence": finding.confidence,
        }
    return {key: values.get(key) for key in _KEYS}


def _nothing(symbol: str | None, since: str, *, is_known: bool) -> str:
    from liqmon.cli import stored

    if not is_known:
        return (
            "nothing has been watched with this state yet; "
            "begin with liqmon watch BTCUSDT ETHUSDT"
        )
    where = "" if symbol is None else f" of {symbol}"
    when = stored.spoken(since)
    return f"no episode{where} {when}; liqmon history --since 90d looks further"


def _table(lines: Sequence["EpisodeLine"], *, ascii_only: bool) -> Iterator[str]:
    from liqmon.cli import stored
    from liqmon.ui.glyphs import ASCII, UNICODE

    yield from stored.table(
        _HEAD,
        [_cells(line) for line in lines],
        left=_WORDS,
        within=stored.width(),
        dispensable=_DISPENSABLE,
        alike=("exchange",),
        write=(ASCII if ascii_only else UNICODE).text,
    )


def _cells(line: "EpisodeLine") -> tuple[str, ...]:
    from liqmon.ui.figures import UNKNOWN, day_and_time, name_of, percent, plain

    record, finding = line.record, line.finding
    exchange, _, symbol = record.market.partition(":")
    confidence = None if finding is None else finding.confidence
    return (
        day_and_time(record.onset_ms) if record.onset_ms else UNKNOWN,
        name_of(symbol) or UNKNOWN,
        plain(exchange) or UNKNOWN,
        UNKNOWN if finding is None else finding.liquidated.value,
        UNKNOWN if finding is None else finding.severity.name.lower(),
        _told(line),
        record.id,
        percent(line.worst),
        _lasted(line),
        UNKNOWN if confidence is None else f"{confidence:.2f}",
        percent(line.after_15),
        percent(line.after_60),
    )


def _told(line: "EpisodeLine") -> str:
    return f"{line.told} ack" if line.record.acknowledged_ms else line.told.value


def _lasted(line: "EpisodeLine") -> str:
    from liqmon.ui.figures import UNKNOWN, span

    if line.lasted_s is not None:
        return span(line.lasted_s)
    return UNKNOWN if line.finding is None else "going on"
