"""One request to Discord, and what its answer means for the messages there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Finding
from liqmon.discord.answers import Answer, Fate, Ruling
from liqmon.discord.attachments import Attachment, kept
from liqmon.monitor.incidents import Edit
from liqmon.store.outbox import OutboxRow
from liqmon.store.posts import Post

__all__ = ["Parcel", "posts_after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request: a post, or, with ``edits`` (a message's id), an edit.

    Its answer settles ``rows``. ``tells`` are the findings whose message it makes;
    ``edit`` says what becomes of a message that is there, ``apart`` is one that tells
    an episode no further. The row takes ``parts`` messages, of which this is one.
    """

    route: str
    body: Mapping[str, object]
    rows: tuple[OutboxRow, ...] = ()
    tells: tuple[Finding, ...] = ()
    edit: Edit | None = None
    edits: str = ""
    apart: Post | None = None
    parts: int = 1
    picture: str = ""
    files: tuple[Attachment, ...] = ()


def posts_after(
    parcel: Parcel, answer: Answer, ruling: Ruling, *, now_ms: int
) -> tuple[Post, ...]:
    """Return the posts as they stand once a parcel has been answered."""
    if parcel.edit is not None:
        return _edited(parcel, parcel.edit, answer, ruling, now_ms)
    if ruling.fate is not Fate.SENT:
        return ()
    if parcel.apart is not None:
        return (parcel.apart,)
    return _posted(parcel, answer, ruling, now_ms)


def _posted(
    parcel: Parcel, answer: Answer, ruling: Ruling, now_ms: int
) -> tuple[Post, ...]:
    if not parcel.tells or not ruling.message_id:
        # nothing to follow, or nothing to edit it by
        return ()
    post = Post(
        route=parcel.route,
        message_id=ruling.message_id,
        posted_ms=now_ms,
        edited_ms=now_ms,
        shown={one.episode: finding_to_facts(one) for one in parcel.tells},
        picture=parcel.picture,
        files=_files(answer),
    )
    return (post,)


def _edited(
    parcel: Parcel, edit: Edit, answer: Answer, ruling: Ruling, now_ms: int
) -> tuple[Post, ...]:
    before, after = edit.before, edit.after
    match ruling.fate:
        case Fate.SENT if parcel.edits:
            files = _files(answer) if parcel.files else before.files
            return (replace(after, picture=parcel.picture, files=files),)
        case Fate.SENT:
            return (_anew(after, ruling.message_id, now_ms),)
        case Fate.REPOST if parcel.rows or not after.is_closed:
            return (replace(before, message_id=""),)
        case _ if parcel.rows:
            # it is the row that is tried again
            return ()
        case _:
            return (_left(edit, ruling, now_ms),)


def _left(edit: Edit, ruling: Ruling, now_ms: int) -> Post:
    match ruling.fate:
        case Fate.REPOST:
            # it had only to say that it is over, and is not there to be read
            return replace(edit.before, is_closed=True)
        case Fate.DEGRADE_OR_DEAD:
            # refused: not tried again until there is something else to say
            return edit.after
        case _:
            return replace(edit.before, edited_ms=now_ms)


def _anew(post: Post, message_id: str, now_ms: int) -> Post:
    return replace(
        post,
        message_id=message_id,
        posted_ms=now_ms,
        picture="",
        files=(),
        # without an id it cannot be edited ever again
        is_closed=post.is_closed or not message_id,
    )


def _files(answer: Answer) -> tuple[str, ...]:
    return tuple(one["id"] for one in kept(answer.body))
