"""One plain line for everything that happens: for pipes, logs and the events pane."""

from collections import Counter

from liqmon.core.board import BoardSnapshot, MarketRow
from liqmon.core.confidence import odds
from liqmon.core.events import (
    BreakerChanged,
    BreakerState,
    Delivery,
    DeliveryStatus,
    Event,
    FeedChanged,
    FeedState,
    FindingRaised,
    GaveUp,
    Healed,
    Retrying,
    Summary,
)
from liqmon.core.model import Basis, Finding, Phase, PositionSide
from liqmon.ui.feeds import effective_feed
from liqmon.ui.figures import (
    counted,
    name_of,
    percent,
    plain,
    price,
    span,
    time_of_day,
    usd,
)

__all__ = ["brief", "line", "stamped", "status_line"]

_BASIS = {
    Basis.INFERRED: "inferred from price and volume",
    Basis.CORROBORATED: "inferred, and other data agree",
    Basis.OBSERVED: "observed by the exchange",
}

_FEED = {
    FeedState.CONNECTING: "connecting",
    FeedState.OK: "feed ok again",
    FeedState.RETRY: "retrying",
    FeedState.HEALING: "healing",
    FeedState.COOLING: "cooling down",
    FeedState.STALE: "data are stale",
    FeedState.UNAVAILABLE: "feed unavailable",
    FeedState.BLOCKED: "blocked: this host or country is refused",
    FeedState.REJECTED: "request rejected, not asked again",
}

_DELIVERY = {
    DeliveryStatus.SENT: "delivered",
    DeliveryStatus.HELD: "held",
    DeliveryStatus.DIGESTED: "delivered in a digest",
    DeliveryStatus.EXPIRED: "expired undelivered",
    DeliveryStatus.DEAD: "refused for good",
}


def line(event: Event) -> str:
    """Return what happened, in one line for an operator."""
    return plain(f"{_told(event)}{_odds(event)}")


def stamped(event: Event) -> str:
    """Return ``line`` with the wall clock's time (UTC) before it."""
    return f"{time_of_day(event.at_ms)}  {line(event)}"


def brief(event: Event) -> str:
    """Return ``stamped`` without the odds, for which no pane is wide enough."""
    return f"{time_of_day(event.at_ms)}  {plain(_told(event))}"


def status_line(snapshot: BoardSnapshot, *, now_mono: float) -> str:
    """Return how things stand, for the periodic line of a run without a terminal."""
    rows = snapshot.rows.values()
    states = Counter(effective_feed(row, snapshot).state.value for row in rows)
    feeds = ", ".join(f"{count} {state}" for state, count in states.items())
    parts = [
        f"{counted(len(snapshot.rows), 'market')}: {feeds or 'none yet'}",
        _nearest(snapshot),
        f"raised {snapshot.raised}",
        _receiver(snapshot),
        f"up {span(now_mono - snapshot.started_mono)}",
        snapshot.banner,
    ]
    return plain("; ".join(part for part in parts if part))


def _told(event: Event) -> str:
    match event:
        case FindingRaised(finding=finding):
            return _finding(finding)
        case BreakerChanged():
            return _breaker(event)
        case Delivery():
            return _delivery(event)
        case Summary():
            return _summary(event)
        case _:
            return _feed(event)


# findings


def _finding(finding: Finding) -> str:
    who = f"{finding.market.name} {finding.liquidated} liquidations"
    strength = finding.severity.name
    path = (
        f"{_short(finding.price_from)} → {_short(finding.price_to)} "
        f"({percent(finding.change)})"
    )
    basis = f"{_BASIS[finding.basis]} ({finding.market.exchange})"
    match finding.phase:
        case Phase.END:
            return f"{who} over: {path}, {_end(finding)}, peak {strength}, {basis}"
        case Phase.WITHDRAWN:
            return f"{who} withdrawn: {path}, it did not fire{_score(finding)}, {basis}"
        case Phase.BUILDING:
            strength = "building"
        case Phase.ESCALATION:
            strength = f"rise to {strength}"
        case Phase.ONSET:
            pass
    early = ", bar still open" if finding.early else ""
    return (
        f"{who} {strength}: {path} in {_took(finding)}{_score(finding)}, {basis}{early}"
    )


def _end(finding: Finding) -> str:
    extreme = "low" if finding.liquidated is PositionSide.LONG else "high"
    ended_ms = finding.ended_ms or finding.decided_ms
    lasted = span((ended_ms - finding.onset_ms) / 1000)
    return (
        f"{extreme} {_short(finding.price_extreme)}, {lasted}, "
        f"{usd(finding.volume_usd)} traded"
    )


def _took(finding: Finding) -> str:
    # less than one where the bar still forms
    minutes = (finding.decided_ms - finding.onset_ms) // 60_000
    return f"{minutes} min" if minutes else "under a minute"


def _score(finding: Finding) -> str:
    if finding.nearness <= 0:
        return ""
    threshold = finding.score / finding.nearness
    return f", S {finding.score:.1f} of {threshold:.3g}"


def _odds(event: Event) -> str:
    match event:
        case FindingRaised(
            finding=Finding(
                phase=Phase.ONSET | Phase.ESCALATION, confidence=float(confidence)
            )
        ):
            return f"; of alerts like this, about {odds(confidence)} were cascades"
        case _:
            return ""


def _short(value: float) -> str:
    """Return a price without the zeros that only a column needs."""
    text = price(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


# feeds


def _feed(event: Retrying | Healed | GaveUp | FeedChanged) -> str:
    who = f"{name_of(event.symbol)} ({event.exchange})" if event.symbol else ""
    who = who or event.exchange
    match event:
        case Retrying():
            wait = span(event.wait_s)
            tries = f"{event.attempt}/{event.attempts}"
            return f"{who}: retry {tries} in {wait}, {event.error}"
        case Healed():
            return f"{who}: dead session rebuilt, {event.error}"
        case GaveUp():
            tries = counted(event.attempts, "attempt")
            return f"{who}: gave up after {tries}, {event.error}"
        case FeedChanged():
            wait = "" if event.wait_s is None else f" for {span(event.wait_s)}"
            reason = f", {event.reason}" if event.reason else ""
            return f"{who}: {_FEED[event.state]}{wait}{reason}"


# delivery


def _breaker(event: BreakerChanged) -> str:
    reason = f": {event.reason}" if event.reason else ""
    text = f"{event.receiver or 'webhook'} circuit breaker {event.new}{reason}"
    match event.new:
        case BreakerState.OPEN if event.open_s is not None:
            return f"{text}, nothing is sent for {span(event.open_s)}"
        case BreakerState.HALF_OPEN:
            return f"{text}, one message is tried"
        case BreakerState.DEAD:
            return f"{text}, nothing is sent there any more"
        case _:
            return text


def _delivery(event: Delivery) -> str:
    what = "liqmon's report"
    if event.episode:
        whose = f"{name_of(event.symbol)} {event.phase}" if event.symbol else "finding"
        what = f"{whose} {event.episode}"
    took = "" if event.latency_s is None else f" in {event.latency_s * 1000:.0f} ms"
    reason = f": {event.reason}" if event.reason else ""
    whom = f" for {event.receiver}" if event.receiver else ""
    return f"{what}{whom} {_DELIVERY[event.status]}{took}{reason}"


def _summary(event: Summary) -> str:
    return (
        f"ran {span(event.uptime_s)}: {counted(event.markets, 'market')}, "
        f"{counted(event.cycles, 'cycle')}, {event.raised} raised, "
        f"{event.retried} retried, {event.healed} healed, {event.gave_up} given up, "
        f"breaker opened {counted(event.breaker_opened, 'time')}, {event.held} held, "
        f"{event.delivered} delivered, {event.undelivered} undelivered"
    )


# how things stand


def _nearest(snapshot: BoardSnapshot) -> str:
    known = [row for row in snapshot.rows.values() if row.nearness is not None]
    if not known:
        return ""
    nearest = max(known, key=_nearness)
    return f"nearest {nearest.market.name} {_nearness(nearest):.0%}"


def _nearness(row: MarketRow) -> float:
    return row.nearness or 0.0


def _receiver(snapshot: BoardSnapshot) -> str:
    receiver = snapshot.receiver
    if receiver.dry_run:
        return "dry run"
    if not receiver.configured:
        return "no webhook"
    return f"{receiver.name or 'discord'} {receiver.breaker}, {receiver.pending} queued"
