"""The end of the socket at which systemd listens to a service."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Notified:
    """``address`` is what a service finds in $NOTIFY_SOCKET."""

    address: str
    listener: socket.socket

    def told(self) -> list[str]:
        """Return what has come in since the last time, oldest first."""
        messages = []
        while True:
            try:
                messages.append(self.listener.recv(4096).decode())
            except BlockingIOError:
                return messages


@contextmanager
def notified(place: Path | str) -> Iterator[Notified]:
    """Listen at a path, or at an abstract address that begins with @."""
    address = str(place)
    bound = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(bound)
        listener.setblocking(False)
        yield Notified(address, listener)
