"""The state beside a run that may be going on, and how its markets are named."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from pathlib import Path

from liqmon.errors import UserError
from liqmon.settings.models import symbol_key
from liqmon.store.database import Store

__all__ = ["markets_named", "opened", "some"]

_MOST_NAMED = 5


@asynccontextmanager
async def opened(state_dir: Path) -> AsyncIterator[Store]:
    """Open the state without its lock, and close it in the end.

    Raises:
        UserError: the state directory cannot be used.
        StoreUnavailable: the state cannot be opened now.
    """
    store = await Store.open(state_dir, exclusive=False)
    try:
        yield store
    finally:
        await store.close()


def markets_named(symbol: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return those of the market keys that a symbol means, on whatever exchange.

    Raises:
        UserError: there are none.
    """
    wanted = symbol_key(symbol)
    names = {market: symbol_key(market.partition(":")[2]) for market in known}
    found = tuple(
        market for market, name in names.items() if symbol == market or name == wanted
    )
    if found:
        return found
    near = get_close_matches(wanted, set(names.values()), n=_MOST_NAMED)
    hint = f"did you mean {some(near)}?" if near else _known(sorted({*names.values()}))
    raise UserError(f"{symbol} has not been watched with this state", hint=hint)


def _known(names: Sequence[str]) -> str:
    if not names:
        return "a market is known once liqmon watch or check has judged it"
    return f"the state knows {some(names)}"


def some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
