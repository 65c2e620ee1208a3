"""One pass, for cron: what it prints and the exit code it comes to."""

import signal
import sys
from collections.abc import Iterator

from liqmon.app.run import Run, empty_board
from liqmon.app.runs import CheckResult, check
from liqmon.cli.asked import Asked, logging_as_asked
from liqmon.cli.errors import ExitCode, worst
from liqmon.cli.running import Signals, run
from liqmon.clock import SystemClock
from liqmon.core.events import Event, FindingRaised
from liqmon.errors import ConfigError
from liqmon.monitor.bulletin import Bulletin
from liqmon.ui.lines import stamped
from liqmon.ui.ndjson import dumps

__all__ = ["run_check"]


def run_check(
    asked: Asked, *, deadline_s: float, exit_code: bool, strict: bool, as_json: bool
) -> ExitCode:
    """Do one pass and return how it ended.

    Raises:
        ConfigError: there is no webhook, and nobody said ``--dry-run``.
    """
    ordered = asked.run()
    if not (ordered.settings.has_receiver or asked.dry_run):
        raise ConfigError(
            "no webhook: a finding could not be delivered",
            hint="set LIQMON_DISCORD__WEBHOOK_URL or discord.webhook_url_file, "
            "or say --dry-run",
        )
    # cron mails whatever is printed: a retry that worked is no news
    with logging_as_asked(asked, ordered.settings, to_terminal=True, least="error"):
        ended = run(lambda signals: _pass(ordered, deadline_s, signals, as_json))
    if ended.signal is not None:
        stopped = ended.signal is signal.SIGTERM
        return ExitCode.TERMINATED if stopped else ExitCode.INTERRUPTED
    if ended.value is None:
        return ExitCode.FAILED
    return worst(_codes(ended.value, exit_code=exit_code, strict=strict))


async def _pass(
    ordered: Run,
    deadline_s: float,
    signals: Signals,
    as_json: bool,  # noqa: FBT001
) -> CheckResult:
    clock = SystemClock()
    bulletin = Bulletin(clock, empty_board(ordered, clock))

    def tell(event: Event) -> None:
        if as_json:
            sys.stdout.write(f"{dumps(event)}\n")
        elif isinstance(event, FindingRaised):
            sys.stdout.write(f"{stamped(event)}\n")

    with bulletin.listening(tell):
        return await check(
            ordered,
            clock=clock,
            bulletin=bulletin,
            deadline_s=deadline_s,
            stop=signals.stop,
        )


def _codes(result: CheckResult, *, exit_code: bool, strict: bool) -> Iterator[ExitCode]:
    if result.failed == result.markets:
        yield ExitCode.NO_DATA
    if result.undelivered:
        yield ExitCode.UNDELIVERED
    if strict and result.failed:
        yield ExitCode.PARTIAL
    if exit_code and result.raised:
        yield ExitCode.FINDINGS
