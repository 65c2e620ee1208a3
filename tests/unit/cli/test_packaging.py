"""What ``liqmon packaging`` prints can be used as it is."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liqmon.cli.app import app
from liqmon.cli.errors import guarded
from liqmon.cli.packaging import FILES, Piece

ANALYZE = shutil.which("systemd-analyze")
UNITS = (Piece.SYSTEMD, Piece.TIMER, Piece.ONESHOT)


def printed(piece: Piece) -> str:
    done = CliRunner().invoke(app, ["packaging", piece.value])
    assert done.exit_code == 0
    return done.output


def statements(text: str) -> list[str]:
    """Return the lines that are no comments, broken ones joined."""
    joined = text.replace("\\\n", " ")
    return [
        line.strip()
        for line in joined.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]


@pytest.mark.parametrize("piece", Piece)
def test_every_piece_is_printed_and_says_where_it_goes(piece: Piece) -> None:
    text = printed(piece)

    assert text.endswith("\n")
    if piece is not Piece.GRAFANA:  # JSON knows no comments
        assert f"liqmon packaging {piece}" in text.splitlines()[0]


def test_a_piece_that_does_not_exist_is_an_error_that_lists_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = guarded(lambda: app(["packaging", "snap"], prog_name="liqmon"))
    told = capsys.readouterr().err

    assert code == 2
    assert all(piece.value in told for piece in Piece)


def test_a_piece_that_is_not_named_is_an_error_that_lists_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = guarded(lambda: app(["packaging"], prog_name="liqmon"))

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: PIECE is missing, one of {', '.join(Piece)}\n"
        "  hint: see liqmon packaging --help\n"
    )


def test_the_crontab_runs_the_liqmon_that_printed_it() -> None:
    [line] = statements(printed(Piece.CRON))

    assert shlex.split(line)[5] == str(Path(sys.executable).with_name("liqmon"))


@pytest.mark.parametrize("piece", Piece)
def test_no_piece_holds_a_webhook(piece: Piece) -> None:
    text = printed(piece)

    assert not re.search(r"webhooks/\d", text)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")
def test_systemd_has_nothing_to_say_against_the_units(tmp_path: Path) -> None:
    for piece in UNITS:
        unit = printed(piece).replace("/usr/local/bin/liqmon", "/bin/true")
        (tmp_path / FILES[piece]).write_text(unit)
    done = subprocess.run(  # noqa: S603 - our own units
        [str(ANALYZE), "verify", *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_is_watched_and_its_exit_codes_are_understood() -> None:
    lines = statements(printed(Piece.SYSTEMD))

    assert {
        "Type=notify",
        "WatchdogSec=60",
        "ExecReload=kill -HUP $MAINPID",
        "SuccessExitStatus=143",
        "RestartPreventExitStatus=2",
        "LoadCredential=webhook:/etc/liqmon/webhook",
        "StateDirectory=liqmon",
    } <= set(lines)


def commands() -> list[list[str]]:
    """Return every call of liqmon in the pieces, without the program."""
    unit_lines = [line for piece in UNITS for line in statements(printed(piece))]
    starts = [line for line in unit_lines if line.startswith("ExecStart=")]
    [cron] = statements(printed(Piece.CRON))
    entry = [
        line
        for line in statements(printed(Piece.DOCKER))
        if line.startswith(("CMD", "HEALTHCHECK"))
    ]
    found = [shlex.split(start.partition("=")[2])[1:] for start in starts]
    found.append(shlex.split(cron.split("||", maxsplit=1)[0])[6:])
    for line in entry:
        words = json.loads(line[line.index("[") :])
        found.append([word for word in words if word != "liqmon"])
    return found


def test_every_command_in_the_pieces_is_one_that_liqmon_knows() -> None:
    known = commands()
    assert [command[0] for command in known] == [
        *("watch", "check", "check", "healthcheck", "watch"),
    ]

    for command in known:
        done = CliRunner().invoke(app, [*command, "--help"])
        assert done.exit_code == 0, done.output


def test_the_crontab_line_runs_every_minute_and_logs_what_went_wrong() -> None:
    [line] = statements(printed(Piece.CRON))

    assert line.split()[:5] == ["*/1", "*", "*", "*", "*"]
    assert line.endswith('|| logger -t liqmon "exit $?"')


def test_the_image_runs_as_nobody_in_particular_with_compiled_files() -> None:
    text = printed(Piece.DOCKER)
    lines = statements(text)

    assert "USER liqmon" in lines
    assert "--compile" in text
    assert "DONTWRITEBYTECODE" not in text
    assert any(line.startswith("HEALTHCHECK") for line in lines)
