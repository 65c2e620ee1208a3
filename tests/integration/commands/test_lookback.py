"""What a run did, as the commands that look back tell it afterwards."""

import json
import os

from processes import Finished, Shell
from stages import FALLEN_MS, a_stage


async def to_nobody(shell: Shell, *arguments: str) -> Finished:
    """Run a command whose reader has gone away, as ``head`` does."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        async with shell.liqmon(*arguments, stdout=writer) as running:
            return await running.ended()
    finally:
        os.close(writer)


async def test_what_a_check_found_can_be_looked_up_afterwards(shell: Shell) -> None:
    async with a_stage(FALLEN_MS) as stage:
        stage_shell = shell.given(stage.environ)
        checked = await stage_shell.finished("check", "BTCUSDT", "--json")
    episode = checked.events("finding")[0]["episode"]
    counted = json.loads((await shell.finished("stats", "--json")).out)
    shown = await shell.finished("show", episode[:5], "--ascii")
    unread = await to_nobody(shell, "history")

    assert checked.code == shown.code == 0
    assert (unread.code, unread.err) == (0, "")
    assert "\x1b" not in shown.out
    assert shown.out.startswith(f"{episode} - BTCUSDT (bybit, 1m) - long")
    assert "onset delivered" in shown.out
    assert shown.out.count("*") > 20
    (market,) = counted["markets"]
    assert (market["market"], market["polls"]) == ("bybit:BTC/USDT:USDT", 1)
    (webhook,) = counted["webhooks"]
    assert (webhook["by_answer"], webhook["success"]) == ({"200": 2}, 1.0)
