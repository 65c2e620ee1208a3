"""One test message to the webhook, with everything that can be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import liqmon
from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy, Verdict
from liqmon.core.events import BreakerState
from liqmon.core.model import Severity
from liqmon.discord.answers import Answer, Fate, Ruling, judge
from liqmon.discord.client import DiscordClient
from liqmon.discord.embeds import test_message
from liqmon.errors import UserError
from liqmon.monitor.gate import Gate
from liqmon.settings.models import DiscordTable
from liqmon.store.database import Store
from liqmon.webhook import WebhookUrl

__all__ = ["Trial", "send_test"]

_RATES: Final = ("retry-after", "x-ratelimit-")
_AS_A_FINDING: Final = "run it again; a finding would be kept and tried again"
_REFUSED_LAYOUT: Final = "please report it: liqmon wrote what Discord does not take"
_FORCE: Final = "to ask anyway: liqmon test-webhook --force"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it.

    ``status`` is None without an answer, ``latency_s`` without a request. ``revived``:
    the webhook had been given up on or paused, and is used again.
    """

    delivered: bool
    explanation: str
    hint: str = ""
    status: int | None = None
    latency_s: float | None = None
    message_id: str = ""
    rate_limit: Mapping[str, str] = field(default_factory=dict)
    revived: bool = False


async def send_test(
    discord: DiscordTable,
    *,
    state_dir: Path | None,
    severity: Severity,
    force: bool,
    clock: Clock,
) -> Trial:
    """Post a message marked TEST, also beside a run that is going on.

    A webhook that must not be asked now (gone, or rate-limited) is asked only by
    ``force``; if it answers well, what stood in its way is forgotten.

    Raises:
        UserError: there is no webhook, or the state directory cannot be used.
        StoreUnavailable: the state cannot be read now.
    """
    webhook = discord.webhook
    if webhook is None:
        raise UserError(
            "there is no webhook to test",
            hint="set LIQMON_DISCORD__WEBHOOK_URL, or webhook_url under [discord]",
        )
    store = await Store.open(state_dir, exclusive=False)
    try:
        forbidden = None if force else await _forbidden(store, webhook, clock)
        if forbidden is not None:
            return forbidden
        answer = await _post(discord, webhook, severity, clock)
        ruling = judge(answer)
        revived = False
        if force and ruling.verdict is Verdict.SUCCESS:
            revived = await store.revive_receiver(webhook.fingerprint)
        return _trial(answer, ruling, revived=revived)
    finally:
        await store.close()


async def _forbidden(store: Store, webhook: WebhookUrl, clock: Clock) -> Trial | None:
    saved = await store.load_receiver(webhook.fingerprint)
    if saved is None:
        return None
    # The breaker is not asked: it is liqmon's own caution, and this is the user.
    gate = Gate(Breaker(BreakerPolicy(enabled=False)), webhook.fingerprint)
    gate.restore(saved, clock.monotonic(), clock.now_ms())
    hold = gate.hold(clock.monotonic())
    if hold is None:
        return None
    if gate.state is BreakerState.DEAD:
        said = "the webhook was given up on"
    else:
        said = f"not for another {hold.wait_s:.0f} s"
    reason = f"nothing was sent, {said}: {hold.reason}"
    return Trial(delivered=False, explanation=reason, hint=_FORCE)


async def _post(
    discord: DiscordTable, webhook: WebhookUrl, severity: Severity, clock: Clock
) -> Answer:
    version = liqmon.__version__
    client = DiscordClient(
        webhook,
        timeout_s=discord.timeout_s,
        base_url=discord.base_url,
        version=version,
        clock=clock,
    )
    async with client:
        return await client.post(
            test_message(version, now_ms=clock.now_ms(), severity=severity)
        )


def _trial(answer: Answer, ruling: Ruling, *, revived: bool) -> Trial:
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
        revived=revived,
    )


def _hint(ruling: Ruling) -> str:
    """Return what the user can do; some of a ruling's hints are for the courier."""
    if ruling.fate is Fate.DEGRADE_OR_DEAD:
        return _REFUSED_LAYOUT
    if ruling.hint.startswith("nothing to do"):
        return _AS_A_FINDING
    return ruling.hint
