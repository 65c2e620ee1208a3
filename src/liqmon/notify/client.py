"""One call to a receiver, one attempt, in a thread of its own: apprise blocks.

A thread cannot be stopped. One that takes longer than its time is left behind, and
nothing more is sent by this client until it has ended: else what is tried again might
overtake what is still on its way.
"""

import asyncio
import contextlib
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from liqmon.clock import Clock
from liqmon.discord.answers import Answer
from liqmon.discord.attachments import Attachment
from liqmon.notify.answers import CANNOT_EDIT, answer_of
from liqmon.notify.text import Text, text_of

__all__ = ["NotifyClient", "Outlet"]


class Outlet(Protocol):
    """What sends one message and waits for it; see ``Service``."""

    def send(self, text: Text) -> tuple[bool, list[str]]:
        """Send; return whether it worked and what was logged."""
        ...


class NotifyClient:
    """Sends to one receiver what is written for Discord, as plain text."""

    def __init__(self, outlet: Outlet, *, timeout_s: float, clock: Clock) -> None:
        self._outlet = outlet
        self._timeout_s = timeout_s
        self._clock = clock
        self._is_busy = False

    async def post(
        self,
        payload: Mapping[str, object],
        files: Sequence[Attachment] = (),  # noqa: ARG002 - text has no pictures
    ) -> Answer:
        """Send a message."""
        if self._is_busy:
            return Answer(error="the message before it is still on its way")
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                delivered, said = await self._sent(text_of(payload))
        except TimeoutError:
            latency_s = self._clock.monotonic() - started
            return Answer(
                error="no answer in time", sent_bytes=True, latency_s=latency_s
            )
        latency_s = self._clock.monotonic() - started
        return answer_of(delivered=delivered, said=said, latency_s=latency_s)

    async def edit(
        self,
        message_id: str,  # noqa: ARG002 - nothing is edited
        payload: Mapping[str, object],  # noqa: ARG002
        files: Sequence[Attachment] = (),  # noqa: ARG002
    ) -> Answer:
        """Refuse, without asking: what was sent cannot be changed."""
        return CANNOT_EDIT

    async def _sent(self, text: Text) -> tuple[bool, list[str]]:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[tuple[bool, list[str]]] = loop.create_future()

        def work() -> None:
            outcome = _outcome(self._outlet, text)
            self._is_busy = False
            # the loop may be gone by now, and with it whoever wanted to know
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_arrive, arrived, outcome)

        self._is_busy = True
        # a daemon: the exit of liqmon does not wait for somebody else's server
        threading.Thread(target=work, name="notify", daemon=True).start()
        return await arrived


def _outcome(outlet: Outlet, text: Text) -> tuple[bool, list[str]]:
    try:
        return outlet.send(text)
    except Exception as error:  # noqa: BLE001
        # A hundred services raise what they like, and in a thread nobody would catch
        # it. The text of an error may hold the URL; its name cannot.
        return False, [type(error).__name__]


def _arrive(
    arrived: asyncio.Future[tuple[bool, list[str]]], outcome: tuple[bool, list[str]]
) -> None:
    if not arrived.done():
        arrived.set_result(outcome)
