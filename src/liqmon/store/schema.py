"""The tables, and how an older database becomes a current one.

``PRAGMA user_version`` counts the migrations that have been applied, so the number of
migrations is the version this liqmon speaks. A migration that was released is never
edited; the next change is a new one at the end.

Times are wall-clock epoch milliseconds. JSON columns hold facts, never rendered text:
what an old liqmon wrote is shown with the new one's words.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import liqmon
from liqmon.errors import NewerSchema
from liqmon.store.transaction import transaction

__all__ = ["MIGRATIONS", "VERSION", "migrate", "version_of"]

_TABLES: Final = (
    """
    CREATE TABLE outbox (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        dedup_key     TEXT    NOT NULL UNIQUE,
        episode       TEXT    NOT NULL,
        kind          TEXT    NOT NULL CHECK (kind IN ('finding', 'report')),
        severity      INTEGER NOT NULL,
        created_ms    INTEGER NOT NULL,
        expires_ms    INTEGER NOT NULL,
        state         TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN
                      ('pending', 'sent', 'digested', 'expired', 'dead')),
        payload       TEXT    NOT NULL,
        attempts      INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER NOT NULL DEFAULT 0,
        ambiguous     INTEGER NOT NULL DEFAULT 0,
        plain         INTEGER NOT NULL DEFAULT 0,
        message_id    TEXT    NOT NULL DEFAULT '',
        last_error    TEXT    NOT NULL DEFAULT '',
        settled_ms    INTEGER
    )
    """,
    "CREATE INDEX outbox_due ON outbox (state, severity DESC, id)",
    "CREATE INDEX outbox_episode ON outbox (episode, state, id)",
    """
    CREATE TABLE receiver (
        fingerprint   TEXT    PRIMARY KEY,
        breaker       TEXT    NOT NULL,
        not_before_ms INTEGER NOT NULL,
        gate_reason   TEXT    NOT NULL,
        opened_ms     INTEGER,
        dead_letters  INTEGER NOT NULL,
        dead_reason   TEXT    NOT NULL
    )
    """,
    """
    CREATE TABLE detection (
        market        TEXT    NOT NULL,
        timeframe     TEXT    NOT NULL,
        state         TEXT    NOT NULL,
        judged_ms     INTEGER NOT NULL,
        PRIMARY KEY (market, timeframe)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE journal (
        id            INTEGER PRIMARY KEY,
        at_ms         INTEGER NOT NULL,
        kind          TEXT    NOT NULL,
        market        TEXT    NOT NULL,
        body          TEXT    NOT NULL
    )
    """,
    "CREATE INDEX journal_kind ON journal (kind, at_ms)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
)

_MESSAGES: Final = (
    # to which of the user's webhooks a row goes: a name, so that it outlives a URL
    "ALTER TABLE outbox ADD COLUMN route TEXT NOT NULL DEFAULT ''",
    # the row of the digest that tells this one
    "ALTER TABLE outbox ADD COLUMN digest INTEGER",
    # how many messages of a row that takes several have arrived
    "ALTER TABLE outbox ADD COLUMN parts INTEGER NOT NULL DEFAULT 0",
    "UPDATE outbox SET dedup_key = dedup_key || '@' WHERE kind = 'finding'",
    "CREATE INDEX outbox_digest ON outbox (digest) WHERE digest IS NOT NULL",
    """
    CREATE TABLE episode (
        id            TEXT    PRIMARY KEY,
        facts         TEXT    NOT NULL,
        updated_ms    INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    INSERT OR REPLACE INTO episode
        SELECT episode, payload, created_ms FROM outbox
        WHERE kind = 'finding' ORDER BY id
    """,
    """
    CREATE TABLE post (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        route         TEXT    NOT NULL,
        message_id    TEXT    NOT NULL,
        posted_ms     INTEGER NOT NULL,
        edited_ms     INTEGER NOT NULL,
        shown         TEXT    NOT NULL,
        picture       TEXT    NOT NULL,
        files         TEXT    NOT NULL,
        is_closed     INTEGER NOT NULL
    )
    """,
    """
    CREATE UNIQUE INDEX post_message ON post (route, message_id)
        WHERE message_id != ''
    """,
    "CREATE INDEX post_open ON post (is_closed, posted_ms)",
    """
    CREATE TABLE post_episode (
        episode       TEXT    NOT NULL,
        post          INTEGER NOT NULL,
        PRIMARY KEY (episode, post)
    ) WITHOUT ROWID
    """,
)

_LOOKING_BACK: Final = (
    """
    CREATE TABLE silence (
        market        TEXT    PRIMARY KEY,
        until_ms      INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    # what an episode is looked up by
    "ALTER TABLE episode ADD COLUMN market TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE episode ADD COLUMN onset_ms INTEGER NOT NULL DEFAULT 0",
    # the decision that told it first (exchange time); 0 is unknown
    "ALTER TABLE episode ADD COLUMN told_ms INTEGER NOT NULL DEFAULT 0",
    # there is nothing to add to the prices around it any more
    "ALTER TABLE episode ADD COLUMN followed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE episode ADD COLUMN muted INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE episode ADD COLUMN acknowledged_ms INTEGER",
    # a message of it was given up on, and its row has been deleted since
    "ALTER TABLE episode ADD COLUMN lost INTEGER NOT NULL DEFAULT 0",
    # half a character, written as an escape, is nothing that a column can hold
    r"""
    UPDATE episode SET
        market = json_extract(facts, '$.exchange') || ':'
            || json_extract(facts, '$.symbol'),
        onset_ms = json_extract(facts, '$.onset_ms')
    WHERE facts NOT LIKE '%\ud%' AND CASE WHEN json_valid(facts) THEN
        json_type(facts, '$.exchange') = 'text'
        AND json_type(facts, '$.symbol') = 'text'
        AND json_type(facts, '$.onset_ms') = 'integer'
    END
    """,
    "CREATE INDEX episode_market ON episode (market, onset_ms)",
    "CREATE INDEX episode_onset ON episode (onset_ms)",
    """
    CREATE INDEX episode_acknowledged ON episode (acknowledged_ms)
        WHERE acknowledged_ms IS NOT NULL
    """,
    """
    CREATE INDEX episode_unfollowed ON episode (told_ms)
        WHERE followed = 0 AND told_ms > 0
    """,
    # with rowids: a long text beside the facts would cost every episode a page
    """
    CREATE TABLE price_path (
        episode       TEXT    PRIMARY KEY,
        body          TEXT    NOT NULL
    )
    """,
    "ALTER TABLE post ADD COLUMN edits INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE tally (
        hour_ms       INTEGER NOT NULL,
        kind          TEXT    NOT NULL,
        subject       TEXT    NOT NULL,
        name          TEXT    NOT NULL,
        amount        REAL    NOT NULL,
        PRIMARY KEY (hour_ms, kind, subject, name)
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: Final[Sequence[Sequence[str]]] = (_TABLES, _MESSAGES, _LOOKING_BACK)

VERSION: Final = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, known: int = VERSION) -> int:
    """Return how many migrations this database has seen; 0 is an empty one.

    Raises:
        NewerSchema: more than are ``known``.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > known:
        raise NewerSchema(
            f"the state was written by {_writer(connection)} (schema {version}; "
            f"this liqmon {liqmon.__version__} knows {known})",
            hint="upgrade liqmon, or name another directory with --state-dir",
        )
    return version


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Apply what is missing, all of it or nothing."""
    with transaction(connection):
        version = version_of(connection, len(migrations))
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute(
            "INSERT OR REPLACE INTO meta VALUES ('writer', ?)",
            (f"liqmon {liqmon.__version__}",),
        )


def _writer(connection: sqlite3.Connection) -> str:
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'writer'")
        found = row.fetchone()
    except sqlite3.OperationalError:
        # a newer liqmon may have no such table any more
        return "a newer liqmon"
    return "a newer liqmon" if found is None else str(found[0])
