"""Episodes with all that became of them: what ``history``, ``show``, ``stats`` read."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from liqmon.store.facts import facts_from_text
from liqmon.store.journal import JournalEntry, entry_of
from liqmon.store.rows import OutboxRow, row_of

__all__ = ["EpisodeRecord", "PostRecord", "Story"]

_COLUMNS: Final = (
    "id, market, facts, onset_ms, told_ms, muted, acknowledged_ms, lost,"
    " coalesce((SELECT body FROM price_path WHERE episode = id), '') AS path"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRecord:
    """One episode as it stands.

    ``onset_ms`` and ``told_ms`` are exchange time (0: unknown), ``acknowledged_ms`` is
    wall clock. ``path`` holds the prices around it. ``fates`` counts its findings in
    the outbox by their state; ``lost``: one was given up on that is not there any more.
    """

    id: str
    market: str
    facts: Mapping[str, object]
    onset_ms: int
    told_ms: int
    path: Mapping[str, object]
    muted: bool
    acknowledged_ms: int | None
    lost: bool
    fates: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRecord:
    """A message that told of an episode; ``edits`` counts how often it was changed."""

    route: str
    message_id: str
    posted_ms: int
    edited_ms: int
    edits: int


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of an episode, each part in the order in which it happened.

    ``raised`` are its findings, ``held`` what became of messages that could not go out.
    """

    episode: EpisodeRecord
    raised: tuple[JournalEntry, ...]
    held: tuple[JournalEntry, ...]
    rows: tuple[OutboxRow, ...]
    posts: tuple[PostRecord, ...]


def recent(
    connection: sqlite3.Connection, since_ms: int, markets: Sequence[str] | None
) -> list[EpisodeRecord]:
    """Return the episodes with news since then, those of some markets or all."""
    chosen = {
        "since": since_ms,
        "markets": None if markets is None else json.dumps(list(markets)),
    }
    which = """
        FROM episode WHERE updated_ms >= :since AND (:markets IS NULL
            OR market IN (SELECT value FROM json_each(:markets)))
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} {which} ORDER BY onset_ms, id",
        chosen,
    ).fetchall()
    counts = connection.execute(
        f"""
        SELECT episode, state, count(*) AS amount FROM outbox WHERE kind = 'finding'
            AND episode IN (SELECT id {which}) GROUP BY episode, state
        """,  # noqa: S608 - a constant
        chosen,
    )
    fates: dict[str, dict[str, int]] = {}
    for row in counts:
        fates.setdefault(row["episode"], {})[row["state"]] = row["amount"]
    return [_record(row, fates.get(row["id"], {})) for row in rows]


def story(connection: sqlite3.Connection, episode: str) -> Story | None:
    """Return all that is known of an episode, None if nothing is."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM episode WHERE id = ?",  # noqa: S608 - a constant
        (episode,),
    ).fetchone()
    if row is None:
        return None
    rows = connection.execute(
        "SELECT * FROM outbox WHERE episode = ? AND kind = 'finding' ORDER BY id",
        (episode,),
    )
    told = tuple(map(row_of, rows))
    fates: dict[str, int] = {}
    for one in told:
        fates[one.state.value] = fates.get(one.state.value, 0) + 1
    return Story(
        _record(row, fates),
        raised=_journalled(connection, "FindingRaised", episode),
        held=_journalled(connection, "Delivery", episode),
        rows=told,
        posts=_posts(connection, episode),
    )


def delays(connection: sqlite3.Connection, since_ms: int) -> dict[str, list[float]]:
    """Return, by route, the seconds from commit to delivery, the shortest first."""
    rows = connection.execute(
        """
        SELECT route, max(settled_ms - created_ms, 0) / 1000.0 AS delay_s FROM outbox
        WHERE kind = 'finding' AND state = 'sent' AND settled_ms >= ? ORDER BY delay_s
        """,
        (since_ms,),
    )
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["route"], []).append(row["delay_s"])
    return found


def _journalled(
    connection: sqlite3.Connection, kind: str, episode: str
) -> tuple[JournalEntry, ...]:
    # the text is looked through first: most entries are about something else
    rows = connection.execute(
        "SELECT * FROM journal WHERE kind = ? AND instr(body, ?) > 0 ORDER BY id",
        (kind, json.dumps(episode)),
    )
    entries = map(entry_of, rows)
    return tuple(one for one in entries if one.body.get("episode") == episode)


def _posts(connection: sqlite3.Connection, episode: str) -> tuple[PostRecord, ...]:
    rows = connection.execute(
        """
        SELECT route, message_id, posted_ms, edited_ms, edits FROM post
        JOIN post_episode ON post_episode.post = post.id WHERE episode = ?
        ORDER BY post.id
        """,
        (episode,),
    )
    return tuple(PostRecord(**dict(row)) for row in rows)


def _record(row: sqlite3.Row, fates: Mapping[str, int]) -> EpisodeRecord:
    return EpisodeRecord(
        **dict(row)
        | {
            "facts": facts_from_text(row["facts"]),
            "path": facts_from_text(row["path"]),
            "muted": bool(row["muted"]),
            "lost": bool(row["lost"]),
        },
        fates=fates,
    )
