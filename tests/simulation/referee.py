"""Watches every request while it happens, and says which promise it breaks.

I2 duplicates, I3 silence while shut, I4 pace, I8 a truthful status, I10 valid bodies,
and two more: order (an episode is told from its beginning to its end) and edit (none
after an hour).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from liqmon.core.events import BreakerChanged, BreakerState, Event
from liqmon.core.model import Finding, Phase, Severity
from liqmon.discord.answers import Answer
from simulation.arrivals import MARK
from simulation.discord import Discord, Request
from simulation.known import Knowledge
from simulation.quiet import Quiet

_PACE = ((5, 2.0), (30, 60.0))

_DURABLE_S = 0.5
"""So long after an answer its verdict is on a disk that works."""

_CAUGHT_UP_S = 90.0
"""So long after the disk works again all that was kept in memory is on it."""

_EDITED_FOR_S = 3_601.0
_CAUTION = "possible duplicate"
_OTHERS = "Also moving"
_SILENT = 4096


@dataclass(frozen=True, slots=True)
class Violation:
    """``promise`` is its number in the list of invariants."""

    at_s: float
    promise: str
    text: str


@dataclass(slots=True)
class Referee:
    """``told`` are the findings by their marks.

    ``disk_was_bad`` says whether the disk refused anything between two times.
    """

    discord: Discord
    told: Mapping[str, Finding]
    disk_was_bad: Callable[[float, float], bool]
    log: Callable[[str], None]
    quiet: Quiet
    violations: list[Violation] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    duplicates: int = 0
    _knowledge: Knowledge = field(default_factory=Knowledge)
    _under_way: Request | None = None
    _posted: dict[str, list[Request]] = field(default_factory=dict)
    _first: int = 0
    _furthest: dict[str, int] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    # what a process does

    def asked(self, request: Request) -> None:
        """Judge a request at the moment it is made."""
        now_s = request.asked_s
        self.requests.append(request)
        self.log(f"asks {request.method} {request.target} {marks(request)}")
        if self._under_way is not None:
            self.complain(now_s, "I3", "a second request while one is under way")
        if not self._knowledge.allows(now_s):
            self.complain(now_s, "I3", f"a request while shut: {self._knowledge}")
        self._knowledge = self._knowledge.narrowed(now_s)
        self._under_way = request

    def answered(self, request: Request, answer: Answer, now_s: float) -> None:
        """Note what the process got to know."""
        self.log(f"is answered {answer.status} {answer.error}")
        request.answer, request.answered_s = answer, now_s
        plain = "embeds" not in request.body
        self._knowledge = self._knowledge.learned(answer, now_s, plain=plain)
        self._under_way = None

    def ended(self, now_s: float) -> None:
        """Note the end of a process: what it learned last may not be on disk."""
        learned_s = self._knowledge.learned_s
        self._under_way = None
        if now_s - learned_s < _DURABLE_S or self.disk_was_bad(learned_s, now_s):
            self._knowledge = self._knowledge.doubted()
            for request in self.requests[-1:]:
                request.is_doubted = True
        for request in self.requests[self._first :]:
            request.is_doubted |= self._may_be_unwritten(request, now_s)
        self._first = len(self.requests)

    def is_dead(self) -> bool:
        """Return whether the webhook may be known to be gone."""
        return self._knowledge.any(lambda one: one.is_dead)

    def _may_be_unwritten(self, request: Request, now_s: float) -> bool:
        """Return whether it fell into a time without a disk that is hardly over."""
        at_s = request.answered_s
        return (
            at_s is not None
            and self.disk_was_bad(at_s - _CAUGHT_UP_S, at_s)
            and self.disk_was_bad(now_s - _CAUGHT_UP_S, now_s)
        )

    def _was_written(self, request: Request) -> bool:
        """Return whether what was sent was on disk before."""
        return not self.disk_was_bad(request.asked_s - _CAUGHT_UP_S, request.asked_s)

    def revived(self) -> None:
        """Note that a human is about to revive the webhook."""
        self._knowledge = self._knowledge.revived()

    def event(self, event: Event, now_s: float) -> None:
        """Judge what the process tells its user."""
        match event:
            case BreakerChanged(new=BreakerState.OPEN):
                if not self._knowledge.any(lambda one: one.open_until_s is not None):
                    self.complain(now_s, "I8", f"says open: {self._knowledge}")
            case BreakerChanged(new=BreakerState.DEAD):
                if not self._knowledge.any(lambda one: one.is_dead):
                    self.complain(now_s, "I8", f"says dead: {self._knowledge}")
            case _:
                pass

    def gate_s(self, now_s: float) -> float:
        """Return for how long Discord has asked to be left alone from now on."""
        return max(self._knowledge.gate_until_s() - now_s, 0.0)

    # what arrives at Discord

    def arrived(self, request: Request, now_s: float) -> None:
        """Judge a request that Discord has taken in, and what came of it."""
        self.log(f"arrives: {request.sky} {request.message_id}")
        if self.discord.invalid:
            self.complain(now_s, "I10", str(self.discord.invalid.pop()))
        self._check_pace(now_s)
        self._check_edit(request, now_s)
        if request.is_accepted:
            self._check_loudness(request)
            self._told.update(marks(request))
        if request.method == "POST" and request.is_accepted:
            for mark in marks(request):
                self._check_post(mark, request, now_s)

    def complain(self, now_s: float, promise: str, text: str) -> None:
        """Note that a promise was broken."""
        self.violations.append(Violation(now_s, promise, text))
        self.log(f"breaks {promise}")

    def _check_pace(self, now_s: float) -> None:
        recent = [request.arrived_s for request in self.requests[-40:]]
        times = [at_s for at_s in recent if at_s is not None]
        for most, span_s in _PACE:
            count = sum(at_s > now_s - span_s for at_s in times)
            if count > most:
                self.complain(now_s, "I4", f"{count} requests in {span_s:.0f} s")

    def _check_edit(self, request: Request, now_s: float) -> None:
        message = self.discord.messages.get(request.target)
        if message is not None and now_s - message.posted_s > _EDITED_FOR_S:
            self.complain(now_s, "edit", f"after {now_s - message.posted_s:.0f} s")

    def _check_loudness(self, request: Request) -> None:
        """Judge whether a message that is the first to tell of one finding may ring."""
        new = [mark for mark in marks(request) if mark in self.told.keys() - self._told]
        if request.method != "POST" or len(new) != 1 or _OTHERS in request.text:
            return
        finding, now_s = self.told[new[0]], request.asked_s
        rings = request.body.get("flags") != _SILENT
        # what is building is LOW here
        is_minor = finding.severity is Severity.LOW or finding.phase is Phase.END
        if rings and (is_minor or self.quiet.is_sure(finding, now_s)):
            self.complain(now_s, "hush", f"{new[0]} rings")
        elif not (rings or is_minor or self.quiet.is_possible(finding, now_s, now_s)):
            self.complain(now_s, "hush", f"{new[0]} does not ring")

    def _check_post(self, mark: str, request: Request, now_s: float) -> None:
        episode, step = _place(mark)
        before = [one for one in self._posted.get(mark, []) if not self._is_gone(one)]
        if before:
            self.duplicates += 1
            self._check_copy(mark, request, before, now_s)
        self._posted.setdefault(mark, []).append(request)
        if step < self._furthest.get(episode, 0):
            self.complain(now_s, "order", f"{mark} after {self._furthest[episode]}")
        if self._was_written(request):
            # without a disk the newest may overtake what waits on it
            self._furthest[episode] = max(step, self._furthest.get(episode, 0))

    def _check_copy(
        self, mark: str, request: Request, before: Sequence[Request], now_s: float
    ) -> None:
        if any(one.is_confirmed for one in before) and not self._is_anew(mark, before):
            self.complain(now_s, "I2", f"{mark} was known to be delivered")
        if mark in self.told and self.told[mark].episode not in request.text:
            self.complain(now_s, "I2", f"{mark} again, under another id")
        if _CAUTION not in request.text and self._should_warn(mark, before):
            self.complain(now_s, "I2", f"{mark} again, without a word of caution")

    def _is_anew(self, mark: str, before: Sequence[Request]) -> bool:
        """Return whether it is the episode's message before, which somebody deleted.

        It stays the episode's if the newer one was taken without an id to edit it by.
        """
        return self._has_gone(mark) and any(
            one.answer is not None and one.answer.status == 204 for one in before
        )

    def _should_warn(self, mark: str, before: Sequence[Request]) -> bool:
        """Return whether the process could know that there may be a copy.

        Not if the disk was not there to tell, nor if a deleted message is made anew.
        """
        return any(map(self._was_written, before)) and not self._has_gone(mark)

    def _has_gone(self, mark: str) -> bool:
        """Return whether a message of the episode was deleted."""
        episode, _ = _place(mark)
        stories = [
            posts for key, posts in self._posted.items() if _place(key)[0] == episode
        ]
        return any(self._is_gone(post) for posts in stories for post in posts)

    def _is_gone(self, request: Request) -> bool:
        return self.discord.messages[request.message_id].is_deleted


def marks(request: Request) -> list[str]:
    """Return the marks of the findings that a body tells."""
    return sorted({match[0] for match in MARK.finditer(request.text)})


def _place(mark: str) -> tuple[str, int]:
    episode, _, step = mark.partition("x")
    return episode, int(step)
