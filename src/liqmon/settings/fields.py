"""What a value of the settings may be: the base of every table, the field types."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from liqmon.errors import ConfigError
from liqmon.settings.hidden_url import HiddenUrl
from liqmon.webhook import WebhookUrl, is_loopback

__all__ = [
    "DAY_S",
    "WRITE_ONLY",
    "ExchangeId",
    "FalseAlerts",
    "Hidden",
    "Listen",
    "Loopback",
    "OpenFor",
    "PromFile",
    "Role",
    "RouteName",
    "SeverityName",
    "SpanOfDay",
    "Symbol",
    "Table",
    "Threshold",
    "TimeOfDay",
    "Timeout",
    "Wait",
    "Webhook",
    "read_by",
]

DAY_S: Final = 86_400

WRITE_ONLY: Final = WithJsonSchema(
    {"type": "string", "format": "uri", "writeOnly": True}
)
"""How an editor knows that a URL is a secret."""

_DEFAULT_ROUTE: Final = "default"
_HOUR: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"

# https://discord.com/developers/docs/reference#snowflakes
_ROLE: Final = re.compile(r"(?:[0-9]{15,22})?")
_SPAN_OF_DAY: Final = re.compile(rf"{_HOUR}-{_HOUR}")
_TIME_OF_DAY: Final = re.compile(rf"(?:{_HOUR})?")
_ROUTE_NAME: Final = re.compile(r"[a-z0-9_-]{1,40}")
_LISTEN: Final = re.compile(
    r"(?:(?:[a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\]):)?(?P<port>[0-9]{1,5})"
)


def read_by(kind: Callable[[str], object]) -> Callable[[object], object]:
    """Return what reads a text as ``kind``, which may raise ConfigError.

    What is no text is left to the field.
    """

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return kind(value)
        except ConfigError as error:
            told = {"fault": str(error), "hint": error.hint}
        raise PydanticCustomError("unreadable", "{fault}", told)

    return read


def _listen(address: str) -> str:
    """Check where to listen, a port with or without a host; empty is nowhere."""
    match = _LISTEN.fullmatch(address)
    if address and (match is None or int(match["port"]) > 65_535):
        raise PydanticCustomError(
            "listen", 'Input should be an address to listen at: "127.0.0.1:9464"'
        )
    return address


def _prom_file(path: Path) -> Path:
    """Check the name: the textfile collector passes over any other, silently."""
    if path.suffix != ".prom":
        raise PydanticCustomError(
            "prom_file", "Input should end in .prom: the node exporter reads no other"
        )
    return path


def _loopback(url: str) -> str:
    """Check that an address is on this machine."""
    if not is_loopback(url):
        raise PydanticCustomError(
            "loopback", "only a loopback address, such as http://127.0.0.1:8080"
        )
    return url


def _role(snowflake: object) -> object:
    """Check the id of a role; empty is none."""
    if isinstance(snowflake, str) and _ROLE.fullmatch(snowflake):
        return snowflake
    # also for a bare number: JSON and JavaScript would round it
    raise PydanticCustomError(
        "role",
        "Input should be a role's id: 15 to 22 digits in quotes",
        {"hint": "in Discord: developer mode on, right click on the role, Copy ID"},
    )


def _route_name(name: str) -> str:
    """Check a route's name, which stands in tables and file names."""
    if name == _DEFAULT_ROUTE:
        raise PydanticCustomError(
            "route_name", "`default` is the name of the route of [discord] itself"
        )
    if not _ROUTE_NAME.fullmatch(name):
        raise PydanticCustomError(
            "route_name", "Input should be a short name: a to z, 0 to 9, - and _"
        )
    return name


def _span_of_day(hours: str) -> str:
    """Check two times of a day, the second perhaps of the next; empty is never."""
    begin, _, end = hours.partition("-")
    if hours and (not _SPAN_OF_DAY.fullmatch(hours) or begin == end):
        raise PydanticCustomError(
            "span_of_day", 'Input should be two times of the day: "23:00-07:00"'
        )
    return hours


def _time_of_day(hour: str) -> str:
    """Check a time of the day; empty is never."""
    if not _TIME_OF_DAY.fullmatch(hour):
        raise PydanticCustomError(
            "time_of_day", 'Input should be a time of the day: "08:00"'
        )
    return hour


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _lowered(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Webhook = Annotated[WebhookUrl, BeforeValidator(read_by(WebhookUrl)), WRITE_ONLY]
Hidden = Annotated[HiddenUrl, BeforeValidator(read_by(HiddenUrl)), WRITE_ONLY]
Listen = Annotated[str, Field(strict=True), AfterValidator(_listen)]
PromFile = Annotated[Path, AfterValidator(_prom_file)]
Loopback = Annotated[str, AfterValidator(_loopback)]
Symbol = Annotated[
    str, BeforeValidator(_trimmed), Field(pattern=r"^[\w/:.-]{1,40}$", strict=True)
]
ExchangeId = Annotated[
    str, BeforeValidator(_lowered), Field(pattern=r"^[a-z0-9_]{1,40}$", strict=True)
]
SeverityName = Annotated[
    Literal["low", "medium", "high", "critical"], BeforeValidator(_lowered)
]
RouteName = Annotated[str, Field(strict=True), AfterValidator(_route_name)]
Role = Annotated[str, Field(strict=True), BeforeValidator(_role)]
SpanOfDay = Annotated[str, Field(strict=True), AfterValidator(_span_of_day)]
TimeOfDay = Annotated[str, Field(strict=True), AfterValidator(_time_of_day)]
Wait = Annotated[float, Field(gt=0, le=60, strict=True)]
OpenFor = Annotated[float, Field(gt=0, le=DAY_S, strict=True)]
Threshold = Annotated[float, Field(gt=0, le=1000)]
FalseAlerts = Annotated[float, Field(ge=0.1, le=20)]
Timeout = Annotated[float, Field(gt=0, le=60)]


class Table(BaseModel):
    """Frozen and strict; knows no other keys than its own.

    A list of TOML becomes a tuple, and a string a path: those fields are lax at their
    outermost level only.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )
