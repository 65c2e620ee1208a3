"""What stands above the table: who is watched, how often, and whether anybody hears."""

from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from liqmon.core.board import BoardSnapshot, Receiver
from liqmon.core.events import BreakerState, FeedState
from liqmon.ui.cells import View, fitted
from liqmon.ui.feeds import FEED_STYLE, brief, effective_feed
from liqmon.ui.figures import span, time_of_day
from liqmon.ui.glyphs import Glyphs

__all__ = ["header", "packed"]

_GAP = "   "
_MOST_LINES = 4

_FROM_WORST = list(reversed(FeedState))
"""In a narrow terminal the end of the line is lost."""

_BREAKER_STYLE = {
    BreakerState.CLOSED: "green",
    BreakerState.OPEN: "red",
    BreakerState.HALF_OPEN: "yellow",
    BreakerState.DEAD: "bold red",
}


def header(view: View, *, now_ms: int, width: int, height: int) -> list[Text]:
    """Return the header's lines, each exactly ``width`` cells, notices last.

    It takes a third of the terminal's ``height`` at most.
    """
    board, glyphs, now_mono = view.board, view.glyphs, view.now_mono
    facts = [
        Text(f"liqmon {glyphs.text(board.version)}", style="bold"),
        *_exchanges(board, glyphs),
        _receiver(board.receiver, now_mono, glyphs),
        *_outbox(board.receiver),
        Text(f"raised {board.raised}"),
        *_muted(board, now_mono),
        Text(f"{time_of_day(board.exchange_ms or now_ms)} UTC"),
        Text(f"up {span(now_mono - board.started_mono)}"),
    ]
    notices = list(_notices(view))
    most = max(min(_MOST_LINES, height // 3 - len(notices)), 1)
    lines = [*packed(facts, width)[:most], *notices]
    return [fitted(line, width, glyphs) for line in lines]


def _notices(view: View) -> Iterator[Text]:
    if view.board.banner:
        banner = view.glyphs.text(view.board.banner)
        yield Text(f" ! {banner}", style="bold yellow")
    if view.look.is_held:
        yield Text(" PAUSED - still monitoring; p goes on", style="bold")


def packed(facts: list[Text], width: int) -> list[Text]:
    """Return lines filled with whole facts."""
    lines = [Text(" ")]
    for fact in facts:
        room = width - cell_len(lines[-1].plain)
        gap = _GAP if lines[-1].plain.strip() else ""
        if cell_len(fact.plain) + len(gap) <= room:
            lines[-1] = Text.assemble(lines[-1], gap, fact)
        else:
            lines.append(Text.assemble(" ", fact))
    return lines


def _exchanges(board: BoardSnapshot, glyphs: Glyphs) -> Iterator[Text]:
    names = dict.fromkeys([*board.exchanges, *_exchanges_of_rows(board)])
    for name in names:
        states = Counter(
            effective_feed(row, board).state
            for row in board.rows.values()
            if row.market.exchange == name
        )
        if not states and name in board.exchanges:
            states[board.exchanges[name].state] = 1
        fact = Text.assemble((glyphs.text(name), "bold"))
        for place, (state, count) in enumerate(
            sorted(states.items(), key=_worst_first)
        ):
            fact.append(glyphs.between if place else " ")
            fact.append(f"{count} {state}", style=FEED_STYLE[state])
        yield fact
    intervals = sorted(set(board.interval_s.values()))
    every = "/".join(f"{interval_s:g}" for interval_s in intervals)
    pace = f", every {every} s" if every else ""
    yield Text(f"{glyphs.text(board.timeframe)} candles{pace}")


def _worst_first(entry: tuple[FeedState, int]) -> tuple[bool, int]:
    """Order what is said of an exchange: how many are well, then the worst."""
    state, _ = entry
    return state is not FeedState.OK, _FROM_WORST.index(state)


def _exchanges_of_rows(board: BoardSnapshot) -> Iterator[str]:
    return (row.market.exchange for row in board.rows.values())


def _receiver(receiver: Receiver, now_mono: float, glyphs: Glyphs) -> Text:
    if receiver.dry_run:
        return Text("dry run: nothing is sent", style="yellow")
    if not receiver.configured:
        return Text("no webhook: set LIQMON_DISCORD__WEBHOOK_URL", style="yellow")
    state = receiver.breaker
    mark = "" if glyphs.only_ascii else f"{glyphs.breaker[state]} "
    words = f"{mark}{state}{_detail(receiver, now_mono)}"
    style = _BREAKER_STYLE[state]
    name = glyphs.text(receiver.name or "discord")
    return Text.assemble(f"{name} ", (glyphs.text(words), style))


def _detail(receiver: Receiver, now_mono: float) -> str:
    match receiver.breaker:
        case BreakerState.OPEN if receiver.until_mono is not None:
            return f" {_countdown(receiver.until_mono - now_mono)}"
        case BreakerState.DEAD if receiver.reason:
            return f": {receiver.reason}"
        case BreakerState.CLOSED if receiver.latency_s is not None:
            return f" {receiver.latency_s * 1000:.0f} ms"
        case _:
            return ""


def _muted(board: BoardSnapshot, now_mono: float) -> Iterator[Text]:
    until = {key: at for key, at in board.muted.items() if at > now_mono}
    if "" in until:
        yield Text(f"all muted for {brief(until[''] - now_mono)}", style="yellow")
    elif until:
        yield Text(f"{len(until)} muted", style="yellow")


def _countdown(seconds: float) -> str:
    minutes, left = divmod(max(round(seconds), 0), 60)
    return f"{minutes}:{left:02}"


def _outbox(receiver: Receiver) -> Iterator[Text]:
    if not receiver.configured and not receiver.pending:
        return
    style = "yellow" if receiver.pending else ""
    yield Text(f"{receiver.pending} queued", style=style)
