"""Make any message one that Discord accepts.

Two rules come first and decide what a reader sees of long ones: a list of more than
five shows three, and a body of more than 5000 characters loses fields, though never
the first three. They do not guarantee acceptance (three full fields and a full
description are 7172 characters of 6000), so Discord's own limits are met after them.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from liqmon.discord.message import Embed, Field, Message
from liqmon.discord.text import clean, cut, units

__all__ = ["as_json", "fit", "shown"]

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
_MAX_CONTENT: Final = 2_000
_MAX_EMBEDS: Final = 10
_MAX_FIELDS: Final = 25
_MAX_TITLE: Final = 256
_MAX_DESCRIPTION: Final = 4_096
_MAX_NAME: Final = 256
_MAX_VALUE: Final = 1_024
_MAX_FOOTER: Final = 2_048
_MAX_AUTHOR: Final = 256
_MAX_TOTAL: Final = 6_000

# https://discord.com/developers/docs/resources/message#message-object-message-flags
_SUPPRESS_NOTIFICATIONS: Final = 1 << 12

_LONG_LIST: Final = 5
_LIST_HEAD: Final = 3
_LONG_BODY: Final = 5_000
_LEAST_FIELDS: Final = 3

_NOTHING: Final = "—"
"""Stands where Discord wants some text: a blank field would be hard to notice."""

_Fewer: TypeAlias = Callable[[Message], Message | None]


def fit(message: Message) -> dict[str, object]:
    """Return the body of a POST that Discord accepts; nobody but the role is pinged."""
    fields = _field_count(message)
    small = _clipped(message)
    small = _reduced(small, _without_last_field, lambda m: len(_body(m)) <= _LONG_BODY)
    small = _shrunk(small, room=_MAX_TOTAL - units(_omission(fields)))
    return _payload(_with_omission(small, fields - _field_count(small)))


def as_json(payload: object) -> str:
    """Return compact JSON in which every character counts as one.

    Raises:
        ValueError: a number that is not finite.
    """
    return json.dumps(
        payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def shown(value: object) -> str:
    """Return a value as text: long lists in short, numbers that are none as n/a."""
    match value:
        case list() | tuple() if len(value) > _LONG_LIST:
            return f"[{len(value)} items] First 3: {_joined(value[:_LIST_HEAD])}"
        case list() | tuple():
            return _joined(value)
        case float() if not math.isfinite(value):
            return "n/a"
        case _:
            return str(value)


def _joined(values: list[Any] | tuple[Any, ...]) -> str:
    return ", ".join(map(shown, values))


# every part within its own limit


def _clipped(message: Message) -> Message:
    content = _text(message.content, _MAX_CONTENT)
    embeds = tuple(
        embed
        for embed in map(_clipped_embed, message.embeds[:_MAX_EMBEDS])
        if any(_texts(embed))
    )
    if not embeds:
        content = content or _NOTHING
    return replace(message, content=content, embeds=embeds)


def _clipped_embed(embed: Embed) -> Embed:
    return replace(
        embed,
        title=_text(embed.title, _MAX_TITLE),
        description=_text(embed.description, _MAX_DESCRIPTION),
        fields=tuple(map(_clipped_field, embed.fields[:_MAX_FIELDS])),
        footer=_text(embed.footer, _MAX_FOOTER),
        author=_text(embed.author, _MAX_AUTHOR),
    )


def _clipped_field(field: Field) -> Field:
    return replace(
        field,
        name=_text(field.name, _MAX_NAME) or _NOTHING,
        value=_text(shown(field.value), _MAX_VALUE) or _NOTHING,
    )


def _text(text: str, most: int) -> str:
    return cut(clean(text).strip(), most)


# all parts together


def _shrunk(message: Message, *, room: int) -> Message:
    """Cut what is longest and matters least until the sum is within ``room``."""
    for narrower in _SHRINKING:
        if _total(message) <= room:
            return message
        message = replace(message, embeds=tuple(map(narrower, message.embeds)))
    for fewer in (_without_last_field, _without_last_embed):
        message = _reduced(message, fewer, lambda m: _total(m) <= room)
    return message


def _reduced(
    message: Message, fewer: _Fewer, is_enough: Callable[[Message], bool]
) -> Message:
    """Apply ``fewer`` until it is enough or there is nothing left to give."""
    while not is_enough(message):
        less = fewer(message)
        if less is None:
            break
        message = less
    return message


def _without_last_field(message: Message) -> Message | None:
    """Drop the last field of the fullest card; three remain in each."""
    fullest = max(message.embeds, key=lambda e: len(e.fields), default=Embed())
    if len(fullest.fields) <= _LEAST_FIELDS:
        return None
    place = message.embeds.index(fullest)
    embeds = list(message.embeds)
    embeds[place] = replace(fullest, fields=fullest.fields[:-1])
    return replace(message, embeds=tuple(embeds))


def _without_last_embed(message: Message) -> Message:
    return replace(message, embeds=message.embeds[:-1])


def _narrower(
    *,
    title: int = _MAX_TITLE,
    description: int = _MAX_DESCRIPTION,
    name: int = _MAX_NAME,
    value: int = _MAX_VALUE,
    footer: int = _MAX_FOOTER,
    author: int = _MAX_AUTHOR,
) -> Callable[[Embed], Embed]:
    def narrow(embed: Embed) -> Embed:
        return replace(
            embed,
            title=cut(embed.title, title),
            description=cut(embed.description, description),
            fields=tuple(
                replace(
                    field,
                    name=cut(field.name, name),
                    value=cut(str(field.value), value),
                )
                for field in embed.fields
            ),
            footer=cut(embed.footer, footer),
            author=cut(embed.author, author),
        )

    return narrow


_SHRINKING: Final = (
    _narrower(description=1_024),
    _narrower(value=512),
    _narrower(footer=256),
    _narrower(description=256),
    _narrower(value=200),
    _narrower(title=128),
    _narrower(author=64),
    _narrower(name=100),
)


def _field_count(message: Message) -> int:
    return sum(len(embed.fields) for embed in message.embeds)


def _total(message: Message) -> int:
    return sum(units(text) for embed in message.embeds for text in _texts(embed))


def _texts(embed: Embed) -> Iterator[str]:
    yield from (embed.title, embed.description, embed.footer, embed.author)
    for field in embed.fields:
        yield from (field.name, str(field.value))


# what was left out


def _omission(fields: int) -> str:
    return f" (+{fields} fields omitted)"


def _with_omission(message: Message, fields: int) -> Message:
    """Say in the last footer how many fields are missing."""
    if fields <= 0 or not message.embeds:
        return message
    *others, last = message.embeds
    note = _omission(fields)
    footer = cut(last.footer, _MAX_FOOTER - units(note)) + note
    return replace(message, embeds=(*others, replace(last, footer=footer.strip())))


# the body


def _body(message: Message) -> str:
    return as_json(_payload(message))


def _payload(message: Message) -> dict[str, object]:
    # Always in so many words who may be pinged: what Discord does without this key has
    # changed over time. `roles` beside parse: ["roles"] would be refused.
    allowed: dict[str, object] = {"parse": []}
    if message.role:
        allowed["roles"] = [message.role]
    body: dict[str, object] = {"allowed_mentions": allowed}
    if message.content:
        body["content"] = message.content
    if message.embeds:
        body["embeds"] = [_embed_payload(embed) for embed in message.embeds]
    if message.silent:
        body["flags"] = _SUPPRESS_NOTIFICATIONS
    return body


def _embed_payload(embed: Embed) -> dict[str, object]:
    parts: dict[str, object] = {
        "title": embed.title,
        "description": embed.description,
        "url": embed.url,
        "color": embed.color,
        "author": {"name": embed.author} if embed.author else None,
        "footer": {"text": embed.footer} if embed.footer else None,
        "timestamp": _iso(embed.timestamp_ms),
        "image": {"url": f"attachment://{embed.picture}"} if embed.picture else None,
        "fields": [
            {"name": field.name, "value": field.value, "inline": field.inline}
            for field in embed.fields
        ],
    }
    return {name: part for name, part in parts.items() if part not in (None, "", [])}


def _iso(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat()
