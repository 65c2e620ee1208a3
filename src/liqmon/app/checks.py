"""What one check of ``liqmon doctor`` comes to."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Area", "Check", "Grade"]


class Grade(StrEnum):
    """How a check ended; WARN means that liqmon runs, but not as it could."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Area(StrEnum):
    """What a failure stands in the way of: running at all, judging, delivering."""

    SETUP = "setup"
    FEED = "feed"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Check:
    """``topic`` is a word or two, ``hint`` says what to do and is empty if all is well.

    Neither holds a secret.
    """

    area: Area
    topic: str
    grade: Grade
    text: str
    hint: str = ""
