"""How many processes run the tests, and what these have to account for in the end."""

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

Day = Sequence[float]
"""Alerts, kills, lost replies, duplicates and the seconds until the last arrived."""


TESTS = Path(__file__).parent
ALONE = "tests/simulation/"
"""Here each test may run in a process of its own: no two share a fixture."""

FIRST = (
    "integration/commands",
    "integration/delivery/test_killed.py",
    "integration/history",
    "simulation",
)
"""What takes longest: begun at the end, it would be waited for alone."""


hypothesis.settings.register_profile(
    "untimed",
    # a busy machine is no fault of what is tested
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    # more than there are cores: many tests wait for processes most of the time
    return (os.cpu_count() or 1) + 2


class Files(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A file's tests run in one process, where its fixtures are made once."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(ALONE) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Files:
    return Files(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    firsts = [TESTS / name for name in FIRST]

    def turn(item: pytest.Item) -> int:
        for place, first in enumerate(firsts):
            if item.path.is_relative_to(first):
                return place
        return len(firsts)

    items.sort(key=turn)


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
