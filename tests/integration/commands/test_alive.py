"""Is it alive? What systemd, a dead man's switch and Prometheus are told."""

import json
import re
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from liqmon.cli.app import app
from liqmon.cli.packaging import Piece
from notified import notified
from processes import Shell
from stages import CALM_MS, a_stage

UUID = "0f3c1a52-secret"
Labels = Mapping[str, set[str]]

_SELECTOR = re.compile(r"\b((?:liqmon|process)_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)(=~|=)\"([^\"]*)\"")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_SHOWN = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")
_FROM_THE_SCRAPE = {"job", "instance"}


@dataclass
class Switch:
    """A dead man's switch that remembers who asked."""

    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response()


@asynccontextmanager
async def a_switch() -> AsyncIterator[Switch]:
    switch = Switch()
    application = web.Application()
    application.router.add_get("/{anything:.*}", switch.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    switch.url = f"http://127.0.0.1:{runner.addresses[0][1]}/{UUID}"
    yield switch
    await runner.cleanup()


async def got(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


def everything_in(directory: Path) -> bytes:
    files = (path for path in directory.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


async def test_p18_started_without_a_network_it_is_ready_retries_and_then_lives(  # noqa: PLR0915 - one start of a process for all of it
    shell: Shell, tmp_path: Path, unused_tcp_port: int
) -> None:
    page = f"http://127.0.0.1:{unused_tcp_port}"
    config = tmp_path / "liqmon.toml"
    config.touch(mode=0o600)
    heard: list[str] = []

    def has_heard(words: str, *, times: int = 1) -> bool:
        heard.extend(systemd.told())
        return sum(words in one for one in heard) >= times

    with notified(tmp_path / "notify") as systemd:
        async with a_stage(CALM_MS, "http-503") as stage, a_switch() as switch:
            given = shell.given(
                stage.environ,
                NOTIFY_SOCKET=systemd.address,
                WATCHDOG_USEC="2000000",
                LIQMON_HEALTH__HEARTBEAT_URL=switch.url,
                LIQMON_HEALTH__HEARTBEAT_INTERVAL_S="1",
            )
            async with given.liqmon(
                *("watch", "BTCUSDT", "ETHUSDT"), "--metrics", f":{unused_tcp_port}"
            ) as running:
                await running.until(lambda: has_heard("cannot be reached"))
                await running.until(lambda: has_heard("WATCHDOG=1", times=2))
                assert heard[0] == "READY=1"
                assert await got(f"{page}/healthz") == (
                    503,
                    "0 of 0 markets have data\n",
                )
                assert switch.asked == []

                stage.let()
                await running.until(lambda: switch.asked)
                await running.until(lambda: has_heard("STATUS=2 of 2 markets have"))
                status, figures = await got(f"{page}/metrics")
                assert status == 200
                assert (await got(f"{page}/healthz"))[0] == 200
                check_packaging(figures)
                asked = CliRunner().invoke(
                    app, ["healthcheck", "--state-dir", str(given.state)]
                )
                assert (asked.exit_code, asked.output[:8]) == (0, "healthy:")

                config.write_text("nonsense = 1")
                running.process.send_signal(signal.SIGHUP)
                await running.until(lambda: has_heard("READY=1", times=2))
                config.write_text("")
                running.process.send_signal(signal.SIGHUP)
                await running.until(lambda: has_heard("READY=1", times=3))
                assert sum("RELOADING=1\nMONOTONIC" in one for one in heard) == 2
                pings = len(switch.asked)
                await running.until(lambda: len(switch.asked) > pings)

                running.process.send_signal(signal.SIGTERM)
                ended = await running.ended()
                assert has_heard("STOPPING=1")

            assert ended.code == 143
            assert set(switch.asked) == {f"/{UUID}"}
    assert UUID not in ended.out + ended.err + figures + str(heard)
    assert UUID.encode() not in everything_in(given.state)


async def test_a_check_leaves_a_mark_figures_and_a_sign_of_life(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "liqmon.prom"
    async with a_stage(CALM_MS) as stage, a_switch() as switch:
        given = shell.given(
            stage.environ,
            LIQMON_HEALTH__HEARTBEAT_URL=switch.url,
            LIQMON_METRICS__TEXTFILE=str(file),
        )
        ended = await given.finished("check", "BTCUSDT")

        assert (ended.code, ended.out, ended.err) == (0, "", "")
        assert switch.asked == [f"/{UUID}"]
        complete = 'liqmon_scans_total{exchange="bybit",outcome="complete"} 1.0'
        assert complete in file.read_text()
        assert (given.state / "last-scan.json").is_file()

        stage.let("http-503")
        ended = await given.given(
            LIQMON_METRICS__TEXTFILE=str(tmp_path / "no" / "such.prom")
        ).finished("check", "BTCUSDT")

        # no data: nobody is told that it lives
        assert ended.code == 3
        assert len(switch.asked) == 1
        assert "no metrics in" in ended.err
        assert UUID not in ended.err


async def test_a_port_that_is_taken_is_a_mistake_of_the_user(shell: Shell) -> None:
    async with a_stage(CALM_MS) as stage:
        port = stage.server.base_url.rpartition(":")[2]
        ended = await shell.given(stage.environ).finished(
            "watch", "BTCUSDT", "--metrics", f"127.0.0.1:{port}"
        )

    assert ended.code == 2
    assert ended.err.endswith(
        f"error: cannot serve metrics at 127.0.0.1:{port}: address already in use\n"
        "  hint: name another address with --metrics or metrics.listen\n"
    )


# the rules and the dashboard against a real scrape


def check_packaging(figures: str) -> None:
    known = labels_of(figures)
    for expression, shown in [*alerts(), *panels()]:
        check_expression(expression, shown, known)


def labels_of(figures: str) -> Mapping[str, Labels]:
    """Return every series' name with its labels and their values."""
    known: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(figures):
        for sample in family.samples:
            labels = known.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    return known


def check_expression(expression: str, shown: str, known: Mapping[str, Labels]) -> None:
    selectors = _SELECTOR.findall(expression)
    assert selectors or 'up{job="liqmon"}' in expression, expression
    names: set[str] = set(_FROM_THE_SCRAPE)
    for name, inside in selectors:
        assert name in known, expression
        names |= known[name].keys()
        for label, _, values in _MATCHER.findall(inside):
            if label not in _FROM_THE_SCRAPE:
                assert set(values.split("|")) <= known[name][label], expression
    for grouped in _GROUPED.findall(expression):
        assert {one.strip() for one in grouped.split(",")} <= names, expression
    assert set(_SHOWN.findall(shown)) <= names, (expression, shown)


def printed(piece: Piece) -> str:
    return CliRunner().invoke(app, ["packaging", piece.value]).output


def alerts() -> Iterator[tuple[str, str]]:
    [group] = yaml.safe_load(printed(Piece.ALERTS))["groups"]
    assert len(group["rules"]) >= 8
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert re.fullmatch(r"Liqmon[A-Za-z]+", rule["alert"])
        yield rule["expr"], rule["annotations"]["summary"].replace("{{ $value }}", "")


def panels() -> Iterator[tuple[str, str]]:
    dashboard: Any = json.loads(printed(Piece.GRAFANA))
    assert len({panel["id"] for panel in dashboard["panels"]}) >= 10
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("liqmon_scan_total > 0", ""),
        ('liqmon_scans_total{outcome="good"} > 0', ""),
        ("sum by (symbol) (liqmon_scans_total)", ""),
        ("liqmon_scans_total", "{{ $labels.symbol }}"),
        ("time() > 0", ""),
    ],
)
def test_an_expression_that_names_what_is_not_there_would_be_noticed(
    expression: str, shown: str
) -> None:
    known = {"liqmon_scans_total": {"exchange": {"bybit"}, "outcome": {"empty"}}}
    check_expression("sum by (exchange) (liqmon_scans_total)", "{{exchange}}", known)

    with pytest.raises(AssertionError):
        check_expression(expression, shown, known)
