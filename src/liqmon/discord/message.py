"""A message before it is fitted: whatever size, whatever text."""

from dataclasses import dataclass

__all__ = ["Embed", "Field", "Message"]


@dataclass(frozen=True, slots=True)
class Field:
    """A name above a value; ``value`` may also be a number or a list of values."""

    name: str
    value: object
    inline: bool = True


@dataclass(frozen=True, slots=True)
class Embed:
    """A card. Fields come most important first: the last are dropped first.

    ``timestamp_ms`` is shown beside the footer, in the reader's own zone. ``picture``
    is the name of a file attached to the message.
    """

    title: str = ""
    description: str = ""
    fields: tuple[Field, ...] = ()
    footer: str = ""
    author: str = ""
    color: int | None = None
    url: str = ""
    timestamp_ms: int | None = None
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One post. Only ``content`` is read out by a push; ``silent`` pushes nothing.

    ``role`` is the id of the only role that ``content`` may mention; empty: none.
    """

    content: str = ""
    embeds: tuple[Embed, ...] = ()
    silent: bool = False
    role: str = ""
