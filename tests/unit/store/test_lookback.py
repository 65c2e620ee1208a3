"""Episodes with all that became of them."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from factories import ETH
from liqmon.store import posts
from liqmon.store.database import Store
from liqmon.store.posts import Post
from lookbacks import DEAD, END, NOW_MS, ONSET, OTHER, SENT, raising, settling

LATER_MS = NOW_MS + 60_000


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    it = await Store.in_memory()
    yield it
    await it.close()


async def test_episodes_come_by_their_onset_each_with_what_became_of_it(
    store: Store,
) -> None:
    await raising(OTHER, ONSET, END)(store)
    await settling(DEAD, SENT)(store)

    first, second = await store.recent(0)

    assert (first.id, first.fates) == (ONSET.episode, {"sent": 1, "pending": 1})
    assert (second.id, second.fates) == (OTHER.episode, {"dead": 1})
    assert first.market == ONSET.market.key
    assert first.facts["phase"] == "end"
    assert (first.onset_ms, first.told_ms) == (ONSET.onset_ms, ONSET.decided_ms)


async def test_only_what_had_news_since_and_only_the_markets_that_are_asked_for(
    store: Store,
) -> None:
    await raising(ONSET, OTHER)(store)
    await raising(END, now_ms=LATER_MS)(store)

    assert [one.id for one in await store.recent(NOW_MS + 1)] == [ONSET.episode]
    assert [one.id for one in await store.recent(0, [ETH.key])] == [OTHER.episode]
    assert await store.recent(0, []) == []
    assert await store.markets() == sorted([ETH.key, ONSET.market.key])


async def test_a_story_has_the_findings_the_rows_and_the_messages_of_its_episode(
    store: Store,
) -> None:
    await raising(ONSET, OTHER, END)(store)
    body = {"episode": ONSET.episode, "status": "held", "reason": "open"}
    for episode in (ONSET.episode, f"{ONSET.episode}0"):
        await store.record(
            at_ms=NOW_MS, kind="Delivery", market="", body=body | {"episode": episode}
        )
    post = Post(
        route="",
        message_id="42",
        posted_ms=NOW_MS,
        edited_ms=NOW_MS,
        shown={ONSET.episode: {}},
    )
    await store._write(lambda c: _saved(c, post))

    story = await store.story(ONSET.episode)

    assert story is not None
    assert [entry.body["phase"] for entry in story.raised] == ["onset", "end"]
    assert [entry.body["episode"] for entry in story.held] == [ONSET.episode]
    assert [row.payload["phase"] for row in story.rows] == ["onset", "end"]
    assert story.episode.fates == {"pending": 2}
    assert [(one.message_id, one.edits) for one in story.posts] == [("42", 2)]
    assert await store.story("nowhere") is None


def _saved(connection: sqlite3.Connection, post: Post) -> None:
    posts.save(connection, post)
    for edited_ms in (LATER_MS, LATER_MS, LATER_MS + 60_000):
        posts.save(connection, replace(post, id=1, edited_ms=edited_ms))


async def test_delays_are_those_of_messages_that_went_out_singly(store: Store) -> None:
    await raising(ONSET, OTHER, END)(store)
    await settling(DEAD, SENT, SENT)(store)
    await raising(replace(ONSET, episode="x"), route="phone")(store)
    await store.settle(4, SENT, now_ms=NOW_MS - 5)

    assert await store.delays(0) == {"": [0.4, 0.4], "phone": [0.0]}
    assert await store.delays(NOW_MS + 401) == {}


async def test_facts_and_prices_that_are_damaged_do_no_harm(store: Store) -> None:
    await raising(ONSET)(store)
    for damage in (
        "UPDATE episode SET facts = '{'",
        "INSERT INTO price_path SELECT id, '[' FROM episode",
    ):
        await store._write(partial(_executed, damage))

    (record,) = await store.recent(0)
    assert (record.facts, record.path) == ({}, {})


def _executed(damage: str, connection: sqlite3.Connection) -> None:
    connection.execute(damage)
