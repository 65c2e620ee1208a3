"""The messages that stand on Discord, and the episodes they tell of.

An episode is told in one message that is edited while it lasts. When it escalates, a
new message takes it over: the newest post of a route that has the episode is its own.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from liqmon.store.facts import facts_from_text, text_from_facts
from liqmon.store.outbox import ON_ROUTES, Routes, names_of

__all__ = ["EpisodeNow", "Post", "StandingPost"]

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message; ``id`` is 0 until it is written here.

    Without a ``message_id`` it is lost (somebody deleted it, or it is too old to be
    edited) and to be posted anew. ``shown`` holds, by episode, the facts as they stand
    in the message. ``picture`` is the name of the file that it shows, ``files`` the ids
    of all it has. Nothing is done any more to one that ``is_closed``. Wall clock.
    """

    route: str
    message_id: str
    posted_ms: int
    edited_ms: int
    shown: Mapping[str, Facts]
    picture: str = ""
    files: tuple[str, ...] = ()
    id: int = 0
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class EpisodeNow:
    """An episode of a post as it stands: its newest facts, empty if there are none.

    ``moved``: a newer post of the route tells of it. ``waiting``: a row of it is yet to
    be sent there.
    """

    facts: Facts
    moved: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class StandingPost:
    """A post that may be edited, with its episodes."""

    post: Post
    episodes: Mapping[str, EpisodeNow] = field(default_factory=dict)


def save(connection: sqlite3.Connection, post: Post) -> None:
    """Write a new post, if its message is not known, or replace an old one."""
    values = {
        "id": post.id,
        "route": post.route,
        "message_id": post.message_id,
        "posted_ms": post.posted_ms,
        "edited_ms": post.edited_ms,
        "shown": text_from_facts(post.shown),
        "picture": post.picture,
        "files": json.dumps(post.files),
        "is_closed": post.is_closed,
    }
    if post.id:
        connection.execute(
            """
            UPDATE post SET message_id = :message_id, posted_ms = :posted_ms,
                edits = edits + (edited_ms != :edited_ms), edited_ms = :edited_ms,
                shown = :shown, picture = :picture, files = :files,
                is_closed = :is_closed
            WHERE id = :id
            """,
            values,
        )
        return
    cursor = connection.execute(
        """
        INSERT OR IGNORE INTO post (route, message_id, posted_ms, edited_ms, shown,
            picture, files, is_closed)
        VALUES (:route, :message_id, :posted_ms, :edited_ms, :shown,
            :picture, :files, :is_closed)
        """,
        values,
    )
    if cursor.rowcount:
        connection.executemany(
            "INSERT INTO post_episode (episode, post) VALUES (?, ?)",
            [(episode, cursor.lastrowid) for episode in post.shown],
        )


def standing_of(
    connection: sqlite3.Connection, route: str, episode: str
) -> StandingPost | None:
    """Return the post that tells of an episode on this route, None without one."""
    row = connection.execute(
        """
        SELECT post.* FROM post JOIN post_episode ON post_episode.post = post.id
        WHERE post_episode.episode = ? AND post.route = ? ORDER BY post.id DESC LIMIT 1
        """,
        (episode, route),
    ).fetchone()
    return None if row is None else _standing(connection, _post(row))


def editable(
    connection: sqlite3.Connection, since_ms: int, routes: Routes = None
) -> list[StandingPost]:
    """Return the open posts made since then, oldest first."""
    rows = connection.execute(
        f"""
        SELECT * FROM post WHERE is_closed = 0 AND posted_ms >= :since AND {ON_ROUTES}
        ORDER BY id
        """,  # noqa: S608 - a constant
        {"since": since_ms, "routes": names_of(routes)},
    )
    return [_standing(connection, _post(row)) for row in rows.fetchall()]


def _standing(connection: sqlite3.Connection, post: Post) -> StandingPost:
    rows = connection.execute(
        """
        SELECT this.episode, episode.facts,
            EXISTS (
                SELECT 1 FROM post_episode AS later
                JOIN post ON post.id = later.post AND post.route = :route
                WHERE later.episode = this.episode AND later.post > :post) AS moved,
            EXISTS (
                SELECT 1 FROM outbox
                WHERE outbox.episode = this.episode AND outbox.route = :route
                  AND outbox.state = 'pending') AS waiting
        FROM post_episode AS this LEFT JOIN episode ON episode.id = this.episode
        WHERE this.post = :post ORDER BY this.episode
        """,
        {"post": post.id, "route": post.route},
    )
    episodes = {
        row["episode"]: EpisodeNow(
            facts_from_text(row["facts"] or ""),
            moved=bool(row["moved"]),
            waiting=bool(row["waiting"]),
        )
        for row in rows
    }
    return StandingPost(post, episodes)


def _post(row: sqlite3.Row) -> Post:
    columns = dict(row)
    del columns["edits"]
    return Post(
        **columns
        | {
            "shown": facts_from_text(row["shown"]),
            "files": tuple(json.loads(row["files"])),
            "is_closed": bool(row["is_closed"]),
        }
    )
