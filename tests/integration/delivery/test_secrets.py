"""The token appears nowhere, whatever goes wrong."""

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

import webhooks
from couriers import MoodyStore, a_rig, entry
from fakes import FakeClock
from liqmon.cli.errors import guarded
from liqmon.discord.client import DiscordClient
from liqmon.logs import configure
from liqmon.monitor.supervisor import supervised
from liqmon.sim.discord_faults import FAULTS
from liqmon.ui.lines import line
from liqmon.ui.ndjson import dumps
from liqmon.webhook import WebhookUrl
from loopback_discord import TOKEN, URL, loopback_discord, served
from shells import a_shell, go_home

PIECE = 16
"""So many characters of a token in a row are a leak, too."""

Typed = Callable[..., str]


def assert_clean(text: str, token: str = TOKEN) -> None:
    pieces = {token[start : start + PIECE] for start in range(len(token) - PIECE + 1)}

    assert [piece for piece in pieces if piece in text] == []


@contextmanager
def logged(directory: Path) -> Iterator[io.StringIO]:
    """Log at debug to a stream and a file, as text and as JSON."""
    stream = io.StringIO()
    with configure(
        "debug",
        file=directory / "log.jsonl",
        fmt="json",
        stream=stream,
        to_terminal=True,
    ):
        yield stream


def on_disk(directory: Path) -> str:
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert files
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)


@pytest.fixture
def typed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Return a shell in an empty home: arguments in, everything printed out."""
    go_home(tmp_path, monkeypatch)
    shell = a_shell(capsys)

    def run(*arguments: str) -> str:
        code, out, err = shell(*arguments)
        assert out + err
        return f"{code} {out} {err}"

    return run


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_no_fault_of_discord_brings_it_out_of_the_courier(
    fault: str, tmp_path: Path
) -> None:
    clock = FakeClock()
    store = await MoodyStore.open(tmp_path / "state")
    with logged(tmp_path) as stream:
        async with (
            # on a clock of its own, which a hanging request spins
            loopback_discord() as loopback,
            loopback.client(clock, timeout_s=0.2) as client,
            a_rig(sender=client, clock=clock, store=store) as rig,
        ):
            loopback.faults.script = [fault] * 4
            await rig.add(entry(), entry(2))
            await rig.courier.drain(deadline_s=1_000)
            requests = len(loopback.discord.requests)
    told = [f"{dumps(event)} {line(event)} {event!r}" for event in rig.events]
    await store.close()

    assert requests > 0
    assert told
    assert_clean("\n".join([*told, stream.getvalue(), str(rig.shown)]))
    assert_clean(on_disk(tmp_path))


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_no_fault_of_discord_brings_it_out_of_test_webhook(
    fault: str, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", URL)
    monkeypatch.setenv("LIQMON_DISCORD__TIMEOUT_S", "0.3")
    async with loopback_discord() as loopback:
        loopback.faults.always = fault
        monkeypatch.setenv("LIQMON_DISCORD__BASE_URL", loopback.root)
        for flags in ([], ["--json"]):
            assert_clean(await asyncio.to_thread(typed, "test-webhook", *flags))
        assert_clean(await asyncio.to_thread(typed, "outbox", "list", "--json"))

    assert len(loopback.discord.requests) >= 2
    assert_clean(on_disk(tmp_path))


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 429, 500])
async def test_a_server_that_quotes_the_address_brings_out_nothing(
    status: int, tmp_path: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def echo(request: web.Request) -> web.Response:
        url = str(request.url)
        said = {"message": f"no {url}", "code": 1, "errors": {url: {"_errors": []}}}
        echoed = {"Location": url, "X-RateLimit-Bucket": url}
        return web.json_response(said, status=status, headers=echoed)

    clock = FakeClock()
    store = await MoodyStore.open(tmp_path / "state")
    monkeypatch.setenv("LIQMON_DISCORD__WEBHOOK_URL", URL)
    with logged(tmp_path) as stream:
        async with served([web.route("*", "/{rest:.*}", echo)]) as root:
            monkeypatch.setenv("LIQMON_DISCORD__BASE_URL", root)
            client = DiscordClient(
                WebhookUrl(URL), base_url=root, version="0.1.0", clock=clock
            )
            async with client, a_rig(sender=client, clock=clock, store=store) as rig:
                await rig.add(entry())
                await rig.courier.drain(deadline_s=1_000)
            shown = await asyncio.to_thread(typed, "test-webhook", "--force")
    await store.close()

    assert_clean(shown)
    assert_clean("\n".join([*map(repr, rig.events), stream.getvalue(), str(rig.shown)]))
    assert_clean(on_disk(tmp_path))


async def test_a_bug_while_posting_leaves_a_traceback_without_it(
    tmp_path: Path,
) -> None:
    endpoint = WebhookUrl(URL).endpoint()

    async def stumble() -> None:
        raise TypeError(f"cannot post to {endpoint}")

    clock = FakeClock()
    banner: list[str] = []
    with logged(tmp_path) as stream:
        async with a_rig(clock=clock) as rig:
            await rig.add(entry())
            rig.sender.meanwhile = stumble
            with pytest.raises(TypeError):
                await supervised(
                    "courier", rig.courier.run, clock=clock, tell=banner.append
                )

    log_text = stream.getvalue() + on_disk(tmp_path)
    assert "Traceback" in log_text
    assert_clean(log_text)


def test_a_bug_that_reaches_the_edge_is_shown_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stumble() -> None:
        raise RuntimeError(WebhookUrl(URL).endpoint())

    assert guarded(stumble) == 1
    assert_clean(capsys.readouterr().err)


COMMANDS = (
    ("test-webhook",),
    ("test-webhook", "--json", "--force"),
    ("outbox", "list"),
    ("config", "show"),
    ("config", "validate"),
)


@pytest.mark.parametrize("form", webhooks.HOSTILE)
def test_no_wrong_form_of_the_address_is_echoed(
    form: str, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = webhooks.HOSTILE[form]
    secret = tmp_path / "webhook"
    secret.touch(mode=0o600)
    secret.write_text(url)
    for name, value in (
        ("LIQMON_DISCORD__WEBHOOK_URL", url),
        ("LIQMON_DISCORD__WEBHOOK_URL_FILE", str(secret)),
    ):
        with monkeypatch.context() as environment:
            environment.setenv(name, value)
            for command in COMMANDS:
                assert_clean(typed(*command), webhooks.TOKEN)


MISPLACED = {
    "as the base URL": "[discord]\nbase_url = 'URL'",
    "as a symbol": "[watch]\nsymbols = ['URL']",
    "as an exchange": "[exchange]\nids = ['URL']",
    "as a number": "[discord]\nwebhook_url = 'URL'\ntimeout_s = 'URL'",
    "under a wrong key": "[discord]\nwebhook = 'URL'",
    "as a key": "[discord]\n'URL' = 1",
    "as a table": "['URL']\nx = 1",
    "as the file that holds it": "[discord]\nwebhook_url_file = 'URL'",
    "as the log file": "[log]\nfile = 'URL'",
    "twice": "[discord]\nwebhook_url = 'URL'\nwebhook_url_file = 'URL'",
    "without quotes": "[discord]\nwebhook_url = URL",
    "in a comment of a broken file": "# URL\n[discord\n",
    "in a file that others read": "[discord]\nwebhook_url = 'URL'",
}


@pytest.mark.parametrize("place", MISPLACED)
def test_an_address_in_the_wrong_place_is_not_echoed(
    place: str, typed: Typed, tmp_path: Path
) -> None:
    file = tmp_path / "liqmon.toml"
    file.write_text(MISPLACED[place].replace("URL", URL))
    file.chmod(0o644 if "others" in place else 0o600)

    for command in COMMANDS[2:]:
        assert_clean(typed(*command))


def test_an_address_on_the_command_line_is_not_echoed(typed: Typed) -> None:
    assert_clean(typed("outbox", "list", "--config", URL))
    assert_clean(typed("config", "validate", URL))


def test_the_check_sees_a_leak() -> None:
    with pytest.raises(AssertionError):
        assert_clean(f"so this is it: {TOKEN[5:40]}")
