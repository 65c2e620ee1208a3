"""Lists of markets: what is kept, what is made of it, and what breaks nothing."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import FakeClock
from liqmon.app.market_lists import Kept, KeptList, keep_list, kept_list, kept_names
from liqmon.app.remembered import doubts, remember
from liqmon.app.run import Run
from liqmon.exchange.client import Exchange
from liqmon.settings.models import Settings
from loopback import rigged

BTC = Kept(
    name="BTCUSDT",
    symbol="BTC/USDT:USDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    id="BTCUSDT",
    inverse=False,
    active=True,
)
OLD = replace(BTC, name="LUNAUSDT", symbol="LUNA/USDT:USDT", base="LUNA", active=False)
ETH = replace(BTC, name="ETHUSDT", symbol="ETH/USDT:USDT", base="ETH")
NOW_MS = FakeClock().now_ms()


def kept_in(cache: Path, exchange: str, *markets: Kept) -> Path:
    path = cache / "markets" / f"{exchange}.json"
    keep_list(path, KeptList(exchange.partition(".")[0], NOW_MS, markets))
    return path


def test_a_list_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    path = kept_in(tmp_path, "bybit", BTC, OLD)

    assert kept_list(path) == KeptList("bybit", NOW_MS, (BTC, OLD))
    assert list(path.parent.iterdir()) == [path]


def test_the_names_are_those_of_active_markets_each_once(tmp_path: Path) -> None:
    kept_in(tmp_path, "bybit", BTC, OLD)
    kept_in(tmp_path, "okx", ETH, BTC)

    assert kept_names(tmp_path) == ("BTCUSDT", "ETHUSDT")
    assert kept_names(tmp_path, ["okx"]) == ("ETHUSDT", "BTCUSDT")
    assert kept_names(tmp_path, ["gate"]) == ()


@pytest.mark.parametrize(
    "name", [r"\\$(reboot)", "`reboot`", "A;B", "A B", "A\nB", "\x1b[31mA", ""]
)
def test_what_a_shell_might_take_for_more_than_a_word_is_not_offered(
    name: str, tmp_path: Path
) -> None:
    kept_in(tmp_path, "bybit", replace(BTC, name=name), replace(ETH, name="币安USDT"))

    assert kept_names(tmp_path) == ("币安USDT",)


def test_an_alias_of_an_exchange_means_that_exchange(tmp_path: Path) -> None:
    kept_in(tmp_path, "binanceusdm", BTC)

    assert kept_names(tmp_path, ["binance"]) == ("BTCUSDT",)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "[" * 100_000,
        '{"schema": 2, "markets": [{"name": "A", "active": true}]}',
        '{"schema": 1, "markets": 3}',
        '{"schema": 1, "markets": [3, {}]}',
        '{"schema": 1, "exchange": "x", "at_ms": "soon", "markets": []}',
    ],
)
def test_a_list_that_cannot_be_used_is_as_good_as_none(
    tmp_path: Path, content: str
) -> None:
    path = kept_in(tmp_path, "bybit", BTC)
    path.write_text(content)

    assert kept_names(tmp_path) == ()
    assert kept_list(path) is None


def test_a_list_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = kept_in(tmp_path, "bybit", BTC)
    path.write_bytes(path.read_bytes() + b" " * (4 << 20))

    assert kept_names(tmp_path) == ()


def a_run(cache: Path | None, *symbols: str, local: bool = True) -> Run:
    exchange = {"base_url": "http://127.0.0.1:9"} if local else {}
    settings = Settings.model_validate({"exchange": exchange})
    return Run(settings, symbols, None, cache_dir=cache)


@asynccontextmanager
async def an_exchange() -> AsyncIterator[Exchange]:
    async with rigged() as rig:
        yield rig.exchange


async def test_what_an_exchange_lists_is_remembered(tmp_path: Path) -> None:
    async with an_exchange() as exchange:
        remember(a_run(tmp_path), exchange, NOW_MS)
        remember(a_run(tmp_path, local=False), exchange, NOW_MS)
        remember(a_run(None), exchange, NOW_MS)

    # an exchange on this machine does not replace what is known of the real one
    names = sorted(path.name for path in (tmp_path / "markets").iterdir())
    assert names == ["bybit.json", "bybit.local.json"]
    assert kept_names(tmp_path) == ("BTCUSDT", "ETHUSDT")


async def test_a_fresh_list_is_not_written_again(tmp_path: Path) -> None:
    path = kept_in(tmp_path, "bybit.local", BTC)
    written_s = NOW_MS // 1000
    os.utime(path, (written_s, written_s))

    async with an_exchange() as exchange:
        remember(a_run(tmp_path), exchange, NOW_MS + 5 * 3_600_000)
        assert kept_names(tmp_path) == ("BTCUSDT",)

        remember(a_run(tmp_path), exchange, NOW_MS + 7 * 3_600_000)
        assert kept_names(tmp_path) == ("BTCUSDT", "ETHUSDT")


async def test_a_cache_that_cannot_be_written_costs_a_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    (tmp_path / "markets").touch()

    async with an_exchange() as exchange:
        remember(a_run(tmp_path), exchange, NOW_MS)

    assert "the list of markets is not kept" in caplog.text


def test_a_wrong_name_is_doubted_by_the_list_and_a_right_one_is_not(
    tmp_path: Path,
) -> None:
    kept_in(tmp_path, "bybit.local", BTC, ETH)

    said = doubts(a_run(tmp_path, "btc/usdt", "BTCUSTD"), "bybit")

    assert said == (
        "by its list of 2023-11-14, 'BTCUSTD' is no perpetual on bybit "
        "(did you mean BTCUSDT?)"
    )
    assert doubts(a_run(tmp_path, "ETH"), "bybit") == ""


def test_without_a_list_there_is_no_doubt(tmp_path: Path) -> None:
    assert doubts(a_run(tmp_path, "NOPE"), "bybit") == ""
    assert doubts(a_run(None, "NOPE"), "bybit") == ""


def test_the_list_is_plain_json(tmp_path: Path) -> None:
    told = json.loads(kept_in(tmp_path, "bybit", BTC).read_text())

    assert (told["schema"], told["exchange"]) == (1, "bybit")
