"""Controls that write down what was asked of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from liqmon.core.model import Market
from liqmon.ui.controls import Remark

__all__ = ["Hands"]


@dataclass
class Hands:
    """``asked`` is every wish, in order; ``on_quit`` is called besides."""

    on_quit: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)
    remarks: tuple[Remark, ...] = ()

    def quit(self) -> None:
        self.asked.append("quit")
        self.on_quit()

    def reload(self) -> None:
        self.asked.append("reload")

    def test_webhook(self) -> None:
        self.asked.append("test")

    def mute(self, market: Market, /) -> None:
        self.asked.append(f"mute {market.key}")

    def acknowledge(self, market: Market, /) -> None:
        self.asked.append(f"acknowledge {market.key}")
