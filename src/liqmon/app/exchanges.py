"""An exchange as the settings want it."""

from collections.abc import Callable

from liqmon.clock import Clock
from liqmon.core.events import Event
from liqmon.exchange.catalogue import ALIASES
from liqmon.exchange.client import Exchange
from liqmon.exchange.retry import RetryPolicy
from liqmon.settings.models import Settings

__all__ = ["exchange_from", "exchange_names", "impatient"]


def exchange_from(
    settings: Settings, exchange_id: str, clock: Clock, emit: Callable[[Event], None]
) -> Exchange:
    """Return an exchange that is yet to be opened."""
    return Exchange(
        exchange_id,
        clock=clock,
        retry=RetryPolicy(
            enabled=settings.retry.enabled,
            attempts=settings.retry.attempts,
            waits_s=settings.retry.waits_s,
        ),
        emit=emit,
        base_url=settings.exchange.base_url,
        timeout_s=settings.exchange.timeout_s,
        interval_s=settings.watch.poll_interval_s,
    )


def exchange_names(settings: Settings) -> tuple[str, ...]:
    """Return the exchanges of the settings by the names that they go by in a run."""
    return tuple(dict.fromkeys(ALIASES.get(one, one) for one in settings.exchange.ids))


def impatient(settings: Settings) -> Settings:
    """Return the settings without retries: who only looks tells what was met."""
    once = settings.retry.model_copy(update={"enabled": False})
    return settings.model_copy(update={"retry": once})
