"""What the parts cost that only compute: judging, drawing, reading a file."""

import gzip
import io
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.screen import Screen

from benchmarks.figures import Figure, interleaved
from boards import NOW_MONO, NOW_MS, a_large_board
from candles import calm, end_ms
from liqmon.archive.reader import read
from liqmon.core.board import BoardSnapshot
from liqmon.core.detector import latest, readings
from liqmon.core.features import features
from liqmon.core.model import Candles
from liqmon.ui.table import build

_MINUTE_MS = 60_000
_SCREEN = Console(file=io.StringIO(), width=160, height=50, color_system="truecolor")


def evaluation(full: bool, _directory: Path) -> list[Figure]:
    """Judge one market: as a poll does, and a thousand bars at once."""
    coarse = calm(1_000 / 12)
    minutes = calm(1_000 / 12, timeframe_ms=_MINUTE_MS).rows(slice(-60, None))
    works = {
        "60 minutes by 1,000 five-minute candles": partial(_judge, minutes, coarse),
        "1,000 candles by themselves": partial(_judge, coarse, coarse),
    }
    return [
        Figure("evaluation of one market", seconds * 1000, "ms", "<= 0.2", how)
        for how, seconds in interleaved(works, 1_000 if full else 2).items()
    ]


def _judge(bars: Candles, baseline: Candles) -> None:
    now_ms, threshold = end_ms(bars), 12.0
    seen = features(bars, baseline)
    assert latest(seen, bars, threshold=threshold, now_ms=now_ms)
    since_ms = now_ms - _MINUTE_MS
    readings(seen, bars, threshold=threshold, since_ms=since_ms, now_ms=now_ms)


def history(full: bool, _directory: Path) -> list[Figure]:
    """Compute the features of a long stretch of minutes."""
    count = 1_000_000 if full else 2_000
    coarse, minutes = calm(count / 60), calm(count / 60, timeframe_ms=_MINUTE_MS)
    work = partial(features, minutes, coarse)
    seconds = interleaved({"": work}, 10 if full else 1)[""]
    how = "minutes by five-minute candles"
    return [Figure("history", count / seconds / 1e6, "million candles/s", ">= 10", how)]


def frames(full: bool, _directory: Path) -> list[Figure]:
    """Draw boards of few and of many markets."""
    boards = {f"{count} markets": a_large_board(count) for count in (2, 50, 500)}
    works = {what: partial(_draw, board) for what, board in boards.items()}
    return [
        Figure(f"frame of the table, {what}", seconds * 1000, "ms", "<= 20", "160x50")
        for what, seconds in interleaved(works, 200 if full else 2).items()
    ]


def _draw(board: BoardSnapshot) -> None:
    # as rich's Live does it on a screen of its own
    frame = build(board, now_mono=NOW_MONO, now_ms=NOW_MS, width=160, height=50)
    _SCREEN.print(Screen(frame))


def loading(full: bool, directory: Path) -> list[Figure]:
    """Read a compressed file of candles."""
    count = 100_000 if full else 200
    path = directory / "made_BTCUSDT_1m.csv.gz"
    made = calm(count / 60, timeframe_ms=_MINUTE_MS)
    rows = zip(made.open_ms, *(each.round(3) for each in made.columns()), strict=True)
    lines = (",".join(map(str, row)) for row in rows)
    head = "open_time,open,high,low,close,volume"
    path.write_bytes(gzip.compress("\n".join([head, *lines, ""]).encode()))
    seconds = interleaved({"": partial(read, path)}, 10 if full else 1)[""]
    return [Figure("load of a .csv.gz", count / seconds / 1e6, "million candles/s")]
