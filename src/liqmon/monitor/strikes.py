"""When something that keeps failing is left alone, so that the rest goes on."""

from dataclasses import dataclass
from typing import Final

__all__ = ["MOST_STRIKES", "Strikes"]

MOST_STRIKES: Final = 3


@dataclass(slots=True)
class Strikes:
    """Failures in a row of one part among several; ``is_out`` after three."""

    in_a_row: int = 0

    @property
    def is_out(self) -> bool:
        return self.in_a_row >= MOST_STRIKES

    def failed(self) -> None:
        self.in_a_row += 1

    def worked(self) -> None:
        self.in_a_row = 0
