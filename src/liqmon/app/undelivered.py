"""The outbox as a user wants to see it, and what can be done to it by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from liqmon.app.beside import opened
from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.model import Severity
from liqmon.errors import UserError
from liqmon.monitor.gate import Gate
from liqmon.settings.models import Settings
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow, RowState

__all__ = ["Item", "Outbox", "look", "purge", "retry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message; ``symbol`` and what follows it are empty for liqmon's reports.

    ``ambiguous``: it may have arrived although nobody confirmed it. ``route`` is '' for
    the webhook of ``[discord]`` itself, ``digest`` the id of the one that tells it.
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
    route: str
    digest: int | None
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
    async with opened(state_dir) as store:
        rows = await store.entries(states)
        named = (*settings.discord.routes, *settings.notify)
        routes = {"", *(route.name for route in named)}
        held = {
            route: await _held(store, settings, route, clock)
            for route in routes | {row.route for row in rows}
        }
    now_ms = clock.now_ms()
    items = tuple(_item(row, held[row.route], now_ms) for row in rows)
    return Outbox(held[""], items)


async def retry(
    row_ids: Sequence[int], *, state_dir: Path, clock: Clock
) -> tuple[int, ...]:
    """Make dead or expired messages pending again, all dead ones if none is named.

    Returns the ids of those that are; a run that is going on sends them within a
    minute.

    Raises:
        UserError: the state directory cannot be used, or a message cannot be retried.
        StoreUnavailable: the state cannot be written now.
    """
    async with opened(state_dir) as store:
        rows = {row.id: row for row in await store.entries()}
        dead = [row.id for row in rows.values() if row.state is RowState.DEAD]
        for row_id in row_ids:
            _check_retriable(row_id, rows.get(row_id))
        chosen = tuple(row_ids or dead)
        await store.retry(chosen, now_ms=clock.now_ms())
    return chosen


async def purge(states: Sequence[RowState], *, state_dir: Path) -> int:
    """Delete all messages in these states; return how many.

    Raises:
        UserError: the state directory cannot be used.
        StoreUnavailable: the state cannot be written now.
    """
    async with opened(state_dir) as store:
        return await store.purge(states)


def _check_retriable(row_id: int, row: OutboxRow | None) -> None:
    if row is None:
        raise UserError(
            f"there is no message {row_id} in the outbox", hint="see liqmon outbox list"
        )
    if row.state not in (RowState.DEAD, RowState.EXPIRED):
        raise UserError(
            f"message {row_id} is {row.state}; only dead and expired ones are retried",
            hint="see liqmon outbox list --state dead --state expired",
        )


async def _held(store: Store, settings: Settings, route: str, clock: Clock) -> str:
    """Return why nothing is sent on a route, '' if something is."""
    breaker = settings.breaker
    fingerprint = _fingerprint(settings, route)
    if not fingerprint:
        # what waits for a route that leads nowhere is inherited by the next run
        return "" if settings.has_receiver else "there is no webhook"
    saved = await store.load_receiver(fingerprint)
    if saved is None:
        return ""
    policy = BreakerPolicy(
        enabled=breaker.enabled,
        open_s=breaker.open_s,
        open_schedule_s=breaker.open_schedule_s,
    )
    gate = Gate(Breaker(policy), fingerprint)
    gate.restore(saved, clock.monotonic(), clock.now_ms())
    hold = gate.hold(clock.monotonic())
    return "" if hold is None else hold.reason


def _fingerprint(settings: Settings, route: str) -> str:
    """Return which receiver a route leads to, '' if to none."""
    receivers = {one.name: one.url for one in settings.notify}
    webhooks = {one.name: one.webhook for one in settings.discord.routes}
    found = receivers.get(route) or webhooks.get(route) or settings.discord.webhook
    return "" if found is None else found.fingerprint


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
        route=row.route,
        digest=row.digest,
        exchange=_fact(row, "exchange"),
        symbol=_fact(row, "symbol"),
        phase=_fact(row, "phase"),
        liquidated=_fact(row, "liquidated"),
        facts=row.payload,
    )


def _why(row: OutboxRow, held: str) -> str:
    if row.state is not RowState.PENDING:
        return row.last_error
    if row.digest is not None:
        return f"to be told in a digest (message {row.digest})"
    return row.last_error or held or "about to be sent"


def _severity(number: int) -> str:
    known = {severity.value: severity.name.lower() for severity in Severity}
    return known.get(number, str(number))


def _fact(row: OutboxRow, name: str) -> str:
    fact = row.payload.get(name, "")
    return fact if isinstance(fact, str) else ""
