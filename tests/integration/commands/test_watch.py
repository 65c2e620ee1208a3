"""``liqmon watch`` without a terminal: lines, JSON, exit codes."""

import re
import signal

import pytest

from processes import Shell
from stages import CALM_MS, FALLEN_MS, a_stage

KEYS = {
    "finding": "episode symbol exchange timeframe phase liquidated basis severity "
    "early onset_ms decided_ms price_from price_to score nearness",
    "retry": "at_ms exchange symbol attempt attempts wait_s error",
    "breaker": "at_ms old new reason open_s",
    "delivery": "at_ms episode status reason message_id latency_s",
    "feed": "at_ms exchange symbol state",
    "summary": "at_ms uptime_s cycles markets raised retried healed gave_up "
    "breaker_opened held delivered undelivered",
}

LINE = re.compile(r"\d\d:\d\d:\d\d  \S.*")


async def test_every_kind_of_line_has_its_keys(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "null-rows:ETHUSDT", "discord-500") as stage:
        shell = shell.given(
            stage.environ,
            LIQMON_BREAKER__FAILURE_THRESHOLD="1",
            LIQMON_BREAKER__OPEN_S="1.5",
        )
        async with shell.liqmon("watch", "BTCUSDT", "ETHUSDT", "--json") as running:
            await running.says('"state":"gave_up"')
            await running.says('"status":"held"')
            stage.let()
            await running.says('"status":"sent"', times=3)
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

    assert {event["event"] for event in ended.events()} == set(KEYS)
    for event in ended.events():
        assert event["schema"] == 1
        assert set(KEYS[event["event"]].split()) <= set(event), event
    onset = ended.events("finding")[0]
    assert onset["symbol"] == "BTC/USDT:USDT"
    assert onset["liquidated"] == "long"
    assert onset["phase"] == "onset"
    assert onset["basis"] == "inferred"
    assert onset["severity"] == "medium"
    moved = [event["new"] for event in ended.events("breaker")]
    assert moved == ["open", "half-open", "closed"]
    summary = ended.events()[-1]
    assert summary["event"] == "summary"
    assert summary["raised"] == summary["delivered"] == 2
    assert (summary["breaker_opened"], summary["undelivered"]) == (1, 0)
    assert summary["retried"] == len(ended.events("retry"))


async def test_into_a_pipe_go_plain_lines(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(
            stage.environ,
            # a pipe is no terminal, whatever makes rich believe it is one
            FORCE_COLOR="1",
            TTY_COMPATIBLE="1",
            LIQMON_HEALTH__STATUS_INTERVAL_S="1",
        )
        async with shell.liqmon("watch", "BTCUSDT") as running:
            await running.says("delivered", times=2)
            await running.says("1 market: 1 ok; nearest BTCUSDT")
            await running.says("discord closed, 0 queued")
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

    assert (ended.code, ended.err) == (0, "")
    assert all(LINE.fullmatch(line) for line in ended.out.splitlines())
    assert "BTCUSDT long liquidations MEDIUM" in ended.out
    assert ended.out.endswith("2 delivered, 0 undelivered\n")
    assert "\x1b" not in ended.out


async def test_it_ends_by_itself_when_the_time_is_over(shell: Shell) -> None:
    ended = await shell.finished("watch", "BTCUSDT", "--for", "0.1s", "--json")

    assert ended.code == 0
    assert ended.events()[-1]["event"] == "summary"


async def test_without_a_webhook_it_runs_and_says_so(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        environ = dict(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        del environ["LIQMON_DISCORD__WEBHOOK_URL"]
        async with shell.given(environ).liqmon("watch", "BTCUSDT") as running:
            await running.complains("no webhook")
            await running.says("long liquidations MEDIUM")
            await running.says("no webhook")
            running.process.terminate()
            ended = await running.ended()

        assert stage.posts() == 0
    assert ended.code == 143
    kept = await shell.finished("outbox", "list")
    assert "there is no webhook" in kept.out
    assert kept.out.count("pending") == 2


async def test_a_dry_run_shows_all_sends_nothing_and_leaves_nothing(
    shell: Shell,
) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        async with shell.liqmon("watch", "BTCUSDT", "--dry-run") as running:
            await running.says("liquidations rise to HIGH")
            running.process.send_signal(signal.SIGINT)
            ended = await running.ended()

        assert stage.posts() == 0
    assert (ended.code, ended.err) == (0, "")
    assert "2 raised" in ended.out
    assert not shell.state.exists()


async def test_the_markets_come_from_the_settings(shell: Shell) -> None:
    (shell.home / "liqmon.toml").write_text('[watch]\nsymbols = ["eth/usdt"]\n')
    async with a_stage(CALM_MS) as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch") as running:
            await running.says("1 market: 1 ok; nearest ETHUSDT")
            running.process.send_signal(signal.SIGINT)
            assert (await running.ended()).code == 0


async def test_a_webhook_that_is_gone_is_said_and_rows_are_kept(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "discord-404") as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch", "BTCUSDT", "--plain") as running:
            await running.says("webhook circuit breaker dead")
            await running.says("1 market: 1 ok")
            running.process.terminate()
            ended = await running.ended()

        assert stage.posts() == 1
    assert ended.code == 143
    assert "make a new webhook" in ended.err
    assert "2 undelivered" in ended.out
    kept = await shell.finished("outbox", "list")
    assert kept.out.count("pending") == 2


async def test_an_exchange_that_is_down_at_the_start_is_waited_for(
    shell: Shell,
) -> None:
    async with a_stage(CALM_MS, "http-503") as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch", "BTCUSDT") as running:
            await running.says("bybit: feed unavailable for 1 s")
            stage.let()
            await running.says("1 market: 1 ok")


async def test_e10_an_exchange_that_refuses_this_country_is_not_asked_again(
    shell: Shell,
) -> None:
    async with a_stage(CALM_MS, "451") as stage:
        shell = shell.given(stage.environ, LIQMON_HEALTH__STATUS_INTERVAL_S="1")
        async with shell.liqmon("watch", "BTCUSDT") as running:
            await running.says("bybit: blocked: this host or country is refused")
            asked = len(stage.server.requests)
            lines = running.out.count("raised 0")
            await running.says("raised 0", times=lines + 2)
            assert len(stage.server.requests) == asked
            running.process.terminate()
            ended = await running.ended()

    assert ended.code == 143
    assert ended.out.count("blocked") == 1


# what is asked of it makes no sense


async def test_an_unknown_market_is_a_mistake_with_suggestions(shell: Shell) -> None:
    async with a_stage(CALM_MS) as stage:
        ended = await shell.given(stage.environ).finished("watch", "BTCUSDT", "ETHUDST")

    assert ended.code == 2
    assert "error: 'ETHUDST' is no perpetual on bybit" in ended.err
    assert "did you mean ETHUSDT" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["BTCUSDT", "--exchange", "bibit"], "'bibit'", "bybit"),
        ([], "no market to watch", "[watch] symbols"),
        (["BTCUSDT", "--timeframe", "7m"], "watch.timeframe", "'1m' or '5m'"),
        (["BTCUSDT", "--for", "soon"], "'soon' is no duration", "30s"),
        (["BTCUSDT", "--config", "gone.toml"], "gone.toml", "the command line"),
    ],
)
async def test_a_mistake_is_exit_code_2_and_says_what_to_do(
    shell: Shell, arguments: list[str], what: str, hint: str
) -> None:
    ended = await shell.finished("watch", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert what in ended.err
    assert hint in ended.err
    assert "Traceback" not in ended.err


async def test_p05_two_watches_do_not_share_a_state(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        async with shell.liqmon("watch", "BTCUSDT", "--json") as first:
            await first.says('"status":"sent"', times=2)
            second = await shell.finished("watch", "ETHUSDT")

            assert second.code == 75
            assert f"(process {first.process.pid})" in second.err
            assert first.process.returncode is None
        assert stage.posts() == 2
