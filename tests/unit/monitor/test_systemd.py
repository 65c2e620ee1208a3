"""What systemd hears, at the other end of a real socket."""

import os
from pathlib import Path

import pytest

from liqmon.monitor.systemd import Systemd
from notified import notified


@pytest.mark.parametrize("abstract", [False, True])
def test_every_word_is_a_datagram_of_its_own(tmp_path: Path, abstract: bool) -> None:
    place = f"@liqmon-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with notified(place) as listening:
        systemd = Systemd.from_environ({"NOTIFY_SOCKET": listening.address})
        systemd.ready()
        systemd.reloading(12.5)
        systemd.status("2 of 2 markets\nhave data")
        systemd.stopping()

        assert listening.told() == [
            "READY=1",
            "RELOADING=1\nMONOTONIC_USEC=12500000",
            "STATUS=2 of 2 markets have data",
            "STOPPING=1",
        ]


def test_the_watchdog_is_fed_when_every_loop_has_come_round(tmp_path: Path) -> None:
    with notified(tmp_path / "notify") as listening:
        systemd = Systemd(listening.address, watchdog_s=60.0)
        systemd.ready(["bybit", "okx"])
        assert listening.told() == ["READY=1"]

        systemd.beat("bybit")
        systemd.beat("bybit")
        assert listening.told() == []

        systemd.beat("okx")
        assert listening.told() == ["WATCHDOG=1"]

        systemd.beat("okx")
        assert listening.told() == []


def test_ready_again_after_broken_settings_awaits_the_same_loops(
    tmp_path: Path,
) -> None:
    with notified(tmp_path / "notify") as listening:
        systemd = Systemd(listening.address, watchdog_s=60.0)
        systemd.ready(["bybit", "okx"])
        systemd.ready()
        listening.told()
        systemd.beat("bybit")

        assert listening.told() == []


def test_without_a_watchdog_nobody_is_fed(tmp_path: Path) -> None:
    with notified(tmp_path / "notify") as listening:
        systemd = Systemd(listening.address)
        systemd.beat("bybit")

        assert listening.told() == []


@pytest.mark.parametrize(
    ("environ", "beat_s"),
    [
        ({}, 5.0),
        ({"WATCHDOG_USEC": "60000000"}, 5.0),
        ({"WATCHDOG_USEC": "4000000"}, 2.0),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}, 2.0),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}, 5.0),
        ({"WATCHDOG_USEC": "soon"}, 5.0),
    ],
)
def test_loops_come_round_twice_within_the_watchdogs_time(
    environ: dict[str, str], beat_s: float
) -> None:
    assert Systemd.from_environ(environ).beat_s == beat_s


def test_outside_of_systemd_nothing_is_said() -> None:
    systemd = Systemd.from_environ({})

    systemd.ready(["bybit"])
    systemd.beat("bybit")


def test_a_socket_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    Systemd(str(tmp_path / "gone"), watchdog_s=1.0).ready()
