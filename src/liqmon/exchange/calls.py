"""How a call is made, whatever it asks.

Retries around an attempt; in the attempt a place in the queue, leave from the
exchange's standing, one request, and a check of the answer. What ccxt raises is judged
by one table and comes out as a FeedError. Whoever asks again or gives up says so here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final, NoReturn, Protocol, TypeVar

from liqmon.clock import Clock
from liqmon.core.events import Event, FeedChanged, FeedState, Healed, Retrying
from liqmon.errors import (
    FeedBlocked,
    FeedCooling,
    FeedError,
    FeedRejected,
    FeedUnavailable,
    SessionDied,
)
from liqmon.exchange.retry import Call, NotAgain, Retries, RetryPolicy
from liqmon.exchange.standing import Permit, Standing
from liqmon.exchange.verdict import Action, Verdict

__all__ = ["Calls", "Healer"]

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

_MOST_AT_ONCE: Final = 10
"""Calls in flight: the rate limit is reached with fewer unless answers take seconds."""


class Healer(Protocol):
    """Whoever holds the session."""

    def verdict(self, error: BaseException) -> Verdict:
        """Return what to do about what a call raised."""
        ...

    async def heal(self) -> bool:
        """Rebuild the session if it is dead; return whether it was."""
        ...


class Calls:
    """Makes the calls of one exchange; ``healer`` returns whoever holds its session."""

    def __init__(
        self,
        exchange: str,
        *,
        healer: Callable[[], Healer],
        clock: Clock,
        retry: RetryPolicy,
        emit: Callable[[Event], None],
        interval_s: float,
    ) -> None:
        self._exchange = exchange
        self._healer = healer
        self._clock = clock
        self._emit = emit
        self._retries = Retries(
            retry, exchange=exchange, clock=clock, emit=self._tell_retry
        )
        self._standing = Standing(interval_s=interval_s)
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)
        self._closed = False
        self._troubled = False

    def close(self) -> None:
        """Let no call begin any more."""
        self._closed = True

    async def open(self, call: Call, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Return the answer to the first call of all, which asks nobody's leave.

        Whoever opens an exchange waits and tells in its own way when it is down.

        Raises:
            FeedError: there is no answer.
        """
        try:
            answer = await self._retries.run(call, lambda: self._asked(call, ask))
        except FeedError:
            self._troubled = True
            raise
        if self._troubled:
            self._tell_back()
        return answer

    async def make(self, call: Call, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Return the answer, in the end.

        Raises:
            FeedError: there is none.
        """
        return await self._retries.run(
            call, lambda: self._attempt(call, ask, self._slots)
        )

    async def urgent(
        self, call: Call, ask: Callable[[], Awaitable[_Answer]]
    ) -> _Answer:
        """Return the answer as ``make`` does, without waiting for a place.

        Raises:
            FeedError: there is none.
        """
        return await self._retries.run(
            call, lambda: self._attempt(call, ask, nullcontext())
        )

    async def _attempt(
        self,
        call: Call,
        ask: Callable[[], Awaitable[_Answer]],
        place: AbstractAsyncContextManager[None],
    ) -> _Answer:
        async with place:
            permit = self._admitted()
            try:
                answer = await self._asked(call, ask)
            except FeedError as error:
                told = self._settled(permit, error)
                if told is error:
                    raise
                raise told from error
            finally:
                self._standing.returned(permit)
            changed = self._standing.worked(permit)
        if changed or (self._troubled and not call.symbol):
            self._tell_back()
        return answer

    def _admitted(self) -> Permit:
        if self._closed:
            raise FeedError(f"{self._exchange} has been closed")
        now_mono = self._clock.monotonic()
        permit = self._standing.admit(now_mono)
        if permit is not None:
            return permit
        match self._standing.state:
            case FeedState.BLOCKED:
                raise FeedBlocked(self._standing.reason)
            case FeedState.COOLING:
                wait_s = self._standing.wait_s(now_mono)
                raise FeedCooling(self._standing.reason, wait_s=wait_s)
            case _:
                raise NotAgain(self._standing.reason)

    async def _asked(
        self, call: Call, ask: Callable[[], Awaitable[_Answer]]
    ) -> _Answer:
        """Return the answer, or raise FeedError whatever ccxt raised."""
        try:
            return await ask()
        except FeedError:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled us: a connector that closes does this to calls that
            # wait for a connection.
            await self._refuse(call, error)
        except Exception as error:  # noqa: BLE001
            # An answer that ccxt did not expect surfaces as whatever its parser met, a
            # KeyError for one; one table judges all of it.
            await self._refuse(call, error)

    async def _refuse(self, call: Call, error: BaseException) -> NoReturn:
        verdict = self._healer().verdict(error)
        reason = verdict.reason
        if self._closed:
            raise FeedError(f"{self._exchange} has been closed") from error
        match verdict.action:
            case Action.HEAL:
                await self._heal(call, reason)
                raise SessionDied(reason) from error
            case Action.RETRY:
                raise FeedUnavailable(
                    reason,
                    retry_after_s=verdict.hint_s,
                    whole_exchange=verdict.whole_exchange,
                ) from error
            case Action.COOL_DOWN:
                raise FeedCooling(reason, wait_s=verdict.hint_s or 0.0) from error
            case Action.BLOCKED:
                raise FeedBlocked(reason) from error
            case _ if verdict.whole_exchange or not call.symbol:
                raise NotAgain(reason) from error
            case _:
                raise FeedRejected(reason) from error

    async def _heal(self, call: Call, reason: str) -> None:
        if await self._healer().heal():
            log.warning("%s: dead session rebuilt: %s", call.name, reason)
            self._emit(
                Healed(self._clock.now_ms(), self._exchange, call.symbol, reason)
            )

    def _settled(self, permit: Permit, error: FeedError) -> FeedError:
        """Let the standing learn of a failure; return the error to raise for it."""
        now_mono, reason = self._clock.monotonic(), str(error)
        changed = False
        match error:
            case FeedBlocked():
                changed = self._standing.blocked(reason)
            case FeedCooling():
                hint_s = error.wait_s or None
                changed = self._standing.cooled(permit, reason, now_mono, hint_s=hint_s)
                error = FeedCooling(reason, wait_s=self._standing.wait_s(now_mono))
            case NotAgain():
                changed = self._standing.refused(permit, reason, now_mono)
            case FeedUnavailable(whole_exchange=True) if not isinstance(
                error, SessionDied
            ):
                changed = self._standing.failed(permit, reason, now_mono)
                if self._standing.state is not FeedState.OK:
                    error = NotAgain(reason)
            case _:
                pass
        if changed:
            self._tell_standing(now_mono)
        return error

    # what is told

    def _tell_standing(self, now_mono: float) -> None:
        standing = self._standing
        blocked = standing.state is FeedState.BLOCKED
        wait_s = None if blocked else standing.wait_s(now_mono)
        if wait_s is None:
            log.error(
                "%s is given up for this run: %s", self._exchange, standing.reason
            )
        else:
            log.warning(
                "%s is left alone for %.0f s: %s",
                self._exchange,
                wait_s,
                standing.reason,
            )
        self._troubled = True
        self._emit(
            FeedChanged(
                self._clock.now_ms(),
                self._exchange,
                "",
                standing.state,
                standing.reason,
                wait_s,
            )
        )

    def _tell_back(self) -> None:
        self._troubled = False
        log.info("%s answers again", self._exchange)
        self._emit(FeedChanged(self._clock.now_ms(), self._exchange, "", FeedState.OK))

    def _tell_retry(self, event: Event) -> None:
        # the board shows an exchange as retrying until it is told otherwise
        self._troubled |= isinstance(event, Retrying) and not event.symbol
        self._emit(event)
