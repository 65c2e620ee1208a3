"""A finding's way on Discord, once and by hand: the post, the edit, the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from liqmon.clock import Clock
from liqmon.core.model import Finding
from liqmon.discord.answers import Answer, Fate, Ruling, judge as judge_discord
from liqmon.discord.attachments import Attachment, kept
from liqmon.discord.embeds import finding_message
from liqmon.discord.specimen import lifecycle
from liqmon.monitor.carrier import Judge, Sender

__all__ = ["Rehearsal", "Step", "Trial"]

_PAUSE_S: Final = 1.5
"""Long enough to see the message change."""

_RATES: Final = ("retry-after", "x-ratelimit-")
_AS_A_FINDING: Final = "run it again; a finding would be kept and tried again"
_NO_ID: Final = "posted, but Discord did not say the message's id: it cannot be edited"
_REFUSED_LAYOUT: Final = "please report it: liqmon wrote what Discord does not take"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of several."""

    name: str
    explanation: str
    latency_s: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it, as of the last request that was made.

    ``status`` is None without an answer, ``latency_s`` without a request. ``files``
    counts those that Discord says the message has. ``revived``: the webhook had been
    given up on or paused, and is used again.
    """

    delivered: bool
    explanation: str
    hint: str = ""
    status: int | None = None
    latency_s: float | None = None
    message_id: str = ""
    rate_limit: Mapping[str, str] = field(default_factory=dict)
    revived: bool = False
    files: int = 0
    steps: tuple[Step, ...] = ()


class Rehearsal:
    """One message to one receiver; ``tell`` gets every step as it is made."""

    def __init__(
        self,
        client: Sender,
        clock: Clock,
        mention_role: str = "",
        files: tuple[Attachment, ...] = (),
        tell: Callable[[Step], None] = lambda _: None,
        *,
        judge: Judge = judge_discord,
    ) -> None:
        self._judge = judge
        self._client = client
        self._clock = clock
        self._mention_role = mention_role
        self._files = files
        self._tell = tell
        self._steps: list[Step] = []
        self._kept: list[dict[str, str]] = []

    async def post(self, onset: Finding) -> Trial:
        """Post it, marked TEST."""
        body = self._body(onset)
        answer = await self._client.post(body, self._files)
        self._kept = kept(answer.body)
        return self._trial("onset", answer)

    async def edits(self, onset: Finding, posted: Trial) -> Trial:
        """Make of the posted message what becomes of an onset, until it has ended."""
        if not posted.message_id:
            return replace(posted, delivered=False, explanation=_NO_ID)
        trial = posted
        for name, finding in zip(("edit", "end"), lifecycle(onset), strict=True):
            await self._clock.sleep(_PAUSE_S)
            body = self._body(finding) | {"attachments": self._kept}
            trial = self._trial(name, await self._client.edit(posted.message_id, body))
            if not trial.delivered:
                break
        return trial

    def _body(self, finding: Finding) -> dict[str, object]:
        return finding_message(
            finding,
            now_ms=self._clock.now_ms(),
            test=True,
            mention_role=self._mention_role,
            picture=self._files[0].name if self._files else "",
        )

    def _trial(self, name: str, answer: Answer) -> Trial:
        ruling = self._judge(answer)
        step = Step(name, ruling.explanation, answer.latency_s)
        self._steps.append(step)
        self._tell(step)
        return Trial(
            delivered=ruling.fate is Fate.SENT,
            explanation=ruling.explanation,
            hint=_hint(ruling),
            status=answer.status,
            latency_s=answer.latency_s,
            message_id=ruling.message_id,
            rate_limit={
                name: value
                for name, value in sorted(answer.headers.items())
                if name.startswith(_RATES)
            },
            files=len(kept(answer.body)),
            steps=tuple(self._steps),
        )


def _hint(ruling: Ruling) -> str:
    """Return what the user can do; some of a ruling's hints are for the courier."""
    if ruling.fate is Fate.DEGRADE_OR_DEAD:
        return _REFUSED_LAYOUT
    if ruling.hint.startswith("nothing to do"):
        return _AS_A_FINDING
    return ruling.hint
