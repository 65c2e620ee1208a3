"""The messages on Discord, as the store knows them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from couriers import told
from factories import ETH, a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Phase, Severity
from liqmon.store.attempts import Attempt
from liqmon.store.database import Store
from liqmon.store.outbox import RowState, Settlement
from liqmon.store.posts import EpisodeNow, Post

NOW_MS = 1_700_000_000_000
ONE = a_finding(episode="one")
TWO = a_finding(episode="two")


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    it = await Store.in_memory()
    yield it
    await it.close()


def a_post(message_id: str, *episodes: str, **changes: Any) -> Post:
    values: dict[str, Any] = {
        "route": "",
        "message_id": message_id,
        "posted_ms": NOW_MS,
        "edited_ms": NOW_MS,
        "shown": {episode: {"v": 1} for episode in episodes},
    }
    return Post(**values | changes)


async def write(store: Store, *posts: Post) -> None:
    await store.conclude(Attempt(posts=posts), now_ms=NOW_MS)


async def ids(store: Store, **how: Any) -> list[str]:
    found = await store.editable(NOW_MS - 1, **how)
    return [standing.post.message_id for standing in found]


async def test_a_post_comes_back_as_it_was_written(store: Store) -> None:
    post = a_post("42", "one", "two", picture="liq.png", files=("7",))
    await write(store, post)

    (standing,) = await store.editable(NOW_MS)

    assert standing.post == replace(post, id=standing.post.id)
    assert standing.episodes == {"one": EpisodeNow({}), "two": EpisodeNow({})}


async def test_a_message_is_written_once_however_often_it_is_concluded(
    store: Store,
) -> None:
    await write(store, a_post("42", "one"))
    await write(store, a_post("42", "one"))

    assert await ids(store) == ["42"]


async def test_an_old_post_is_replaced_and_keeps_its_episodes(store: Store) -> None:
    await write(store, a_post("42", "one"))
    (before,) = await store.editable(NOW_MS)
    lost = replace(before.post, message_id="")
    await write(store, lost)

    (after,) = await store.editable(NOW_MS)
    assert after.post == lost
    assert list(after.episodes) == ["one"]


async def test_two_messages_may_be_lost_at_once(store: Store) -> None:
    await write(store, a_post("", "one"), a_post("", "two"))

    assert await ids(store) == ["", ""]


async def test_closed_posts_old_posts_and_those_of_other_routes_are_not_editable(
    store: Store,
) -> None:
    await write(
        store,
        a_post("1", "one"),
        a_post("2", "one", is_closed=True),
        a_post("3", "one", posted_ms=NOW_MS - 2),
        a_post("4", "one", route="btc"),
    )

    assert await ids(store) == ["1", "4"]
    assert await ids(store, routes=["btc"]) == ["4"]
    assert await ids(store, routes=[]) == []


async def test_an_episode_s_own_post_is_the_newest_of_the_route(store: Store) -> None:
    await write(
        store,
        a_post("1", "one", "two"),
        a_post("2", "one", is_closed=True),
        a_post("3", "one", route="btc"),
    )

    for route, episode, expected in (("", "one", "2"), ("", "two", "1")):
        standing = await store.post_of(route, episode)
        assert standing is not None
        assert standing.post.message_id == expected
    assert await store.post_of("", "three") is None
    assert await store.post_of("btc", "two") is None


async def test_a_post_knows_which_of_its_episodes_a_newer_one_tells(
    store: Store,
) -> None:
    await write(
        store,
        a_post("1", "one", "two"),
        a_post("2", "one"),
        a_post("3", "two", route="btc"),
    )

    first = (await store.editable(NOW_MS))[0]

    assert {e: now.moved for e, now in first.episodes.items()} == {
        "one": True,
        "two": False,
    }


async def test_a_post_knows_the_newest_facts_and_what_is_yet_to_be_sent(
    store: Store,
) -> None:
    await write(store, a_post("1", "one", "two"))
    grown = replace(ONE, volume_usd=9e9)
    await store.commit_findings(
        market_key="m",
        timeframe="1m",
        state={},
        findings=[told(replace(TWO, phase=Phase.END), route="btc")],
        now_ms=NOW_MS,
        progress=finding_to_facts(grown),
    )
    await store.enqueue(told(ONE), now_ms=NOW_MS)

    (first,) = await store.editable(NOW_MS)

    assert first.episodes["one"] == EpisodeNow(finding_to_facts(grown), waiting=True)
    ended = finding_to_facts(replace(TWO, phase=Phase.END))
    assert first.episodes["two"] == EpisodeNow(ended)


async def test_the_row_the_post_and_the_receiver_are_written_together(
    store: Store,
) -> None:
    await store.enqueue(told(ONE), now_ms=NOW_MS)
    await store.enqueue(told(TWO), now_ms=NOW_MS)
    sent = Settlement(state=RowState.SENT, message_id="42")

    await store.begin_attempt(1, 2)
    attempt = Attempt(settled={1: sent, 2: sent}, posts=(a_post("42", "one", "two"),))
    assert await store.conclude(attempt, now_ms=NOW_MS) == []
    assert await store.conclude(attempt, now_ms=NOW_MS) == []

    rows = await store.entries()
    assert [(row.state, row.attempts, row.message_id) for row in rows] == [
        (RowState.SENT, 1, "42")
    ] * 2
    assert await ids(store) == ["42"]


async def test_a_finding_on_two_routes_has_two_rows_and_one_entry_in_the_journal(
    store: Store,
) -> None:
    severe = replace(ONE, phase=Phase.ESCALATION, severity=Severity.HIGH)
    await store.commit_findings(
        market_key="m",
        timeframe="1m",
        state={},
        findings=[told(ONE, route="a"), told(ONE, route="b"), told(severe, route="a")],
        now_ms=NOW_MS,
        told=[finding_to_facts(TWO)],
    )

    assert [row.route for row in await store.entries()] == ["a", "b", "a"]
    assert [event.body["episode"] for event in await store.events()] == [
        "one",
        "one",
        "two",
    ]
    assert [row.route for row in await store.due(NOW_MS, limit=9)] == ["a", "b"]


async def test_the_episodes_of_a_market_are_counted_from_a_moment_on(
    store: Store,
) -> None:
    for number, onset_ms in enumerate([NOW_MS - 1, NOW_MS, NOW_MS + 1]):
        one = replace(ONE, episode=f"one-{number}", onset_ms=onset_ms)
        other = replace(one, market=ETH, episode=f"eth-{number}")
        await store.commit_findings(
            market_key="m",
            timeframe="1m",
            state={},
            findings=[told(one), told(other)],
            now_ms=NOW_MS,
        )
    # what may become an episode is none
    for phase in (Phase.BUILDING, Phase.WITHDRAWN):
        step = replace(ONE, episode=phase.value, onset_ms=NOW_MS, phase=phase)
        await store.commit_findings(
            market_key="m",
            timeframe="1m",
            state={},
            findings=[],
            told=[finding_to_facts(step)],
            now_ms=NOW_MS,
        )
    damaged = "INSERT INTO episode (id, facts, updated_ms) VALUES ('x', '{', 9e15)"
    await store._write(lambda c: c.execute(damaged))

    symbol = ONE.market.symbol
    assert await store.episodes_since("bybit", symbol, NOW_MS) == 2
    assert await store.episodes_since("binance", symbol, NOW_MS) == 0


async def test_a_post_whose_facts_are_damaged_is_still_a_post(store: Store) -> None:
    await write(store, a_post("42", "one"))
    await store._write(lambda c: c.execute("UPDATE post SET shown = '{'"))

    (standing,) = await store.editable(NOW_MS)

    assert standing.post.shown == {}
    assert list(standing.episodes) == ["one"]
