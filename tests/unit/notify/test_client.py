"""One attempt in a thread, within its time."""

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from couriers import until
from fakes import FakeClock
from liqmon.clock import SystemClock
from liqmon.discord.answers import Answer
from liqmon.errors import ConfigError
from liqmon.logs import configure
from liqmon.notify.answers import CANNOT_EDIT
from liqmon.notify.client import NotifyClient
from liqmon.notify.service import Service, is_installed
from liqmon.notify.text import Text
from liqmon.settings.receivers import ReceiverUrl
from receivers import SECRET, an_inbox

LOUD = {"content": "a\nb"}
SILENT = LOUD | {"flags": 4096}


@dataclass
class ScriptedOutlet:
    """Does what it is told in the thread that sends."""

    act: Callable[[], object] = lambda: None
    texts: list[Text] = field(default_factory=list)

    def send(self, text: Text) -> tuple[bool, list[str]]:
        self.act()
        self.texts.append(text)
        return True, []


def service(url: str, *, timeout_s: float = 30) -> Service:
    return Service(ReceiverUrl(url), name="phone", timeout_s=timeout_s)


def client(url: str) -> NotifyClient:
    return NotifyClient(service(url), timeout_s=30, clock=SystemClock())


async def test_a_message_arrives_with_title_and_body() -> None:
    async with an_inbox() as inbox:
        answer = await client(inbox.json_url).post(LOUD)

    assert (answer.status, answer.error) == (200, "")
    assert answer.latency_s > 0
    [message] = inbox.messages
    assert (message["title"], message["message"]) == ("a", "b")
    assert message["type"] == "warning"


async def test_a_title_without_a_body_is_the_message() -> None:
    async with an_inbox() as inbox:
        await client(inbox.json_url).post({"content": "all of it"})

    assert inbox.messages[0]["message"] == "all of it"


async def test_what_is_silent_goes_with_a_low_priority_where_there_is_one() -> None:
    async with an_inbox() as inbox:
        ntfy = client(inbox.ntfy_url)
        await ntfy.post(LOUD)
        await ntfy.post(SILENT)
        await client(inbox.json_url).post(SILENT)

    assert [one["priority"] for one in inbox.messages] == ["default", "low", "default"]
    assert service(inbox.ntfy_url).can_be_silent
    assert not service(inbox.json_url).can_be_silent


async def test_messages_follow_each_other_without_a_pause_of_apprise() -> None:
    async with an_inbox() as inbox:
        ntfy = client(inbox.ntfy_url)
        answers = [await ntfy.post(LOUD) for _ in range(3)]

    assert [one.status for one in answers] == [200, 200, 200]


@pytest.mark.parametrize("status", [401, 302, 429, 503])
async def test_a_refusal_has_its_status(status: int) -> None:
    async with an_inbox(status) as inbox:
        answer = await client(inbox.json_url).post(LOUD)

    assert answer.status == status
    assert (inbox.asked, inbox.messages) == (1, [])


async def test_nobody_there_is_an_answer_too() -> None:
    async with an_inbox() as inbox:
        gone = inbox.json_url

    assert (await client(gone).post(LOUD)).error == "cannot connect"


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_no_log_at_any_level_holds_the_url(
    status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("apprise", "urllib3", "requests"):
        caplog.set_level(1, name)
    # the server's own log: it is the test's
    caplog.set_level("ERROR", "aiohttp.access")
    log, said = tmp_path / "log", io.StringIO()
    async with an_inbox(status) as inbox:
        with configure("debug", file=log, fmt="text", stream=said, to_terminal=True):
            logging.getLogger().setLevel(1)
            answer = await client(inbox.ntfy_url).post(LOUD)
            gone = await client(f"json://{SECRET}:{SECRET}@127.0.0.1:1").post(LOUD)
            with pytest.raises(ConfigError) as caught:
                service(f"nosuch://{SECRET}")
            logging.getLogger("liqmon.test").debug("this is logged")

    assert "this is logged" in log.read_text()
    told = (log.read_text(), said.getvalue(), answer, gone, caught.value)
    assert SECRET not in " ".join(map(str, told))


async def test_the_text_is_made_before_the_thread_and_an_edit_needs_none() -> None:
    outlet = ScriptedOutlet()
    sender = NotifyClient(outlet, timeout_s=5, clock=FakeClock())

    assert (await sender.post(LOUD)).status == 200
    assert outlet.texts == [Text("a", "b")]
    assert await sender.edit("1", LOUD) == CANNOT_EDIT
    assert len(outlet.texts) == 1


async def test_a_message_that_takes_too_long_keeps_the_next_one_back() -> None:
    done, gate = threading.Event(), threading.Event()

    def wait() -> None:
        gate.wait(10)
        done.set()

    outlet = ScriptedOutlet(wait)
    sender = NotifyClient(outlet, timeout_s=0.05, clock=FakeClock())

    assert await sender.post(LOUD) == Answer(error="no answer in time", sent_bytes=True)
    late = await sender.post(LOUD)
    assert late == Answer(error="the message before it is still on its way")
    gate.set()
    await asyncio.to_thread(done.wait, 10)
    outlet.act = lambda: None
    await until(lambda: len(outlet.texts) == 1)
    async with asyncio.timeout(5):
        # the thread has yet to say that it is through
        while (await sender.post(LOUD)).status is None:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_what_a_service_raises_is_no_crash_and_tells_no_secret() -> None:
    def crash() -> None:
        raise ValueError(SECRET)

    sender = NotifyClient(ScriptedOutlet(crash), timeout_s=5, clock=FakeClock())

    assert (await sender.post(LOUD)).error == "apprise could not send it"


def test_a_thread_that_outlives_its_loop_ends_in_peace() -> None:
    gate, ended = threading.Event(), threading.Event()
    crashes: list[object] = []

    def wait() -> None:
        gate.wait(10)
        ended.set()

    async def given_up() -> None:
        await NotifyClient(
            ScriptedOutlet(wait), timeout_s=0.01, clock=FakeClock()
        ).post(LOUD)

    before, threading.excepthook = threading.excepthook, crashes.append
    try:
        asyncio.run(given_up())
        [thread] = [one for one in threading.enumerate() if one.name == "notify"]
        gate.set()
        thread.join(10)
    finally:
        threading.excepthook = before

    assert ended.is_set()
    assert crashes == []


def test_a_url_that_apprise_does_not_understand_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="the receiver phone cannot be used") as it:
        service(f"nosuch://{SECRET}")

    assert "nosuch:// url" in str(it.value)
    assert "appriseit.com" in it.value.hint


@pytest.mark.parametrize("url", ["tgram://not-a-token", "pover://user", "gotify://h"])
def test_a_url_that_lacks_what_its_service_needs_is_refused_too(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        service(url)


@pytest.fixture
def no_apprise() -> Any:
    """Have Python find no apprise, as where the extra was not installed."""
    kept = sys.modules.get("apprise")
    sys.modules["apprise"] = None  # type: ignore[assignment]
    yield
    del sys.modules["apprise"]
    if kept is not None:
        sys.modules["apprise"] = kept


def test_without_the_extra_the_error_says_how_to_get_it(no_apprise: None) -> None:
    assert not is_installed()
    with pytest.raises(
        ConfigError, match="needs apprise, which is not installed"
    ) as it:
        service("json://127.0.0.1")

    assert it.value.hint == "pip install 'liqmon[notify]'"
