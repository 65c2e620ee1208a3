"""How messages on Discord follow their episodes: what is edited, when, into what.

One episode is one message, edited while it lasts: an edit notifies nobody. What
notifies is a new message, so an escalation is one, and the old message says that the
story goes on below. Nothing is edited more than once a minute, for a trifle, or when
it is older than an hour: Discord forbids the last (error 30046), and the others cost
requests that the next cascade will need.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from liqmon.core.facts import finding_from_facts, finding_to_facts
from liqmon.core.model import Finding, Phase
from liqmon.store.posts import EpisodeNow, Post, StandingPost

__all__ = [
    "EDITABLE_MS",
    "EDIT_EVERY_MS",
    "Edit",
    "edit_telling",
    "finding_in",
    "is_material",
    "next_edit",
    "told_apart",
    "worst_first",
]

EDIT_EVERY_MS: Final = 60_000
EDITABLE_MS: Final = 3_600_000

_OVER: Final = {phase.value for phase in Phase if phase.is_over}
_MATERIAL_MOVE: Final = 0.0025
_MATERIAL_VOLUME: Final = 1.25

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What becomes of a message: ``after`` is the post as it then stands.

    ``findings`` are what it tells of, the worst first. ``continued``: a newer message
    goes on with all that is left of it.
    """

    before: Post
    after: Post
    findings: tuple[Finding, ...]
    continued: bool = False


def finding_in(facts: Facts) -> Finding | None:
    """Return the finding, None for facts that this liqmon cannot read."""
    try:
        return finding_from_facts(facts)
    except (KeyError, TypeError, ValueError):
        return None


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return them in the order in which a message tells of them."""
    return tuple(
        sorted(findings, key=lambda one: (-one.severity, -one.nearness, one.episode))
    )


def is_material(shown: Finding, now: Finding) -> bool:
    """Return whether a reader should see what has changed since."""
    if (shown.severity, _stage(shown)) != (now.severity, _stage(now)):
        return True
    if now.phase is Phase.BUILDING:
        # what may be nothing is not worth the requests
        return False
    further = abs(now.price_extreme - shown.price_extreme)
    if further > 0 and further >= _MATERIAL_MOVE * abs(shown.price_extreme):
        return True
    return now.volume_usd >= _MATERIAL_VOLUME * shown.volume_usd > 0


def _stage(finding: Finding) -> tuple[bool, bool]:
    return finding.phase.is_first_step, finding.phase.is_over


def edit_telling(standing: StandingPost, news: Finding, *, now_ms: int) -> Edit | None:
    """Return what news of an episode, such as its end, makes of its message.

    None if that cannot be edited any more: the news is then told by a new one.
    """
    post = standing.post
    if post.is_closed or not post.message_id or not _is_young(post, now_ms):
        return None
    now = EpisodeNow(finding_to_facts(news))
    told = StandingPost(post, {**standing.episodes, news.episode: now})
    return _edit(told, now_ms)


def told_apart(standing: StandingPost, ended: Finding) -> Post:
    """Return the post of an episode whose end is told by another message."""
    others = (one for one in standing.episodes if one != ended.episode)
    return replace(
        standing.post,
        shown={**standing.post.shown, ended.episode: finding_to_facts(ended)},
        is_closed=all(_is_settled(standing, one) for one in others),
    )


def next_edit(
    standing: Sequence[StandingPost], *, now_ms: int
) -> tuple[Edit | None, int | None]:
    """Return the edit that is due, else when (wall clock) the next one is.

    An episode that a row of the outbox is about is left to that row.
    """
    due_ms: int | None = None
    for one in standing:
        if not _is_young(one.post, now_ms) or not _has_news(one):
            continue
        edit, at_ms = _edit(one, now_ms), _free_ms(one.post, now_ms)
        if edit is None:
            # nothing of it can be read any more
            continue
        if at_ms <= now_ms:
            return edit, None
        due_ms = at_ms if due_ms is None else min(due_ms, at_ms)
    return None, due_ms


def _is_young(post: Post, now_ms: int) -> bool:
    # a clock that was set back must not keep a message young for ever
    return abs(now_ms - post.posted_ms) < EDITABLE_MS


def _free_ms(post: Post, now_ms: int) -> int:
    # an edit in the future was made under a clock that has since been set back
    return post.edited_ms + EDIT_EVERY_MS if post.edited_ms <= now_ms else now_ms


def _has_news(standing: StandingPost) -> bool:
    episodes = standing.episodes
    if any(now.waiting for now in episodes.values()):
        return False
    if all(_is_settled(standing, episode) for episode in episodes):
        # one that is lost has nobody to say it to
        return bool(standing.post.message_id)
    return any(_has_developed(standing, episode) for episode in episodes)


def _is_settled(standing: StandingPost, episode: str) -> bool:
    now = standing.episodes[episode]
    return now.moved or now.facts.get("phase") in _OVER


def _has_developed(standing: StandingPost, episode: str) -> bool:
    now = standing.episodes[episode]
    shown = finding_in(standing.post.shown.get(episode, {}))
    current = finding_in(now.facts)
    if now.moved or shown is None or current is None:
        return False
    return is_material(shown, current)


def _edit(standing: StandingPost, now_ms: int) -> Edit | None:
    post = standing.post
    told = {
        episode: finding
        for episode, now in standing.episodes.items()
        # a message that is posted anew comes after the one that tells the rest
        if (post.message_id or not now.moved)
        and (finding := _told(standing, episode)) is not None
    }
    if not told:
        return None
    running = [
        finding
        for episode, finding in told.items()
        if not _is_settled(standing, episode)
    ]
    moved = [told[episode] for episode in told if standing.episodes[episode].moved]
    first = worst_first(running or moved or told.values())
    rest = [finding for finding in told.values() if finding not in first]
    after = replace(
        post,
        edited_ms=now_ms,
        shown={**post.shown, **{e: finding_to_facts(f) for e, f in told.items()}},
        is_closed=not running,
    )
    return Edit(
        before=post,
        after=after,
        findings=(*first, *worst_first(rest)),
        continued=not running and bool(moved),
    )


def _told(standing: StandingPost, episode: str) -> Finding | None:
    """Return what the message is to say of an episode.

    Of one that has moved on to a newer message, what it said before.
    """
    now = standing.episodes[episode]
    shown = finding_in(standing.post.shown.get(episode, {}))
    current = None if now.moved else finding_in(now.facts)
    if shown is None or current is None:
        return current or shown
    if current.phase.is_over or shown.phase is Phase.BUILDING:
        return current
    return replace(current, phase=shown.phase)
