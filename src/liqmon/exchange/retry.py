"""The retry policies, all of them: what is repeated, how often, after what wait.

Each call gets a policy object of its own; tenacity keeps the state of the attempts on
the object, and shared between tasks they count each other's.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_chain,
    wait_random,
)

from liqmon.clock import Clock
from liqmon.core.events import Event, GaveUp, Retrying
from liqmon.errors import FeedUnavailable, SessionDied

__all__ = ["Budget", "Call", "NotAgain", "Retries", "RetryPolicy"]

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


class NotAgain(FeedUnavailable):
    """Unavailable, and another attempt in this cycle would be of no use.

    The exchange as a whole is down and that has been told already.
    """


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` are calls in all; ``waits_s`` the waits between, the last for ever.

    Waits are spread by ``spread``, so that markets do not come back all at once.
    ``enabled`` false makes one attempt, whatever happens.
    """

    enabled: bool = True
    attempts: int = 3
    waits_s: tuple[float, ...] = (1.0, 2.0)
    spread: float = 0.2


class Budget:
    """Retries one exchange may still cost; successes earn them back.

    The numbers keep a dead exchange to N + 10 calls for N markets.
    """

    CAPACITY: Final = 10.0
    EARNED: Final = 0.2

    def __init__(self) -> None:
        self._left = self.CAPACITY

    @property
    def affords(self) -> bool:
        """Whether one more retry is paid for."""
        return self._left >= 1.0

    def charge(self) -> None:
        self._left -= 1.0

    def earn(self) -> None:
        self._left = min(self._left + self.EARNED, self.CAPACITY)


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked: ``symbol`` is empty for what concerns the whole exchange.

    No attempt begins after ``deadline_mono``.
    """

    symbol: str
    name: str
    deadline_mono: float | None = None


class _Wait(Protocol):
    """tenacity's strategies, as far as they are used here."""

    def __call__(self, retry_state: RetryCallState) -> float: ...


class Retries:
    """Repeats the calls of one exchange."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        exchange: str,
        clock: Clock,
        emit: Callable[[Event], None],
    ) -> None:
        self._policy = policy
        self._exchange = exchange
        self._clock = clock
        self._emit = emit
        self._budget = Budget()

    async def run(
        self, call: Call, attempt: Callable[[], Awaitable[_Answer]]
    ) -> _Answer:
        """Return the answer of the first attempt that has one.

        Raises:
            FeedError: what the last attempt raised.
        """
        retrying = self._retrying(call)

        async def once() -> _Answer:
            # tenacity awaits what it can tell is a coroutine function, nothing else
            return await attempt()

        try:
            answer: _Answer = await retrying(once)
        except NotAgain:
            raise
        except FeedUnavailable as error:
            self._gave_up(call, retrying.statistics["attempt_number"], error)
            raise
        self._budget.earn()
        return answer

    def _retrying(self, call: Call) -> AsyncRetrying:
        policy = self._policy
        attempts = policy.attempts if policy.enabled else 1
        enough = stop_after_attempt(attempts)

        def crosses_deadline(state: RetryCallState) -> bool:
            # not tenacity's stop_before_delay, which reads the real clock
            next_mono = self._clock.monotonic() + state.upcoming_sleep
            return call.deadline_mono is not None and next_mono >= call.deadline_mono

        def before_sleep(state: RetryCallState) -> None:
            # here and not in the predicate, which also sees the last failure
            self._budget.charge()
            self._tell_retry(call, state, attempts)

        return AsyncRetrying(
            retry=retry_if_exception(self._may_repeat),
            wait=self._wait(),
            stop=lambda state: enough(state) or crosses_deadline(state),
            sleep=self._clock.sleep,
            before_sleep=before_sleep,
            reraise=True,
        )

    def _may_repeat(self, error: BaseException) -> bool:
        # an allow-list of our own types: a cancellation can never match
        transient = isinstance(error, FeedUnavailable) and not isinstance(
            error, NotAgain
        )
        return transient and self._budget.affords

    def _wait(self) -> _Wait:
        low, high = 1.0 - self._policy.spread, 1.0 + self._policy.spread
        spread = [wait_random(low * s, high * s) for s in self._policy.waits_s]
        growing, longest = wait_chain(*spread), spread[-1]

        def wait(retry_state: RetryCallState) -> float:
            error = _error(retry_state)
            if isinstance(error, SessionDied):
                return longest(retry_state)
            hint_s = getattr(error, "retry_after_s", None)
            return growing(retry_state) if hint_s is None else float(hint_s)

        return wait

    def _tell_retry(self, call: Call, state: RetryCallState, attempts: int) -> None:
        attempt, wait_s = state.attempt_number + 1, state.upcoming_sleep
        why = str(_error(state))
        log.warning(
            "%s: retry %d of %d in %.1f s: %s",
            call.name,
            attempt,
            attempts,
            wait_s,
            why,
        )
        now_ms = self._clock.now_ms()
        self._emit(
            Retrying(
                now_ms, self._exchange, call.symbol, attempt, attempts, wait_s, why
            )
        )

    def _gave_up(self, call: Call, attempts: int, error: FeedUnavailable) -> None:
        if not call.symbol:
            return  # no market's candles: whoever asked tells what comes of it
        log.error("%s: gave up after %d attempts: %s", call.name, attempts, error)
        now_ms = self._clock.now_ms()
        self._emit(GaveUp(now_ms, self._exchange, call.symbol, attempts, str(error)))


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
