"""The files of a message: which stay, which come, and what of them Discord shows.

https://discord.com/developers/docs/reference#uploading-files
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from liqmon.sim.discord_body import Upload
from liqmon.sim.discord_limits import Json

__all__ = ["File", "files_after"]


@dataclass(frozen=True, slots=True)
class File:
    """A file that belongs to a message."""

    id: str
    name: str
    data: bytes
    description: str = ""

    def shown(self) -> Json:
        """Return it as Discord shows it.

        https://discord.com/developers/docs/resources/message#attachment-object
        """
        return {
            "id": self.id,
            "filename": self.name,
            "size": len(self.data),
            "description": self.description,
        }


def files_after(
    there: Sequence[File],
    payload: Json,
    uploads: Sequence[Upload],
    next_id: Callable[[], str],
) -> tuple[File, ...]:
    """Return the files that a message has after a post or an edit.

    "Starting with API v10, the attachments array must contain all attachments that
    should be present after edit": what an edit does not list is gone. A new file is
    listed by its number, or else comes without a description.
    https://discord.com/developers/docs/resources/webhook#edit-webhook-message
    """
    listed = {str(one.get("id")): one for one in payload.get("attachments") or []}
    kept = [file for file in there if file.id in listed]
    new = [
        File(
            next_id(),
            upload.name,
            upload.data,
            listed.get(str(upload.number), {}).get("description") or "",
        )
        for upload in uploads
    ]
    return (*kept, *new)
