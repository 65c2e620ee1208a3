"""What happened, as ``history`` and ``show`` tell it, read from the store alone."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from liqmon.app.beside import markets_named, opened, some
from liqmon.core.model import Finding, PositionSide
from liqmon.core.pricepath import PricePath, path_from_facts
from liqmon.errors import UserError
from liqmon.monitor.incidents import finding_in
from liqmon.store.database import Store
from liqmon.store.lookback import EpisodeRecord, Story
from liqmon.store.outbox import OutboxRow, RowState

__all__ = [
    "EpisodeLine",
    "Moment",
    "Told",
    "history",
    "last_findings",
    "line_of",
    "the_story",
    "timeline",
]

_SOON_MS = 15 * 60_000
_LATER_MS = 60 * 60_000


class Told(StrEnum):
    """What became of an episode's messages; the worst of several counts.

    NOWHERE: no route wanted it. MUTED: all arrived, without ringing anywhere.
    """

    SENT = "sent"
    MUTED = "muted"
    DIGESTED = "digested"
    HELD = "held"
    EXPIRED = "expired"
    DEAD = "dead"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class EpisodeLine:
    """One episode; ``finding`` is None if another version of liqmon wrote it.

    ``after_15`` and ``after_60`` say what the price did in the minutes after it was
    told, as a fraction and in its direction: positive, it went on. None is unknown.
    """

    record: EpisodeRecord
    finding: Finding | None
    path: PricePath | None
    told: Told
    after_15: float | None
    after_60: float | None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.finding is not None and self.finding.phase.is_over

    @property
    def is_first_step(self) -> bool:
        """Whether it has only announced itself."""
        return self.finding is not None and self.finding.phase.is_first_step

    @property
    def worst(self) -> float | None:
        """The move to the worst price as a fraction: -0.023 is a fall of 2.3 %."""
        if self.finding is None:
            return None
        return self.finding.price_extreme / self.finding.price_from - 1.0

    @property
    def lasted_s(self) -> float | None:
        """Seconds from the onset to the worst price, None while it goes on."""
        if self.finding is None or self.finding.ended_ms is None:
            return None
        return (self.finding.ended_ms - self.finding.onset_ms) / 1000


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened in a story (wall clock).

    ``finding`` is there for what was raised, ``row`` for what was delivered or not;
    ``detail`` is a reason, or where it went.
    """

    at_ms: int
    what: str
    finding: Finding | None = None
    row: OutboxRow | None = None
    detail: str = ""


async def last_findings(
    store: Store, *, since_ms: int, going_on: Container[str]
) -> dict[str, Finding]:
    """Return the last finding of each market that had news since then.

    One that has not ended counts only if its episode is among those ``going_on``:
    nobody would ever end it.
    """
    found = {}
    for record in await store.recent(since_ms):
        finding = finding_in(record.facts)
        if finding is None or finding.phase.is_first_step:
            continue
        if finding.phase.is_over or finding.episode in going_on:
            found[record.market] = finding
    return found


async def history(
    symbol: str | None, *, since_ms: int, state_dir: Path
) -> tuple[list[EpisodeLine], bool]:
    """Return the episodes with news since then, and whether anything was ever watched.

    Raises:
        UserError: the state directory cannot be used, or knows no such market.
        StoreUnavailable: the state cannot be read now.
    """
    async with opened(state_dir) as store:
        known = await store.markets()
        markets = None if symbol is None else markets_named(symbol, known)
        records = await store.recent(since_ms, markets)
    lines = [line_of(record) for record in records]
    # what was building and came to nothing was no episode
    return [line for line in lines if not line.is_first_step], bool(known)


async def the_story(beginning: str, *, state_dir: Path) -> Story:
    """Return the story of the episode whose id begins so.

    Raises:
        UserError: the state directory cannot be used, or none or several begin so.
        StoreUnavailable: the state cannot be read now.
    """
    async with opened(state_dir) as store:
        episodes = await store.episodes_named(beginning.lower()) if beginning else []
        if len(episodes) == 1:
            story = await store.story(episodes[0])
            if story is not None:
                return story
    if not episodes:
        raise UserError(
            f"there is no episode {beginning}",
            hint="liqmon history --since 90d lists them with their ids",
        )
    raise UserError(
        f"{len(episodes)} episodes begin with {beginning}: {some(episodes)}",
        hint="write more of the one you mean",
    )


def line_of(record: EpisodeRecord) -> EpisodeLine:
    """Return an episode with what can be said of it."""
    finding = finding_in(record.facts)
    path = path_from_facts(record.path)
    sign = 1.0
    if finding is not None and finding.liquidated is PositionSide.LONG:
        sign = -1.0
    after = [
        _change(path, record.told_ms, span_ms, sign)
        for span_ms in (_SOON_MS, _LATER_MS)
    ]
    return EpisodeLine(record, finding, path, _told(record), *after)


def timeline(story: Story) -> list[Moment]:
    """Return what happened in a story, in its order."""
    moments = [
        *_raised(story),
        *_delivered(story.rows),
        *_held(story),
        *_edited(story),
        *_acknowledged(story.episode),
    ]
    return sorted(moments, key=lambda moment: moment.at_ms)


def _told(record: EpisodeRecord) -> Told:
    fates = record.fates
    if fates.get(RowState.PENDING):
        return Told.HELD
    if record.lost or fates.get(RowState.DEAD):
        return Told.DEAD
    if fates.get(RowState.EXPIRED):
        return Told.EXPIRED
    if fates.get(RowState.DIGESTED):
        return Told.DIGESTED
    if fates.get(RowState.SENT):
        return Told.MUTED if record.muted else Told.SENT
    return Told.NOWHERE


def _change(
    path: PricePath | None, told_ms: int, span_ms: int, sign: float
) -> float | None:
    if path is None:
        return None
    before, after = path.at(told_ms), path.at(told_ms + span_ms)
    if before is None or after is None:
        return None
    return sign * (after / before - 1.0)


def _raised(story: Story) -> Iterator[Moment]:
    for entry in story.raised:
        finding = finding_in(entry.body)
        what = "raised" if finding is None else finding.phase.value
        yield Moment(entry.at_ms, what, finding=finding)


def _delivered(rows: Sequence[OutboxRow]) -> Iterator[Moment]:
    for row in rows:
        at_ms = row.created_ms if row.settled_ms is None else row.settled_ms
        yield Moment(at_ms, row.state.value, row=row, detail=row.last_error)


def _held(story: Story) -> Iterator[Moment]:
    for entry in story.held:
        if entry.body.get("status") == "held":
            reason = entry.body.get("reason")
            yield Moment(entry.at_ms, "held", detail=str(reason or ""))


def _edited(story: Story) -> Iterator[Moment]:
    """Yield the last edit of each message: of the others only the number is kept."""
    for number, post in enumerate(story.posts, 1):
        if post.edits:
            times = "once" if post.edits == 1 else f"{post.edits} times so far"
            detail = f"message {number} edited {times}"
            yield Moment(post.edited_ms, "edited", detail=detail)


def _acknowledged(episode: EpisodeRecord) -> Iterator[Moment]:
    if episode.acknowledged_ms is not None:
        yield Moment(episode.acknowledged_ms, "acknowledged")
