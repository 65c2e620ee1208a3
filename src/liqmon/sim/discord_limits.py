"""What Discord documents about the body of a webhook message, enforced to the letter.

Nothing here is shared with the code under test: a limit that two sides import is a
limit that nobody checks. Texts are trimmed before they are counted, as Discord does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeGuard

__all__ = ["LIMITS", "Json", "Limit", "Rules", "utf16_units"]

Json: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]

_DOCS = "https://discord.com/developers/docs"
_EXECUTE = f"{_DOCS}/resources/webhook#execute-webhook-jsonform-params"
_NAME = f"{_DOCS}/resources/webhook#create-webhook"
_EMBED = f"{_DOCS}/resources/message#embed-object-embed-limits"
_MENTIONS = f"{_DOCS}/resources/message#allowed-mentions-object"
_FILES = f"{_DOCS}/reference#uploading-files"
_ATTACHMENT = f"{_DOCS}/resources/message#attachment-object"
_ERRORS = f"{_DOCS}/topics/opcodes-and-status-codes#json-json-error-codes"


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that is accepted, and the page that says so."""

    most: int
    source: str


LIMITS: Final[Mapping[str, Limit]] = {
    "content": Limit(2_000, _EXECUTE),
    "username": Limit(80, _NAME),
    "embeds": Limit(10, _EXECUTE),
    "title": Limit(256, _EMBED),
    "description": Limit(4_096, _EMBED),
    "fields": Limit(25, _EMBED),
    "field.name": Limit(256, _EMBED),
    "field.value": Limit(1_024, _EMBED),
    "footer.text": Limit(2_048, _EMBED),
    "author.name": Limit(256, _EMBED),
    "total": Limit(6_000, _EMBED),
    # a colour is 24 bits of RGB
    "color": Limit(0xFFFFFF, f"{_DOCS}/resources/message#embed-object"),
    "allowed_mentions.users": Limit(100, _MENTIONS),
    "allowed_mentions.roles": Limit(100, _MENTIONS),
    # JSON error 30015: maximum number of attachments reached (10)
    "files": Limit(10, _ERRORS),
    "file size": Limit(10 * 1024 * 1024, _FILES),
    "attachment.description": Limit(1_024, _ATTACHMENT),
}

# Not case sensitive: https://discord.com/developers/docs/resources/webhook#create-webhook
_FORBIDDEN_IN_NAMES: Final = ("clyde", "discord")

# https://discord.com/developers/docs/resources/message#allowed-mentions-object
_MENTION_TYPES: Final = ("roles", "users", "everyone")

# "only SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS and IS_COMPONENTS_V2 can be set":
# https://discord.com/developers/docs/resources/webhook#execute-webhook-jsonform-params
_FLAGS: Final = 1 << 2 | 1 << 12 | 1 << 15

_SNOWFLAKE = re.compile(r"\d{1,20}")

# "supports only http(s) and attachments":
# https://discord.com/developers/docs/resources/message#embed-object
_LINK_SCHEMES: Final = ("http", "https")
_IMAGE_SCHEMES: Final = ("http", "https", "attachment")


def utf16_units(text: str) -> int:
    """Return the length in UTF-16 code units, the stricter of two readings."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _says_something(payload: Json, files: int) -> bool:
    spoken = (payload.get("content") or "").strip()
    return bool(spoken or any(payload.get("embeds") or []) or files)


@dataclass(slots=True)
class Rules:
    """One judgement of one body: create, ask ``refusal`` once, throw away."""

    length: Callable[[str], int] = utf16_units
    errors: Json = field(default_factory=dict)
    total: int = 0

    def refusal(self, payload: Json, *, files: int = 0) -> Json | None:
        """Return the body of Discord's answer 400, or None if it is accepted."""
        self._check(payload)
        if self.errors:
            return self._form()
        if not _says_something(payload, files):
            # https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
            return {"message": "Cannot send an empty message", "code": 50006}
        return None

    def _form(self) -> Json:
        return {"message": "Invalid Form Body", "code": 50035, "errors": self.errors}

    def _complain(self, path: Path, code: str, message: str) -> None:
        node = self.errors
        for step in path:
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def _check(self, payload: Json) -> None:
        self._text(("content",), payload.get("content"), "content")
        self._username(payload.get("username"))
        self._link(("avatar_url",), payload.get("avatar_url"), _LINK_SCHEMES)
        self._flags(payload.get("flags"))
        self._mentions(payload.get("allowed_mentions"))
        self._attachments(payload.get("attachments"))
        for path, embed in self._list(("embeds",), payload.get("embeds"), "embeds"):
            self._embed(path, embed)
        most = LIMITS["total"].most
        if self.total > most and not self.errors:
            self._complain(
                ("embeds",),
                "MAX_EMBED_SIZE_EXCEEDED",
                f"Embed size exceeds maximum size of {most}",
            )

    # values

    def _text(self, path: Path, value: object, row: str) -> int:
        """Check a text against the limit of ``row`` and return its length."""
        if value is None:
            return 0
        if not isinstance(value, str):
            self._complain(path, "STRING_TYPE_CONVERT", "Could not convert to string")
            return 0
        length, most = self.length(value.strip()), LIMITS[row].most
        if length > most:
            self._complain(
                path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
            )
        return length

    def _list(self, path: Path, value: object, row: str) -> Iterable[tuple[Path, Json]]:
        """Check a list of objects and yield each with its path."""
        if value is None:
            return
        if not isinstance(value, list):
            self._complain(
                path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
            )
            return
        most = LIMITS[row].most
        if len(value) > most:
            self._complain(
                path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
            )
        for index, entry in enumerate(value):
            here = (*path, str(index))
            if self._is_object(entry, here):
                yield here, entry

    def _is_object(self, value: object, path: Path) -> TypeGuard[Json]:
        if isinstance(value, dict):
            return True
        self._complain(
            path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
        )
        return False

    def _required(self, path: Path, value: object) -> None:
        if value is None:
            self._complain(path, "BASE_TYPE_REQUIRED", "This field is required")

    def _link(self, path: Path, value: object, schemes: tuple[str, ...]) -> None:
        if value is None or value == "":
            return
        if not isinstance(value, str) or not re.fullmatch(r"\w+://\S+", value):
            self._complain(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        elif value.split("://")[0].lower() not in schemes:
            self._complain(
                path, "URL_TYPE_INVALID_SCHEME", f"Scheme must be one of {schemes}."
            )

    # parts of a message

    def _username(self, value: object) -> None:
        if value is None:
            return
        self._text(("username",), value, "username")
        if not isinstance(value, str):
            return
        if not value.strip():
            self._complain(
                ("username",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80."
            )
        for word in _FORBIDDEN_IN_NAMES:
            if word in value.lower():
                self._complain(
                    ("username",),
                    "USERNAME_INVALID_CONTAINS",
                    f'Username cannot contain "{word}"',
                )

    def _flags(self, value: object) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            self._complain(("flags",), "NUMBER_TYPE_COERCE", "Value is not int.")
        elif value < 0 or value & ~_FLAGS:
            self._complain(("flags",), "BASE_TYPE_CHOICES", "These cannot be set.")

    def _mentions(self, value: object) -> None:
        path = ("allowed_mentions",)
        if value is None or not self._is_object(value, path):
            return
        parse = self._names((*path, "parse"), value.get("parse"))
        for index, kind in enumerate(parse):
            if kind not in _MENTION_TYPES:
                self._complain(
                    (*path, "parse", str(index)),
                    "BASE_TYPE_CHOICES",
                    f"Value must be one of {_MENTION_TYPES}.",
                )
        for kind in ("users", "roles"):
            ids = self._names((*path, kind), value.get(kind))
            self._mention_ids(kind, ids, parsed=kind in parse)

    def _names(self, path: Path, value: object) -> list[str]:
        if value is None or isinstance(value, list):
            return [str(entry) for entry in value or []]
        self._complain(
            path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
        )
        return []

    def _mention_ids(self, kind: str, ids: list[str], *, parsed: bool) -> None:
        path = ("allowed_mentions", kind)
        most = LIMITS[f"allowed_mentions.{kind}"].most
        if len(ids) > most:
            self._complain(
                path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
            )
        for index, snowflake in enumerate(ids):
            if not _SNOWFLAKE.fullmatch(snowflake):
                self._complain(
                    (*path, str(index)),
                    "NUMBER_TYPE_COERCE",
                    f'Value "{snowflake}" is not snowflake.',
                )
        if ids and parsed:
            # An empty list beside `parse` is not an error, says the same page.
            self._complain(
                ("allowed_mentions",),
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )

    def _attachments(self, value: object) -> None:
        for path, attachment in self._list(("attachments",), value, "files"):
            self._text(
                (*path, "description"),
                attachment.get("description"),
                "attachment.description",
            )

    def _embed(self, path: Path, embed: Json) -> None:
        for row in ("title", "description"):
            self.total += self._text((*path, row), embed.get(row), row)
        self._embed_part(path, embed, "footer", "text")
        self._embed_part(path, embed, "author", "name")
        for here, entry in self._list((*path, "fields"), embed.get("fields"), "fields"):
            for part in ("name", "value"):
                self._required((*here, part), entry.get(part))
                self.total += self._text(
                    (*here, part), entry.get(part), f"field.{part}"
                )
        self._link((*path, "url"), embed.get("url"), _LINK_SCHEMES)
        for part in ("image", "thumbnail"):
            picture = embed.get(part)
            if picture is not None and self._is_object(picture, (*path, part)):
                here = (*path, part, "url")
                self._link(here, picture.get("url"), _IMAGE_SCHEMES)
        self._color((*path, "color"), embed.get("color"))
        self._timestamp((*path, "timestamp"), embed.get("timestamp"))

    def _embed_part(self, path: Path, embed: Json, part: str, text: str) -> None:
        """Check a footer or an author: an object whose ``text`` is required."""
        value = embed.get(part)
        if value is None or not self._is_object(value, (*path, part)):
            return
        here = (*path, part, text)
        self._required(here, value.get(text))
        self.total += self._text(here, value.get(text), f"{part}.{text}")
        self._link((*path, part, "icon_url"), value.get("icon_url"), _IMAGE_SCHEMES)

    def _color(self, path: Path, value: object) -> None:
        most = LIMITS["color"].most
        if value is None:
            return
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
            self._complain(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif int(str(value)) > most:
            self._complain(
                path,
                "NUMBER_TYPE_MAX",
                f"int value should be less than or equal to {most}.",
            )
        elif int(str(value)) < 0:
            self._complain(
                path,
                "NUMBER_TYPE_MIN",
                "int value should be greater than or equal to 0.",
            )

    def _timestamp(self, path: Path, value: object) -> None:
        if value is None:
            return
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            self._complain(
                path,
                "DATE_TIME_TYPE_PARSE",
                f"Could not parse {value}. Should be ISO8601.",
            )
