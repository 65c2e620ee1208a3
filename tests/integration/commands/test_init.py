"""``liqmon init`` on a terminal: four questions, and the secret is not shown."""

from fakes import FakeClock
from liqmon.sim.generated import generated
from liqmon.sim.server import SimServer
from processes import Shell, a_terminal


async def test_four_questions_each_asked_again_until_it_can_be_used(
    shell: Shell,
) -> None:
    async with SimServer(markets=generated(1), clock=FakeClock()) as sim:
        shell = shell.given(
            LIQMON_EXCHANGE__BASE_URL=sim.base_url,
            LIQMON_DISCORD__BASE_URL=sim.base_url,
        )
        with a_terminal() as terminal:
            async with shell.on_terminal(terminal, "init") as running:
                await terminal.shows(b"Markets to watch")
                terminal.press(b"BTCUSTD\n")
                await terminal.shows(b"did you mean BTCUSDT?")
                terminal.press(b"\n")
                await terminal.shows(b"bybit has BTC/USDT:USDT, ETH/USDT:USDT")
                await terminal.shows(b"webhook URL (not shown")
                terminal.press(b"https://example.com/\n")
                await terminal.shows(b"does not point at discord.com")
                await terminal.shows(b"Webhooks\r\nDiscord webhook URL")
                terminal.press(sim.webhook_url.encode() + b"\n")
                await terminal.shows(b"role to mention")
                terminal.press(b"\n")
                await terminal.shows(b"which severity")
                terminal.press(b"extreme\n")
                await terminal.shows(b"one of low, medium, high")
                terminal.press(b"HIGH\n")
                finished = await running.ended()

        seen = bytes(terminal.seen).decode()
        assert finished.code == 0, seen
        assert "test message delivered" in seen
        assert len(sim.discord.messages) == 1
        assert sim.webhook_url.rpartition("/")[2] not in seen
        saved = shell.home / "config" / "liqmon" / "config.toml"
        assert 'symbols = ["BTCUSDT", "ETHUSDT"]' in saved.read_text()
        assert 'severity = ["high", "critical"]' in saved.read_text()


async def test_ctrl_c_in_the_middle_saves_nothing(shell: Shell) -> None:
    with a_terminal() as terminal:
        async with shell.on_terminal(terminal, "init") as running:
            await terminal.shows(b"Markets to watch")
            terminal.press(b"\x03")
            finished = await running.ended()

    assert finished.code == 130
    assert b"nothing was saved" in bytes(terminal.seen)
    assert not (shell.home / "config").exists()
