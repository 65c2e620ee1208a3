"""Which recorded markets a command works on, and the options that say so.

``sources`` imports what it needs by itself: the options are for every ``--help``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from liqmon.cli.completion import markets_like

if TYPE_CHECKING:
    from liqmon.backtest.sources import Source
    from liqmon.settings.models import Settings

__all__ = [
    "ChartOption",
    "FilesOption",
    "OneSymbolArgument",
    "Recorded",
    "WithOption",
    "sources",
    "threshold_of",
    "with_companions",
]

OneSymbolArgument = Annotated[
    list[str],
    typer.Argument(
        help="The perpetual, such as BTCUSDT; files may follow after --data.",
        autocompletion=markets_like,
        metavar="SYMBOL",
        show_default=False,
    ),
]

FilesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="Candle files instead of the archive (.csv, .csv.gz, .zip, .npz); the "
        "name tells the market. More may follow, so that --data *.zip works.",
        metavar="FILE...",
    ),
]

ChartOption = Annotated[
    Path | None,
    typer.Option(
        "--chart",
        help="Draw the price and the findings (PNG; needs the extra 'chart').",
        metavar="FILE",
        show_default=False,
    ),
]


WithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        help="A market that is watched along with it; may be repeated. Default: those "
        "of the settings that are in the archive, or all other files.",
        metavar="SYMBOL",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was asked for. With ``data``, ``words`` may hold more files."""

    words: tuple[str, ...]
    data: tuple[Path, ...]
    archive: Path | None
    exchange: str | None
    timeframe: str | None


def sources(recorded: Recorded, settings: "Settings") -> "list[Source]":
    """Return the markets, in the order they were named.

    Raises:
        UserError: there are none, or a file's name does not say what it is.
    """
    from liqmon.errors import UserError

    if not recorded.data:
        return [
            *_archived(recorded, settings, recorded.words or settings.watch.symbols)
        ]
    files, words = _files(recorded)
    kept = [one for one in files if not words or _is_one_of(one, words)]
    if not kept:
        names = ", ".join(sorted({one.market.name for one in files}))
        raise UserError(
            f"no file is of {', '.join(words)}", hint=f"they are of {names}"
        )
    return kept


def with_companions(
    recorded: Recorded, settings: "Settings"
) -> "tuple[Source, list[Source]]":
    """Return the market that the first word names, and those watched along with it.

    Raises:
        UserError: there is no such market, or more than one history of it.
    """
    from liqmon.errors import UserError

    name, *others = recorded.words
    if recorded.data:
        files, words = _files(recorded)
        mine = [one for one in files if _is_one_of(one, (name,))]
        rest = [one for one in files if one not in mine]
        rest = [one for one in rest if len(words) == 1 or _is_one_of(one, words)]
    else:
        mine = [*_archived(recorded, settings, (name,))]
        wanted = others or settings.watch.symbols
        rest = [*_archived(recorded, settings, wanted, lenient=not others)]
        rest = [one for one in rest if one not in mine]
    if len(mine) != 1:
        held = ", ".join(sorted({one.market.name for one in rest}))
        raise UserError(
            f"{len(mine)} histories of {name} where one is needed",
            hint="name one file of it"
            if mine
            else f"the files are of {held or 'no market'}",
        )
    return mine[0], rest


def threshold_of(source: "Source", settings: "Settings") -> float:
    """Return the threshold that a watch of this market and timeframe would have."""
    watch = settings.watch.model_copy(update={"timeframe": source.timeframe})
    market = source.market
    return settings.model_copy(update={"watch": watch}).threshold_for(
        market.name, market.symbol
    )


def _archived(
    recorded: Recorded,
    settings: "Settings",
    symbols: Sequence[str],
    *,
    lenient: bool = False,
) -> "Sequence[Source]":
    """Return markets of the archive; ``lenient``: as many of them as it has."""
    import os

    from liqmon.backtest.sources import from_archive
    from liqmon.exchange.catalogue import ALIASES
    from liqmon.settings.places import archive_dir

    exchange = recorded.exchange or settings.exchange.ids[0]
    return from_archive(
        archive_dir(recorded.archive, os.environ),
        symbols,
        exchange=ALIASES.get(exchange, exchange),
        timeframe=recorded.timeframe or settings.watch.timeframe,
        lenient=lenient,
    )


def _files(recorded: Recorded) -> "tuple[list[Source], tuple[str, ...]]":
    """Return what the files hold, and the words that are no files."""
    from liqmon.backtest.sources import from_files

    more = [Path(word) for word in recorded.words if Path(word).exists()]
    found = from_files(
        [*recorded.data, *more],
        exchange=recorded.exchange or "file",
        timeframe=recorded.timeframe,
    )
    words = tuple(word for word in recorded.words if not Path(word).exists())
    return [*found], words


def _is_one_of(source: "Source", words: Sequence[str]) -> bool:
    from liqmon.settings.models import symbol_key

    market = source.market
    names = {symbol_key(market.symbol), symbol_key(market.name)}
    return not names.isdisjoint(map(symbol_key, words))
