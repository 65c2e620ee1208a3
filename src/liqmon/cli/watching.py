"""A watch from the first frame to the exit code.

The board is drawn before the parts are imported: ccxt takes half a second. SIGHUP reads
the settings anew; the run goes on with them from what is on disk. A broken file changes
nothing but the banner, and settings that turn out to be of no use (a market that does
not exist, a port that is taken) give way to those before them.
"""

import asyncio
import errno
import logging
import os
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from liqmon.app.run import Run, empty_board
from liqmon.cli.asked import Asked, logging_as_asked
from liqmon.cli.errors import ExitCode
from liqmon.cli.running import Signals, run
from liqmon.cli.steering import Watching
from liqmon.cli.surfaces import Shown, Surface, chosen, logs_to_terminal, shown
from liqmon.clock import Clock, SystemClock
from liqmon.core.board import Receiver
from liqmon.errors import (
    AlreadyRunning,
    ConfigError,
    LiqmonError,
    StoreUnavailable,
    UserError,
)
from liqmon.monitor.bulletin import Bulletin
from liqmon.monitor.systemd import Systemd
from liqmon.settings.problems import briefly
from liqmon.ui.lines import line

__all__ = ["ended_code", "run_watch", "stop_after"]

log = logging.getLogger(__name__)

E = TypeVar("E", bound=LiqmonError)

_AGAIN_S: Final = 5.0
"""How soon a state that cannot be used after a reload is tried again."""


def run_watch(
    asked: Asked, *, for_s: float | None, as_json: bool, plain: bool, ascii_only: bool
) -> ExitCode:
    """Watch, and return how it ended."""
    clock = SystemClock()
    asked = asked.pinned()
    first = asked.run()
    surface = chosen(as_json=as_json, plain=plain)
    memory = first.state_dir and first.state_dir / "table.json"
    status_s = first.settings.health.status_interval_s
    how = Shown(surface, ascii_only, status_s, memory=memory)
    bulletin = Bulletin(clock, empty_board(first, clock))
    if surface is not Surface.TABLE:
        _warn_without_webhook(bulletin.snapshot.receiver)
    to_terminal = logs_to_terminal(surface)
    with logging_as_asked(
        asked, first.settings, to_terminal=to_terminal, tail=how.tail
    ):
        turns = _Turns(asked, bulletin, first)
        ended = run(lambda signals: _main(turns, signals, how, clock, for_s))
    if surface is Surface.TABLE and not _terminal_is_gone():
        sys.stdout.write(f"{line(bulletin.summary())}\n")
    return ended_code(ended.signal)


def ended_code(caught: signal.Signals | None) -> ExitCode:
    """Return the code of a watch that was stopped; Ctrl-C is the ordinary way out."""
    if caught is signal.SIGTERM:
        return ExitCode.TERMINATED
    return ExitCode.OK


def _warn_without_webhook(receiver: Receiver) -> None:
    """Say at once what the table has in its header all the time."""
    if not (receiver.configured or receiver.dry_run):
        sys.stderr.write(
            "warning: no webhook: findings are kept and shown, and sent nowhere\n"
            "  hint: set LIQMON_DISCORD__WEBHOOK_URL or discord.webhook_url_file\n"
        )


@dataclass(slots=True)
class _Turns:
    """The run that is on, and the one that follows when the settings are read anew.

    ``proven`` is the last one that went on until then; ``fault`` why the run is that.
    """

    asked: Asked
    bulletin: Bulletin
    run: Run
    over: asyncio.Event = field(default_factory=asyncio.Event)
    proven: Run | None = None
    fault: str = ""

    def reload(self) -> str:
        """End this turn, if the settings can be used; return what came of it."""
        systemd = Systemd.from_environ(os.environ)
        systemd.reloading(SystemClock().monotonic())
        try:
            self.run = self.asked.run()
        except ConfigError as error:
            log.error("settings not reloaded, the old ones stay: %s", error)  # noqa: TRY400
            text = f"settings not reloaded: {briefly(error)}"
            self.bulletin.show_banner("settings", text)
            systemd.ready()
            return text
        log.info("settings reloaded")
        self.fault = ""
        self.bulletin.show_banner("settings", "")
        self.over.set()
        return "settings reloaded"

    def begin(self, clock: Clock) -> Run:
        """Show that a turn begins, and return its run."""
        self.over.clear()
        self.bulletin.begin(empty_board(self.run, clock))
        self.bulletin.show_banner("settings", self.fault)
        return self.run

    def fall_back(self, failed: Run, error: UserError) -> bool:
        """Go back to what worked; False if there is nothing."""
        if self.run is not failed:
            # read anew meanwhile
            return True
        if self.proven is None or self.proven is failed:
            return False
        log.error("settings not taken, the old ones are back: %s", error)
        self.fault = f"settings not reloaded: {error}"
        self.run = self.proven
        return True


async def _main(
    turns: _Turns, signals: Signals, how: Shown, clock: Clock, for_s: float | None
) -> None:
    bulletin = turns.bulletin
    steering = Watching(
        clock, bulletin, on_quit=signals.stop.set, on_reload=turns.reload
    )
    async with (
        shown(how, bulletin, clock=clock, controls=steering),
        asyncio.TaskGroup() as tasks,
    ):
        helpers = [
            tasks.create_task(_pass_on(signals.stop, turns)),
            tasks.create_task(steering.fulfil()),
        ]
        if for_s is not None:
            helpers.append(tasks.create_task(stop_after(for_s, clock, signals.stop)))
        with _hangups(steering.reload, signals.stop):
            await _take_turns(turns, signals.stop, clock, steering)
        for helper in helpers:
            helper.cancel()
        bulletin.publish(bulletin.summary())


async def _take_turns(
    turns: _Turns, stop: asyncio.Event, clock: Clock, steering: Watching
) -> None:
    # here, not above: the first frame stands by now
    from liqmon.app.runs import watch

    while not stop.is_set():
        steering.hold(None)
        run = turns.begin(clock)
        try:
            await watch(
                run,
                clock=clock,
                bulletin=turns.bulletin,
                stop=turns.over,
                on_parts=steering.hold,
            )
        except* UserError as group:
            if not turns.fall_back(run, _first(group)):
                raise
        except* (AlreadyRunning, StoreUnavailable) as group:
            if turns.proven is None:
                raise
            # a full disk, or a check that took the lock: no reason to end for good
            text = f"not watching, tried again soon: {_first(group)}"
            log.error("%s", text)  # noqa: TRY400 - no bug
            turns.bulletin.show_banner("state", text)
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    await stop.wait()
        else:
            turns.proven = run


def _first(group: BaseExceptionGroup[E]) -> E:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _pass_on(stop: asyncio.Event, turns: _Turns) -> None:
    await stop.wait()
    Systemd.from_environ(os.environ).stopping()
    turns.over.set()


async def stop_after(seconds: float, clock: Clock, stop: asyncio.Event) -> None:
    """Set ``stop`` when the time is over."""
    await clock.sleep(seconds)
    stop.set()


@contextmanager
def _hangups(reload: Callable[[], None], stop: asyncio.Event) -> Iterator[None]:
    """Take SIGHUP as a wish to reload, unless it says that the terminal is gone."""

    def hung_up() -> None:
        if _terminal_is_gone():
            stop.set()
        else:
            reload()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _terminal_is_gone() -> bool:
    """Tell whether standard output is a terminal that hung up."""
    try:
        termios.tcgetattr(sys.stdout.fileno())
    except termios.error as error:
        # a pipe or a file says ENOTTY
        return bool(error.args[0] == errno.EIO)
    return False
