"""How many processes run the tests, and what these have to account for in the end."""

import os
from collections.abc import Iterator, Sequence

import pytest

Day = Sequence[float]
"""Alerts, kills, lost replies, duplicates and the seconds until the last arrived."""


def pytest_xdist_auto_num_workers() -> int:
    # one more than there are cores: many tests wait for processes most of the time
    return (os.cpu_count() or 1) + 1


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
