"""``liqmon test-webhook`` as it is typed, against a strict Discord on loopback."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from fakes import FakeClock
from liqmon.app.trial import send_test
from liqmon.clock import SystemClock
from liqmon.core.breaker import Breaker, BreakerPolicy, Verdict
from liqmon.core.model import Severity
from liqmon.discord.answers import Fate, Ruling
from liqmon.errors import UserError
from liqmon.monitor.gate import Gate
from liqmon.settings.models import DiscordTable
from liqmon.settings.receivers import ReceiverUrl
from liqmon.store.database import Store
from liqmon.webhook import WebhookUrl
from loopback_discord import URL, Loopback
from receivers import SECRET, an_inbox
from shells import Typed

FINGERPRINT = WebhookUrl(URL).fingerprint
GONE = Ruling(Verdict.FATAL, Fate.RETRY, "this webhook does not exist any more")
LIMITED = Ruling(Verdict.NEUTRAL, Fate.RETRY, "rate-limited", wait_s=600.0)


async def remember(
    state_dir: Path, ruling: Ruling, fingerprint: str = FINGERPRINT
) -> None:
    """Leave the state behind that a run leaves after such an answer."""
    clock = SystemClock()
    now, now_ms = clock.monotonic(), clock.now_ms()
    gate = Gate(Breaker(BreakerPolicy()), fingerprint)
    gate.settle(gate.enter(now), ruling, now, now_ms)
    store = await Store.open(state_dir)
    await store.begin_attempt(receiver=gate.export(now, now_ms))
    await store.close()


async def known(state_dir: Path) -> bool:
    store = await Store.open(state_dir)
    state = await store.load_receiver(FINGERPRINT)
    await store.close()
    return state is not None


async def test_a_message_marked_test_arrives_and_all_about_it_is_printed(
    discord: Loopback, tested: Typed
) -> None:
    code, out, err = await asyncio.to_thread(tested)

    assert (code, err) == (0, "")
    [message] = discord.discord.messages
    assert "TEST" in str(message.payload["content"])
    assert "delivered (HTTP 200)" in out
    assert "HTTP status              200" in out
    assert " ms\n" in out
    assert f"message id               {message.id}" in out
    assert "x-ratelimit-remaining    4" in out


async def test_the_severity_can_be_chosen(discord: Loopback, tested: Typed) -> None:
    code, _, _ = await asyncio.to_thread(tested, "--severity", "critical")

    assert code == 0
    assert "CRITICAL" in str(discord.discord.messages[0].payload)


async def test_json_is_one_object_for_programs(
    discord: Loopback, tested: Typed
) -> None:
    _, out, _ = await asyncio.to_thread(tested, "--json")

    told = json.loads(out)
    assert (told["schema"], told["delivered"], told["status"]) == (1, True, 200)
    assert told["message_id"] == discord.discord.messages[0].id
    assert told["latency_s"] > 0
    assert told["rate_limit"]["x-ratelimit-limit"] == "5"


@pytest.mark.parametrize(
    ("fault", "explanation", "hint"),
    [
        ("discord-404", "does not exist any more", "make a new webhook"),
        ("discord-401", "does not exist any more", "make a new webhook"),
        ("discord-500", "Discord is failing", "run it again"),
        ("discord-429", "rate-limited for 2.2 s", "run it again"),
        ("discord-429-edge", "blocked at Discord's edge", "another network"),
        ("discord-403", "the webhook may be fine", "another network"),
        ("discord-400", "refuses this message", "please report it"),
        ("discord-reset", "connect", "run it again"),
        ("discord-redirect", "redirect", "proxy"),
    ],
)
async def test_every_refusal_is_explained_with_what_to_do(
    fault: str, explanation: str, hint: str, discord: Loopback, tested: Typed
) -> None:
    discord.faults.always = fault

    code, out, _ = await asyncio.to_thread(tested)

    first, second, *_ = out.splitlines()
    assert code == 4
    assert first.startswith("not delivered: ")
    assert explanation in first
    assert second.startswith("  hint: ")
    assert hint in second


async def test_it_works_while_a_run_holds_the_state(
    discord: Loopback, tested: Typed, tmp_path: Path
) -> None:
    held = await Store.open(tmp_path / "state")
    code, _, _ = await asyncio.to_thread(tested)
    await held.close()

    assert code == 0
    assert len(discord.discord.messages) == 1


@pytest.mark.parametrize(
    ("ruling", "said"),
    [
        (GONE, "nothing was sent, the webhook was given up on: this webhook does not"),
        (LIMITED, "s: rate-limited"),
    ],
)
async def test_a_webhook_that_must_not_be_asked_is_asked_only_by_force(
    ruling: Ruling, said: str, discord: Loopback, tested: Typed, tmp_path: Path
) -> None:
    await remember(tmp_path / "state", ruling)

    code, out, _ = await asyncio.to_thread(tested)
    assert code == 4
    assert said in out
    assert "liqmon test-webhook --force" in out
    assert discord.discord.requests == []

    code, out, _ = await asyncio.to_thread(tested, "--force")
    assert code == 0
    assert "the webhook is used again" in out
    assert not await known(tmp_path / "state")


async def test_force_does_not_clear_a_webhook_that_is_still_gone(
    discord: Loopback, tested: Typed, tmp_path: Path
) -> None:
    await remember(tmp_path / "state", GONE)
    discord.faults.always = "discord-404"

    code, out, _ = await asyncio.to_thread(tested, "--force")

    assert code == 4
    assert "used again" not in out
    assert await known(tmp_path / "state")


async def test_a_wait_that_is_over_is_no_obstacle(
    discord: Loopback, tested: Typed, tmp_path: Path
) -> None:
    over = Ruling(Verdict.NEUTRAL, Fate.RETRY, "rate-limited", wait_s=0.001)
    await remember(tmp_path / "state", over)
    await asyncio.sleep(0.002)

    assert (await asyncio.to_thread(tested))[0] == 0
    assert len(discord.discord.messages) == 1


def test_without_a_webhook_it_says_how_to_set_one(tested: Typed) -> None:
    code, _, err = tested()

    assert code == 2
    assert "there is no webhook to test" in err
    assert "LIQMON_DISCORD__WEBHOOK_URL" in err


async def test_a_trial_without_a_webhook_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        await send_test(
            DiscordTable(),
            state_dir=tmp_path / "state",
            severity=Severity.LOW,
            force=False,
            clock=FakeClock(),
        )

    assert not (tmp_path / "state").exists()


async def test_it_never_imports_the_exchanges(
    discord: Loopback, tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "from liqmon.cli.app import app\n"
        "app(['test-webhook'], standalone_mode=False)\n"
        "print(sorted({'ccxt', 'tenacity'} & set(sys.modules)))\n"
    )
    state = str(tmp_path / "state")
    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=asyncio.subprocess.PIPE,
        env={
            "LIQMON_STATE_DIR": state,
            "HOME": str(tmp_path),
            "LIQMON_DISCORD__WEBHOOK_URL": URL,
            "LIQMON_DISCORD__BASE_URL": discord.root,
        },
    )
    out, _ = await asyncio.wait_for(done.communicate(), 30)

    assert out.decode().splitlines()[-1] == "[]"
    assert len(discord.discord.messages) == 1


def a_phone(home: Path, url: str) -> None:
    file = home / "liqmon.toml"
    file.write_text(f'[[notify]]\nname = "phone"\nurl = "{url}"\n')
    file.chmod(0o600)


async def test_another_receiver_is_tested_by_its_name(
    tested: Typed, tmp_path: Path
) -> None:
    async with an_inbox(401) as inbox:
        a_phone(tmp_path, inbox.json_url)
        refused = await asyncio.to_thread(tested, "--route", "phone")
        code, out, err = await asyncio.to_thread(tested, "--route", "phone", "--json")

    assert refused[0] == 4
    assert refused[1].startswith(
        "not delivered: phone (JSON) does not take messages under this url (HTTP 401)\n"
        "  hint: see whether its url still holds"
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["explanation"] == "delivered through phone (JSON)"
    assert json.loads(out)["status"] is None
    assert "TEST BTCUSDT long liquidations MEDIUM" in inbox.titles[0]
    assert SECRET not in f"{refused}{out}{err}"


def test_other_receivers_have_neither_pictures_nor_edits(
    tested: Typed, tmp_path: Path
) -> None:
    a_phone(tmp_path, "json://127.0.0.1:1")

    for option in ("--image", "--lifecycle"):
        code, _, err = tested("--route", "phone", option)
        assert code == 2
        assert "phone takes text only" in err
        assert "leave out --lifecycle and --image" in err
    assert "there is --route phone" in tested()[2]
    assert "there is --route phone" in tested("--route", "nope")[2]


async def test_another_receiver_that_was_told_to_pause_is_asked_only_by_force(
    tested: Typed, tmp_path: Path
) -> None:
    async with an_inbox() as inbox:
        a_phone(tmp_path, inbox.json_url)
        mark = ReceiverUrl(inbox.json_url).fingerprint
        await remember(tmp_path / "state", LIMITED, mark)
        held = await asyncio.to_thread(tested, "--route", "phone")
        forced = await asyncio.to_thread(tested, "--route", "phone", "--force")

    assert "nothing was sent, not for another" in held[1]
    assert (held[0], forced[0], inbox.asked) == (4, 0, 1)
    assert "the webhook is used again" in forced[1]
