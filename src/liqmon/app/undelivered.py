"""The outbox as a user wants to see it: each message, and why it is where it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.model import Severity
from liqmon.monitor.gate import Gate
from liqmon.settings.models import Settings
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow, RowState

__all__ = ["Item", "Outbox", "look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message; ``symbol`` and what follows it are empty for liqmon's reports.

    ``ambiguous``: it may have arrived although nobody confirmed it.
    """

    id: int
    kind: str
    episode: str
    state: str
    severity: str
    why: str
    created_ms: int
    expires_ms: int
    settled_ms: int | None
    age_s: float
    attempts: int
    ambiguous: bool
    message_id: str
    exchange: str
    symbol: str
    phase: str
    liquidated: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outbox:
    """``held`` says why nothing is sent at all, '' if that is not so."""

    held: str
    items: tuple[Item, ...]


async def look(
    settings: Settings, *, state_dir: Path, states: Sequence[RowState], clock: Clock
) -> Outbox:
    """Read the outbox, also beside a run that is going on; oldest message first.

    Raises:
        UserError: the state directory cannot be used.
        StoreUnavailable: the state cannot be read now.
    """
    store = await Store.open(state_dir, exclusive=False)
    try:
        held = await _held(store, settings, clock)
        rows = await store.entries(states)
    finally:
        await store.close()
    now_ms = clock.now_ms()
    return Outbox(held, tuple(_item(row, held, now_ms) for row in rows))


async def _held(store: Store, settings: Settings, clock: Clock) -> str:
    webhook, breaker = settings.discord.webhook, settings.breaker
    if webhook is None:
        return "there is no webhook"
    saved = await store.load_receiver(webhook.fingerprint)
    if saved is None:
        return ""
    policy = BreakerPolicy(
        enabled=breaker.enabled,
        open_s=breaker.open_s,
        open_schedule_s=breaker.open_schedule_s,
    )
    gate = Gate(Breaker(policy), webhook.fingerprint)
    gate.restore(saved, clock.monotonic(), clock.now_ms())
    hold = gate.hold(clock.monotonic())
    return "" if hold is None else hold.reason


def _item(row: OutboxRow, held: str, now_ms: int) -> Item:
    return Item(
        id=row.id,
        kind=row.kind,
        episode=row.episode,
        state=row.state.value,
        severity=_severity(row.severity),
        why=_why(row, held),
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        settled_ms=row.settled_ms,
        age_s=max(now_ms - row.created_ms, 0) / 1000,
        attempts=row.attempts,
        ambiguous=row.ambiguous,
        message_id=row.message_id,
        exchange=_fact(row, "exchange"),
        symbol=_fact(row, "symbol"),
        phase=_fact(row, "phase"),
        liquidated=_fact(row, "liquidated"),
        facts=row.payload,
    )


def _why(row: OutboxRow, held: str) -> str:
    if row.state is not RowState.PENDING:
        return row.last_error
    return row.last_error or held or "about to be sent"


def _severity(number: int) -> str:
    known = {severity.value: severity.name.lower() for severity in Severity}
    return known.get(number, str(number))


def _fact(row: OutboxRow, name: str) -> str:
    fact = row.payload.get(name, "")
    return fact if isinstance(fact, str) else ""
