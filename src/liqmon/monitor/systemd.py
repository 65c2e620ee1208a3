"""What systemd is told, over the datagram socket it gives to its services.

The watchdog is fed by the scan loops themselves, once all of them have gone round since
the last time: a task of its own would go on feeding it while the scanners hang.
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import logging
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Final, Self

__all__ = ["Systemd"]

log = logging.getLogger(__name__)

_USUAL_BEAT_S: Final = 5.0


class Systemd:
    """Sends to ``address``; without one every method does nothing."""

    def __init__(self, address: str = "", *, watchdog_s: float | None = None) -> None:
        # "@" stands for the zero byte of an abstract socket
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_s = watchdog_s
        self._loops: frozenset[str] = frozenset()
        self._awaited: set[str] = set()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Return systemd as this very process is to speak to it."""
        if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return cls(environ.get("NOTIFY_SOCKET", ""))
        given = environ.get("WATCHDOG_USEC", "")
        watchdog_s = int(given) / 1e6 if given.isdecimal() else None
        return cls(environ.get("NOTIFY_SOCKET", ""), watchdog_s=watchdog_s)

    @property
    def beat_s(self) -> float:
        """How often a scan loop has to come round at least."""
        return min((self._watchdog_s or 60.0) / 2, _USUAL_BEAT_S)

    def ready(self, loops: Iterable[str] = ()) -> None:
        """Say that the run is up; from now on all of ``loops`` must beat."""
        self._loops = frozenset(loops) or self._loops
        self._awaited = set(self._loops)
        self._send("READY=1")

    def reloading(self, mono_s: float) -> None:
        """Say that the settings are read anew; ``ready`` is to follow."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={round(mono_s * 1e6)}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def status(self, line: str) -> None:
        """Show a line in ``systemctl status``."""
        # a second line would be another variable
        self._send(f"STATUS={' '.join(line.split())}")

    def beat(self, loop: str) -> None:
        """Note that a loop has come round; feed the watchdog when all have."""
        self._awaited.discard(loop)
        if not self._awaited and self._watchdog_s:
            self._awaited = set(self._loops)
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.settimeout(0)
                speaker.sendto(text.encode(), self._address)
        except OSError as error:
            # nothing depends on it here, and systemd acts on what it misses
            log.debug("systemd was not told: %s", error)
