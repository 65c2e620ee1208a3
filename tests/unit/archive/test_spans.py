from hypothesis import given, strategies as st

from liqmon.archive.spans import Span, missing, united

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def times(parts: list[Span]) -> set[int]:
    return {at for start, end in parts for at in range(start, end)}


@given(spans)
def test_united_spans_are_the_same_time_in_order_and_apart(parts: list[Span]) -> None:
    whole = united(parts)

    assert times(whole) == times(parts)
    edges = [edge for span in whole for edge in span]
    assert edges == sorted(set(edges))


@given(st.integers(0, 60), st.integers(0, 60), spans)
def test_what_is_missing_is_what_nobody_covers(
    start: int, end: int, parts: list[Span]
) -> None:
    left = missing((start, end), parts)

    assert times(left) == times([(start, end)]) - times(parts)
    assert left == united(left)
