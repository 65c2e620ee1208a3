import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from fakes import FakeClock
from liqmon.sim.discord import StrictDiscord
from liqmon.sim.discord_faults import FAULTS
from liqmon.sim.discord_limits import LIMITS

AGENT = {"User-Agent": "DiscordBot (https://example.org/tests, 1)"}


@dataclass
class Setup:
    """A strict Discord on loopback, and somebody to talk to it."""

    discord: StrictDiscord
    clock: FakeClock
    session: aiohttp.ClientSession
    root: str
    faults: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.at("v10")

    def at(self, version: str) -> str:
        path = self.discord.webhook_path
        return self.root + path.replace("/api/", f"/api/{version}/")

    async def ask(
        self, method: str, url: str = "", tail: str = "", **arguments: Any
    ) -> tuple[int, Any, Any]:
        """Return status, decoded body and headers of one request."""
        address = (url or self.url) + tail
        async with self.session.request(
            method, address, allow_redirects=False, **arguments
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return answer.status, json.loads(text) if is_json else text, answer.headers

    async def post(self, payload: object, **arguments: Any) -> tuple[int, Any, Any]:
        return await self.ask("POST", tail="?wait=true", json=payload, **arguments)


@asynccontextmanager
async def running(agent: dict[str, str] = AGENT) -> AsyncIterator[Setup]:
    faults: list[str] = []
    clock = FakeClock()
    discord = StrictDiscord(
        clock=clock, fault=lambda: faults.pop(0) if faults else None
    )
    app = web.Application()
    app.add_routes(discord.routes())
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        async with aiohttp.ClientSession(headers=agent, timeout=timeout) as session:
            yield Setup(discord, clock, session, f"http://{host}:{port}", faults)
    finally:
        await runner.cleanup()


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with running() as it:
        yield it


def one_embed(**parts: Any) -> dict[str, Any]:
    return {"embeds": [{"title": "x"} | parts]}


def of_total(units: int) -> dict[str, Any]:
    """Return two embeds of ``units`` characters in every kind of text there is."""
    full = {
        "title": "t" * 100,
        "description": "d" * 2_000,
        "author": {"name": "a" * 100},
        "footer": {"text": "f" * 500},
        "fields": [{"name": "n" * 100, "value": "v" * 200}],
    }
    return {"embeds": [full, {"description": "r" * (units - 3_000)}]}


def with_files(count: int, size: int = 1) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field(
        "payload_json", json.dumps({"content": "x"}), content_type="application/json"
    )
    for index in range(count):
        picture = io.BytesIO(b"x" * size)
        form.add_field(f"files[{index}]", picture, filename=f"{index}.png")
    return form


BODIES: dict[str, Callable[[int], Any]] = {
    "content": lambda n: {"content": "c" * n},
    "username": lambda n: {"content": "x", "username": "u" * n},
    "embeds": lambda n: {"embeds": [{"title": str(i)} for i in range(n)]},
    "title": lambda n: one_embed(title="t" * n),
    "description": lambda n: one_embed(description="d" * n),
    "fields": lambda n: one_embed(fields=[{"name": "n", "value": "v"}] * n),
    "field.name": lambda n: one_embed(fields=[{"name": "n" * n, "value": "v"}]),
    "field.value": lambda n: one_embed(fields=[{"name": "n", "value": "v" * n}]),
    "footer.text": lambda n: one_embed(footer={"text": "f" * n}),
    "author.name": lambda n: one_embed(author={"name": "a" * n}),
    "total": of_total,
    "color": lambda n: one_embed(color=n),
    "allowed_mentions.users": lambda n: {
        "content": "x",
        "allowed_mentions": {"users": [str(i) for i in range(n)]},
    },
    "allowed_mentions.roles": lambda n: {
        "content": "x",
        "allowed_mentions": {"roles": [str(i) for i in range(n)]},
    },
    "attachment.description": lambda n: {
        "content": "x",
        "attachments": [{"id": 0, "description": "d" * n}],
    },
    "files": with_files,
    "file size": lambda n: with_files(1, n),
}


# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
# and the pages named beside each limit in the module
DOCUMENTED = {
    "content": 2000,
    "username": 80,
    "embeds": 10,
    "title": 256,
    "description": 4096,
    "fields": 25,
    "field.name": 256,
    "field.value": 1024,
    "footer.text": 2048,
    "author.name": 256,
    "total": 6000,
    "color": 16777215,
    "allowed_mentions.users": 100,
    "allowed_mentions.roles": 100,
    "files": 10,
    "file size": 10485760,
    "attachment.description": 1024,
}


def test_every_limit_is_the_documented_one_with_its_source() -> None:
    assert {row: limit.most for row, limit in LIMITS.items()} == DOCUMENTED
    assert all(limit.source.startswith("https://") for limit in LIMITS.values())


@pytest.mark.parametrize(("row", "most"), DOCUMENTED.items())
async def test_the_limit_is_accepted_and_one_more_is_not(
    row: str, most: int, setup: Setup
) -> None:
    for amount in (most, most + 1):
        body = BODIES[row](amount)
        kind = "data" if isinstance(body, aiohttp.FormData) else "json"
        status, answer, _ = await setup.ask("POST", tail="?wait=true", **{kind: body})
        if amount == most:
            assert (status, answer.get("id")) == (200, setup.discord.messages[0].id)
        else:
            assert status in (400, 413)
            assert answer["code"] in (50035, 30015, 40005)

    assert len(setup.discord.messages) == 1


@pytest.mark.parametrize(
    ("payload", "path", "code"),
    [
        (one_embed(fields=[{"value": "v"}]), "embeds.0.fields.0.name", "REQUIRED"),
        (one_embed(fields=[{"name": "n"}]), "embeds.0.fields.0.value", "REQUIRED"),
        (one_embed(footer={}), "embeds.0.footer.text", "BASE_TYPE_REQUIRED"),
        (one_embed(title="t" * 257), "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        (one_embed(title=5), "embeds.0.title", "STRING_TYPE_CONVERT"),
        (one_embed(fields={}), "embeds.0.fields", "LIST_TYPE_CONVERT"),
        (one_embed(color="#ff0000"), "embeds.0.color", "NUMBER_TYPE_COERCE"),
        (one_embed(color=-1), "embeds.0.color", "NUMBER_TYPE_MIN"),
        (one_embed(timestamp=5), "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"),
        (one_embed(url="ftp://a"), "embeds.0.url", "URL_TYPE_INVALID_SCHEME"),
        (one_embed(image={"url": "a"}), "embeds.0.image.url", "URL_TYPE_INVALID_URL"),
        (one_embed(image="a"), "embeds.0.image", "DICT_TYPE_CONVERT"),
        ({"content": "x", "username": "The Clyde"}, "username", "CONTAINS"),
        ({"content": "x", "username": "DISCORD!"}, "username", "CONTAINS"),
        ({"content": "x", "username": " "}, "username", "BASE_TYPE_BAD_LENGTH"),
        ({"content": "x", "flags": 1}, "flags", "BASE_TYPE_CHOICES"),
        ({"content": "x", "flags": "4096"}, "flags", "NUMBER_TYPE_COERCE"),
        (
            {"content": "x", "allowed_mentions": {"parse": ["all"]}},
            "allowed_mentions.parse.0",
            "BASE_TYPE_CHOICES",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["roles"], "roles": ["1"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            {"content": "x", "allowed_mentions": {"roles": ["@everyone"]}},
            "allowed_mentions.roles.0",
            "NUMBER_TYPE_COERCE",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": "roles"}},
            "allowed_mentions.parse",
            "LIST_TYPE_CONVERT",
        ),
        (of_total(6_001), "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    ],
)
async def test_a_refusal_names_the_place_and_the_rule(
    payload: object, path: str, code: str, setup: Setup
) -> None:
    status, answer, _ = await setup.post(payload)
    node = answer["errors"]
    for step in path.split("."):
        node = node[step]

    assert (status, answer["code"]) == (400, 50035)
    assert code in node["_errors"][0]["code"]
    assert setup.discord.messages == []


@pytest.mark.parametrize(
    "payload",
    [
        one_embed(
            timestamp="2023-11-14T22:14:00+00:00", color="255", url="https://a.b"
        ),
        one_embed(image={"url": "attachment://liq.png"}, thumbnail={"url": "http://a"}),
        one_embed(fields=[{"name": "", "value": "", "inline": True}]),
        {"content": "  " + "c" * 2_000 + "\n"},
        {"content": "x", "flags": 4096, "allowed_mentions": {"parse": []}},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": []}},
    ],
)
async def test_what_discord_takes_is_taken(payload: object, setup: Setup) -> None:
    status, answer, headers = await setup.post(payload)

    assert (status, headers["Via"]) == (200, "1.1 google")
    assert setup.discord.messages[0].payload == payload
    assert answer["webhook_id"] in setup.url


async def test_lengths_are_counted_in_utf16_units(setup: Setup) -> None:
    fits, _, _ = await setup.post(one_embed(title="🤔" * 128))
    too_long, _, _ = await setup.post(one_embed(title="🤔" * 129))

    assert (fits, too_long) == (200, 400)


@pytest.mark.parametrize("payload", [{}, {"content": " "}, {"embeds": [{}]}])
async def test_an_empty_message_is_50006(payload: object, setup: Setup) -> None:
    status, answer, _ = await setup.post(payload)

    assert (status, answer["code"]) == (400, 50006)


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b'{"content": NaN}', b'{"content": "\\ud800"}', b'"\xff"']
)
async def test_what_is_not_json_is_50109(raw: bytes, setup: Setup) -> None:
    headers = {"Content-Type": "application/json"}
    status, answer, _ = await setup.ask("POST", data=raw, headers=headers)

    assert (status, answer["code"]) == (400, 50109)


async def test_a_body_must_say_what_it_is_and_must_not_be_huge(setup: Setup) -> None:
    status, answer, _ = await setup.ask("POST", data="content=x")
    assert (status, answer["code"]) == (400, 50035)

    huge = io.BytesIO(json.dumps({"content": "x" * 2_000_000}).encode())
    headers = {"Content-Type": "application/json"}
    status, answer, _ = await setup.ask("POST", data=huge, headers=headers)
    assert (status, answer["code"]) == (413, 40005)


async def test_without_wait_there_is_no_body(setup: Setup) -> None:
    status, body, _ = await setup.ask("POST", json={"content": "x"})

    assert (status, body, len(setup.discord.messages)) == (204, "", 1)


async def test_a_message_can_be_read_edited_and_deleted(setup: Setup) -> None:
    _, posted, _ = await setup.post({"content": "x", "flags": 4096})
    tail = f"/messages/{posted['id']}"
    status, edited, _ = await setup.ask("PATCH", tail=tail, json={"content": "y"})

    assert (status, edited["id"], edited["content"]) == (200, posted["id"], "y")
    assert setup.discord.messages[0].edited == 1
    assert setup.discord.messages[0].payload == {"content": "y", "flags": 4096}
    assert (await setup.ask("GET", tail=tail))[1]["edited_timestamp"] is not None
    status, refused, _ = await setup.ask("PATCH", tail=tail, json={"content": None})
    assert (status, refused["code"]) == (400, 50006)
    assert (await setup.ask("DELETE", tail=tail))[0] == 204
    for method in ("GET", "PATCH", "DELETE"):
        status, missing, _ = await setup.ask(method, tail=tail, json={"content": "z"})
        assert (status, missing["code"]) == (404, 10008)


async def test_the_webhook_can_be_looked_at(setup: Setup) -> None:
    status, webhook, _ = await setup.ask("GET")

    assert status == 200
    assert setup.discord.webhook_path.endswith(f"/{webhook['id']}/{webhook['token']}")
    assert webhook["name"] == "liqmon"
    assert webhook["channel_id"].isdigit()


async def test_a_wrong_token_is_not_a_wrong_webhook(setup: Setup) -> None:
    status, body, _ = await setup.ask("POST", setup.url + "x", json={"content": "x"})
    assert (status, body["code"]) == (401, 50027)

    other = setup.url.replace("000001/", "000009/")
    status, body, _ = await setup.ask("POST", other, json={"content": "x"})
    assert (status, body["code"]) == (404, 10015)

    status, body, _ = await setup.ask("POST", setup.at("v11"), json={"content": "x"})
    assert (status, body["code"]) == (400, 50041)


@pytest.mark.parametrize("agent", [{}, {"User-Agent": ""}])
async def test_a_library_s_default_name_is_stopped_at_the_edge(
    agent: dict[str, str],
) -> None:
    async with running(agent) as setup:
        status, body, headers = await setup.post({"content": "x"})

    assert (status, body) == (403, "error code: 1010")
    assert "Via" not in headers


async def test_requests_are_kept_without_the_token(setup: Setup) -> None:
    _, posted, _ = await setup.post({"content": "x"})
    await setup.ask("GET", tail=f"/messages/{posted['id']}")
    first, second = setup.discord.requests

    assert (first.method, first.status, first.query) == ("POST", 200, {"wait": "true"})
    assert second.path.endswith(f"/messages/{posted['id']}")
    token = setup.discord.webhook_path.rpartition("/")[2]
    assert token not in repr(setup.discord.requests)


async def test_the_sixth_post_in_two_seconds_has_to_wait(setup: Setup) -> None:
    remaining = []
    for _ in range(5):
        status, _, headers = await setup.post({"content": "x"})
        assert status == 200
        remaining.append(headers["X-RateLimit-Remaining"])
        setup.clock.push(0.1)
    status, body, headers = await setup.post({"content": "x"})

    assert remaining == ["4", "3", "2", "1", "0"]
    assert (status, body["global"]) == (429, False)
    assert body["retry_after"] == pytest.approx(1.5)
    assert headers["Retry-After"] == "2"
    assert headers["X-RateLimit-Scope"] == "user"
    assert float(headers["X-RateLimit-Reset-After"]) == pytest.approx(1.5)
    assert headers["Via"]
    setup.clock.push(body["retry_after"])
    assert (await setup.post({"content": "x"}))[0] == 200


async def test_the_channel_s_limit_is_hidden_until_it_strikes(setup: Setup) -> None:
    for _ in range(6):
        for _ in range(5):
            assert (await setup.post({"content": "x"}))[0] == 200
        setup.clock.push(2.0)
    status, body, headers = await setup.post({"content": "x"})

    assert (status, headers["X-RateLimit-Remaining"]) == (429, "4")
    assert headers["X-RateLimit-Scope"] == "shared"
    assert body["retry_after"] == pytest.approx(48.0)
    setup.clock.push(48.0)
    assert (await setup.post({"content": "x"}))[0] == 200


async def test_without_a_version_waits_are_in_milliseconds(setup: Setup) -> None:
    url = setup.root + setup.discord.webhook_path
    for _ in range(5):
        await setup.ask("POST", url, json={"content": "x"})
    status, body, headers = await setup.ask("POST", url, json={"content": "x"})

    assert (status, body["retry_after"], headers["Retry-After"]) == (429, 2000, "2000")


@pytest.mark.parametrize(
    ("fault", "expected", "code"),
    [
        ("discord-500", 500, 0),
        ("discord-400", 400, 50035),
        ("discord-401", 401, 50027),
        ("discord-404", 404, 10015),
        ("discord-429", 429, None),
        ("discord-429-edge", 429, 0),
    ],
)
async def test_a_fault_that_answers_json_stores_nothing(
    fault: str, expected: int, code: int | None, setup: Setup
) -> None:
    setup.faults.append(fault)
    status, body, headers = await setup.post({"content": "x"})

    assert (status, body.get("code")) == (expected, code)
    assert ("Via" in headers) == (fault != "discord-429-edge")
    assert setup.discord.messages == []
    assert setup.discord.requests[0].status == expected


async def test_a_rate_limit_says_how_long_and_the_edge_does_not(setup: Setup) -> None:
    setup.faults.extend(["discord-429", "discord-429-edge"])
    _, body, headers = await setup.post({"content": "x"})
    assert (body["retry_after"], headers["Retry-After"]) == (1.337, "2")

    _, body, headers = await setup.post({"content": "x"})
    assert "retry_after" not in body
    assert not [name for name in headers if "rate" in name.lower()]


@pytest.mark.parametrize(
    ("fault", "expected", "words", "stored"),
    [
        ("discord-502", 502, "<html", 0),
        ("discord-403", 403, "error code: 10", 0),
        ("discord-204", 204, "", 1),
        ("discord-html-200", 200, "<html>", 1),
    ],
)
async def test_a_fault_that_answers_no_json(
    fault: str, expected: int, words: str, stored: int, setup: Setup
) -> None:
    setup.faults.append(fault)
    status, body, _ = await setup.post({"content": "x"})

    assert status == expected
    assert words in body
    assert len(setup.discord.messages) == stored


@pytest.mark.parametrize(
    ("fault", "stored"),
    [("discord-reset", 0), ("discord-lost", 1), ("discord-truncated", 1)],
)
async def test_a_fault_that_breaks_the_connection(
    fault: str, stored: int, setup: Setup
) -> None:
    setup.faults.append(fault)
    with pytest.raises(aiohttp.ClientError):
        await setup.post({"content": "x"})

    assert len(setup.discord.messages) == stored
    assert setup.discord.requests[0].status == 0
    assert (await setup.post({"content": "x"}))[0] == 200


async def test_a_hanging_discord_never_answers(setup: Setup) -> None:
    setup.faults.append("discord-hang")
    with pytest.raises(TimeoutError):
        await setup.post({"content": "x"}, timeout=aiohttp.ClientTimeout(total=0.1))

    assert setup.discord.messages == []
    assert setup.discord.requests[0].status == 0


async def test_a_redirect_points_to_another_host_that_keeps_count(
    setup: Setup,
) -> None:
    setup.faults.append("discord-redirect")
    status, _, headers = await setup.post({"content": "x"})
    assert status == 307
    assert headers["Location"].startswith("http://localhost:")

    # whoever follows it is seen
    await setup.ask("POST", setup.root + "/elsewhere", json={"content": "x"})
    assert setup.discord.requests[1].path == "/elsewhere"
    assert setup.discord.messages == []


def test_every_fault_has_a_name_that_says_whose_it_is() -> None:
    assert all(name.startswith("discord-") for name in FAULTS)
    assert len(FAULTS) == 15


async def test_an_unknown_fault_is_a_bug_not_a_quiet_success(setup: Setup) -> None:
    setup.faults.append("discord-typo")

    assert (await setup.post({"content": "x"}))[0] == 500
