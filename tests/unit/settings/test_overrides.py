import tomllib
from pathlib import Path

import pytest

from disks import full_disk
from liqmon.errors import ConfigError
from liqmon.settings.overrides import write_threshold

PLAIN = """\
# what I watch
[watch]
symbols = ["BTCUSDT"]  # and nothing else

[overrides.ETHUSDT]
threshold = 14 # noisy
"""


def written(tmp_path: Path, text: str, symbol: str, threshold: float) -> str:
    path = tmp_path / "liqmon.toml"
    path.write_bytes(text.encode())
    path.chmod(0o600)
    write_threshold(path, symbol, threshold)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    return path.read_bytes().decode()


def test_a_new_market_gets_its_table_at_the_end(tmp_path: Path) -> None:
    assert written(tmp_path, PLAIN, "BTCUSDT", 9.5) == (
        f"{PLAIN}\n[overrides.BTCUSDT]\nthreshold = 9.5\n"
    )


def test_an_empty_file_gets_the_table_only(tmp_path: Path) -> None:
    assert written(tmp_path, "", "BTCUSDT", 9) == (
        "[overrides.BTCUSDT]\nthreshold = 9\n"
    )


@pytest.mark.parametrize("symbol", ["ETHUSDT", "ETH/USDT:USDT", "eth-usdt-swap"])
def test_a_threshold_is_replaced_and_its_comment_stays(
    tmp_path: Path, symbol: str
) -> None:
    assert written(tmp_path, PLAIN, symbol, 9.5) == PLAIN.replace("14 #", "9.5 #")


def test_a_table_without_a_threshold_gets_one(tmp_path: Path) -> None:
    assert written(tmp_path, "[overrides.BTCUSDT] # mine\n", "BTCUSDT", 8) == (
        "[overrides.BTCUSDT] # mine\nthreshold = 8\n"
    )


def test_line_ends_stay_as_they_were(tmp_path: Path) -> None:
    text = "[log]\r\nlevel = 'info'"

    assert written(tmp_path, text, "BTCUSDT", 8) == (
        f"{text}\r\n\r\n[overrides.BTCUSDT]\r\nthreshold = 8\r\n"
    )


def test_a_symbol_that_is_no_bare_key_is_quoted(tmp_path: Path) -> None:
    edited = written(tmp_path, "", "BTC/USD:BTC", 8)

    assert tomllib.loads(edited) == {"overrides": {"BTC/USD:BTC": {"threshold": 8}}}


@pytest.mark.parametrize(
    "text",
    [
        "[overrides]\nBTCUSDT.threshold = 12\n",
        "overrides.BTCUSDT.threshold = 12\n",
    ],
)
def test_a_dotted_key_is_edited_where_it_stands(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, text, "BTCUSDT", 8) == text.replace("12", "8")


@pytest.mark.parametrize(
    "text",
    [
        "[overrides]\nBTCUSDT = { threshold = 12 }\n",
        "overrides = { BTCUSDT = {} }\n",
        "overrides = 3\n",
        "overrides.BTCUSDT = 3\n",
    ],
)
def test_what_cannot_be_edited_safely_stays_as_it_was(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "liqmon.toml"
    path.write_text(text)

    with pytest.raises(ConfigError, match="cannot be edited safely") as raised:
        write_threshold(path, "BTCUSDT", 8)

    assert raised.value.hint.endswith("[overrides.BTCUSDT] threshold = 8")
    assert path.read_text() == text


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "liqmon.toml"
    real.write_text("")
    link.symlink_to(real)

    write_threshold(link, "BTCUSDT", 8)

    assert link.is_symlink()
    assert "threshold = 8" in real.read_text()


def test_a_full_disk_is_told_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "liqmon.toml"
    path.write_text(PLAIN)

    with full_disk(), pytest.raises(ConfigError, match=r"cannot be written: File too"):
        write_threshold(path, "BTCUSDT", 8)

    assert path.read_text() == PLAIN
    assert list(tmp_path.iterdir()) == [path]
