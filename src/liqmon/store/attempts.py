"""An attempt to deliver, from its count to all that it came to."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from liqmon.store import digests, outbox, posts, receiver, tally, upkeep
from liqmon.store.outbox import Routes
from liqmon.store.posts import Post
from liqmon.store.receiver import ReceiverState
from liqmon.store.rows import OutboxRow, RowState, Settlement
from liqmon.store.tally import Count

__all__ = ["NO_ANSWER", "Attempt"]

NO_ANSWER: Final = "no answer"
"""What stands in the place of a status where none came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one request came to: for rows (by id), for messages, for the receiver.

    ``answer`` is its status, '' if none was made; ``route`` is where it went.
    """

    settled: Mapping[int, Settlement] = field(default_factory=dict)
    posts: tuple[Post, ...] = ()
    receiver: ReceiverState | None = None
    answer: str = ""
    route: str = ""
    latency_s: float | None = None


def begin(
    connection: sqlite3.Connection,
    row_ids: Sequence[int],
    state: ReceiverState | None,
) -> None:
    """Count an attempt that is about to be made, for its rows and for the receiver."""
    for row_id in row_ids:
        outbox.begin_attempt(connection, row_id)
    if state is not None:
        receiver.save(connection, state)


def conclude(
    connection: sqlite3.Connection, attempt: Attempt, now_ms: int
) -> list[OutboxRow]:
    """Write all of it, and return the rows that went the way of their digest."""
    followers: list[OutboxRow] = []
    for row_id, settlement in attempt.settled.items():
        outbox.settle(connection, row_id, settlement, now_ms)
        followers += digests.follow(connection, row_id, settlement, now_ms)
    for post in attempt.posts:
        posts.save(connection, post)
    if attempt.receiver is not None:
        receiver.save(connection, attempt.receiver)
    if attempt.answer:
        tally.add(connection, _counts(attempt, tally.hour_of(now_ms)))
    return followers


def _counts(attempt: Attempt, hour_ms: int) -> Iterator[Count]:
    yield Count(hour_ms, "webhook", attempt.route, attempt.answer, 1.0)
    if attempt.latency_s is not None:
        # with its answers the mean is known
        yield Count(hour_ms, "webhook", attempt.route, "answered", 1.0)
        yield Count(hour_ms, "webhook", attempt.route, "answered_s", attempt.latency_s)


def expire(
    connection: sqlite3.Connection, now_ms: int, routes: Routes
) -> list[OutboxRow]:
    """Settle what is too old or too much; return the rows, those of digests too."""
    late = outbox.expire(connection, now_ms, routes)
    followers = [
        follower
        for row in late
        for follower in digests.follow(
            connection,
            row.id,
            Settlement(state=RowState.EXPIRED, error=row.last_error),
            now_ms,
        )
    ]
    return [*late, *followers, *upkeep.collapse(connection, now_ms)]
