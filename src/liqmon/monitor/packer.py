"""What the next request to Discord is about.

Rows of the outbox come first: reports, then the gravest news. Only when none can go is
a message edited for the sake of progress.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from liqmon.core.model import Finding, Phase
from liqmon.discord.answers import Fate, Ruling
from liqmon.discord.attachments import Attachment
from liqmon.monitor.grouping import MOST_TOGETHER, Grouping
from liqmon.monitor.incidents import (
    EDITABLE_MS,
    Edit,
    edit_telling,
    finding_in,
    next_edit,
    told_apart,
    worst_first,
)
from liqmon.monitor.letters import digest_letters, edited, letter, repost
from liqmon.monitor.manners import Manners
from liqmon.monitor.parcel import Parcel
from liqmon.monitor.reports import DIGEST
from liqmon.monitor.routing import Heading
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow

__all__ = ["Choice", "Packer"]

_BUILDING_MS: Final = 60_000
"""What has been building for longer may be nothing any more."""

Choice: TypeAlias = tuple[OutboxRow, ...] | Edit


class Packer:
    """Chooses what goes next on these routes, and packs it."""

    def __init__(
        self,
        store: Store,
        *,
        routes: Sequence[str],
        grouping: Grouping,
        manners: Manners,
    ) -> None:
        self._store = store
        self._routes = routes
        self._grouping = grouping
        self._manners = manners
        self._unpictured: set[int] = set()

    async def choose(
        self, now: float, now_ms: int, *, probing: bool
    ) -> tuple[Choice | None, float]:
        """Return what goes now, else the seconds until something may.

        ``probing``: whether Discord answers is not known, so one row must do.
        """
        due = await self._store.due(now_ms, limit=MOST_TOGETHER, routes=self._routes)
        rows = tuple(due[:1]) if probing else self._grouping.chosen(due, now)
        if rows:
            return rows, 0.0
        if due:
            # all of it waits to be grouped; an edit would take the turn of news
            return None, self._grouping.wait_s(now)
        edit, edit_ms = next_edit(
            await self._store.editable(now_ms - EDITABLE_MS, routes=self._routes),
            now_ms=now_ms,
        )
        if edit is not None:
            return edit, 0.0
        row_ms = await self._store.next_due_ms(now_ms, routes=self._routes)
        if self._grouping.hurried:
            # nobody waits a minute for the sake of a number in a message
            edit_ms = None
        return None, min(
            _seconds_until(row_ms, now_ms), _seconds_until(edit_ms, now_ms)
        )

    async def pack(self, choice: Choice, now_ms: int) -> Parcel:
        """Return the request for what was chosen."""
        if isinstance(choice, Edit):
            return await self._changed(choice, now_ms)
        if choice[0].payload.get("report") == DIGEST:
            return await self._part_of_digest(choice[0], now_ms)
        return await self._told(choice, now_ms)

    def begun(self, parcel: Parcel, now: float) -> None:
        """Take note that a request is on its way."""
        self._grouping.begun(parcel.rows, now)

    def answered(self, parcel: Parcel, ruling: Ruling) -> None:
        """Take note of an answer: what may have been refused is left out or split."""
        refused = ruling.fate is Fate.DEGRADE_OR_DEAD
        if refused and parcel.files:
            self._unpictured |= {row.id for row in parcel.rows}
        self._grouping.answered(parcel.rows, refused=refused)

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Wait for nothing that may come, as long as the block lasts."""
        self._grouping.hurried = True
        try:
            yield
        finally:
            self._grouping.hurried = False

    async def past_the_disk(self, row: OutboxRow, now_ms: int) -> Parcel:
        """Return the request for a finding that no disk knows of."""
        _, findings = _main_first([row])
        if not findings or findings[0].phase is Phase.END:
            heading = Heading(row.route, silent=bool(findings))
            body = letter(row, now_ms=now_ms, heading=heading)
            return Parcel(route=row.route, body=body)
        return replace(await self._news(row, [row], findings, now_ms), rows=())

    async def _part_of_digest(self, row: OutboxRow, now_ms: int) -> Parcel:
        also = row.payload.get("also")
        content = await self._store.digest(
            row.id, also=also if isinstance(also, list) else ()
        )
        told = worst_first(one for f in content.facts if (one := finding_in(f)))
        # what is over rings nowhere anyway
        news = next((one for one in told if not one.phase.is_over), None)
        is_hushed = self._manners.headings(news, row.route, now_ms).hushed
        heading = self._hushed(Heading(row.route, silent=is_hushed), told, now_ms)
        bodies = digest_letters(row, content, now_ms=now_ms, heading=heading)
        part = min(row.parts, len(bodies) - 1)
        return Parcel(
            route=row.route, body=bodies[part], rows=(row,), parts=len(bodies)
        )

    async def _told(self, rows: Sequence[OutboxRow], now_ms: int) -> Parcel:
        first, findings = _main_first(rows)
        if not findings:
            heading = self._manners.headings(None, first.route, now_ms)
            body = letter(first, now_ms=now_ms, heading=heading)
            return Parcel(route=first.route, body=body, rows=tuple(rows))
        if findings[0].phase is Phase.END:
            return await self._end(first, findings[0], now_ms)
        if len(rows) == 1 and self._manners.hushes(findings[0], now_ms):
            edit = await self._by_edit(first, findings[0], now_ms)
            if edit is not None:
                return edit
        nth = await self._nth_today(findings[0], now_ms)
        return await self._news(first, rows, findings, now_ms, nth_today=nth)

    async def _nth_today(self, finding: Finding, now_ms: int) -> int | None:
        """Return how many episodes its market has had this day, None for the first."""
        now = datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        market, since_ms = finding.market, round(midnight.timestamp() * 1000)
        count = await self._store.episodes_since(
            market.exchange, market.symbol, since_ms
        )
        return count if count > 1 else None

    async def _news(
        self,
        first: OutboxRow,
        rows: Sequence[OutboxRow],
        findings: tuple[Finding, ...],
        now_ms: int,
        *,
        nth_today: int | None = None,
    ) -> Parcel:
        files = await self._pictured(first, findings[0])
        picture = files[0].name if files else ""
        heading = self._heading(findings, first.route, now_ms)
        is_old = abs(now_ms - first.created_ms) > _BUILDING_MS
        if is_old and all(one.phase is Phase.BUILDING for one in findings):
            heading = Heading(first.route, silent=True)
        body = letter(
            replace(first, ambiguous=any(row.ambiguous for row in rows)),
            now_ms=now_ms,
            heading=heading,
            others=findings[1:],
            nth_today=nth_today,
            picture=picture,
        )
        return Parcel(
            route=first.route,
            body=body,
            rows=tuple(rows),
            tells=findings,
            picture=picture,
            files=files,
        )

    def _heading(self, findings: Sequence[Finding], route: str, now_ms: int) -> Heading:
        """Return the heading of the gravest one that may ring."""
        loud = [one for one in findings if not self._manners.hushes(one, now_ms)]
        heading = self._manners.headings((loud or findings)[0], route, now_ms)
        return self._hushed(heading, findings, now_ms)

    def _hushed(
        self, heading: Heading, findings: Sequence[Finding], now_ms: int
    ) -> Heading:
        """Return the heading, silent if all that it is about is."""
        if findings and all(self._manners.hushes(one, now_ms) for one in findings):
            return Heading(heading.route, silent=True)
        return heading

    async def _by_edit(
        self, row: OutboxRow, finding: Finding, now_ms: int
    ) -> Parcel | None:
        """Return the edit that tells a finding, None if there is nothing to edit."""
        standing = await self._store.post_of(row.route, finding.episode)
        if standing is None or row.plain:
            return None
        edit = edit_telling(standing, finding, now_ms=now_ms)
        if edit is None:
            return None
        return replace(await self._changed(edit, now_ms), rows=(row,))

    async def _end(self, row: OutboxRow, ended: Finding, now_ms: int) -> Parcel:
        edit = await self._by_edit(row, ended, now_ms)
        if edit is not None:
            return edit
        standing = await self._store.post_of(row.route, ended.episode)
        heading = replace(self._manners.headings(ended, row.route, now_ms), silent=True)
        return Parcel(
            route=row.route,
            body=letter(row, now_ms=now_ms, heading=heading),
            rows=(row,),
            apart=None if standing is None else told_apart(standing, ended),
        )

    async def _changed(self, edit: Edit, now_ms: int) -> Parcel:
        post = edit.before
        if not post.message_id:
            body = repost(edit, now_ms=now_ms)
            return Parcel(route=post.route, body=body, edit=edit)
        files: tuple[Attachment, ...] = ()
        if edit.after.is_closed or not post.picture:
            files = await self._pictured(None, edit.findings[0])
        picture = files[0].name if files else post.picture
        body = edited(edit, now_ms=now_ms, picture=picture)
        # what an edit does not list is taken off the message
        there = [] if files else [{"id": file} for file in post.files]
        return Parcel(
            route=post.route,
            body={**body, "attachments": there},
            edit=edit,
            edits=post.message_id,
            picture=picture,
            files=files,
        )

    async def _pictured(
        self, row: OutboxRow | None, finding: Finding
    ) -> tuple[Attachment, ...]:
        refused = row is not None and (row.plain or row.id in self._unpictured)
        picture = None if refused else await self._manners.pictures(finding)
        return () if picture is None else (picture,)


def _seconds_until(at_ms: int | None, now_ms: int) -> float:
    return math.inf if at_ms is None else max(at_ms - now_ms, 0) / 1000


def _main_first(
    rows: Sequence[OutboxRow],
) -> tuple[OutboxRow, tuple[Finding, ...]]:
    """Return the row that leads a message, and what can be read of all, worst first."""
    found = {
        finding.episode: (row, finding)
        for row in rows
        if row.kind == "finding" and (finding := finding_in(row.payload)) is not None
    }
    findings = worst_first(finding for _, finding in found.values())
    return (found[findings[0].episode][0] if findings else rows[0]), findings
