"""What the keys of the table do to a run."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from liqmon.clock import Clock
from liqmon.core.model import Market, Severity
from liqmon.errors import LiqmonError
from liqmon.monitor.bulletin import Bulletin
from liqmon.ui.controls import Remark

if TYPE_CHECKING:
    from liqmon.app.parts import Parts

__all__ = ["Steering", "Watching"]

log = logging.getLogger(__name__)

_MUTE_S: Final = 30 * 60.0

_REMARKS_KEPT: Final = 20


_Wish: TypeAlias = "Callable[[Parts], Awaitable[str]]"
"""Fulfils itself with the parts of the run, and says what came of it."""


class Steering:
    """Ends a run; everything else is refused with a remark."""

    def __init__(self, clock: Clock, on_quit: Callable[[], None]) -> None:
        self._clock = clock
        self._on_quit = on_quit
        self.remarks: tuple[Remark, ...] = ()

    def quit(self) -> None:
        self._on_quit()

    def reload(self) -> None:
        self._refuse()

    def test_webhook(self) -> None:
        self._refuse()

    def mute(self, _market: Market, /) -> None:
        self._refuse()

    def acknowledge(self, _market: Market, /) -> None:
        self._refuse()

    def _refuse(self) -> None:
        self.say("that key does nothing here")

    def say(self, text: str) -> None:
        """Tell the user something, in the table."""
        remark = Remark(self._clock.now_ms(), text)
        self.remarks = (*self.remarks, remark)[-_REMARKS_KEPT:]


class Watching(Steering):
    """Steers a watch. Wishes wait for ``fulfil``."""

    def __init__(
        self,
        clock: Clock,
        bulletin: Bulletin,
        *,
        on_quit: Callable[[], None],
        on_reload: Callable[[], str],
    ) -> None:
        super().__init__(clock, on_quit)
        self._bulletin = bulletin
        self._on_reload = on_reload
        self._parts: Parts | None = None
        self._wishes: asyncio.Queue[_Wish] = asyncio.Queue()
        self._test_wanted = asyncio.Event()

    def hold(self, parts: "Parts | None") -> None:
        """Steer these parts from now on, None while there are none."""
        self._parts = parts

    def reload(self) -> None:
        self.say(self._on_reload())

    def test_webhook(self) -> None:
        if self._test_wanted.is_set():
            self.say("a test message is on its way already")
        else:
            self.say("sending a test message")
            self._test_wanted.set()

    def mute(self, market: Market, /) -> None:
        self._wishes.put_nowait(lambda parts: self._mute(parts, market))

    def acknowledge(self, market: Market, /) -> None:
        self._wishes.put_nowait(lambda parts: _acknowledge(parts, market))

    async def fulfil(self) -> None:
        """Fulfil wishes, for ever; a test may take its time and holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fulfil_tests())
            while True:
                await self._try(await self._wishes.get())

    async def _fulfil_tests(self) -> None:
        while True:
            await self._test_wanted.wait()
            await self._try(self._test)
            self._test_wanted.clear()

    async def _try(self, wish: "_Wish") -> None:
        if self._parts is None:
            self.say("not yet: still starting")
            return
        try:
            self.say(await wish(self._parts))
        except LiqmonError as error:
            self.say(f"not done: {error}")
        except Exception as error:
            # a key must not end a watch of weeks
            log.exception("a wish from the keyboard failed")
            self.say(f"not done: {error!r}")

    async def _test(self, parts: "Parts") -> str:
        from liqmon.app.trial import send_test, usual_route

        if parts.run.dry_run:
            return "no test message: this is a dry run"
        settings = parts.run.settings
        trial = await send_test(
            settings.discord,
            route=usual_route(settings),
            receivers=settings.notify,
            state_dir=parts.run.state_dir,
            severity=Severity.MEDIUM,
            force=False,
            clock=self._clock,
        )
        took = "" if trial.latency_s is None else f" in {trial.latency_s * 1000:.0f} ms"
        return f"test message: {trial.explanation}{took}"

    async def _mute(self, parts: "Parts", market: Market) -> str:
        muted = self._bulletin.snapshot.muted
        if market.key in muted:
            await parts.silences.unmute(market.key)
            if "" not in muted:
                return f"{market.name} speaks again"
        if "" in muted:
            return "every market is muted already (liqmon unmute)"
        await parts.silences.mute(market.key, _MUTE_S)
        return f"{market.name} is muted for {_MUTE_S / 60:.0f} min"


async def _acknowledge(parts: "Parts", market: Market) -> str:
    if await parts.silences.acknowledge(market.key):
        return f"{market.name}: acknowledged"
    return f"{market.name}: nothing to acknowledge, no episode is going on"
