"""A state in which something has happened, and a shell that looks back on it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from factories import ETH, a_finding
from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Finding, Phase
from liqmon.core.pricepath import PricePath, path_to_facts
from liqmon.monitor.entries import finding_entry
from liqmon.store.database import Store
from liqmon.store.outbox import RowState, Settlement

MINUTE_MS = 60_000
NOW_MS = 1_700_000_400_000

ONSET = a_finding(episode="aaaa1111", confidence=0.9)
END = replace(
    ONSET,
    phase=Phase.END,
    decided_ms=ONSET.decided_ms + 30 * MINUTE_MS,
    ended_ms=ONSET.onset_ms + 12 * MINUTE_MS,
    price_extreme=61_000.0,
)
OTHER = a_finding(episode="aaaa2222", market=ETH, onset_ms=ONSET.onset_ms + 1)

SENT = Settlement(state=RowState.SENT, message_id="42")
DEAD = Settlement(state=RowState.DEAD, error="Discord refuses this message")


def written(state: Path, *work: Callable[[Store], Awaitable[object]]) -> None:
    """Do things to the state as a run does."""

    async def done() -> None:
        store = await Store.open(state)
        for one in work:
            await one(store)
        await store.close()

    asyncio.run(done())


def raising(
    *findings: Finding, now_ms: int = NOW_MS, told: bool = True, route: str = ""
) -> Callable[[Store], Awaitable[object]]:
    """Commit findings as a watcher does."""

    async def work(store: Store) -> None:
        for finding in findings:
            await store.commit_findings(
                market_key=finding.market.key,
                timeframe=finding.timeframe,
                state={"v": 1},
                findings=[finding_entry(finding, route)] if told else [],
                told=[] if told else [finding_to_facts(finding)],
                now_ms=now_ms,
            )

    return work


def settling(
    *settlements: Settlement, now_ms: int = NOW_MS + 400
) -> Callable[[Store], Awaitable[object]]:
    """Settle the rows of the outbox in their order, each after one attempt."""

    async def work(store: Store) -> None:
        for row, settlement in zip(await store.entries(), settlements, strict=False):
            if row.state is RowState.PENDING:
                await store.begin_attempt(row.id)
                await store.settle(row.id, settlement, now_ms=now_ms)

    return work


def following(
    finding: Finding, closes: Mapping[int, float], *, step_ms: int = MINUTE_MS
) -> Callable[[Store], Awaitable[object]]:
    """Note prices, by the minute after the decision."""
    first, last = min(closes), max(closes)
    path = PricePath(
        finding.decided_ms + first * step_ms,
        step_ms,
        tuple(closes.get(minute) for minute in range(first, last + 1)),
    )

    async def work(store: Store) -> None:
        await store.follow(finding.episode, path_to_facts(path), is_over=True)

    return work
