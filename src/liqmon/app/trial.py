"""One test message to the webhook, with everything that can be said about it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import liqmon
from liqmon.app.receivers import opened_receiver
from liqmon.app.rehearsal import Rehearsal, Step, Trial
from liqmon.app.webhooks import client_from
from liqmon.charts import alt_text, candle_chart
from liqmon.clock import Clock
from liqmon.core.breaker import Breaker, BreakerPolicy
from liqmon.core.events import BreakerState
from liqmon.core.model import Finding, Severity
from liqmon.discord.attachments import Attachment
from liqmon.discord.specimen import a_finding, candles
from liqmon.errors import UserError
from liqmon.monitor.gate import Gate
from liqmon.monitor.routing import DEFAULT
from liqmon.settings.models import DiscordTable, NotifyTable, Settings
from liqmon.store.database import Store
from liqmon.webhook import WebhookUrl

__all__ = ["Step", "Trial", "send_test", "usual_route"]

_FORCE: Final = "to ask anyway: liqmon test-webhook --force"


def usual_route(settings: Settings) -> str:
    """Return the route that a test goes to if nobody names one: the first there is."""
    if settings.discord.webhook is not None:
        return DEFAULT
    routes = [one for one in settings.discord.routes if one.webhook is not None]
    loud = [one.name for one in (*routes, *settings.notify) if one.mode != "off"]
    return next(iter(loud), DEFAULT)


async def send_test(
    discord: DiscordTable,
    *,
    state_dir: Path | None,
    severity: Severity,
    force: bool,
    clock: Clock,
    route: str = "",
    lifecycle: bool = False,
    image: bool = False,
    tell: Callable[[Step], None] = lambda _: None,
    receivers: Sequence[NotifyTable] = (),
) -> Trial:
    """Send a message marked TEST, also beside a run that is going on.

    It goes to the webhook of ``route``, or to the one of ``receivers`` of that name.
    A webhook that must not be asked now (gone, or rate-limited) is asked only by
    ``force``; if it answers well, what stood in its way is forgotten. With
    ``lifecycle`` the message is edited twice, to its end; ``tell`` gets each step.

    Raises:
        UserError: there is no webhook, or the state directory cannot be used, or
            ``image`` is wanted and Pillow not installed, or an edit or a picture of
            somebody who takes none.
        StoreUnavailable: the state cannot be read now.
    """
    table = next((one for one in receivers if one.name == route), None)
    if table is not None and (lifecycle or image):
        raise UserError(
            f"{route} takes text only, and nothing of it can be edited",
            hint="leave out --lifecycle and --image",
        )
    if table is not None:
        return await _to_receiver(
            table, state_dir=state_dir, severity=severity, force=force, clock=clock
        )
    webhook, role = _receiver(discord, route, [one.name for one in receivers])
    onset = a_finding(liqmon.__version__, now_ms=clock.now_ms(), severity=severity)
    files = (_picture(onset),) if image else ()
    store = await Store.open(state_dir, exclusive=False)
    try:
        forbidden = (
            None if force else await _forbidden(store, webhook.fingerprint, clock)
        )
        if forbidden is not None:
            return forbidden
        async with client_from(discord, webhook, clock) as client:
            rehearsal = Rehearsal(client, clock, role, files, tell)
            trial = await rehearsal.post(onset)
            if lifecycle and trial.delivered:
                trial = await rehearsal.edits(onset, trial)
        if force and trial.delivered:
            revived = await store.revive_receiver(webhook.fingerprint)
            trial = replace(trial, revived=revived)
        return trial
    finally:
        await store.close()


async def _to_receiver(
    table: NotifyTable,
    *,
    state_dir: Path | None,
    severity: Severity,
    force: bool,
    clock: Clock,
) -> Trial:
    receiver = opened_receiver(table, clock)
    onset = a_finding(liqmon.__version__, now_ms=clock.now_ms(), severity=severity)
    store = await Store.open(state_dir, exclusive=False)
    try:
        mark = receiver.fingerprint
        forbidden = None if force else await _forbidden(store, mark, clock)
        if forbidden is not None:
            return forbidden
        rehearsal = Rehearsal(receiver.client, clock, judge=receiver.judge)
        trial = await rehearsal.post(onset)
        revived = force and trial.delivered and bool(await store.revive_receiver(mark))
        # apprise says that it worked, not by which status
        status = None if trial.delivered else trial.status
        return replace(trial, status=status, revived=revived)
    finally:
        await store.close()


def _receiver(
    discord: DiscordTable, name: str, others: Sequence[str]
) -> tuple[WebhookUrl, str]:
    """Return the webhook of a route, and the role that it mentions."""
    routes = {route.name: route for route in discord.routes}
    if name not in (DEFAULT, "default", *routes):
        raise UserError(f"there is no route `{name}`", hint=_known([*routes, *others]))
    route = routes.get(name)
    webhook = (route and route.webhook) or discord.webhook
    if webhook is None:
        raise UserError(
            "there is no webhook to test",
            hint=_known([*routes, *others])
            if (routes or others) and route is None
            else "set LIQMON_DISCORD__WEBHOOK_URL, or webhook_url under [discord]",
        )
    return webhook, route.mention_role if route else ""


def _known(routes: Iterable[str]) -> str:
    names = [f"--route {name}" for name in routes]
    if names:
        return f"there is {', '.join(names)}"
    return "leave out --route: there is no [[discord.routes]] or [[notify]]"


def _picture(finding: Finding) -> Attachment:
    data = candle_chart(candles(finding), finding)
    return Attachment("liq.png", data, alt_text(finding))


async def _forbidden(store: Store, fingerprint: str, clock: Clock) -> Trial | None:
    saved = await store.load_receiver(fingerprint)
    if saved is None:
        return None
    # The breaker is not asked: it is liqmon's own caution, and this is the user.
    gate = Gate(Breaker(BreakerPolicy(enabled=False)), fingerprint)
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
