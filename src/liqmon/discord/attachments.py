"""Files that go with a message.

https://discord.com/developers/docs/reference#uploading-files
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from liqmon.discord.fit import as_json
from liqmon.discord.wire import json_object

__all__ = ["Attachment", "form", "kept"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PNG by its ``name``; ``description`` is read to whoever cannot see it."""

    name: str
    data: bytes
    description: str = ""


def form(
    payload: Mapping[str, object], files: Sequence[Attachment]
) -> aiohttp.MultipartWriter:
    """Return a body that carries the files; it can be sent once and never again.

    What the payload says of ``attachments`` that are there already (``kept``) stays.
    """
    there = payload.get("attachments")
    listed = [*there, *_listed(files)] if isinstance(there, list) else _listed(files)
    writer = aiohttp.MultipartWriter("form-data")
    body = as_json({**payload, "attachments": listed}).encode()
    part = writer.append(body, {"Content-Type": "application/json"})
    part.set_content_disposition("form-data", name="payload_json")
    for number, file in enumerate(files):
        part = writer.append(file.data, {"Content-Type": "image/png"})
        part.set_content_disposition(
            "form-data", name=f"files[{number}]", filename=file.name
        )
    return writer


def kept(body: str) -> list[dict[str, str]]:
    """Return the ``attachments`` of an edit that keeps what the message has.

    ``body`` is Discord's answer to the post. From API v10 on an edit loses every file
    that it does not list: https://discord.com/developers/docs/resources/webhook
    """
    message = json_object(body) or {}
    there = message.get("attachments")
    return [
        {"id": one["id"]}
        for one in (there if isinstance(there, list) else [])
        if isinstance(one, dict) and isinstance(one.get("id"), str)
    ]


def _listed(files: Sequence[Attachment]) -> list[dict[str, object]]:
    return [
        {"id": number, "filename": file.name, "description": file.description}
        for number, file in enumerate(files)
    ]
