"""``liqmon test-webhook``: does a finding arrive, and if not, why."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from liqmon.cli.options import ConfigOption, JsonOption, StateDirOption

if TYPE_CHECKING:
    from liqmon.app.trial import Step, Trial

__all__ = ["send"]


class _Severity(StrEnum):
    """The names on the command line; the model's own enum would import numpy."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def send(
    *,
    severity: Annotated[
        _Severity, typer.Option("--severity", help="How grave the message looks.")
    ] = _Severity.MEDIUM,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Ask a webhook that was given up on, and use it again if it answers.",
        ),
    ] = False,
    route: Annotated[
        str,
        typer.Option(
            "--route", help="Send to this route or [[notify]] receiver.", metavar="NAME"
        ),
    ] = "",
    lifecycle: Annotated[
        bool,
        typer.Option("--lifecycle", help="Then edit the message, twice, to its end."),
    ] = False,
    image: Annotated[
        bool, typer.Option("--image", help="Attach a chart; needs the extra `chart`.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Send a message marked TEST to the webhook. Works beside a running watch."""
    import asyncio
    import os

    from liqmon.app.trial import send_test
    from liqmon.cli.configured import loaded
    from liqmon.cli.errors import ExitCode
    from liqmon.clock import SystemClock
    from liqmon.core.model import Severity
    from liqmon.settings import places

    settings = loaded(config).settings
    trial = asyncio.run(
        send_test(
            settings.discord,
            state_dir=places.state_dir(state_dir, os.environ),
            severity=Severity[severity.name],
            force=force,
            clock=SystemClock(),
            route=route,
            lifecycle=lifecycle,
            image=image,
            receivers=settings.notify,
            tell=_silently if as_json or not lifecycle else _tell,
        )
    )
    typer.echo(_as_json(trial) if as_json else "\n".join(_lines(trial)))
    if not trial.delivered:
        raise typer.Exit(ExitCode.UNDELIVERED)


def _tell(step: "Step") -> None:
    from liqmon.ui.figures import plain

    took = _milliseconds(step.latency_s)
    typer.echo(f"{step.name:<8}{plain(step.explanation)}, {took}")


def _silently(_step: "Step") -> None:
    """Leave the steps to the account at the end."""


def _as_json(trial: "Trial") -> str:
    from dataclasses import asdict

    return json.dumps({"schema": 1} | asdict(trial), allow_nan=False, indent=2)


def _lines(trial: "Trial") -> Iterator[str]:
    from liqmon.ui.figures import plain

    head = "" if trial.delivered else "not delivered: "
    yield head + plain(trial.explanation)
    if trial.hint:
        yield f"  hint: {plain(trial.hint)}"
    facts = {
        "HTTP status": trial.status,
        "latency": _milliseconds(trial.latency_s),
        "message id": trial.message_id or None,
        "files": trial.files or None,
        **trial.rate_limit,
    }
    for name, value in facts.items():
        if value is not None:
            yield f"{plain(name):<23}  {plain(str(value))}"
    if trial.revived:
        yield "the webhook is used again"


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds * 1000:.0f} ms"
