from liqmon.ui.columns import columns


def test_words_stand_left_and_numbers_right() -> None:
    lines = columns(("market", "n"), [("BTC", "7"), ("1000PEPE", "12")], left=1)

    assert list(lines) == ["market     n", "BTC        7", "1000PEPE  12"]


def test_no_line_ends_in_blanks() -> None:
    assert list(columns(("a", "note"), [("1", "")], left=2)) == ["a  note", "1"]
