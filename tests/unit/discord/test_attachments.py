"""Files that go with a message, over real HTTP to a Discord that keeps them."""

import json
from typing import Any

import pytest

from factories import ONSET_MS, a_finding
from fakes import FakeClock
from liqmon.discord.attachments import Attachment, form, kept
from liqmon.discord.embeds import finding_message
from loopback_discord import loopback_discord

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
CHART = Attachment("liq.png", PNG, "a fall of BTCUSDT — “low” 漢字 🤔")
BODY = finding_message(a_finding(), now_ms=ONSET_MS, picture="liq.png")


async def test_a_file_arrives_whole_with_its_description() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        answer = await client.post(BODY, [CHART])

    [message] = loopback.discord.messages
    [file] = message.files
    assert answer.status == 200
    assert (file.name, file.data) == ("liq.png", PNG)
    assert file.description == CHART.description
    assert message.payload["embeds"][0]["image"]["url"] == "attachment://liq.png"


async def test_the_same_call_twice_sends_the_file_twice() -> None:
    """A form that is sent again would arrive with a file of 0 bytes."""
    clock = FakeClock()
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        for _ in range(2):
            await client.post(BODY, [CHART])

    assert [len(m.files[0].data) for m in loopback.discord.messages] == [len(PNG)] * 2


async def test_several_files_keep_their_order_and_their_words() -> None:
    clock = FakeClock()
    second = Attachment("more.png", b"2", "the second")
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        await client.post(BODY, [CHART, second])

    [message] = loopback.discord.messages
    assert [(f.name, f.description) for f in message.files] == [
        ("liq.png", CHART.description),
        ("more.png", "the second"),
    ]


async def test_an_edit_keeps_the_file_if_it_lists_it_and_loses_it_otherwise() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        posted = await client.post(BODY, [CHART])
        name = json.loads(posted.body)["id"]
        listed = await client.edit(name, BODY | {"attachments": kept(posted.body)})
        assert len(loopback.discord.messages[0].files) == 1
        unlisted = await client.edit(name, BODY)

    assert (listed.status, unlisted.status) == (200, 200)
    assert len(loopback.discord.messages[0].files) == 0


async def test_an_edit_can_bring_a_new_file_beside_the_old_one() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        posted = await client.post(BODY, [CHART])
        name = json.loads(posted.body)["id"]
        body = BODY | {"attachments": kept(posted.body)}
        await client.edit(name, body, [Attachment("new.png", b"new")])

    [message] = loopback.discord.messages
    assert [file.name for file in message.files] == ["liq.png", "new.png"]


async def test_without_files_the_body_is_plain_json() -> None:
    clock = FakeClock()
    async with loopback_discord(clock) as loopback, loopback.client(clock) as client:
        await client.post(BODY)

    [message] = loopback.discord.messages
    assert message.payload == json.loads(json.dumps(BODY))


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", '{"attachments": 5}', '{"attachments": [5, {"id": 5}, {}]}'],
)
def test_an_answer_without_files_keeps_none(body: str) -> None:
    assert kept(body) == []


def test_the_parts_are_named_as_discord_asks_for_them() -> None:
    parts = [part for part, *_ in form({}, [CHART, CHART])]

    names = [part.headers["Content-Disposition"].split('"')[1] for part in parts]
    assert names == ["payload_json", "files[0]", "files[1]"]


def test_a_form_is_made_anew_for_every_call() -> None:
    payload: dict[str, Any] = {"content": "x"}

    assert form(payload, [CHART]) is not form(payload, [CHART])
    assert payload == {"content": "x"}
