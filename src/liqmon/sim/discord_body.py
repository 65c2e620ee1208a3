"""How a message arrives, as JSON or as a form with files, and how it is refused."""

import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from aiohttp import BodyPartReader, web

from liqmon.sim.discord_limits import LIMITS, Json

__all__ = [
    "BAD_TOKEN",
    "BAD_VERSION",
    "UNKNOWN_MESSAGE",
    "UNKNOWN_WEBHOOK",
    "Refused",
    "Upload",
    "read_body",
]

_NUMBERED: Final = re.compile(r"files\[([0-9]{1,2})\]")

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
UNKNOWN_MESSAGE: Final = (404, {"message": "Unknown Message", "code": 10008})
UNKNOWN_WEBHOOK: Final = (404, {"message": "Unknown Webhook", "code": 10015})
_TOO_MANY_FILES: Final = (
    400,
    {"message": "Maximum number of attachments reached (10)", "code": 30015},
)
_TOO_LARGE: Final = (413, {"message": "Request entity too large", "code": 40005})
BAD_VERSION: Final = (400, {"message": "Invalid API version", "code": 50041})
BAD_TOKEN: Final = (401, {"message": "Invalid Webhook Token", "code": 50027})
_BAD_JSON: Final = (
    400,
    {"message": "The request body contains invalid JSON.", "code": 50109},
)
_BAD_CONTENT_TYPE: Final = (
    400,
    {
        "message": "Invalid Form Body",
        "code": 50035,
        "errors": {
            "_misc": [
                "Expected a Content-Type of application/json or multipart/form-data."
            ]
        },
    },
)


class Refused(Exception):
    """Discord says no: a status and the body that explains it.

    An answer on its way out, not an error of ours.
    """

    def __init__(
        self, status: int, body: object, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a message; ``number`` is the n of ``files[n]``."""

    number: int
    name: str
    data: bytes


async def read_body(request: web.Request) -> tuple[Json, list[Upload]]:
    """Return the payload and the files that came with it."""
    if request.content_type == "multipart/form-data":
        return await _multipart(request)
    if request.content_type != "application/json":
        raise Refused(*_BAD_CONTENT_TYPE)
    try:
        return _payload(await request.read()), []
    except web.HTTPRequestEntityTooLarge:
        raise Refused(*_TOO_LARGE) from None


async def _multipart(request: web.Request) -> tuple[Json, list[Upload]]:
    """Read ``payload_json`` and ``files[n]``.

    https://discord.com/developers/docs/reference#uploading-files
    """
    payload: Json = {}
    uploads: list[Upload] = []
    reader = await request.multipart()
    while isinstance(part := await reader.next(), BodyPartReader):
        if part.name == "payload_json":
            payload = _payload(bytes(await part.read()))
        else:
            uploads.append(await _upload(part, len(uploads)))
    if len(uploads) > LIMITS["files"].most:
        raise Refused(*_TOO_MANY_FILES)
    return payload, uploads


async def _upload(part: BodyPartReader, place: int) -> Upload:
    """Read a file. Other names than ``files[n]`` are taken too, in their order."""
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > LIMITS["file size"].most:
            raise Refused(*_TOO_LARGE)
    numbered = _NUMBERED.fullmatch(part.name or "")
    number = int(numbered[1]) if numbered else place
    return Upload(number, part.filename or "unknown", bytes(data))


def _payload(raw: bytes) -> Json:
    try:
        payload = json.loads(raw.decode(), parse_constant=_no_constant)
        # A lone surrogate is legal to Python's JSON, and to nobody else's.
        json.dumps(payload, ensure_ascii=False).encode()
    except ValueError:
        raise Refused(*_BAD_JSON) from None
    if not isinstance(payload, dict):
        raise Refused(*_BAD_JSON)
    return payload


def _no_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(name)
