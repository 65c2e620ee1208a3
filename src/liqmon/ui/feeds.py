"""What a feed is doing, in the words and colours of the table."""

from typing import Final

from liqmon.core.board import BoardSnapshot, Feed, MarketRow
from liqmon.core.events import FeedState

__all__ = ["FEED_STYLE", "brief", "effective_feed", "feed_words", "few_feed_words"]

FEED_STYLE: Final = {
    FeedState.CONNECTING: "bright_black",
    FeedState.OK: "green",
    FeedState.RETRY: "yellow",
    FeedState.HEALING: "yellow",
    FeedState.COOLING: "yellow",
    FeedState.STALE: "red",
    FeedState.UNAVAILABLE: "red",
    FeedState.BLOCKED: "red",
    FeedState.REJECTED: "red",
}

_WHOLE_EXCHANGE: Final = frozenset(
    {FeedState.COOLING, FeedState.UNAVAILABLE, FeedState.BLOCKED}
)
"""What an exchange says of all its markets at once."""


def effective_feed(row: MarketRow, board: BoardSnapshot) -> Feed:
    """Return the row's feed state, or its exchange's where that decides."""
    exchange = board.exchanges.get(row.market.exchange)
    if exchange is not None and exchange.state in _WHOLE_EXCHANGE:
        return exchange
    return row.feed


def feed_words(feed: Feed, row: MarketRow, now_mono: float) -> str:
    """Return what the feed is doing, in at most fourteen cells."""
    time = _time(feed, row, now_mono)
    match feed.state:
        case FeedState.RETRY:
            return f"retry {feed.attempt}/{feed.attempts} {time}"
        case FeedState.UNAVAILABLE:
            return f"down {time}"
        case _:
            return f"{feed.state.value} {time}".rstrip()


def few_feed_words(feed: Feed, row: MarketRow, now_mono: float) -> str:
    """Return the same in at most ten cells."""
    match feed.state:
        case FeedState.RETRY:
            time = _time(feed, row, now_mono)
            return f"r{feed.attempt}/{feed.attempts} {time}"
        case FeedState.CONNECTING:
            return "connect"
        case _:
            return feed_words(feed, row, now_mono)


def _time(feed: Feed, row: MarketRow, now_mono: float) -> str:
    """Return how long the state will last, or has lasted, where that matters."""
    match feed.state:
        case FeedState.RETRY | FeedState.COOLING | FeedState.UNAVAILABLE if (
            feed.until_mono is not None
        ):
            return brief(feed.until_mono - now_mono)
        case FeedState.UNAVAILABLE:
            return brief(now_mono - feed.since_mono)
        case FeedState.STALE:
            known = feed.since_mono if row.updated_mono is None else row.updated_mono
            return brief(now_mono - known)
        case _:
            return ""


def brief(seconds: float) -> str:
    """Return a duration for a narrow column: ``1.4s``, ``27s``, ``4m``, ``3h``."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    for size, unit in ((1, "s"), (60, "m"), (3600, "h")):
        if seconds < size * 100:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 86400:.0f}d"
