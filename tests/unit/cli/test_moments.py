import pytest

from liqmon.cli.moments import Since, moment_ms, since
from liqmon.errors import UserError

NOON_MS = 1_621_425_600_000


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-19T12:00",
        "2021-05-19 12:00:00",
        "2021-05-19T14:00+02:00",
        "2021-05-19T12:00Z",
        "1621425600",
        "1621425600000",
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str) -> None:
    assert moment_ms(text, option="--at") == NOON_MS


@pytest.mark.parametrize("text", ["yesterday", "", "12:00", "9" * 30, "-5"])
def test_what_is_no_moment_is_an_error_that_names_the_option(text: str) -> None:
    with pytest.raises(UserError, match=r"--at .*no time that can be read") as raised:
        moment_ms(text, option="--at")

    assert "2021-05-19T12:00" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "hours"), [("90d", 2160), ("12h", 12), ("1.5d", 36), ("2w", 336)]
)
def test_a_span_counts_back_from_the_end(text: str, hours: float) -> None:
    assert since(text).before(NOON_MS) == NOON_MS - hours * 3_600_000


def test_a_date_is_where_it_begins() -> None:
    assert since("2021-05-19T12:00") == Since(start_ms=NOON_MS)
    assert since("2021-05-19T12:00").before(NOON_MS * 2) == NOON_MS


def test_a_span_of_minutes_is_one_of_minutes() -> None:
    assert since("30m").span_ms == 1_800_000
