"""``liqmon test-webhook`` with ``--lifecycle``, ``--route`` and ``--image``."""

import asyncio
import json
import sys
from typing import Any

import pytest

from fakes import FakeClock
from liqmon.app.rehearsal import Rehearsal
from liqmon.app.trial import Step, Trial, send_test
from liqmon.core.model import Severity
from liqmon.discord.attachments import Attachment
from liqmon.discord.specimen import a_finding
from liqmon.errors import UserError
from liqmon.settings.models import DiscordTable
from loopback_discord import URL, Loopback, loopback_discord
from shells import Typed
from webhooks import URL as NOWHERE

ROLE = "123456789012345678"


def table(loopback: Loopback, **keys: Any) -> DiscordTable:
    return DiscordTable.model_validate(
        {"webhook_url": URL, "base_url": loopback.root} | keys
    )


async def tried(table: DiscordTable, clock: FakeClock, **how: Any) -> Trial:
    return await send_test(
        table,
        state_dir=None,
        severity=Severity.HIGH,
        force=False,
        clock=clock,
        **how,
    )


async def test_onset_edit_and_end_are_played_on_one_message(
    discord: Loopback, tested: Typed
) -> None:
    code, out, err = await asyncio.to_thread(tested, "--lifecycle")

    assert (code, err) == (0, "")
    [message] = discord.discord.messages
    assert message.edited == 2
    assert [r.method for r in discord.discord.requests] == ["POST", "PATCH", "PATCH"]
    first, second, third, *_ = out.splitlines()
    assert first.startswith("onset   delivered (HTTP 200), ")
    assert second.startswith("edit    delivered (HTTP 200), ")
    assert third.startswith("end     delivered (HTTP 200), ")
    assert f"message id               {message.id}" in out


async def test_the_message_grows_and_ends() -> None:
    clock, told = FakeClock(), list[Step]()
    async with loopback_discord(clock) as loopback:
        trial = await tried(table(loopback), clock, lifecycle=True, tell=told.append)

    [message] = loopback.discord.messages
    assert trial.delivered
    assert trial.steps == tuple(told)
    assert [step.name for step in told] == ["onset", "edit", "end"]
    assert clock.slept == [1.5, 1.5]
    assert "TEST" in message.payload["content"]
    assert "ended after" in message.payload["content"]
    assert "Way back" in str(message.payload)


async def test_a_refused_edit_ends_the_play() -> None:
    clock, told = FakeClock(), list[Step]()
    async with loopback_discord(clock) as loopback:
        loopback.faults.script = [None, "discord-500"]
        trial = await tried(table(loopback), clock, lifecycle=True, tell=told.append)

    assert not trial.delivered
    assert "Discord is failing" in trial.explanation
    assert [step.name for step in told] == ["onset", "edit"]
    assert loopback.discord.messages[0].edited == 0


async def test_a_refused_onset_is_not_edited() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback:
        loopback.faults.always = "discord-500"
        trial = await tried(table(loopback), clock, lifecycle=True)

    assert not trial.delivered
    assert len(trial.steps) == 1


async def test_a_message_without_an_id_cannot_be_edited() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback:
        loopback.faults.always = "discord-204"
        trial = await tried(table(loopback), clock, lifecycle=True)

    assert not trial.delivered
    assert "cannot be edited" in trial.explanation


async def test_json_lists_the_steps_and_nothing_else_is_printed(
    discord: Loopback, tested: Typed
) -> None:
    _, out, _ = await asyncio.to_thread(tested, "--json")

    told = json.loads(out)
    assert [step["name"] for step in told["steps"]] == ["onset"]
    assert told["files"] == 0


async def test_a_route_is_tried_on_its_own_webhook_with_its_role() -> None:
    clock = FakeClock()
    route = {"name": "phone", "webhook_url": URL, "mention_role": ROLE}
    async with loopback_discord(clock) as loopback:
        keys = table(loopback, webhook_url=NOWHERE, routes=[route])
        assert (await tried(keys, clock, route="phone")).delivered
        lost = await tried(keys, clock, route="default")

    [message] = loopback.discord.messages
    assert message.payload["allowed_mentions"] == {"parse": [], "roles": [ROLE]}
    assert f"<@&{ROLE}>" in message.payload["content"]
    assert lost.status == 404


async def test_a_route_without_a_webhook_is_tried_on_that_of_discord() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback:
        keys = table(loopback, routes=[{"name": "phone"}])
        assert (await tried(keys, clock, route="phone")).delivered


@pytest.mark.parametrize(
    ("routes", "route", "fault", "hint"),
    [
        (
            [],
            "phone",
            "no route `phone`",
            "there is no [[discord.routes]] or [[notify]]",
        ),
        (["desk"], "phone", "no route `phone`", "there is --route desk"),
        (["desk"], "", "no webhook to test", "there is --route desk"),
        (["desk"], "desk", "no webhook to test", "LIQMON_DISCORD__WEBHOOK_URL"),
        ([], "", "no webhook to test", "LIQMON_DISCORD__WEBHOOK_URL"),
    ],
)
async def test_what_cannot_be_tried_is_explained(
    routes: list[str], route: str, fault: str, hint: str
) -> None:
    keys = DiscordTable.model_validate({"routes": [{"name": name} for name in routes]})
    with pytest.raises(UserError, match=fault) as caught:
        await tried(keys, FakeClock(), route=route)

    assert hint in caught.value.hint


async def test_a_picture_is_attached_and_survives_the_edits(
    discord: Loopback, tested: Typed
) -> None:
    pytest.importorskip("PIL", reason="charts need Pillow")
    code, out, _ = await asyncio.to_thread(tested, "--image", "--lifecycle")

    [message] = discord.discord.messages
    [file] = message.files
    assert code == 0
    assert file.name == "liq.png"
    assert file.data.startswith(b"\x89PNG")
    assert file.description.startswith("Candlestick chart of BTCUSDT")
    assert "files                    1" in out


async def test_an_attached_file_survives_the_edits() -> None:
    clock = FakeClock()
    onset = a_finding("0.1.0", now_ms=clock.now_ms(), severity=Severity.LOW)
    file = Attachment("liq.png", b"\x89PNG", "a chart")
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        rehearsal = Rehearsal(client, clock, "", (file,), lambda _: None)
        ended = await rehearsal.edits(onset, await rehearsal.post(onset))

    [message] = loopback.discord.messages
    assert (ended.delivered, ended.files, message.edited) == (True, 1, 2)
    assert message.files[0].description == "a chart"
    assert message.payload["embeds"][0]["image"] == {"url": "attachment://liq.png"}


async def test_without_pillow_a_picture_is_refused_before_anything_is_sent(
    discord: Loopback, tested: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    code, _, err = await asyncio.to_thread(tested, "--image")

    assert code == 2
    assert "charts need Pillow" in err
    assert "pip install 'liqmon[chart]'" in err
    assert discord.discord.requests == []
