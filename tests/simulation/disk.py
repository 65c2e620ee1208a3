"""The disk as one process sees it: slow, sometimes refusing, and gone when killed."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

_SLOW_S = (0.000_5, 0.009)


class Disk:
    """Carries out one call after the other on the loop's time.

    ``point`` is called just before and just after each call is carried out: a process
    that is killed there has not done it, or has done it and does not know.
    ``is_failing`` says whether calls are refused now. Once ``is_dead``, whoever waits
    for the disk waits for ever.
    """

    def __init__(self, rng: Random, *, point: Callable[[], None]) -> None:
        self._rng = rng
        self._point = point
        self._calls: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._is_busy = False
        self.is_failing: Callable[[], bool] = lambda: False
        self.is_dead = False

    def submit(
        self, loop: asyncio.AbstractEventLoop, work: Callable[[], T]
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = loop.create_future()
        self._calls.append((work, future))
        if not self._is_busy:
            self._next(loop)
        return future

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_busy = bool(self._calls)
        if self._calls:
            loop.call_later(self._rng.uniform(*_SLOW_S), self._carry_out, loop)

    def _carry_out(self, loop: asyncio.AbstractEventLoop) -> None:
        work, future = self._calls.popleft()
        self._point()
        if not self.is_dead:
            outcome = self._outcome_of(work)
            self._point()
            self._hand_back(future, outcome)
            self._next(loop)

    def _hand_back(self, future: asyncio.Future[Any], outcome: object) -> None:
        if self.is_dead or future.done():
            return
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def _outcome_of(self, work: Callable[[], object]) -> object:
        if self.is_failing():
            return sqlite3.OperationalError("disk I/O error")
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - handed on, as a thread would
            return error
