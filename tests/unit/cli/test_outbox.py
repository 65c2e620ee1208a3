"""``liqmon outbox`` as it is typed."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from couriers import entry
from liqmon.clock import SystemClock
from liqmon.core.breaker import Breaker, BreakerPolicy, Verdict
from liqmon.core.model import Severity
from liqmon.discord.answers import Fate, Ruling
from liqmon.monitor.gate import Gate
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxEntry, RowState, Settlement
from liqmon.webhook import WebhookUrl
from shells import Typed, a_shell, go_home
from webhooks import URL

AGE = "12 min"
WHAT = "BTCUSDT long onset"

FAILED = Ruling(Verdict.FAILURE, Fate.RETRY, "Discord is failing (HTTP 500)")


@pytest.fixture
def typed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Return a shell in an empty home with a webhook: code and both streams out."""
    go_home(tmp_path, monkeypatch)
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", URL)
    return a_shell(capsys, "outbox")


def filled(state_dir: Path, *rows: tuple[OutboxEntry, Settlement | None]) -> None:
    """Put rows into the outbox that have been waiting for twelve minutes."""
    asyncio.run(_filled(state_dir, rows))


async def _filled(
    state_dir: Path, rows: tuple[tuple[OutboxEntry, Settlement | None], ...]
) -> None:
    store = await Store.open(state_dir)
    now_ms = SystemClock().now_ms() - 750_000
    for number, (row, settlement) in enumerate(rows, 1):
        await store.enqueue(row, now_ms=now_ms)
        if settlement is not None:
            await store.begin_attempt(number)
            await store.settle(number, settlement, now_ms=now_ms)
    await store.close()


def held_open(state_dir: Path) -> None:
    """Leave an open breaker behind."""
    asyncio.run(_held_open(state_dir))


async def _held_open(state_dir: Path) -> None:
    clock = SystemClock()
    now, now_ms = clock.monotonic(), clock.now_ms()
    gate = Gate(Breaker(BreakerPolicy()), WebhookUrl(URL).fingerprint)
    for _ in range(3):
        gate.settle(gate.enter(now), FAILED, now, now_ms)
    store = await Store.open(state_dir)
    await store.begin_attempt(receiver=gate.export(now, now_ms))
    await store.close()


TRIED = Settlement(state=RowState.PENDING, error="Discord is failing (HTTP 503)")
DEAD = Settlement(state=RowState.DEAD, error="Discord refuses this message")
SENT = Settlement(state=RowState.SENT, message_id="42")
REPORT = OutboxEntry(
    dedup_key="report", episode="", kind="report", severity=1, payload={"held": 1}
)


def test_every_message_that_is_not_delivered_has_a_line_with_the_reason(
    typed: Typed, tmp_path: Path
) -> None:
    filled(
        tmp_path / "state",
        (entry(1, severity=Severity.HIGH), TRIED),
        (entry(2), DEAD),
        (entry(3), SENT),
        (entry(4), None),
        (REPORT, None),
    )

    code, out, _ = typed("list")

    assert code == 0
    assert out.splitlines() == [
        "id  state    severity  age     tries  what                why",
        f"1   pending  high      {AGE}  1      {WHAT}  Discord is failing (HTTP 503)",
        f"2   dead     medium    {AGE}  1      {WHAT}  Discord refuses this message",
        f"4   pending  medium    {AGE}  0      {WHAT}  about to be sent",
        f"5   pending  low       {AGE}  0      report              about to be sent",
    ]


def test_an_open_breaker_is_the_reason_of_what_was_not_tried(
    typed: Typed, tmp_path: Path
) -> None:
    filled(tmp_path / "state", (entry(1), None))
    held_open(tmp_path / "state")

    first, _, row = typed("list")[1].splitlines()

    assert first == "nothing is sent: breaker open: Discord is failing (HTTP 500)"
    assert row.endswith("breaker open: Discord is failing (HTTP 500)")


def test_without_a_webhook_that_is_the_reason(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIQMON_DISCORD__WEBHOOK_URL")
    filled(tmp_path / "state", (entry(1), None))

    assert typed("list")[1].splitlines()[-1].endswith("  there is no webhook")


def test_where_another_receiver_takes_it_a_missing_webhook_is_no_reason(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIQMON_DISCORD__WEBHOOK_URL")
    settings = tmp_path / "liqmon.toml"
    settings.write_text('[[notify]]\nname = "phone"\nurl = "json://127.0.0.1"\n')
    settings.chmod(0o600)
    assert typed("list")[1] == "no such messages in the outbox\n"
    filled(tmp_path / "state", (entry(1), None))

    assert typed("list")[1].splitlines()[-1].endswith("  about to be sent")


def test_states_can_be_chosen(typed: Typed, tmp_path: Path) -> None:
    filled(tmp_path / "state", (entry(1), None), (entry(2), DEAD), (entry(3), SENT))

    out = typed("list", "--state", "sent", "--state", "dead")[1]

    assert [line.split()[1] for line in out.splitlines()[1:]] == ["dead", "sent"]


def test_an_empty_outbox_says_so(typed: Typed) -> None:
    assert typed("list") == (0, "no such messages in the outbox\n", "")


def test_json_is_one_object_for_programs(typed: Typed, tmp_path: Path) -> None:
    filled(tmp_path / "state", (entry(1), TRIED))

    told = json.loads(typed("list", "--json")[1])

    assert (told["schema"], told["held"]) == (1, None)
    [row] = told["rows"]
    assert {name: row[name] for name in ("id", "state", "kind", "attempts")} == {
        "id": 1,
        "state": "pending",
        "kind": "finding",
        "attempts": 1,
    }
    assert (row["exchange"], row["symbol"]) == ("bybit", "BTC/USDT:USDT")
    assert (row["phase"], row["liquidated"], row["severity"]) == (
        "onset",
        "long",
        "medium",
    )
    assert row["why"] == "Discord is failing (HTTP 503)"


def test_show_prints_one_message_with_its_facts(typed: Typed, tmp_path: Path) -> None:
    filled(tmp_path / "state", (entry(1), SENT))

    code, out, _ = typed("show", "1")

    told = json.loads(out)
    assert code == 0
    assert (told["schema"], told["state"], told["message_id"]) == (1, "sent", "42")
    assert told["facts"]["price_from"] == 64_052.0


def test_show_of_what_is_not_there_says_where_to_look(typed: Typed) -> None:
    code, _, err = typed("show", "7")

    assert code == 2
    assert "there is no message 7" in err
    assert "liqmon outbox list" in err


async def test_it_works_while_a_run_holds_the_state(
    typed: Typed, tmp_path: Path
) -> None:
    held = await Store.open(tmp_path / "state")
    await held.enqueue(entry(), now_ms=SystemClock().now_ms())
    code, out, _ = await asyncio.to_thread(typed, "list")
    await held.close()

    assert code == 0
    assert "BTCUSDT long onset" in out


def test_a_row_of_another_version_is_listed_all_the_same(
    typed: Typed, tmp_path: Path
) -> None:
    odd: dict[str, Any] = {"symbol": 7}
    row = replace(entry(1), payload=odd, severity=9)
    filled(tmp_path / "state", (row, None))

    assert f"9         {AGE}  0      finding" in typed("list")[1]


def test_foreign_text_cannot_move_the_cursor(typed: Typed, tmp_path: Path) -> None:
    evil = {"symbol": "A\x1b[2J/B", "liquidated": "long", "phase": "onset"}
    error = Settlement(state=RowState.PENDING, error="\x1b[31mred\nline")
    filled(tmp_path / "state", (replace(entry(1), payload=evil), error))

    out = typed("list")[1]

    assert "\x1b" not in out
    assert out.count("\n") == 2


def test_on_a_terminal_no_line_is_wider_than_it(typed: Typed, tmp_path: Path) -> None:
    long = Settlement(state=RowState.DEAD, error="a long story " * 20)
    filled(tmp_path / "state", (entry(1), long))
    assert "…" not in typed("list")[1]

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "liqmon", "outbox", "list"],
        stdout=theirs,
        env=dict(os.environ) | {"COLUMNS": "80"},
    ) as listing:
        listing.wait(30)
        os.close(theirs)
        lines = os.read(ours, 10_000).decode().splitlines()
        os.close(ours)

    assert max(map(len, lines)) == 80
    assert lines[-1].endswith("…")


def test_a_dead_message_can_be_retried(typed: Typed, tmp_path: Path) -> None:
    filled(tmp_path / "state", (entry(1), DEAD), (entry(2), DEAD), (entry(3), SENT))

    assert typed("retry", "1") == (0, "to be sent again: 1 message\n", "")
    assert "pending" in typed("list")[1]
    assert json.loads(typed("retry", "--all", "--json")[1]) == {
        "schema": 1,
        "retried": [2],
    }
    assert typed("retry", "--all")[1] == "to be sent again: 0 messages\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["7"], "there is no message 7"),
        (["1"], "message 1 is sent; only dead and expired ones are retried"),
        ([], "either ids or --all"),
        (["1", "--all"], "either ids or --all"),
    ],
)
def test_what_cannot_be_retried_is_an_error_of_use(
    typed: Typed, tmp_path: Path, arguments: list[str], said: str
) -> None:
    filled(tmp_path / "state", (entry(1), SENT))

    code, out, err = typed("retry", *arguments)

    assert (code, out) == (2, "")
    assert said in err


def test_dead_messages_can_be_purged_and_others_by_name(
    typed: Typed, tmp_path: Path
) -> None:
    filled(tmp_path / "state", (entry(1), DEAD), (entry(2), SENT), (entry(3), None))

    assert typed("purge") == (0, "deleted: 1 message\n", "")
    purged = typed("purge", "--state", "sent", "--state", "pending", "--json")
    assert json.loads(purged[1]) == {"schema": 1, "purged": 2}
    assert typed("list", "--state", "sent")[1] == "no such messages in the outbox\n"


async def test_both_work_while_a_run_holds_the_state(
    typed: Typed, tmp_path: Path
) -> None:
    held = await Store.open(tmp_path / "state")
    await held.enqueue(entry(1), now_ms=1)
    await held.settle(1, DEAD, now_ms=SystemClock().now_ms())

    assert (await asyncio.to_thread(typed, "retry", "1"))[0] == 0
    assert await held.depth() == 1
    assert (await asyncio.to_thread(typed, "purge", "--state", "pending"))[0] == 0
    assert await held.depth() == 0
    await held.close()


def test_a_row_of_a_digest_says_so(typed: Typed, tmp_path: Path) -> None:
    filled(tmp_path / "state", (entry(1), None))
    asyncio.run(digested(tmp_path / "state"))

    assert (
        typed("list")[1].splitlines()[1].endswith("to be told in a digest (message 2)")
    )


async def digested(state_dir: Path) -> None:
    store = await Store.open(state_dir)
    await store.fold(REPORT, [1], now_ms=SystemClock().now_ms())
    await store.close()


def test_each_route_has_its_own_reason(typed: Typed, tmp_path: Path) -> None:
    """The default webhook is held, that of the route is not."""
    settings = tmp_path / "liqmon.toml"
    other = URL.replace("123456789012345678", "123456789012345679")
    route = f'name = "btc"\nwebhook_url = "{other}"\nsymbols = ["BTC"]'
    settings.write_text(f"[[discord.routes]]\n{route}\n")
    settings.chmod(0o600)
    rows = (entry(1), None), (replace(entry(2), route="btc"), None)
    filled(tmp_path / "state", *rows)
    held_open(tmp_path / "state")

    lines = typed("list")[1].splitlines()

    assert lines[2].endswith("breaker open: Discord is failing (HTTP 500)")
    assert lines[3].endswith("about to be sent")


def test_show_takes_json_like_every_command(typed: Typed, tmp_path: Path) -> None:
    filled(tmp_path / "state", (replace(entry(1), route="btc"), SENT))

    told = json.loads(typed("show", "1", "--json")[1])

    assert (told["route"], told["digest"]) == ("btc", None)
