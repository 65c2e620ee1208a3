"""What the disk and the channel look like when all is over.

I1: every finding that was said to be raised is sent, told in a digest, counted as
expired or listed as dead, and what the outbox calls sent stands at Discord. I6: no
commit waited for Discord. I2: there are no more duplicates than there were occasions.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from liqmon.core.model import Finding, Phase, Severity
from liqmon.store.database import Store
from liqmon.store.outbox import OutboxRow, RowState
from simulation.arrivals import mark
from simulation.discord import REFUSED_ALWAYS, Request
from simulation.life import TIMEFRAME, Scene
from simulation.loop import EPOCH_MS

_LIFETIME_S = {
    Severity.LOW: 1_800.0,
    Severity.MEDIUM: 21_600.0,
    Severity.HIGH: 86_400.0,
    Severity.CRITICAL: 86_400.0,
}
_SLOWEST_COMMIT_S = 1.0
_ROUNDING_S = 0.002
_DIGEST = "liqmon · digest"
_UNLISTED = "liqmon: findings piled up"
"""What remains of a digest that Discord refused."""

_MORE = re.compile(r"\+\d+ more")


async def audit(scene: Scene) -> None:
    """Complain to the referee of everything that is not as promised."""
    store = await Store.open(scene.directory)
    rows = _by_finding(await store.entries(limit=1_000_000))
    states = await store.states(TIMEFRAME)
    await store.close()
    auditor = _Auditor(scene, rows)
    for finding in scene.acknowledged:
        auditor.check_finding(finding)
    for step in scene.steps:
        state = states.get(step.market, {})
        if step.told is not None and step.index < int(str(state.get("next", 0))):
            auditor.check_is_there(step.told)
    auditor.check_totals()


def _by_finding(rows: Sequence[OutboxRow]) -> dict[str, list[OutboxRow]]:
    found: dict[str, list[OutboxRow]] = defaultdict(list)
    for row in rows:
        if row.kind == "finding":
            payload = row.payload
            found[f"{row.episode} {payload['phase']} {payload['severity']}"].append(row)
    return found


class _Auditor:
    def __init__(self, scene: Scene, rows: dict[str, list[OutboxRow]]) -> None:
        self._scene = scene
        self._rows = rows
        self._accepted = [r for r in scene.referee.requests if r.is_accepted]

    def check_is_there(self, finding: Finding) -> None:
        if len(self._found(finding)) != 1:
            count = len(self._found(finding))
            self._complain("I1", f"{count} rows where the state says one", finding)

    def check_finding(self, finding: Finding) -> None:
        for row in self._found(finding):
            match row.state:
                case RowState.SENT:
                    self._check_sent(finding, row)
                case RowState.DIGESTED:
                    self._check_digested(finding, row)
                case RowState.EXPIRED:
                    self._check_expired(finding, row)
                case RowState.DEAD:
                    self._check_dead(finding)
                case RowState.PENDING:
                    pass  # counted by I11
        if not self._found(finding):
            self._complain("I1", "lost", finding)

    def check_totals(self) -> None:
        scene, referee = self._scene, self._scene.referee
        lost = sum(request.is_lost for request in referee.requests)
        most = lost + scene.crashes.kills + scene.cut_off
        if referee.duplicates > most:
            text = f"{referee.duplicates} duplicates, {most} occasions"
            referee.complain(scene.loop.time(), "I2", text)
        if scene.late_s > _SLOWEST_COMMIT_S:
            text = f"a commit took {scene.late_s:.1f} s"
            referee.complain(scene.loop.time(), "I6", text)

    def _check_sent(self, finding: Finding, row: OutboxRow) -> None:
        told = self._telling(finding, row)
        if not told:
            self._complain("I1", "called sent, and is nowhere", finding)
        elif (
            finding.phase is not Phase.END
            and not any(request.method == "POST" for request in told)
            and not self._may_be_quiet(finding, row)
        ):
            self._complain("ring", "told by an edit, which rings for nobody", finding)

    def _may_be_quiet(self, finding: Finding, row: OutboxRow) -> bool:
        raised_s = (row.created_ms - EPOCH_MS) / 1000
        return self._scene.quiet.is_possible(finding, raised_s, _settled_s(row))

    def _check_digested(self, finding: Finding, row: OutboxRow) -> None:
        if finding.phase.is_first_step:
            # it may be nothing by then, and a digest does not tell of it
            return
        digests = [r for r in self._telling(finding, row) if _DIGEST in r.text]
        general = [r for r in self._accepted if _UNLISTED in r.text]
        if not digests and not self._between(general, finding, row):
            self._complain("I1", "called digested, without a digest", finding)

    def _check_expired(self, finding: Finding, row: OutboxRow) -> None:
        waited_s = _settled_s(row) - (row.created_ms - EPOCH_MS) / 1000
        if waited_s < _LIFETIME_S[finding.severity] - _ROUNDING_S:
            self._complain("I1", f"expired early: {row.last_error}", finding)

    def _check_dead(self, finding: Finding) -> None:
        if REFUSED_ALWAYS not in finding.market.base:
            self._complain("I1", "given up on, though nobody refused it", finding)

    def _telling(self, finding: Finding, row: OutboxRow) -> list[Request]:
        """Return the accepted requests that told it before it was called sent.

        It may have been sent before it was on disk, when there was no disk.
        """
        told = self._between(self._accepted, finding, row)
        return [request for request in told if _tells(request, finding)]

    def _between(
        self, requests: Sequence[Request], finding: Finding, row: OutboxRow
    ) -> list[Request]:
        began_s = (finding.decided_ms - EPOCH_MS) / 1000
        return [r for r in requests if began_s <= r.asked_s <= _settled_s(row)]

    def _found(self, finding: Finding) -> list[OutboxRow]:
        key = f"{finding.episode} {finding.phase} {finding.severity.name}"
        return self._rows.get(key, [])

    def _complain(self, promise: str, text: str, finding: Finding) -> None:
        told = f"{mark(finding)} {finding.phase}: {text}"
        self._scene.referee.complain(self._scene.loop.time(), promise, told)


def _tells(request: Request, finding: Finding) -> bool:
    """Return whether the finding or its market is named, or among those not named."""
    name = finding.market.base[:3]
    return name in request.text or bool(_MORE.search(request.text))


def _settled_s(row: OutboxRow) -> float:
    assert row.settled_ms is not None
    return (row.settled_ms - EPOCH_MS) / 1000 + _ROUNDING_S
