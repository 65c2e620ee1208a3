"""How many processes run the tests, and what these have to account for in the end."""

import os
import sys
from collections.abc import Generator, Iterator, Sequence

import pytest

Day = Sequence[float]
"""Alerts, kills, lost replies, duplicates and the seconds until the last arrived."""


def pytest_xdist_auto_num_workers() -> int:
    # one more than there are cores: many tests wait for processes most of the time
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Switch the measuring of coverage off where a mark asks for it."""
    tracer = sys.gettrace()
    if item.get_closest_marker("untraced"):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    accounts = sorted(_recorded(terminalreporter, "account"), key=str)
    days: list[Day] = [day for day in _recorded(terminalreporter, "day") if day]  # type: ignore[misc]
    if not accounts:
        return
    terminalreporter.section("accounts")
    for account in accounts:
        terminalreporter.write_line(str(account))
    if days:
        terminalreporter.write_line(_total(days))


def _recorded(reporter: pytest.TerminalReporter, name: str) -> Iterator[object]:
    for outcome in ("passed", "failed"):
        for report in reporter.getreports(outcome):
            yield from (value for key, value in report.user_properties if key == name)


def _total(days: Sequence[Day]) -> str:
    alerts, kills, lost, duplicates, _ = (
        int(sum(column)) for column in zip(*days, strict=True)
    )
    slowest_s = max(day[-1] for day in days)
    return (
        f"{len(days)} virtual days: {alerts} alerts, {kills} kills, {lost} lost "
        f"replies, {duplicates} duplicates, slowest drain {slowest_s:.0f} s"
    )
