"""Muting and acknowledging from outside: through the store, beside a run or without."""

from dataclasses import dataclass
from pathlib import Path

from liqmon.app.beside import markets_named, opened, some
from liqmon.clock import Clock
from liqmon.errors import UserError
from liqmon.store.database import Store
from liqmon.store.silences import EVERY_MARKET

__all__ = ["Muted", "acknowledge", "mute", "unmute"]


@dataclass(frozen=True, slots=True)
class Muted:
    """Which markets (their keys; '' is every one) are muted until when; wall clock."""

    markets: tuple[str, ...]
    until_ms: int


async def mute(
    symbol: str | None, *, for_s: float, state_dir: Path, clock: Clock
) -> Muted:
    """Mute a market on every exchange that has it, without a symbol every market.

    Raises:
        UserError: the state directory cannot be used, or knows no such market.
        StoreUnavailable: the state cannot be written now.
    """
    async with opened(state_dir) as store:
        markets = await _chosen(store, symbol)
        until_ms = clock.now_ms() + round(for_s * 1000)
        for market in markets:
            await store.mute(market, until_ms=until_ms)
    return Muted(markets, until_ms)


async def unmute(
    symbol: str | None, *, state_dir: Path, clock: Clock
) -> tuple[tuple[str, ...], int]:
    """Take it back; return the markets, and until when every one stays muted (0: not).

    Raises:
        UserError: the state directory cannot be used, or knows no such market.
        StoreUnavailable: the state cannot be written now.
    """
    async with opened(state_dir) as store:
        markets = await _chosen(store, symbol)
        taken = tuple([one for one in markets if await store.unmute(one)])
        left = await store.wishes(clock.now_ms())
    return taken, left.muted.get(EVERY_MARKET, 0)


async def acknowledge(name: str, *, state_dir: Path, clock: Clock) -> tuple[str, ...]:
    """Acknowledge an episode, by its id or its market; return the ids.

    Raises:
        UserError: the state directory cannot be used, or there is no such episode.
        StoreUnavailable: the state cannot be written now.
    """
    async with opened(state_dir) as store:
        episodes = await store.episodes_named(name.lower()) if name else []
        if len(episodes) > 1:
            raise UserError(
                f"{name} is the beginning of {len(episodes)} episodes",
                hint=f"write more of it: {some(episodes)}",
            )
        if not episodes:
            episodes = await _going_on(store, name)
        for episode in episodes:
            await store.acknowledge(episode, now_ms=clock.now_ms())
    return tuple(episodes)


async def _going_on(store: Store, symbol: str) -> list[str]:
    try:
        markets = markets_named(symbol, await store.markets())
    except UserError as error:
        raise UserError(
            f"{symbol} is neither an episode nor a market of this state",
            hint=f"liqmon history lists episodes with their ids; {error.hint}",
        ) from None
    found = [one for one in [await store.going_on(key) for key in markets] if one]
    if not found:
        raise UserError(
            f"nothing is going on in {symbol}",
            hint="see liqmon history; an episode's id works as well",
        )
    return found


async def _chosen(store: Store, symbol: str | None) -> tuple[str, ...]:
    if symbol is None:
        return (EVERY_MARKET,)
    return markets_named(symbol, await store.markets())
