"""What is written in an answer: read with suspicion, since anybody may have sent it.

Between here and Discord stand Cloudflare and perhaps a proxy, each with pages of its
own; a body may be HTML, empty, cut off or hostile.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from liqmon.discord.text import clean, cut

__all__ = ["Json", "bucket_wait", "code_in", "json_object", "retry_after", "said_in"]

Json: TypeAlias = Mapping[str, object]

_GRACE_S: Final = 0.25
_LONGEST_S: Final = 86_400.0

_STATUS: Final = re.compile(r"^[1-5]\d\d: ")


def bucket_wait(headers: Mapping[str, str]) -> float:
    """Return the seconds until the bucket refills, 0 if it is not empty."""
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return 0.0
    wait_s = _seconds_in(headers, "x-ratelimit-reset-after")
    return min(wait_s or 0.0, _LONGEST_S)


def retry_after(headers: Mapping[str, str], body: Json | None) -> float | None:
    """Return how long to wait, None if the answer does not usefully say.

    The header is the body's number rounded up; whichever is larger counts.
    """
    told = _seconds((body or {}).get("retry_after"))
    headed = _seconds_in(headers, "retry-after")
    if told is None and headed is None:
        return None
    return min(max(told or 0.0, headed or 0.0) + _GRACE_S, _LONGEST_S)


def _seconds_in(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return _seconds(float(headers.get(name, "")))
    except ValueError:
        return None


def _seconds(value: object) -> float | None:
    """Return a number of seconds, None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if math.isnan(value) or value < 0:
        return None
    return float(min(value, _LONGEST_S))


def json_object(text: str) -> Json | None:
    """Return the body as an object, None if it is anything else."""
    try:
        body = json.loads(text, parse_int=_bounded_int)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _bounded_int(digits: str) -> int | float:
    # Python refuses to read integers of more than 4300 digits, and no float holds 400
    return int(digits) if len(digits) < 30 else float(digits)


def code_in(body: Json | None) -> int:
    """Return Discord's error code, 0 without one."""
    code = (body or {}).get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def said_in(body: Json | None) -> str:
    """Return Discord's own words on one line, with the path of the first complaint."""
    message = (body or {}).get("message")
    said = message if isinstance(message, str) else "no message"
    # "500: Internal Server Error": the status stands beside it already
    said = _STATUS.sub("", said)
    where = next(_complaints((body or {}).get("errors")), "")
    line = " ".join(clean(f"{said}; {where}" if where else said).split())
    return cut(line, 300)


def _complaints(errors: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield ``embeds.0.title: Must be 256 or fewer in length.`` for each error."""
    if not isinstance(errors, Mapping) or len(path) > 10:
        return
    for name, below in errors.items():
        if name != "_errors":
            yield from _complaints(below, (*path, str(name)))
        elif isinstance(below, list) and below and isinstance(below[0], Mapping):
            yield f"{'.'.join(path)}: {below[0].get('message')}"
