"""``[[notify]]``, from the file to the settings."""

import copy
import json
import pickle
from pathlib import Path

import pytest

from liqmon.errors import ConfigError
from liqmon.settings.load import Loaded, load
from liqmon.settings.models import Settings, schema
from liqmon.settings.receivers import ReceiverUrl
from receivers import SECRET
from webhooks import URL

NTFY = f"ntfy://user:{SECRET}@host/topic"
PHONE = f'[[notify]]\nname = "phone"\nurl = "{NTFY}"\n'


def read(folder: Path, text: str, *, mode: int = 0o600) -> Loaded:
    file = folder / "liqmon.toml"
    file.write_text(text)
    file.chmod(mode)
    return load(config=None, environ={"HOME": str(folder)}, cwd=folder, flags={})


def refusal(folder: Path, text: str, *, mode: int = 0o600) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, mode=mode)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_a_receiver_is_read_with_all_its_keys(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        PHONE + 'severity = ["HIGH"]\nsymbols = ["BTCUSDT"]\nexchanges = ["Bybit"]\n'
        'health = true\nmode = "silent"\nquiet_hours = "23:00-07:00"\n'
        "ends = true\ntimeout_s = 5\n",
    )
    [one] = found.settings.notify

    assert one.url == ReceiverUrl(NTFY)
    assert (one.name, one.severity, one.symbols) == ("phone", ("high",), ("BTCUSDT",))
    assert (one.exchanges, one.health, one.mode) == (("bybit",), True, "silent")
    assert (one.quiet_hours, one.ends, one.timeout_s) == ("23:00-07:00", True, 5)
    assert one.is_filtered
    assert found.settings.has_receiver
    assert found.sources["notify"] == "file"


def test_the_url_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "phone"
    secret.write_text(f"{NTFY}\n")
    secret.chmod(0o600)
    text = '[[notify]]\nname = "phone"\nurl_file = "phone"\n'
    [one] = read(tmp_path, text, mode=0o644).settings.notify

    assert one.url == ReceiverUrl(NTFY)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path, PHONE, mode=0o640)
    assert "liqmon.toml:3 notify[0].url: holds the URL of a receiver and is" in told
    assert "     3 | url = ***" in told
    (tmp_path / "phone").write_text(NTFY)
    (tmp_path / "phone").chmod(0o644)
    told = refusal(tmp_path, '[[notify]]\nname = "phone"\nurl_file = "phone"\n')

    assert "liqmon.toml:3 notify[0].url_file: holds the URL of a receiver" in told
    assert "chmod 600" in told


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (f'url = "{NTFY}"\nurl_file = "x"', "url_file: stands beside url"),
        ("mode = 'on'", "notify[0]: has no url"),
        ('url = ""', "the receiver's URL is empty"),
        (f'url = "ntfy://a b/{SECRET}"', "the receiver's URL has a stray character"),
        (f'url = "{SECRET}"', "the receiver's URL is not of the form service://..."),
        (f'url = "{URL}"', "leads to Discord, which liqmon serves itself"),
        ('url = "discord://1/2"', "leads to Discord, which liqmon serves itself"),
        ("url = 5", "Input should be a string"),
        (f'url = "{NTFY}"\nsevere = 1', "did you mean `severity`?"),
        (f'ulr = "{NTFY}"', "did you mean `url`?"),
        (f'url = "{NTFY}"\nmode = "loud"', "'on', 'silent' or 'off'"),
    ],
)
def test_a_mistake_is_named_on_its_line_without_the_secret(
    tmp_path: Path, lines: str, said: str
) -> None:
    told = refusal(tmp_path, f'[[notify]]\nname = "phone"\n{lines}\n')

    assert said in told
    assert "--> liqmon.toml:" in told


def test_a_name_is_given_once_among_receivers_and_routes(tmp_path: Path) -> None:
    route = f'[discord]\nwebhook_url = "{URL}"\n[[discord.routes]]\nname = "phone"\n'

    assert "two receivers of one name" in refusal(tmp_path, PHONE + PHONE)
    told = refusal(tmp_path, route + PHONE)
    assert "liqmon.toml:6 notify[0].name: is the name of a route of [discord]" in told


def test_without_any_receiver_there_is_none(tmp_path: Path) -> None:
    off = PHONE + 'mode = "off"\n'

    assert not Settings().has_receiver
    assert not read(tmp_path, off).settings.has_receiver


def test_a_url_never_gets_out_by_itself() -> None:
    url = ReceiverUrl(NTFY)

    assert url.reveal() == NTFY
    assert url.scheme == "ntfy"
    assert SECRET not in f"{url} {url!r} {url:>60}"
    assert repr(url).startswith("ntfy receiver fp=")
    for leak in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leak(url)


def test_two_urls_are_equal_when_all_of_them_is() -> None:
    assert len({ReceiverUrl(NTFY), ReceiverUrl(NTFY), ReceiverUrl("json://x")}) == 2
    assert ReceiverUrl(NTFY) != NTFY


def test_the_schema_knows_the_key_for_what_it_is() -> None:
    url = schema()["$defs"]["NotifyTable"]["properties"]["url"]["anyOf"][0]

    assert url == {"type": "string", "format": "uri", "writeOnly": True}
