"""One call to Discord, over real HTTP on loopback."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from certificates import self_signed
from fakes import FakeClock
from liqmon.discord import client as client_module
from liqmon.discord.answers import Answer
from liqmon.discord.client import DiscordClient
from liqmon.errors import ConfigError
from liqmon.sim.discord_faults import FAULTS
from liqmon.webhook import WebhookUrl
from loopback_discord import Loopback, loopback_discord, served
from webhooks import ID, TOKEN, URL

HELLO = {"content": "hello", "allowed_mentions": {"parse": []}}
HANG_S = 0.2
THREAD = "234567890123456789"

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def to(root: str, **changes: Any) -> AsyncIterator[DiscordClient]:
    """Open a client that posts to ``root`` in Discord's place."""
    how: dict[str, Any] = {
        "timeout_s": 5.0,
        "base_url": root,
        "version": "0.1.0",
        "clock": FakeClock(),
    }
    webhook = changes.pop("webhook", WebhookUrl(URL))
    async with DiscordClient(webhook, **how | changes) as it:
        yield it


async def posted(reply: Reply, **how: Any) -> Answer:
    """Post once to a server that replies like this."""
    async with (
        served([web.route("*", "/{path:.*}", reply)]) as root,
        to(root, **how) as client,
    ):
        return await client.post(HELLO)


@pytest.fixture
async def strict() -> AsyncIterator[Loopback]:
    async with loopback_discord() as it:
        yield it


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


# what is asked


async def test_a_post_is_accepted_and_answered_with_its_id(strict: Loopback) -> None:
    async with strict.client(FakeClock()) as client:
        answer = await client.post(HELLO)

    (message,) = strict.discord.messages
    (request,) = strict.discord.requests
    assert (answer.status, answer.error, answer.sent_bytes) == (200, "", True)
    assert json.loads(answer.body)["id"] == message.id
    assert message.payload == HELLO
    assert (request.method, request.query) == ("POST", {"wait": "true"})
    assert request.path.startswith("/api/v10/webhooks/")
    assert answer.headers["x-ratelimit-limit"] == "5"


async def test_an_edit_replaces_the_message(strict: Loopback) -> None:
    async with strict.client(FakeClock()) as client:
        message_id = json.loads((await client.post(HELLO)).body)["id"]
        answer = await client.edit(message_id, HELLO | {"content": "over"})

    (message,) = strict.discord.messages
    assert answer.status == 200
    assert (message.payload["content"], message.edited) == ("over", 1)


async def test_a_look_posts_nothing(strict: Loopback) -> None:
    async with strict.client(FakeClock()) as client:
        answer = await client.look()

    assert answer.status == 200
    assert strict.discord.messages == []
    assert [request.method for request in strict.discord.requests] == ["GET"]


async def test_a_request_names_itself_and_asks_for_no_compression() -> None:
    seen: list[web.BaseRequest] = []

    async def note(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return web.Response(text=json.dumps(await request.json()))

    answer = await posted(note, webhook=WebhookUrl(f"{URL}?thread_id={THREAD}"))

    (request,) = seen
    assert request.path == f"/api/v10/webhooks/{ID}/{TOKEN}"
    assert dict(request.query) == {"wait": "true", "thread_id": THREAD}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["User-Agent"].startswith("DiscordBot (https://")
    assert request.headers["User-Agent"].endswith(", 0.1.0)")
    assert json.loads(answer.body) == HELLO


async def test_an_edit_stays_in_its_thread() -> None:
    seen: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        seen.append(f"{request.method} {request.path_qs}")
        return web.Response(text="{}")

    async with (
        served([web.route("*", "/{path:.*}", note)]) as root,
        to(root, webhook=WebhookUrl(f"{URL}?thread_id={THREAD}")) as client,
    ):
        await client.edit("777", HELLO)
        await client.look()

    path = f"/api/v10/webhooks/{ID}/{TOKEN}"
    assert seen == [
        f"PATCH {path}/messages/777?thread_id={THREAD}",
        f"GET {path}",
    ]


async def test_wide_characters_travel_as_utf_8(strict: Loopback) -> None:
    async with strict.client(FakeClock()) as client:
        await client.post({"content": "币🤔"})

    assert strict.discord.messages[0].payload == {"content": "币🤔"}


def test_the_client_talks_to_discord_or_to_this_machine() -> None:
    with pytest.raises(ConfigError, match="loopback"):
        DiscordClient(
            WebhookUrl(URL),
            base_url="http://192.168.0.1",
            version="0.1.0",
            clock=FakeClock(),
        )


# what comes back


async def test_the_latency_is_measured_on_the_clock() -> None:
    clock = FakeClock()

    async def slow(_: web.Request) -> web.StreamResponse:
        clock.push(0.25)
        return web.Response(status=204)

    assert (await posted(slow, clock=clock)).latency_s == 0.25


async def test_names_of_headers_are_lower_case() -> None:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "7", "X-Y": "Z"})

    answer = await posted(reply)

    assert answer.status == 429
    assert (answer.headers["retry-after"], answer.headers["x-y"]) == ("7", "Z")


async def test_d25_a_redirect_is_not_followed(strict: Loopback) -> None:
    strict.faults.always = "discord-redirect"
    async with strict.client(FakeClock()) as client:
        answer = await client.post(HELLO)

    assert answer.status == 307
    assert "/elsewhere" in answer.headers["location"]
    assert [r.path for r in strict.discord.requests if "elsewhere" in r.path] == []


async def test_a_body_without_an_end_is_read_to_64_kib() -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200_000):
            await response.write(b"x" * 16_384)
        return response

    answer = await posted(flood)

    assert (answer.status, answer.error) == (200, "")
    assert answer.body == "x" * 65_536


async def test_a_compressed_body_is_not_unpacked() -> None:
    async def bomb(_: web.Request) -> web.StreamResponse:
        packed = gzip.compress(b"x" * 10_000_000)
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    answer = await posted(bomb)

    assert (answer.status, answer.error) == (200, "")
    assert len(answer.body) < 20_000


async def test_a_body_that_is_no_text_is_an_answer_too() -> None:
    async def noise(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\xff\xfe\x00caf\xc3")

    assert "caf" in (await posted(noise)).body


# trouble on the way


def test_a_post_may_take_ten_seconds_unless_configured() -> None:
    client = DiscordClient(WebhookUrl(URL), version="0.1.0", clock=FakeClock())

    assert client._timeout_s == 10.0


async def test_the_timeout_is_for_the_whole_call() -> None:
    async with to("http://127.0.0.1", timeout_s=7.5) as client:
        assert client._session is not None
        timeout = client._session.timeout
        assert (timeout.total, timeout.connect) == (7.5, 5.0)
    async with to("http://127.0.0.1", timeout_s=2.0) as client:
        assert client._session is not None
        assert client._session.timeout.connect == 2.0


async def test_d05_a_reply_that_is_lost_leaves_doubt(strict: Loopback) -> None:
    strict.faults.always = "discord-lost"
    async with strict.client(FakeClock()) as client:
        answer = await client.post(HELLO)

    assert len(strict.discord.messages) == 1
    assert (answer.status, answer.sent_bytes) == (None, True)
    assert answer.error in {"disconnected before an answer", "the connection was lost"}


async def test_d06_a_reset_before_an_answer_leaves_doubt(strict: Loopback) -> None:
    strict.faults.always = "discord-reset"
    async with strict.client(FakeClock()) as client:
        answer = await client.post(HELLO)

    assert (answer.status, answer.sent_bytes) == (None, True)
    assert answer.error in {"disconnected before an answer", "the connection was lost"}


async def test_d26_silence_ends_with_the_timeout(strict: Loopback) -> None:
    strict.faults.always = "discord-hang"
    async with strict.client(FakeClock(), timeout_s=HANG_S) as client:
        answer = await client.post(HELLO)

    assert (answer.status, answer.error) == (None, "no answer in time")
    assert answer.sent_bytes


async def test_a_slow_drip_ends_with_the_timeout() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1_000):
            await response.write(b"x")
            await asyncio.sleep(0.01)
        return response

    answer = await posted(drip, timeout_s=HANG_S)

    assert (answer.status, answer.error) == (200, "no answer in time")
    assert set(answer.body) == {"x"}


async def test_an_answer_that_breaks_off_keeps_what_came(strict: Loopback) -> None:
    strict.faults.always = "discord-truncated"
    async with strict.client(FakeClock()) as client:
        answer = await client.post(HELLO)

    assert (answer.status, answer.error) == (200, "the answer broke off")
    assert answer.body == '{"id": "1'
    assert answer.sent_bytes


async def test_without_a_connection_nothing_was_sent() -> None:
    async with to(f"http://127.0.0.1:{free_port()}") as client:
        answer = await client.post(HELLO)

    assert (answer.status, answer.error) == (None, "cannot connect")
    assert not answer.sent_bytes


async def test_an_answer_that_is_not_http_says_so() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with to(f"http://127.0.0.1:{port}") as client:
            answer = await client.post(HELLO)

    assert (answer.status, answer.error) == (None, "the answer is not HTTP")


async def test_d30_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path,
) -> None:
    seen: list[web.BaseRequest] = []

    async def note(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return web.Response()

    tls = self_signed(tmp_path / "server.pem")
    async with (
        served([web.route("*", "/{path:.*}", note)], tls) as root,
        to(root) as client,
    ):
        answer = await client.post(HELLO)

    assert answer.error == "TLS verification failed: is a proxy in between?"
    assert (answer.status, answer.sent_bytes, seen) == (None, False, [])


async def test_a_server_without_tls_is_told_apart_from_a_bad_certificate() -> None:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response()

    async with (
        served([web.route("*", "/{path:.*}", reply)]) as root,
        to(root.replace("http:", "https:")) as client,
    ):
        answer = await client.post(HELLO)

    assert (answer.status, answer.error) == (None, "TLS handshake failed")


KEY = ConnectionKey("discord.com", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            aiohttp.ClientConnectorDNSError(KEY, OSError(-2, URL)),
            "the name of the host cannot be resolved",
        ),
        (aiohttp.ConnectionTimeoutError(URL), "no connection in time"),
        (aiohttp.ServerTimeoutError(URL), "no answer in time"),
        (aiohttp.ClientConnectorError(KEY, OSError(113, URL)), "cannot connect"),
        (ConnectionResetError(104, URL), "the connection was lost"),
        (aiohttp.InvalidURL(URL), "the request failed (InvalidURL)"),
    ],
)
def test_trouble_is_told_in_words_of_our_own(error: Exception, words: str) -> None:
    assert client_module._trouble(error) == words


async def test_a_proxy_in_the_environment_is_ignored(
    strict: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
        monkeypatch.setenv(name.lower(), nobody)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with strict.client(FakeClock()) as client:
        answer = await client.post(HELLO)

    assert answer.status == 200


# the secret


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_the_token_is_in_no_answer(strict: Loopback, fault: str) -> None:
    strict.faults.always = fault
    async with strict.client(FakeClock(), timeout_s=HANG_S) as client:
        answers = [await client.post(HELLO), await client.look()]

    token = strict.discord.webhook_path.rpartition("/")[2]
    assert token not in repr(answers)


async def test_what_an_answer_quotes_of_the_token_is_blotted_out() -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        headers = {"Location": str(request.url)}
        return web.Response(status=400, text=f"bad: {request.url}", headers=headers)

    answer = await posted(echo)

    assert TOKEN not in repr(answer)
    assert answer.body.endswith(f"/webhooks/{ID}/***?wait=true")
    assert answer.headers["location"].endswith("/***?wait=true")


@pytest.mark.parametrize("shown", [9, 20, len(TOKEN) - 1])
async def test_half_a_token_is_blotted_out_as_well(shown: int) -> None:
    """Discord tells the token to whoever asks for the webhook, and may break off."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1_000
        await response.prepare(request)
        await response.write(f'{{"token": "{TOKEN[:shown]}'.encode())
        assert request.transport is not None
        request.transport.close()
        return response

    answer = await posted(break_off)

    assert answer.body == '{"token": "***'


async def test_half_a_token_at_the_64_kib_mark_is_blotted_out_as_well() -> None:
    async def long(_: web.Request) -> web.StreamResponse:
        body = "x" * (65_536 - 30) + TOKEN + "y" * 65_536
        return web.Response(text=body)

    answer = await posted(long)

    assert TOKEN[:9] not in answer.body
    assert len(answer.body) <= 65_536


# opening and closing


async def test_a_client_that_is_not_open_is_a_bug() -> None:
    client = DiscordClient(WebhookUrl(URL), version="0.1.0", clock=FakeClock())
    with pytest.raises(RuntimeError, match="not open") as caught:
        await client.post(HELLO)

    assert TOKEN not in repr(caught.value)


async def test_closing_more_than_once_does_no_harm(strict: Loopback) -> None:
    async with strict.client(FakeClock()) as client:
        await client.post(HELLO)
        await client.close()
        await client.close()


async def test_an_error_inside_closes_the_client_too(strict: Loopback) -> None:
    client = strict.client(FakeClock())
    with pytest.raises(ZeroDivisionError):
        await stumble(client)

    assert client._session is None


async def stumble(client: DiscordClient) -> None:
    async with client:
        raise ZeroDivisionError


async def test_a_call_can_be_cancelled(strict: Loopback) -> None:
    strict.faults.always = "discord-hang"
    async with strict.client(FakeClock()) as client:
        posting = asyncio.ensure_future(client.post(HELLO))
        for _ in range(2_000):
            if strict.discord.requests:
                break
            await asyncio.sleep(0.001)
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
