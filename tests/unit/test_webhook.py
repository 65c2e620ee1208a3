"""The webhook URL: what is taken, what is refused, and that it never shows."""

import copy
import hashlib
import json
import pickle
import string
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from liqmon.errors import ConfigError
from liqmon.webhook import WebhookUrl, is_loopback, scrubbed
from webhooks import HOSTILE, ID, PATH, TOKEN, URL

REBUILT = f"https://discord.com/api/v10/webhooks/{ID}/{TOKEN}"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_f03_a_hostile_form_is_refused_without_an_echo(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        WebhookUrl(text)

    said = f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert TOKEN not in said
    assert "evil" not in said
    assert caught.value.hint


def test_f03_there_are_seventeen_hostile_forms() -> None:
    assert len(HOSTILE) == 17


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the webhook URL is empty"),
        (f"{URL}\n", "the webhook URL has a stray character"),
        (f"ftp://discord.com{PATH}", "the webhook URL does not begin with https://"),
        (HOSTILE["user info"], "the webhook URL has a user name in front of its host"),
        (HOSTILE["loopback"], "the webhook URL does not point at discord.com"),
        (HOSTILE["port 8443"], "the webhook URL names a port"),
        (
            "https://discord.com/channels/1/2",
            "the webhook URL is the address of a channel, not of a webhook",
        ),
        (
            "https://discord.com/api/webhooks/<id>/<token>",
            "the webhook URL is still the example",
        ),
        (f"{URL}/a", "not of the form https://discord.com/api/webhooks/<id>/<token>"),
        (
            HOSTILE["trailing slack"],
            "the webhook URL ends in /slack or /github; leave that out",
        ),
        (
            f"https://discord.com/api/webhooks/{ID}/short",
            "the webhook URL is not complete",
        ),
    ],
)
def test_a_refusal_names_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        WebhookUrl(text)

    assert str(caught.value) == said


@pytest.mark.parametrize(
    "text",
    [
        URL,
        f"{URL}/",
        f"https://ptb.discord.com{PATH}",
        f"https://canary.discord.com{PATH}",
        f"https://discordapp.com{PATH}",
        f"https://discord.com:443{PATH}",
        f"https://discord.com/api/v9/webhooks/{ID}/{TOKEN}",
        f"{URL}?wait=true",
    ],
)
def test_every_usual_form_is_rebuilt_as_version_10(text: str) -> None:
    webhook = WebhookUrl(text)

    assert webhook.endpoint() == REBUILT
    assert webhook.thread_id is None


@pytest.mark.parametrize("query", ["thread_id={}", "wait=true&thread_id={}"])
def test_a_thread_is_kept_beside_the_address(query: str) -> None:
    thread = "987654321098765432"
    webhook = WebhookUrl(f"{URL}?{query.format(thread)}")

    assert webhook.thread_id == thread
    assert webhook.endpoint() == REBUILT


@pytest.mark.parametrize(
    "query", ["thread_id=1", "foo=1", "thread_id=987654321098765432&x=1"]
)
def test_any_other_query_is_refused(query: str) -> None:
    with pytest.raises(ConfigError):
        WebhookUrl(f"{URL}?{query}")


@pytest.mark.parametrize(
    ("id_digits", "token_length", "taken"),
    [
        (15, 40, True),
        (22, 120, True),
        (14, 40, False),
        (23, 40, False),
        (18, 39, False),
        (18, 121, False),
    ],
)
def test_lengths_have_bounds(id_digits: int, token_length: int, taken: bool) -> None:
    text = f"https://discord.com/api/webhooks/{'1' * id_digits}/{'a' * token_length}"
    if taken:
        assert WebhookUrl(text).endpoint().endswith("a" * token_length)
    else:
        with pytest.raises(ConfigError):
            WebhookUrl(text)


def test_a_loopback_server_may_stand_in_for_discord() -> None:
    address = WebhookUrl(URL).endpoint("http://127.0.0.1:8099/")

    assert address == f"http://127.0.0.1:8099/api/v10/webhooks/{ID}/{TOKEN}"


def test_nothing_but_loopback_may_stand_in_for_discord() -> None:
    with pytest.raises(ConfigError) as caught:
        WebhookUrl(URL).endpoint("http://192.168.1.5:8099")

    assert str(caught.value) == "a base URL must be a loopback address"


def test_what_is_printed_is_four_digits_and_a_fingerprint() -> None:
    webhook = WebhookUrl(URL)
    fingerprint = hashlib.sha256(f"{ID}/{TOKEN}".encode()).hexdigest()[:12]
    shown = f"webhook id=…5678 fp={fingerprint}"

    assert webhook.fingerprint == fingerprint
    assert [repr(webhook), str(webhook), f"{webhook}"] == [shown] * 3
    assert f"{webhook:>60}".strip() == shown
    assert "%s %r" % (webhook, webhook) == f"{shown} {shown}"  # noqa: UP031 - a log line


@dataclass
class Holder:
    webhook: WebhookUrl


def test_a_value_that_holds_one_prints_no_token() -> None:
    assert TOKEN not in repr(Holder(WebhookUrl(URL)))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(WebhookUrl(URL), protocol)


def test_it_cannot_be_copied_or_written_as_json() -> None:
    webhook = WebhookUrl(URL)
    with pytest.raises(TypeError):
        copy.deepcopy(webhook)
    with pytest.raises(TypeError):
        json.dumps({"url": webhook})
    with pytest.raises(TypeError):
        vars(webhook)


def test_equality_is_by_id_and_token() -> None:
    one = WebhookUrl(URL)
    same = WebhookUrl(f"https://ptb.discord.com{PATH}?thread_id=987654321098765432")
    other = WebhookUrl(URL + "x")

    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one.fingerprint != other.fingerprint
    assert one != URL


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "http://127.0.0.1:8080",
        "http://127.9.9.9:1/sim",
        "https://localhost:8443/",
        "http://[::1]:8080/discord",
    ],
)
def test_these_are_loopback(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080",
        "ws://127.0.0.1",
        "http://0.0.0.0:8080",
        "http://10.0.0.1",
        "http://evil.io",
        "http://localhost.evil.io",
        "http://127.0.0.1.evil.io",
        "http://127.0.0.1@evil.io",
        "http://evil.io#127.0.0.1",
        "http://127.0.0.1\\@evil.io",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://[::ffff:127.0.0.1]",
        "http://[::1",
        "http://127.0.0.1/?to=evil.io",
        "http://127.0.0.1\n",
        "http://2130706433",
        "http://127.1",
    ],
)
def test_these_are_not_loopback(url: str) -> None:
    assert not is_loopback(url)


@given(before=st.text(), after=st.text(alphabet=" \n\"'<>),;:?"), scheme=st.booleans())
def test_a_token_is_scrubbed_out_of_any_text(
    before: str, after: str, scheme: bool
) -> None:
    url = URL if scheme else f"/webhooks/{ID}/{TOKEN}"

    clean = scrubbed(f"{before}{url}{after}")

    assert TOKEN not in clean
    assert f"/webhooks/{ID}/***" in clean


@given(st.text(alphabet=string.printable))
def test_text_without_a_webhook_is_left_alone(text: str) -> None:
    assert scrubbed(text) == text


@given(st.text())
def test_any_text_is_a_webhook_or_a_named_error(text: str) -> None:
    with pytest.raises(ConfigError):
        WebhookUrl(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://hooks.slack.com/services/T0/B0/x",
        "https://api.telegram.org/bot1:x/sendMessage",
        "https://contoso.webhook.office.com/webhookb2/x",
        "tgram://1:x/2",
        "ntfy://topic",
    ],
)
def test_the_webhook_of_another_service_is_led_to_its_place(text: str) -> None:
    with pytest.raises(ConfigError, match="of another service than Discord") as caught:
        WebhookUrl(text)

    assert caught.value.hint.startswith("for other services there is [[notify]]")
