"""A message for Discord as plain text: the same facts and words, without its markup.

What a push shows becomes the title. Moments, which Discord shows in the reader's own
zone, are told in that of this machine.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

__all__ = ["Text", "text_of"]

# https://discord.com/developers/docs/resources/message#message-object-message-flags
_SUPPRESS_NOTIFICATIONS: Final = 1 << 12

_LEFT_OUT: Final = frozenset({"Why this fired", "Severity", "Peak severity"})
"""Too much for a telephone, or in the title already."""

# A relative moment beside an absolute one, in brackets or after a comma, adds nothing.
_RELATIVE: Final = re.compile(r" \(<t:\d+:R>\)|, <t:\d+:R>")
_MOMENT: Final = re.compile(r"<t:(\d+):([A-Za-z])>")
_LINK: Final = re.compile(r"(?<!\\)\[([^\]\\]*)\]\(([^)\s]*)\)")
_MORE_LINKS: Final = re.compile(r" · \[[^\]\\]*\]\([^)\s]*\)")
_BOLD: Final = re.compile(r"(?<!\\)(?:\*\*|`)")
_ESCAPED: Final = re.compile(r"\\([\\`*_~|>#\[\]()<:@])")

_FORMS: Final = {"t": "%H:%M %Z", "T": "%H:%M:%S %Z", "R": "%H:%M %Z"}
_DAY_AND_TIME: Final = "%Y-%m-%d %H:%M %Z"


@dataclass(frozen=True, slots=True)
class Text:
    """What is sent. ``silent``: nobody is to be woken up by it."""

    title: str
    body: str
    silent: bool = False


def text_of(payload: Mapping[str, object], *, zone: tzinfo | None = None) -> Text:
    """Return the text of a message; its moments are those of ``zone``, else local."""
    title, _, rest = str(payload.get("content", "")).partition("\n")
    lines = [rest]
    for embed in _tables(payload.get("embeds")):
        lines += _lines(embed)
    told = (_plain(line, zone) for line in lines)
    flags = payload.get("flags")
    return Text(
        _plain(title, zone),
        "\n".join(filter(None, told)),
        silent=isinstance(flags, int) and bool(flags & _SUPPRESS_NOTIFICATIONS),
    )


def _lines(embed: Mapping[str, object]) -> Iterator[str]:
    yield str(embed.get("description", ""))
    for field in _tables(embed.get("fields")):
        if field.get("name") not in _LEFT_OUT:
            yield f"{field.get('name')}: {_in_a_line(str(field.get('value', '')))}"
    for footer in _tables([embed.get("footer")]):
        yield str(footer.get("text", ""))


def _in_a_line(value: str) -> str:
    """Return a value with its comment below as one line; a list stays a list."""
    first, _, rest = value.partition("\n")
    return f"{first} ({rest})" if rest and first.startswith("**") else value


def _plain(markup: str, zone: tzinfo | None) -> str:
    def told(match: re.Match[str]) -> str:
        at = datetime.fromtimestamp(int(match[1]), tz=UTC).astimezone(zone)
        return at.strftime(_FORMS.get(match[2], _DAY_AND_TIME))

    text = _MOMENT.sub(told, _RELATIVE.sub("", markup))
    # one address is enough where it stands in full
    text = _MORE_LINKS.sub("", text)
    text = _LINK.sub(lambda link: f"{link[1]}: {link[2]}", text)
    return _ESCAPED.sub(r"\1", _BOLD.sub("", text)).strip()


def _tables(value: object) -> Sequence[Mapping[str, object]]:
    listed = value if isinstance(value, list) else []
    return [one for one in listed if isinstance(one, dict)]
