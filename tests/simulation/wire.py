"""The way from one process to Discord and back: the courier's sender."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import NoReturn

from liqmon.discord.answers import Answer
from simulation.discord import Discord, Request
from simulation.loop import VirtualLoop
from simulation.referee import Referee
from simulation.weather import Sky

TIMEOUT_S = 10.0

_WAY_S = (0.02, 0.2)
_RESET = Answer(error="the connection was lost")
_SILENCE = Answer(error="no answer in time", sent_bytes=True, latency_s=TIMEOUT_S)


class Wire:
    """Belongs to one process; ``point`` is called wherever it could be killed.

    What has been sent arrives, whatever becomes of the process.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        rng: Random,
        *,
        discord: Discord,
        referee: Referee,
        point: Callable[[], None],
        near_request: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._rng = rng
        self._discord = discord
        self._referee = referee
        self._point = point
        self._near_request = near_request
        self.is_dead = False
        self.cut_off = 0

    async def post(self, payload: Mapping[str, object], files: object = ()) -> Answer:
        return await self._ask("POST", "", payload)

    async def edit(
        self, message_id: str, payload: Mapping[str, object], files: object = ()
    ) -> Answer:
        return await self._ask("PATCH", message_id, payload)

    async def _ask(
        self, method: str, target: str, payload: Mapping[str, object]
    ) -> Answer:
        await self._alive()
        self._near_request()
        now_s = self._loop.time()
        request = Request(
            method=method,
            target=target,
            body=dict(payload),
            asked_s=now_s,
            sky=self._discord.sky(now_s),
        )
        self._referee.asked(request)
        try:
            answer = await self._answer(request)
        except asyncio.CancelledError:
            if not self.is_dead:
                self.cut_off += 1
            raise
        await self._alive()
        self._referee.answered(request, answer, self._loop.time())
        return answer

    async def _answer(self, request: Request) -> Answer:
        if request.sky is Sky.RESET:
            await asyncio.sleep(self._rng.uniform(*_WAY_S))
            return _RESET
        coming: asyncio.Future[Answer] = self._loop.create_future()
        self._loop.call_later(self._way_s(), self._arrive, request, coming)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await coming
        except TimeoutError:
            return _SILENCE

    def _arrive(self, request: Request, coming: asyncio.Future[Answer]) -> None:
        self._point()
        answer = self._discord.arrive(request, self._loop.time())
        self._referee.arrived(request, self._loop.time())
        self._point()
        if answer is not None:
            self._loop.call_later(self._way_s(), self._come_back, answer, coming)

    def _come_back(self, answer: Answer, coming: asyncio.Future[Answer]) -> None:
        self._point()
        if not coming.done():
            coming.set_result(answer)

    def _way_s(self) -> float:
        return self._rng.uniform(*_WAY_S)

    async def _alive(self) -> None:
        self._point()
        if self.is_dead:
            await self._nothing_more()

    async def _nothing_more(self) -> NoReturn:
        await self._loop.create_future()
        raise AssertionError("a dead process goes on")
