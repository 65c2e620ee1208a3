"""``liqmon check`` as cron runs it."""

import re
import signal

from processes import Shell
from stages import CALM_MS, FALLEN_MS, a_stage

FINDING = re.compile(r"\d\d:\d\d:\d\d  BTCUSDT long liquidations MEDIUM: .*")


async def test_a_calm_market_is_worth_no_mail(shell: Shell) -> None:
    async with a_stage(CALM_MS) as stage:
        ended = await shell.given(stage.environ).finished("check", "BTCUSDT", "ETHUSDT")

        assert (ended.code, ended.out, ended.err) == (0, "", "")
        assert stage.posts() == 0


async def test_a_finding_is_printed_and_delivered_once_in_however_many_runs(
    shell: Shell,
) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        first = await shell.finished("check", "BTCUSDT", "ETHUSDT")
        second = await shell.finished("check", "BTCUSDT", "ETHUSDT", "--exit-code")

        onset, escalation = first.out.splitlines()
        assert FINDING.fullmatch(onset), onset
        assert "rise to HIGH" in escalation
        assert (first.code, first.err) == (0, "")
        assert (second.code, second.out, second.err) == (0, "", "")
        assert len(stage.arrived()) == stage.posts() == 2


async def test_findings_are_an_exit_code_for_those_who_ask(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        ended = await shell.given(stage.environ).finished(
            "check", "BTCUSDT", "--exit-code", "--json"
        )

        assert ended.code == 10
        phases = [event["phase"] for event in ended.events("finding")]
        assert phases == ["onset", "escalation"]
        sent = [event["status"] for event in ended.events("delivery")]
        assert sent == ["sent", "sent"]


async def test_a_dry_run_sends_nothing_and_leaves_nothing(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        shell = shell.given(stage.environ)
        ended = await shell.finished("check", "BTCUSDT", "--dry-run")

        assert ended.code == 0, ended.err
        assert "BTCUSDT long liquidations" in ended.out
        assert stage.posts() == 0
        assert not shell.state.exists()


async def test_without_a_webhook_it_is_a_mistake(shell: Shell) -> None:
    ended = await shell.finished("check", "BTCUSDT")

    assert ended.code == 2
    assert ended.err.startswith("error: no webhook")
    assert "LIQMON_DISCORD__WEBHOOK_URL" in ended.err


async def test_p05_a_run_that_overlaps_another_leaves_at_once(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "hang") as stage:
        shell = shell.given(stage.environ)
        async with shell.liqmon("check", "BTCUSDT") as first:
            await first.until(lambda: stage.server.requests)
            second = await shell.finished("check", "BTCUSDT")

            assert second.code == 75
            assert f"another run (process {first.process.pid})" in second.err
            assert first.process.returncode is None


async def test_p06_a_run_that_was_killed_does_not_keep_the_next_one_out(
    shell: Shell,
) -> None:
    async with a_stage(FALLEN_MS, "hang") as stage:
        shell = shell.given(stage.environ)
        async with shell.liqmon("check", "BTCUSDT") as first:
            await first.until(lambda: stage.server.requests)
        stage.let()
        second = await shell.finished("check", "BTCUSDT")

        assert second.code == 0, second.err
        assert len(stage.arrived()) == 2


async def test_e26_an_exchange_that_is_down_is_exit_code_3(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "http-503") as stage:
        ended = await shell.given(stage.environ).finished("check", "BTCUSDT")

        assert ended.code == 3
        assert ended.out == ""
        assert "bybit cannot be reached" in ended.err
        assert "Traceback" not in ended.err


async def test_a_finding_that_discord_does_not_take_is_exit_code_4_until_it_does(
    shell: Shell,
) -> None:
    async with a_stage(FALLEN_MS, "discord-500") as stage:
        shell = shell.given(stage.environ, LIQMON_BREAKER__FAILURE_THRESHOLD="1")
        down = await shell.finished("check", "BTCUSDT", "--exit-code")
        stage.let()
        held = await shell.finished("check", "BTCUSDT")

        assert down.code == held.code == 4
        # the breaker that the first run opened is still open in the second
        assert stage.posts() == 1

        shell = shell.given(LIQMON_BREAKER__OPEN_S="0.1")
        recovered = await shell.finished("check", "BTCUSDT")

        assert (recovered.code, recovered.out, recovered.err) == (0, "", "")
        probe, report, other = stage.arrived()
        assert "BTCUSDT" in probe
        assert "BTCUSDT" in other
        assert "Discord was unreachable" in report


async def test_d12_a_webhook_that_is_gone_is_exit_code_4_while_something_is_due(
    shell: Shell,
) -> None:
    async with a_stage(FALLEN_MS, "discord-404") as stage:
        shell = shell.given(stage.environ)
        first = await shell.finished("check", "BTCUSDT")
        stage.let()
        second = await shell.finished("check", "BTCUSDT")

        assert first.code == second.code == 4
        assert "webhook" in first.err
        assert stage.posts() == 1


async def test_one_market_that_failed_counts_only_for_the_strict(shell: Shell) -> None:
    async with a_stage(CALM_MS, "null-rows:ETHUSDT") as stage:
        shell = shell.given(stage.environ)
        easy = await shell.finished("check", "BTCUSDT", "ETHUSDT")
        strict = await shell.finished("check", "BTCUSDT", "ETHUSDT", "--strict")

        assert (easy.code, easy.out) == (0, "")
        assert strict.code == 5
        assert "ETHUSDT" in strict.err
        assert "BTCUSDT" not in strict.err


async def test_p01_signals_end_it_with_codes_of_their_own(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "hang") as stage:
        shell = shell.given(stage.environ)
        codes = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            stage.server.exchange.requests.clear()
            async with shell.liqmon("check", "BTCUSDT") as running:
                await running.until(lambda: stage.server.requests)
                running.process.send_signal(number)
                ended = await running.ended()
                codes[number] = ended.code
                assert "Traceback" not in ended.err

        assert codes == {signal.SIGINT: 130, signal.SIGTERM: 143}


async def test_the_deadline_holds_although_the_exchange_hangs(shell: Shell) -> None:
    async with a_stage(FALLEN_MS, "hang") as stage:
        ended = await shell.given(stage.environ).finished(
            "check", "BTCUSDT", "--deadline", "2s"
        )

        assert ended.code == 3
        assert "the pass did not end within 1 s" in ended.err


async def test_a_state_that_cannot_be_written_is_a_mistake(shell: Shell) -> None:
    blocked = shell.home / "a-file"
    blocked.write_text("")
    async with a_stage(CALM_MS) as stage:
        ended = await shell.given(stage.environ).finished(
            "check", "BTCUSDT", "--state-dir", str(blocked)
        )

        assert ended.code == 2
        assert "Traceback" not in ended.err
