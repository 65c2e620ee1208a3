"""Colours and signs. They repeat what the words say and never say it alone."""

from typing import Final

from liqmon.core.model import PositionSide, Severity

__all__ = [
    "BUILDING",
    "BUILDING_GLYPH",
    "COLORS",
    "DIRECTION",
    "ENDED",
    "ENDED_GLYPH",
    "GLYPHS",
    "OWN_GLYPH",
    "OWN_HEALTH",
    "TEST",
    "TEST_GLYPH",
]

COLORS: Final = {
    Severity.LOW: 0xF5A524,
    Severity.MEDIUM: 0xF76B15,
    Severity.HIGH: 0xE5484D,
    Severity.CRITICAL: 0x9B1C31,
}
BUILDING: Final = 0xFBE3B4
ENDED: Final = 0x8B8D98
OWN_HEALTH: Final = 0x3E63DD
TEST: Final = 0x6E56CF

GLYPHS: Final = {
    Severity.LOW: "\N{LARGE YELLOW CIRCLE}",
    Severity.MEDIUM: "\N{LARGE ORANGE CIRCLE}",
    Severity.HIGH: "\N{LARGE RED CIRCLE}",
    Severity.CRITICAL: "\N{POLICE CARS REVOLVING LIGHT}",
}
BUILDING_GLYPH: Final = "\N{HOURGLASS WITH FLOWING SAND}"
ENDED_GLYPH: Final = "\N{MEDIUM WHITE CIRCLE}"
TEST_GLYPH: Final = "\N{LARGE PURPLE CIRCLE}"
OWN_GLYPH: Final = "\N{LARGE BLUE CIRCLE}"

DIRECTION: Final = {
    PositionSide.LONG: "\N{CHART WITH DOWNWARDS TREND}",
    PositionSide.SHORT: "\N{CHART WITH UPWARDS TREND}",
}
