"""What goes wrong, and for how long: drawn once from the seed, then only looked up."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from random import Random

Span = tuple[float, float]

_FAIR_S = (60.0, 7_200.0)
_BAD_S = (5.0, 5_400.0)
_DISK_FAIR_S = (1_800.0, 20_000.0)
_DISK_BAD_S = (0.5, 300.0)


class Sky(StrEnum):
    """How a request is treated while a spell lasts."""

    FAIR = "fair"
    FAILING = "500"
    PAGE = "502 page"
    SILENT = "silent"
    LOST = "lost reply"
    LIMITED = "429"
    EDGE = "edge 429"
    BLOCKED = "edge 403"
    RESET = "reset"
    GONE = "404 gone"
    CHANGING = "changing"


_AT_DISCORD: Mapping[Sky, int] = {
    Sky.FAILING: 6,
    Sky.PAGE: 2,
    Sky.SILENT: 5,
    Sky.LOST: 5,
    Sky.LIMITED: 6,
    Sky.EDGE: 2,
    Sky.BLOCKED: 1,
    Sky.RESET: 5,
    Sky.GONE: 1,
    Sky.CHANGING: 6,
}
_PASSING = tuple(sky for sky in Sky if sky not in {Sky.GONE, Sky.CHANGING})


@dataclass(frozen=True, slots=True)
class Weather:
    """Spells one after the other; after ``ends_s`` it is fair for ever."""

    begins_s: Sequence[float]
    spells: Sequence[Sky]
    ends_s: float

    def at(self, now_s: float, rng: Random) -> Sky:
        """Return what happens to a request now."""
        if now_s >= self.ends_s:
            return Sky.FAIR
        sky = self.spells[bisect_right(self.begins_s, now_s) - 1]
        return rng.choice(_PASSING) if sky is Sky.CHANGING else sky


@dataclass(slots=True)
class DiskWeather:
    """The times, from and until, at which the disk refuses everything."""

    spells: list[Span]
    ends_s: float

    def was_bad(self, since_s: float, until_s: float) -> bool:
        """Return whether the disk refused anything between the two."""
        return any(begin <= until_s and since_s < end for begin, end in self.spells)

    def turn_bad(self, now_s: float, rng: Random) -> None:
        """Let the disk fail now, for a moment or for minutes."""
        end_s = now_s + _long(rng, _DISK_BAD_S)
        if end_s < self.ends_s:
            self.spells.append((now_s, end_s))


def discord_weather(rng: Random, ends_s: float) -> Weather:
    """Return fair spells with failures between them, the last thing a failure."""
    last_s = ends_s - _long(rng, (120.0, 5_400.0))
    begins_s, spells, now_s = [0.0], [Sky.FAIR], _long(rng, _FAIR_S)
    while now_s < last_s:
        begins_s.append(now_s)
        was_fair = spells[-1] is Sky.FAIR
        spells.append(_bad(rng) if was_fair else Sky.FAIR)
        now_s += _long(rng, _BAD_S if was_fair else _FAIR_S)
    return Weather([*begins_s, last_s], [*spells, _bad(rng)], ends_s)


def disk_weather(rng: Random, ends_s: float) -> DiskWeather:
    """Return a disk that fails now and then."""
    weather, now_s = DiskWeather([], ends_s), _long(rng, _DISK_FAIR_S)
    while now_s < ends_s:
        weather.turn_bad(now_s, rng)
        now_s += _long(rng, _DISK_FAIR_S)
    return weather


def _bad(rng: Random) -> Sky:
    return rng.choices(list(_AT_DISCORD), list(_AT_DISCORD.values()))[0]


def _long(rng: Random, span: Span) -> float:
    """Return a duration: seconds are as likely as minutes and hours."""
    return exp(rng.uniform(log(span[0]), log(span[1])))
