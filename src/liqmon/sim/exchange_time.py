"""The time of the exchange, which may run faster than real time."""

from dataclasses import dataclass

from liqmon.clock import Clock

__all__ = ["ExchangeTime"]


@dataclass(slots=True)
class ExchangeTime:
    """It stands at ``start_ms`` when it is made and runs ``speed`` times as fast."""

    clock: Clock
    start_ms: int
    speed: float = 1.0
    began_s: float = 0.0

    def begin(self) -> None:
        """Let time begin now."""
        self.began_s = self.clock.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Real seconds since the beginning."""
        return self.clock.monotonic() - self.began_s

    @property
    def now_ms(self) -> int:
        return self.at_ms(self.elapsed_s)

    def at_ms(self, elapsed_s: float) -> int:
        """Return the exchange's time when so many real seconds have passed."""
        return self.start_ms + int(elapsed_s * 1000 * self.speed)
