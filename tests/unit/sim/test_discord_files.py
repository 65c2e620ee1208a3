import pytest

from liqmon.sim.discord_body import Upload
from liqmon.sim.discord_files import File, files_after
from liqmon.sim.discord_limits import Json

OLD = File("7", "old.png", b"old", "what was")
NEW = Upload(0, "new.png", b"new")


def after(payload: Json, *uploads: Upload) -> list[tuple[str, str, str]]:
    files = files_after((OLD,), payload, uploads, lambda: "8")
    return [(file.id, file.name, file.description) for file in files]


@pytest.mark.parametrize("payload", [{}, {"attachments": []}, {"attachments": None}])
def test_what_is_not_listed_is_gone(payload: Json) -> None:
    assert after(payload) == []


def test_what_is_listed_stays_and_what_comes_is_described_by_its_number() -> None:
    listed = {"attachments": [{"id": "7"}, {"id": 0, "description": "what is"}]}

    assert after(listed, NEW) == [
        ("7", "old.png", "what was"),
        ("8", "new.png", "what is"),
    ]


def test_what_comes_unlisted_has_no_description() -> None:
    assert after({}, NEW) == [("8", "new.png", "")]


def test_a_file_is_shown_with_its_size() -> None:
    assert OLD.shown() == {
        "id": "7",
        "filename": "old.png",
        "size": 3,
        "description": "what was",
    }
