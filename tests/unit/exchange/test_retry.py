"""The retry policies, and each pitfall of tenacity they step around."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import pytest

from fakes import FakeClock
from liqmon.core.events import Event, GaveUp, Retrying
from liqmon.errors import (
    BadData,
    FeedBlocked,
    FeedCooling,
    FeedRejected,
    FeedUnavailable,
    SessionDied,
)
from liqmon.exchange.retry import Budget, Call, NotAgain, Retries, RetryPolicy

CALL = Call("BTC/USDT:USDT", "BTCUSDT on bybit")
DOWN = FeedUnavailable("no answer in time")


@dataclass
class Bench:
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[Event] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        self.retries = Retries(
            self.policy, exchange="bybit", clock=self.clock, emit=self.events.append
        )

    async def run(
        self, *outcomes: BaseException | str, call: Call = CALL, cost_s: float = 0.0
    ) -> str:
        return await self.retries.run(call, self.script(outcomes, cost_s))

    def script(
        self, outcomes: Iterable[BaseException | str], cost_s: float = 0.0
    ) -> Callable[[], Awaitable[str]]:
        left = iter(outcomes)

        async def attempt() -> str:
            self.calls += 1
            self.clock.push(cost_s)
            outcome = next(left)
            await asyncio.sleep(0)
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        return attempt

    @property
    def waits(self) -> list[float]:
        return [event.wait_s for event in self.events if isinstance(event, Retrying)]


async def test_a_first_answer_is_returned_and_nothing_is_told() -> None:
    bench = Bench()

    assert await bench.run("candles") == "candles"
    assert (bench.calls, bench.events, bench.clock.slept) == (1, [], [])


async def test_three_calls_in_all_with_about_one_and_two_seconds_between() -> None:
    bench = Bench()
    with pytest.raises(FeedUnavailable, match="third"):
        await bench.run(DOWN, DOWN, FeedUnavailable("third"))

    first, second = bench.clock.slept
    assert bench.calls == 3
    assert 0.8 <= first <= 1.2
    assert 1.6 <= second <= 2.4
    assert bench.waits == [first, second]


async def test_waits_are_spread_so_that_markets_do_not_come_back_together() -> None:
    waits = set()
    for _ in range(20):
        bench = Bench()
        await bench.run(DOWN, "candles")
        waits |= set(bench.waits)

    assert len(waits) > 10


async def test_a_longer_run_of_attempts_keeps_the_last_wait() -> None:
    bench = Bench(RetryPolicy(attempts=6))
    await bench.run(*[DOWN] * 5, "candles")

    assert all(1.6 <= wait <= 2.4 for wait in bench.waits[1:])


async def test_healing_is_followed_by_the_long_wait_at_once() -> None:
    bench = Bench()
    await bench.run(SessionDied("dead"), "candles")

    assert 1.6 <= bench.waits[0] <= 2.4


async def test_the_servers_hint_wins() -> None:
    bench = Bench()
    await bench.run(FeedUnavailable("busy", retry_after_s=7.5), "candles")

    assert bench.waits == [7.5]


async def test_bad_data_is_repeated_like_any_failure() -> None:
    bench = Bench()

    assert await bench.run(BadData("empty"), BadData("empty"), "candles") == "candles"


async def test_no_attempt_begins_at_or_after_the_deadline() -> None:
    bench = Bench()
    call = Call("BTC/USDT:USDT", "BTCUSDT", deadline_mono=12.0)
    with pytest.raises(FeedUnavailable):
        await bench.run(DOWN, DOWN, "candles", call=call, cost_s=10.0)

    assert bench.calls == 2
    assert len(bench.clock.slept) == 1


async def test_the_deadline_is_that_of_the_injected_clock() -> None:
    bench = Bench(clock=FakeClock(seconds=1e9))
    call = Call("BTC/USDT:USDT", "BTCUSDT", deadline_mono=1e9 + 25)

    assert await bench.run(DOWN, DOWN, "candles", call=call) == "candles"


@pytest.mark.parametrize(
    "error",
    [
        FeedCooling("429", wait_s=5.0),
        FeedBlocked("451"),
        FeedRejected("unknown"),
        NotAgain("down"),
        TypeError("a bug"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_only_what_may_pass_is_repeated(error: BaseException) -> None:
    bench = Bench()
    with pytest.raises(type(error)) as caught:
        await bench.run(error, "candles")

    assert caught.value is error
    assert bench.calls == 1
    assert bench.events == []


async def test_the_cause_is_raised_and_not_wrapped() -> None:
    with pytest.raises(FeedUnavailable) as caught:
        await Bench().run(DOWN, DOWN, DOWN)

    assert caught.value is DOWN


async def test_cancellation_is_not_swallowed() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(bench.run(asyncio.CancelledError(), "candles"))

    assert call.cancelled()
    assert bench.calls == 1


async def test_concurrent_calls_count_their_own_attempts() -> None:
    bench, calls = Bench(), 50
    # earn what fifty calls will spend
    bench.retries._budget.CAPACITY = 1e9  # type: ignore[misc]
    bench.retries._budget._left = 1e9
    scripts = [bench.script([DOWN, DOWN, str(at)]) for at in range(calls)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(bench.retries.run(CALL, s)) for s in scripts]

    assert [task.result() for task in running] == [str(at) for at in range(calls)]
    assert bench.calls == 3 * calls


async def test_switched_off_it_makes_one_call_whatever_happens() -> None:
    bench = Bench(RetryPolicy(enabled=False))
    with pytest.raises(SessionDied):
        await bench.run(SessionDied("dead"), "candles")

    assert bench.calls == 1
    assert bench.waits == []


async def test_the_budget_bounds_what_a_dead_exchange_costs() -> None:
    bench = Bench()
    for _ in range(30):
        with pytest.raises(FeedUnavailable):
            await bench.run(DOWN, DOWN, DOWN)

    assert bench.calls == 30 + 10


async def test_answers_pay_for_retries_to_come() -> None:
    bench = Bench()
    for _ in range(10):
        with pytest.raises(FeedUnavailable):
            await bench.run(DOWN, DOWN, DOWN)
    for _ in range(6):
        await bench.run("candles")
    bench.calls = 0
    with pytest.raises(FeedUnavailable):
        await bench.run(DOWN, DOWN, DOWN)

    assert bench.calls == 2


async def test_the_last_failure_of_a_call_costs_nothing() -> None:
    bench = Bench()
    with pytest.raises(FeedUnavailable):
        await bench.run(DOWN, DOWN, DOWN)

    assert bench.retries._budget._left == Budget.CAPACITY - 2


async def test_successes_earn_retries_back_up_to_the_capacity() -> None:
    budget = Budget()
    for _ in range(10):
        budget.charge()
    affords = []
    for _ in range(1000):
        affords.append(budget.affords)
        budget.earn()

    assert affords[:5] == [False] * 5
    assert all(affords[6:])
    assert budget._left == Budget.CAPACITY


async def test_each_retry_is_told_before_its_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    await bench.run(DOWN, "candles")

    (told,) = bench.events
    assert isinstance(told, Retrying)
    assert (told.at_ms, told.exchange, told.symbol) == (
        bench.clock.wall_ms,
        "bybit",
        "BTC/USDT:USDT",
    )
    assert (told.attempt, told.attempts, told.error) == (2, 3, "no answer in time")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message == (
        f"BTCUSDT on bybit: retry 2 of 3 in {told.wait_s:.1f} s: no answer in time"
    )


async def test_giving_up_is_told_and_logged_as_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    with pytest.raises(FeedUnavailable):
        await bench.run(DOWN, DOWN, DOWN)

    told = bench.events[-1]
    assert isinstance(told, GaveUp)
    assert (told.symbol, told.attempts, told.error) == (
        "BTC/USDT:USDT",
        3,
        "no answer in time",
    )
    assert caplog.records[-1].levelno == logging.ERROR


async def test_a_call_for_the_whole_exchange_leaves_telling_to_whoever_asked() -> None:
    bench = Bench()
    with pytest.raises(FeedUnavailable):
        await bench.run(DOWN, DOWN, DOWN, call=Call("", "bybit"))

    assert not any(isinstance(event, GaveUp) for event in bench.events)
