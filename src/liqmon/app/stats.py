"""Adds up how liqmon did: deliveries, feeds, breakers, and what findings led to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from liqmon.app.beside import opened
from liqmon.app.lookback import EpisodeLine, line_of
from liqmon.app.record import (
    BreakerStats,
    ErrorStats,
    MarketStats,
    PollStats,
    SeverityStats,
    Stats,
    WebhookStats,
)
from liqmon.clock import Clock
from liqmon.core.model import Severity
from liqmon.monitor.tally import GAVE_UP
from liqmon.store.attempts import NO_ANSWER
from liqmon.store.journal import JournalEntry
from liqmon.store.tally import Count

__all__ = ["stats"]


_MOST_CHANGES: Final = 100_000
_LIMITED: Final = "429"


async def stats(*, since_ms: int, state_dir: Path, clock: Clock) -> Stats:
    """Read and add up what happened since then, also beside a run that is going on.

    Raises:
        UserError: the state directory cannot be used.
        StoreUnavailable: the state cannot be read now.
    """
    async with opened(state_dir) as store:
        counts = await store.counted(since_ms)
        delays = await store.delays(since_ms)
        changes = await store.events(kind="BreakerChanged", limit=_MOST_CHANGES)
        records = await store.recent(since_ms)
    until_ms = clock.now_ms()
    # what was building and came to nothing was no episode
    lines = [one for one in map(line_of, records) if not one.is_first_step]
    kinds: dict[str, list[Count]] = defaultdict(list)
    for one in counts:
        kinds[one.kind].append(one)
    return Stats(
        since_ms=since_ms,
        until_ms=until_ms,
        webhooks=_webhooks(kinds["webhook"], delays),
        polls=_polls(kinds["poll"]),
        errors=_errors(kinds["error"]),
        healed=_errors(kinds["heal"]),
        breaker=_breakers(changes, since_ms, until_ms),
        markets=_markets(kinds["feed"], kinds["poll"], lines),
        severities=_severities(lines),
    )


def _by_subject(counts: Iterable[Count]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in counts:
        # a Counter adds seconds as well, only its type says integers
        found[one.subject][one.name] += one.amount  # type: ignore[assignment]
    return found


def _webhooks(
    counts: Iterable[Count], delays: Mapping[str, Sequence[float]]
) -> tuple[WebhookStats, ...]:
    found = _by_subject(counts)
    return tuple(
        _webhook(route, found[route], delays.get(route, ()))
        for route in sorted({*found, *delays})
    )


def _webhook(
    route: str, counts: Counter[str], delays_s: Sequence[float]
) -> WebhookStats:
    answers = {
        name: int(count)
        for name, count in sorted(counts.items())
        if name.isdigit() or name == NO_ANSWER
    }
    requests = sum(answers.values())
    counting = requests - answers.get(_LIMITED, 0)
    worked = sum(n for name, n in answers.items() if name.startswith("2"))
    answered = counts["answered"]
    return WebhookStats(
        route=route,
        requests=requests,
        by_answer=answers,
        success=worked / counting if counting else None,
        answer_s=counts["answered_s"] / answered if answered else None,
        messages=len(delays_s),
        p50_s=_percentile(delays_s, 50),
        p95_s=_percentile(delays_s, 95),
    )


def _percentile(ascending: Sequence[float], percent: int) -> float | None:
    """Return the nearest rank: a value that occurred."""
    if not ascending:
        return None
    return ascending[-(-len(ascending) * percent // 100) - 1]


def _polls(counts: Iterable[Count]) -> PollStats:
    solved, gave_up = Counter[int](), 0
    for one in counts:
        if one.name == GAVE_UP:
            gave_up += int(one.amount)
        elif one.name.isdigit():
            solved[int(one.name)] += int(one.amount)
    return PollStats(dict(sorted(solved.items())), gave_up)


def _errors(counts: Iterable[Count]) -> tuple[ErrorStats, ...]:
    found = [ErrorStats(one.subject, one.name, int(one.amount)) for one in counts]
    return tuple(sorted(found, key=lambda one: (-one.count, one.exchange, one.error)))


def _breakers(
    changes: Sequence[JournalEntry], since_ms: int, until_ms: int
) -> BreakerStats:
    by_receiver: dict[object, list[JournalEntry]] = defaultdict(list)
    for change in changes:
        by_receiver[change.body.get("receiver", "")].append(change)
    each = [_breaker(one, since_ms, until_ms) for one in by_receiver.values()]
    return BreakerStats(
        opened=sum(one.opened for one in each),
        open_s=sum(one.open_s for one in each),
        is_open=any(one.is_open for one in each),
    )


def _breaker(
    changes: Sequence[JournalEntry], since_ms: int, until_ms: int
) -> BreakerStats:
    opened, open_ms, shut_ms = 0, 0, None
    for change in changes:
        at_ms = min(max(change.at_ms, since_ms), until_ms)
        is_shut = change.body.get("new") != "closed"
        if is_shut and shut_ms is None:
            shut_ms = at_ms
            opened += change.at_ms >= since_ms
        elif not is_shut and shut_ms is not None:
            open_ms += at_ms - shut_ms
            shut_ms = None
    if shut_ms is not None:
        open_ms += until_ms - shut_ms
    return BreakerStats(opened, open_ms / 1000, shut_ms is not None)


def _markets(
    feeds: Iterable[Count], polls: Iterable[Count], lines: Sequence[EpisodeLine]
) -> tuple[MarketStats, ...]:
    fed, polled = _by_subject(feeds), _by_subject(polls)
    episodes = Counter(line.record.market for line in lines)
    return tuple(
        _market(market, fed[market], polled[market], episodes[market])
        for market in sorted(fed)
    )


def _market(
    market: str, feed: Counter[str], polls: Counter[str], episodes: int
) -> MarketStats:
    watched_s = float(feed["watched_s"])
    stale_s = min(float(feed["stale_s"]), watched_s)
    return MarketStats(
        market=market,
        watched_s=watched_s,
        stale=int(feed["stale"]),
        stale_s=stale_s,
        uptime=1.0 - stale_s / watched_s if watched_s else None,
        polls=int(sum(n for name, n in polls.items() if name != GAVE_UP)),
        gave_up=int(polls[GAVE_UP]),
        episodes=episodes,
    )


def _severities(lines: Sequence[EpisodeLine]) -> tuple[SeverityStats, ...]:
    by_severity: dict[Severity, list[EpisodeLine]] = defaultdict(list)
    for line in lines:
        if line.finding is not None:
            by_severity[line.finding.severity].append(line)
    return tuple(
        _severity(severity, by_severity[severity])
        for severity in sorted(by_severity, reverse=True)
    )


def _severity(severity: Severity, lines: Sequence[EpisodeLine]) -> SeverityStats:
    soon = [line.after_15 for line in lines if line.after_15 is not None]
    later = [line.after_60 for line in lines if line.after_60 is not None]
    return SeverityStats(
        severity=severity,
        episodes=len(lines),
        after_15=median(soon) if soon else None,
        known_15=len(soon),
        after_60=median(later) if later else None,
        known_60=len(later),
    )
