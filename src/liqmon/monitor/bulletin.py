"""Where everything that happens is made known.

The parts publish events; the bulletin keeps the board up to date and passes each event
on to whoever listens: the plain lines, the NDJSON stream, the journal. Listeners must
not wait: one that has to write hands over to its own thread or task. A bug in one of
them stops neither the part that published nor the others.
"""

import logging
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from liqmon.clock import Clock
from liqmon.core.board import BoardSnapshot, Feed, MarketRow, Receiver, with_event
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    Event,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
    Summary,
)
from liqmon.core.model import Finding, Market
from liqmon.monitor.strikes import MOST_STRIKES, Strikes

__all__ = ["Bulletin", "PollListener"]

log = logging.getLogger(__name__)

_WORSE: Final = {
    BreakerState.CLOSED: 0,
    BreakerState.HALF_OPEN: 1,
    BreakerState.OPEN: 2,
    BreakerState.DEAD: 3,
}


class PollListener(Protocol):
    """Whoever counts polls; there are too many of them to be events."""

    def timed(self, exchange: str, *, answered: bool) -> None:
        """Hear whether an exchange told its time, the first question of a cycle."""
        ...

    def polled(self, market: str) -> None:
        """Hear that a poll of a market (its key) brought data."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Ear:
    """Somebody who listens."""

    name: str
    hear: Callable[[Event], None]
    strikes: Strikes = field(default_factory=Strikes)


class Bulletin:
    """Holds the current board; ``snapshot`` may be read from any thread."""

    def __init__(self, clock: Clock, board: BoardSnapshot) -> None:
        self._clock = clock
        self._ears: list[_Ear] = []
        self._poll_listeners: list[PollListener] = []
        self._counts: Counter[str] = Counter()
        self._banners: dict[str, str] = {}
        self._receivers: dict[str, Receiver] = {}
        self._findings: dict[str, Finding] = {}
        self.snapshot = board

    @contextmanager
    def listening(
        self, listener: Callable[[Event], None], name: str = "a listener"
    ) -> Iterator[None]:
        """Call ``listener`` with every event until the block ends.

        One that raises three times in a row is called no more; ``name`` is what the
        user is then told of it.
        """
        ear = _Ear(name, listener)
        self._ears.append(ear)
        try:
            yield
        finally:
            self._ears.remove(ear)

    @contextmanager
    def hearing_polls(self, listener: PollListener) -> Iterator[None]:
        """Tell ``listener`` of cycles and polls until the block ends."""
        self._poll_listeners.append(listener)
        try:
            yield
        finally:
            self._poll_listeners.remove(listener)

    def begin(self, board: BoardSnapshot) -> None:
        """Start over with the markets of new settings; what happened is kept."""
        self._banners.clear()
        self._receivers.clear()
        self.snapshot = replace(
            self.snapshot,
            timeframe=board.timeframe,
            rows={},
            exchanges={},
            interval_s={},
            receiver=board.receiver,
            banner="",
        )

    def recall(self, findings: Mapping[str, Finding]) -> None:
        """Take up what was found before, by the markets' keys; it is no news."""
        self._findings = {**self._findings, **findings}

    def publish(self, event: Event) -> None:
        """Put ``event`` on the board and tell the listeners."""
        self._count(event)
        if isinstance(event, FindingRaised) and not event.finding.phase.is_first_step:
            self._findings[event.finding.market.key] = event.finding
        self.snapshot = with_event(
            self.snapshot, event, now_mono=self._clock.monotonic()
        )
        for ear in self._ears:
            if not ear.strikes.is_out:
                self._tell(ear, event)

    def show_markets(self, exchange: str, markets: tuple[Market, ...]) -> None:
        """Give every market its row, in the order it was asked for."""
        self.join_markets(markets)
        exchanges = {**self.snapshot.exchanges, exchange: Feed()}
        self.snapshot = replace(self.snapshot, exchanges=exchanges)

    def join_markets(self, markets: Iterable[Market]) -> None:
        """Give each of these markets a row, after those that are there."""
        joining = {
            market.key: MarketRow(market, finding=self._findings.get(market.key))
            for market in markets
        }
        rows = {**self.snapshot.rows, **joining}
        self.snapshot = replace(self.snapshot, rows=rows)

    def drop_markets(self, keys: Container[str]) -> None:
        """Take away the rows of markets that are no longer watched."""
        kept = {k: row for k, row in self.snapshot.rows.items() if k not in keys}
        self.snapshot = replace(self.snapshot, rows=kept)

    def show_row(self, row: MarketRow, *, exchange_ms: int) -> None:
        """Replace a market's row."""
        rows = {**self.snapshot.rows, row.market.key: row}
        self.snapshot = replace(self.snapshot, rows=rows, exchange_ms=exchange_ms)
        for listener in self._poll_listeners:
            listener.polled(row.market.key)

    def show_cycle(self, exchange: str, *, interval_s: float) -> None:
        """Count a begun cycle and note the interval it keeps to."""
        intervals = {**self.snapshot.interval_s, exchange: interval_s}
        self.snapshot = replace(
            self.snapshot, interval_s=intervals, cycles=self.snapshot.cycles + 1
        )

    def note_time(self, exchange: str, *, answered: bool) -> None:
        """Tell whoever counts whether an exchange told its time."""
        for listener in self._poll_listeners:
            listener.timed(exchange, answered=answered)

    def show_receiver(self, receiver: Receiver, name: str = "") -> None:
        """Replace what is known of a webhook; of several the worst off is shown."""
        self._receivers[name] = receiver
        worst = max(self._receivers.values(), key=lambda one: _WORSE[one.breaker])
        pending = sum(one.pending for one in self._receivers.values())
        self.snapshot = replace(self.snapshot, receiver=replace(worst, pending=pending))

    def show_silences(
        self, muted: Mapping[str, float], acknowledged: frozenset[str]
    ) -> None:
        """Replace what is muted (until a monotonic moment) and what has been seen."""
        self.snapshot = replace(self.snapshot, muted=muted, acknowledged=acknowledged)

    def show_banner(self, topic: str, text: str) -> None:
        """Say something above the table until the same topic is given ''."""
        if self._banners.get(topic, "") == text:
            return
        self._banners[topic] = text
        banner = " · ".join(filter(None, self._banners.values()))
        self.snapshot = replace(self.snapshot, banner=banner)

    def summary(self) -> Summary:
        """Return the closing account of this run."""
        board, counts = self.snapshot, self._counts
        return Summary(
            at_ms=self._clock.now_ms(),
            uptime_s=self._clock.monotonic() - board.started_mono,
            cycles=board.cycles,
            markets=len(board.rows),
            raised=board.raised,
            retried=counts["retried"],
            healed=counts["healed"],
            gave_up=counts["gave_up"],
            breaker_opened=counts["breaker_opened"],
            held=counts["held"],
            delivered=counts["sent"] + counts["digested"],
            undelivered=board.receiver.pending + counts["dead"] + counts["expired"],
        )

    def _tell(self, ear: _Ear, event: Event) -> None:
        try:
            ear.hear(event)
        except Exception as error:
            # A bug in what is made of an event must not end the scan that raised it.
            log.exception("%s failed on %s", ear.name, type(event).__name__)
            ear.strikes.failed()
            if ear.strikes.is_out:
                said = f"{ear.name} is off: it failed {MOST_STRIKES} times in a row"
                log.error("%s (%r)", said, error)  # noqa: TRY400 - it stands above
                self.show_banner(ear.name, f"{said} ({type(error).__name__}: {error})")
        else:
            ear.strikes.worked()

    def _count(self, event: Event) -> None:
        match event:
            case Retrying():
                self._counts["retried"] += 1
            case Healed():
                self._counts["healed"] += 1
            case GaveUp():
                self._counts["gave_up"] += 1
            case BreakerChanged(new=BreakerState.OPEN):
                self._counts["breaker_opened"] += 1
            case Delivery(episode=episode, status=status) if episode:
                self._counts[status.value] += 1
            case FindingRaised() | _:
                pass
