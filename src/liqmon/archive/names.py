"""What the name of a candle file says: which market, which timeframe.

Two ways of naming are understood: Binance's own (``BTCUSDT-1m-2024-01.zip``, see
https://github.com/binance/binance-public-data) and words joined by underscores in any
order (``binance_um_BTCUSDT_1m_2023-07_2023-08_quiet.csv.gz``).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from liqmon.archive.timeframes import TIMEFRAMES

__all__ = ["Named", "named"]

# at least five letters: the shortest pairs (1INCHUSDT, FTT-PERP) have more, and
# "spot" or "um" is no market
_SYMBOL = re.compile(r"[A-Z0-9]{2,}(?:[A-Z]{3,}|-PERP)")
_BINANCE = re.compile(r"(?P<symbol>[A-Z0-9_]+)-(?P<timeframe>\d+\w)-\d{4}-\d{2}.*")


@dataclass(frozen=True, slots=True)
class Named:
    """None where the name does not say.

    ``is_part``: one of many files that make a history, each named for its time.
    """

    symbol: str | None = None
    timeframe: str | None = None
    is_part: bool = False


def named(path: Path) -> Named:
    """Return what the file's name says of its contents."""
    if (found := _BINANCE.fullmatch(path.name)) is not None:
        return Named(found["symbol"], _known(found["timeframe"]), is_part=True)
    stem = re.sub(r"\.(csv|gz|zip)\b", "", path.name)
    words = stem.split("_")
    symbols = [word for word in words if _SYMBOL.fullmatch(word)]
    timeframes = [word for word in words if word in TIMEFRAMES]
    return Named(next(iter(symbols), None), next(iter(timeframes), None))


def _known(timeframe: str) -> str | None:
    return timeframe if timeframe in TIMEFRAMES else None
