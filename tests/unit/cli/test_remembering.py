from pathlib import Path

import pytest

from liqmon.cli.remembering import remember, remembered
from liqmon.ui.look import Look, Pane, Sort


def test_order_and_bell_are_as_they_were_left_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    left = Look(Sort.NAME, is_reversed=True, filter="x", pane=Pane.LOG, has_bell=False)
    remember(left, path)

    assert remembered(path) == Look(Sort.NAME, is_reversed=True, has_bell=False)
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_place_or_a_file_it_is_the_usual_look(tmp_path: Path) -> None:
    remember(Look(Sort.NAME), None)

    assert remembered(None) == remembered(tmp_path / "none.json") == Look()


@pytest.mark.parametrize(
    "kept", ["", "[]", "{", '{"sort": "odd"}', '{"sort": []}', "\xff"]
)
def test_a_file_that_makes_no_sense_is_no_trouble(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(kept, encoding="latin-1")

    assert remembered(path) == Look()


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    remember(Look(), tmp_path / "gone" / "table.json")

    assert not list(tmp_path.iterdir())
