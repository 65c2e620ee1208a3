"""What a run did, as the commands that look back tell it afterwards."""

import json
import os
import re

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
        checked = await shell.given(stage.environ).finished("check", "BTCUSDT")
    listed = await shell.finished("history")
    head, row = listed.out.splitlines()
    counted = json.loads((await shell.finished("stats", "--json")).out)
    found = re.search(r"sent  ([0-9a-f]{8})", row)
    assert found is not None, row
    shown = await shell.finished("show", found[1][:5], "--ascii")
    unread = await to_nobody(shell, "show", found[1])

    assert checked.code == listed.code == shown.code == 0
    assert (unread.code, unread.err) == (0, "")
    assert "\x1b" not in listed.out
    assert head.startswith("onset (UTC)")
    assert "BTCUSDT  long  high" in row
    assert "onset delivered" in shown.out
    assert shown.out.count("*") > 20
    (market,) = counted["markets"]
    assert (market["market"], market["polls"]) == ("bybit:BTC/USDT:USDT", 1)
    (webhook,) = counted["webhooks"]
    assert (webhook["by_answer"], webhook["success"]) == ({"200": 2}, 1.0)
