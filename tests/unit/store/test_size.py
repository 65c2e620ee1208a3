"""How large the state becomes: less than 5 MB for a market and month."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from factories import a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Condition, Finding, Phase, Severity
from liqmon.core.pricepath import PricePath, path_to_facts
from liqmon.monitor.entries import finding_entry
from liqmon.store import (
    attempts,
    detection,
    episodes,
    files,
    journal,
    tally as tallies,
    upkeep,
)
from liqmon.store.attempts import Attempt
from liqmon.store.outbox import RowState, Settlement
from liqmon.store.posts import Post
from liqmon.store.tally import HOUR_MS, Count
from liqmon.store.transaction import transaction

START_MS = 472_000 * HOUR_MS
DAYS = 30
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Rates:
    """What happens to one market; ``edits`` are of each message."""

    episodes_a_day: int
    routes: int
    edits: int
    kinds_of_error: int
    breaker_changes_a_day: int


USUAL = Rates(1, 1, 5, 2, 2)
WORST = Rates(10, 2, 8, 12, 20)
"""Threshold far too low, two webhooks, an exchange and a Discord that fail all day."""


class Month:
    """Thirty days of one market, written as a run writes them."""

    def __init__(self, connection: sqlite3.Connection, rates: Rates) -> None:
        self._connection = connection
        self._rates = rates
        self._row = 0
        self._posts: dict[str, Post] = {}

    def live(self) -> None:
        for day in range(DAYS):
            for hour in range(24):
                self._count(START_MS + (day * 24 + hour) * HOUR_MS)
            for number in range(self._rates.episodes_a_day):
                self._episode(START_MS + day * 24 * HOUR_MS + number * HOUR_MS)
            for number in range(self._rates.breaker_changes_a_day):
                self._changed(START_MS + day * 24 * HOUR_MS + number)

    def _count(self, hour_ms: int) -> None:
        market = "binanceusdm:1000PEPE/USDT:USDT"
        names = [("poll", market, str(n)) for n in range(1, 4)]
        names += [("feed", market, name) for name in ("watched_s", "stale_s", "stale")]
        names += [("poll", market, "gave up")]
        names += [
            ("error", "binanceusdm", f"unavailable, of a kind of its own {kind}")
            for kind in range(self._rates.kinds_of_error)
        ]
        counts = [Count(hour_ms, *name, 3_599.123456789) for name in names]
        tallies.add(self._connection, counts)

    def _episode(self, at_ms: int) -> None:
        name = f"{at_ms:016x}"[-8:]
        onset = a_finding(
            episode=name,
            onset_ms=at_ms,
            decided_ms=at_ms + 60_000,
            conditions=tuple(Condition(f"S over {n} min", 16.2, 12.0) for n in (5, 15)),
        )
        for finding in self._told(onset):
            self._raised(finding, at_ms)
        closes = tuple(62_345.12 - 20.0 * number for number in range(121))
        path = path_to_facts(PricePath(at_ms, 60_000, closes))
        episodes.follow(self._connection, name, path, is_over=True)

    def _told(self, onset: Finding) -> Iterator[Finding]:
        yield onset
        yield replace(onset, phase=Phase.ESCALATION, severity=Severity.HIGH)
        yield replace(onset, phase=Phase.END, ended_ms=onset.decided_ms)

    def _raised(self, finding: Finding, now_ms: int) -> None:
        routes = [f"route-{number}" for number in range(self._rates.routes)]
        detection.commit(
            self._connection,
            market=finding.market.key,
            timeframe="1m",
            state={"v": 1},
            findings=[finding_entry(finding, route) for route in routes],
            now_ms=now_ms,
            told=(),
            progress=None,
        )
        for route in routes:
            self._row += 1
            self._delivered(finding, route, now_ms)
            self._edited(finding, route, now_ms)

    def _delivered(self, finding: Finding, route: str, now_ms: int) -> None:
        settled = {self._row: Settlement(state=RowState.SENT, message_id="1" * 19)}
        posts: tuple[Post, ...] = ()
        if finding.phase is not Phase.END:
            self._posts[route] = _post(finding, route, now_ms, f"{self._row:019}")
            posts = (self._posts[route],)
        attempt = Attempt(
            settled=settled, posts=posts, route=route, answer="200", latency_s=0.1
        )
        attempts.conclude(self._connection, attempt, now_ms + 100)
        held = {"at_ms": now_ms, "episode": finding.episode, "status": "held"}
        reason = {"reason": "breaker open: Discord is failing (HTTP 500)"}
        self._noted("Delivery", now_ms, held | reason)

    def _edited(self, finding: Finding, route: str, now_ms: int) -> None:
        number = self._connection.execute("SELECT max(id) FROM post").fetchone()[0]
        for edit in range(self._rates.edits):
            edited = replace(
                self._posts[route],
                id=number,
                edited_ms=now_ms + edit,
                is_closed=finding.phase is Phase.END,
            )
            attempt = Attempt(posts=(edited,), route=route, answer="200", latency_s=0.1)
            attempts.conclude(self._connection, attempt, now_ms + edit)

    def _changed(self, now_ms: int) -> None:
        body = {
            "at_ms": now_ms,
            "old": "closed",
            "new": "open",
            "reason": "Discord is failing (HTTP 500: Internal Server Error)",
            "open_s": 300.0,
        }
        self._noted("BreakerChanged", now_ms, body)

    def _noted(self, kind: str, now_ms: int, body: dict[str, object]) -> None:
        journal.record(self._connection, at_ms=now_ms, kind=kind, market="", body=body)


def _post(finding: Finding, route: str, now_ms: int, message_id: str) -> Post:
    return Post(
        route=route,
        message_id=message_id,
        posted_ms=now_ms,
        edited_ms=now_ms,
        shown={finding.episode: finding_to_facts(finding)},
        picture="liqmon.png",
        files=("1234567890123456789",),
    )


def size_of(path: Path, rates: Rates) -> int:
    with closing(files.prepared(path)) as connection:
        # one commit: what lies in the file is the same, and the disk is spared
        with transaction(connection):
            Month(connection, rates).live()
            upkeep.retain(connection, START_MS + DAYS * 24 * HOUR_MS)
        upkeep.shrink(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


@pytest.mark.parametrize(("rates", "most"), [(USUAL, 700_000), (WORST, MOST_BYTES)])
def test_a_market_takes_less_than_5_mb_a_month(
    tmp_path: Path, rates: Rates, most: int
) -> None:
    size = size_of(tmp_path / "state.db", rates)
    print(json.dumps({"rates": str(rates), "bytes": size}))  # noqa: T201 - the figure

    assert size < most


def test_the_file_shrinks_when_its_time_is_over(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    before = size_of(path, USUAL)
    with closing(files.opened(path)) as connection:
        with transaction(connection):
            upkeep.retain(connection, START_MS + 200 * 24 * HOUR_MS)
        upkeep.shrink(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        left = connection.execute("SELECT count(*) FROM tally").fetchone()[0]

    assert left == 0
    assert path.stat().st_size < before / 3
