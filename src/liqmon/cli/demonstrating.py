"""A demonstration from its markets to the exit code."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from liqmon.app.demo import BREAKER_OPEN_S, Outcome, Staged, demo
from liqmon.app.run import Run, empty_board
from liqmon.cli.asked import Asked, logging_as_asked
from liqmon.cli.errors import ExitCode
from liqmon.cli.running import Signals, run
from liqmon.cli.sim import markets
from liqmon.cli.steering import Steering
from liqmon.cli.surfaces import Shown, Surface, chosen, logs_to_terminal, shown
from liqmon.cli.watching import ended_code, stop_after
from liqmon.clock import Clock, SystemClock
from liqmon.monitor.bulletin import Bulletin
from liqmon.settings.models import Settings
from liqmon.ui.lines import line

__all__ = ["Play", "run_demo"]

_LASTS_S: Final = 45.0
_BANNER: Final = (
    f"demo: the breaker opens for {BREAKER_OPEN_S:g} s instead of 300, and nothing "
    "leaves this machine"
)
_AFTERWARDS_S: Final = 3.0
"""After the last recorded candle, for what is still under way."""


@dataclass(frozen=True, slots=True)
class Play:
    """What was asked for; ``for_s`` None leaves the length to what there is to see."""

    data: tuple[Path, ...]
    start: str | None
    seed: int | None
    speed: float
    faults: tuple[str, ...]
    exchange: str
    timeframe: str
    for_s: float | None

    def staged(self) -> Staged:
        """Return the play with its markets read or made.

        Raises:
            UserError: a file, the time or a fault makes no sense.
        """
        played = markets(list(self.data), seed=self.seed, start=self.start)
        staged = Staged(self.exchange, played, self.speed, self.faults)
        staged.plan()
        return staged

    def lasts_s(self, staged: Staged) -> float:
        """Return how long to play, in seconds of real time."""
        if self.for_s is not None:
            return self.for_s
        span_ms = staged.markets.end_ms - staged.markets.start_ms
        return min(_LASTS_S, span_ms / 1000 / self.speed + _AFTERWARDS_S)


def run_demo(
    play: Play, asked: Asked, *, as_json: bool, plain: bool, ascii_only: bool
) -> ExitCode:
    """Play it and return 0 if every finding was delivered, 4 if not."""
    staged = play.staged()
    surface = chosen(as_json=as_json, plain=plain)
    clock = SystemClock()
    first = Run(Settings.model_validate({}), (), None)
    bulletin = Bulletin(clock, empty_board(first, clock))
    how = Shown(surface, ascii_only, first.settings.health.status_interval_s)
    lasts_s = play.lasts_s(staged)
    sys.stderr.write(f"{_announcement(play, lasts_s)}\n")
    to_terminal = logs_to_terminal(surface)
    with (
        TemporaryDirectory(prefix="liqmon-demo-") as folder,
        logging_as_asked(asked, first.settings, to_terminal=to_terminal, tail=how.tail),
    ):
        stage = _Stage(play, staged, lasts_s, Path(folder), bulletin, how, clock)
        ended = run(lambda signals: _main(stage, signals))
    if surface is Surface.TABLE:
        sys.stdout.write(f"{line(bulletin.summary())}\n")
    if ended.value is None:
        return ended_code(ended.signal)
    sys.stderr.write(f"{_closing(ended.value)}\n")
    if ended.value.missing:
        return ExitCode.UNDELIVERED
    return ended_code(ended.signal)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What the play needs around it."""

    play: Play
    staged: Staged
    lasts_s: float
    folder: Path
    bulletin: Bulletin
    how: Shown
    clock: Clock

    def begin(self, ordered: Run) -> None:
        self.bulletin.begin(empty_board(ordered, self.clock))
        self.bulletin.show_banner("demo", _BANNER)


async def _main(stage: _Stage, signals: Signals) -> Outcome:
    bulletin, clock = stage.bulletin, stage.clock
    steering = Steering(clock, signals.stop.set)
    async with (
        shown(stage.how, bulletin, clock=clock, controls=steering),
        asyncio.TaskGroup() as tasks,
    ):
        ending = tasks.create_task(stop_after(stage.lasts_s, clock, signals.stop))
        outcome = await demo(
            stage.staged,
            timeframe=stage.play.timeframe,
            state_dir=stage.folder,
            clock=clock,
            bulletin=bulletin,
            begin=stage.begin,
            stop=signals.stop,
        )
        ending.cancel()
        bulletin.publish(bulletin.summary())
        return outcome


def _announcement(play: Play, lasts_s: float) -> str:
    what = "recorded" if play.data else "made-up"
    return (
        f"liqmon demo: {what} markets at {play.speed:g} times their speed for "
        f"{lasts_s:.0f} s; the breaker opens for {BREAKER_OPEN_S:g} s instead of 300; "
        "state in a temporary directory"
    )


def _closing(outcome: Outcome) -> str:
    if outcome.missing:
        listed = ", ".join(outcome.missing)
        return f"not delivered: {listed}"
    return (
        f"all of {outcome.raised} findings arrived at the demo's Discord, "
        f"in {outcome.messages} messages with the reports"
    )
