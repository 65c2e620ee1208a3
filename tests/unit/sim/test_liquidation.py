import numpy as np
import pytest
from hypothesis import given, strategies as st

from liqmon.sim.liquidation import IMPACT, MAINTENANCE, Book, Books, Side, thresholds


def opened(side: Side, distances: list[float], size: float = 1.0) -> Book:
    """Return a book of positions from 100, liquidated that far away from it."""
    book = Book(side)
    leverage = 1.0 / (np.array(distances) + MAINTENANCE)
    book.open(np.full(len(distances), 100.0), leverage, np.full(len(distances), size))
    return book


@pytest.mark.parametrize(
    ("side", "leverage", "price"),
    # by hand: entry * (1 -+ (1/leverage - 0.005))
    [
        (Side.LONG, 10.0, 90.5),
        (Side.LONG, 50.0, 98.5),
        (Side.SHORT, 10.0, 109.5),
        (Side.SHORT, 100.0, 100.5),
    ],
)
def test_a_position_is_liquidated_before_its_margin_is_gone(
    side: Side, leverage: float, price: float
) -> None:
    found = thresholds(side, np.array([100.0]), np.array([leverage]))

    assert found[0] == pytest.approx(price)


@pytest.mark.parametrize("side", list(Side))
def test_positions_are_due_once_and_in_order(side: Side) -> None:
    book = opened(side, [0.03, 0.01, 0.02])
    at = [np.log(100 * (1 - side * move)) for move in (0.005, 0.0101, 0.05, 0.09)]

    assert [book.take_due(float(price)) for price in at] == [0.0, 1.0, 2.0, 0.0]
    assert len(book) == 0
    assert book.next_key == -np.inf


@pytest.mark.parametrize("side", list(Side))
def test_a_position_is_due_at_its_threshold(side: Side) -> None:
    book = opened(side, [0.01, 0.02])

    assert book.take_due(side * book.next_key) == 1.0


def test_owners_may_close_themselves() -> None:
    book = opened(Side.LONG, [0.01, 0.02, 0.03], size=2.0)
    book.thin(np.array([False, True, True]))

    assert book.size == 4.0
    assert book.next_key == pytest.approx(np.log(98.0))


def flat(steps: int = 60, price: float = 100.0) -> np.ndarray:
    return np.full(steps, np.log(price))


def test_without_positions_the_price_goes_its_own_way() -> None:
    walk = np.log(np.linspace(100, 80, 60))
    price, forced = Books().play(walk)

    assert np.array_equal(price, walk)
    assert not forced.any()


def test_the_walk_that_was_given_is_left_alone() -> None:
    walk = flat(price=98.0)
    Books((opened(Side.LONG, [0.01]), Book(Side.SHORT))).play(walk)

    assert np.array_equal(walk, flat(price=98.0))


@pytest.mark.parametrize("side", list(Side))
def test_a_forced_order_moves_the_price_against_the_position(side: Side) -> None:
    books = Books((Book(Side.LONG), Book(Side.SHORT)))
    books.sides[side is Side.SHORT].open(
        np.array([100.0]), np.array([50.0]), np.array([0.5])
    )
    walk = flat()
    walk[10:] = np.log(100 * (1 - side * 0.016))
    price, forced = books.play(walk)
    push = price - walk

    assert forced.sum() == forced[int(side is Side.SHORT), 10] == 0.5
    assert not push[:10].any()
    assert push[10] == pytest.approx(-side * 0.5 * IMPACT)
    # a part of it fades
    assert 0 < abs(push[-1]) < abs(push[10])


def test_large_orders_are_worked_off_over_several_steps() -> None:
    books = Books((opened(Side.LONG, [0.01], size=2.0), Book(Side.SHORT)))
    _, forced = books.play(flat(price=98.5))

    assert forced[0, :4].tolist() == pytest.approx([0.8, 0.8, 0.4, 0.0])


def test_what_is_not_worked_off_goes_on_in_the_next_block() -> None:
    books = Books((opened(Side.LONG, [0.01], size=2.0), Book(Side.SHORT)))
    first = books.play(flat(steps=1, price=98.5))[1].sum()
    second = books.play(flat(steps=9, price=98.5))[1].sum()

    assert (first, second) == (pytest.approx(0.8), pytest.approx(1.2))


def test_a_dense_book_runs_on_and_a_thin_one_does_not() -> None:
    near, beyond = 0.008, np.linspace(0.008, 0.05, 200)
    thin = Books((opened(Side.LONG, beyond.tolist(), size=0.01), Book(Side.SHORT)))
    dense = Books((opened(Side.LONG, beyond.tolist(), size=0.08), Book(Side.SHORT)))
    walk = flat(price=100 * (1 - near - 0.002))

    assert thin.play(walk)[1].sum() < 0.5
    assert dense.play(walk)[1].sum() == pytest.approx(200 * 0.08)


@given(st.lists(st.floats(0.001, 0.2), max_size=30), st.floats(-0.3, 0.3))
def test_nothing_is_closed_that_was_not_open(
    distances: list[float], move: float
) -> None:
    books = Books((opened(Side.LONG, distances), opened(Side.SHORT, distances)))
    walk = flat() + np.linspace(0.0, move, 60)
    price, forced = books.play(walk)
    left = sum(book.size for book in books.sides) + sum(books.waiting)

    assert np.isfinite(price).all()
    assert forced.min() >= 0.0
    assert forced.sum() + left == pytest.approx(2 * len(distances))
