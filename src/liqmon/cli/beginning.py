"""The conversation of ``liqmon init``, and what is done with the answers.

Import it inside a command: it brings the settings, and later the exchange's side.
"""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import typer

from liqmon.cli.errors import ExitCode, show
from liqmon.clock import SystemClock
from liqmon.errors import ConfigError, UserError
from liqmon.logs import configure
from liqmon.settings.load import Loaded, load
from liqmon.settings.models import Settings
from liqmon.settings.new_file import SEVERITIES, Answers, Draft, drafted, text_of
from liqmon.settings.places import absolute, cache_dir, candidates
from liqmon.webhook import WebhookUrl, scrubbed

__all__ = ["Begun", "run_init"]

_VARIABLE: Final = "LIQMON_DISCORD__WEBHOOK_URL"
_USUAL: Final = "BTCUSDT ETHUSDT"
_TOP: Final = re.compile(r"top[\s=]*([1-9]\d{0,2})", re.IGNORECASE)
_MOST_TIMES: Final = 5
"""How often one question is asked before it is given up."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Begun:
    """What the command line answers already; None and () leave it open."""

    symbols: tuple[str, ...] = ()
    top: int | None = None
    exchanges: tuple[str, ...] = ()
    webhook_file: Path | None = None
    no_webhook: bool = False
    role: str | None = None
    severity: str | None = None


def run_init(
    begun: Begun, *, test: bool, ask: bool, force: bool, config: Path | None
) -> ExitCode:
    """Ask what is open, try it, save it, and return what that came to.

    Raises:
        UserError: something is missing or wrong, or there is a file already.
    """
    if begun.webhook_file and begun.no_webhook:
        raise UserError(
            "--webhook-url-file and --no-webhook exclude each other",
            hint="leave out one of them",
        )
    target = _target(config)
    if target.exists() and not force:
        raise ConfigError(
            f"{target} is there already",
            hint="edit it, or replace it with --force",
        )
    ask = ask and sys.stdin.isatty() and sys.stdout.isatty()
    # what is met on the way is told here, not logged
    quiet = configure(
        "error", file=None, fmt="text", stream=sys.stderr, to_terminal=True
    )
    try:
        with quiet:
            answers = _asked(begun) if ask else _given(begun)
            with drafted(target, text_of(answers)) as draft:
                return _tried_and_saved(answers, draft, target, test=test, force=force)
    except typer.Abort:
        typer.echo("\nstopped; nothing was saved", err=True)
        return ExitCode.INTERRUPTED


def _target(config: Path | None) -> Path:
    cwd = Path.cwd()
    named = config or os.environ.get("LIQMON_CONFIG")
    if named:
        return absolute(named, base=cwd, environ=os.environ)
    return candidates(os.environ, cwd)[1]


# answers


def _given(begun: Begun) -> Answers:
    """Return the answers of somebody who is not asked.

    Raises:
        UserError: one is missing, and which.
    """
    webhook = os.environ.get(_VARIABLE, "")
    missing = []
    if not (begun.symbols or begun.top):
        missing.append("markets (name some, or --top N)")
    if not (begun.webhook_file or webhook or begun.no_webhook):
        missing.append(f"a webhook (--webhook-url-file, ${_VARIABLE} or --no-webhook)")
    if missing:
        raise UserError(
            f"nobody to ask, and missing: {'; '.join(missing)}",
            hint="give them as options, or run liqmon init in a terminal",
        )
    url = _checked_webhook(begun, webhook)
    _check_markets(begun, begun.symbols, begun.top)
    return _answers(begun, url)


def _asked(begun: Begun) -> Answers:
    """Ask for what is open; at most four questions."""
    url = _checked_webhook(begun, os.environ.get(_VARIABLE, ""))
    if begun.symbols or begun.top:
        _check_markets(begun, begun.symbols, begun.top)
    else:
        question = "Markets to watch (names, or: top 20)"
        begun = _until_valid(question, partial(_markets, begun), default=_USUAL)
    if not (url or begun.webhook_file or begun.no_webhook):
        question = "Discord webhook URL (not shown; empty: none)"
        url = _until_valid(question, _webhook, hidden=True)
    has_webhook = bool(url or begun.webhook_file)
    if has_webhook and begun.role is None:
        question = "Id of the role to mention (empty: nobody)"
        begun = replace(begun, role=_until_valid(question, _role))
    if has_webhook and begun.severity is None:
        question = f"Send from which severity on ({', '.join(SEVERITIES)})"
        severity = _until_valid(question, _severity, default=SEVERITIES[0])
        begun = replace(begun, severity=severity)
    return _answers(begun, url)


def _answers(begun: Begun, url: str) -> Answers:
    file = begun.webhook_file
    return Answers(
        symbols=tuple(symbol.upper() for symbol in begun.symbols),
        top=begun.top,
        exchanges=begun.exchanges,
        webhook_url="" if file or begun.no_webhook else url,
        webhook_file=file
        and absolute(file, base=Path.cwd(), environ=os.environ).resolve(),
        role=_role(begun.role or ""),
        severity=begun.severity or SEVERITIES[0],
    )


def _until_valid(
    question: str,
    read: Callable[[str], _T],
    *,
    default: str = "",
    hidden: bool = False,
) -> _T:
    """Ask until the answer can be used, each time saying what is wrong with it."""
    for _ in range(_MOST_TIMES - 1):
        try:
            return read(_prompt(question, default=default, hidden=hidden))
        except UserError as error:
            show(error, sys.stderr)
    return read(_prompt(question, default=default, hidden=hidden))


def _prompt(question: str, *, default: str, hidden: bool) -> str:
    return str(
        typer.prompt(
            question, default=default, hide_input=hidden, show_default=bool(default)
        )
    )


def _markets(begun: Begun, text: str) -> Begun:
    top = _TOP.fullmatch(text.strip())
    names = () if top else tuple(filter(None, re.split(r"[\s,]+", text)))
    if not (top or names):
        raise UserError("no market was named", hint="such as BTCUSDT, or top 20")
    count = int(top[1]) if top else None
    _check_markets(begun, names, count)
    return replace(begun, symbols=names, top=count)


def _check_markets(begun: Begun, symbols: tuple[str, ...], top: int | None) -> None:
    """Say what the exchange has of them, or that it could not be asked.

    Raises:
        UserError: there is no such exchange or market.
    """
    # imported late: the exchange's side takes a moment
    from liqmon.app.beginning import checked_markets

    flags = {"exchange.ids": begun.exchanges or None, "watch.top": top}
    no_file = Path(os.devnull)
    found = load(config=no_file, environ=os.environ, cwd=Path.cwd(), flags=flags)
    lines = checked_markets(
        found.settings,
        symbols,
        cache_dir=cache_dir(os.environ),
        clock=SystemClock(),
    )
    typer.echo("\n".join(asyncio.run(lines)))


def _checked_webhook(begun: Begun, url: str) -> str:
    """Return the URL of the environment, where nothing else is said."""
    if begun.webhook_file or begun.no_webhook or not url:
        return ""
    return _webhook(url)


def _webhook(text: str) -> str:
    text = text.strip()
    if text:
        WebhookUrl(text)
    return text


def _role(text: str) -> str:
    text = text.strip().removeprefix("<@&").removesuffix(">")
    if text and not re.fullmatch(r"[0-9]{15,22}", text):
        raise UserError(
            "this is no id of a role: 15 to 22 digits",
            hint="in Discord: developer mode on, right click on the role, Copy ID",
        )
    return text


def _severity(text: str) -> str:
    text = text.strip().lower()
    if text not in SEVERITIES:
        raise UserError(f"a severity is one of {', '.join(SEVERITIES)}")
    return text


# what is done with them


def _tried_and_saved(
    answers: Answers, draft: Draft, target: Path, *, test: bool, force: bool
) -> ExitCode:
    from liqmon.app.beginning import tried

    settings = _read_back(answers, draft).settings
    if settings.discord.webhook is not None and test:
        trial = asyncio.run(tried(settings, clock=SystemClock()))
        if not trial.delivered:
            text = f"the test message was not delivered: {trial.explanation}"
            show(UserError(text, hint=trial.hint), sys.stderr)
            typer.echo("nothing was saved (--no-test saves without trying)", err=True)
            return ExitCode.UNDELIVERED
        typer.echo("test message delivered: look into the channel")
    draft.keep(replace=force)
    typer.echo(scrubbed("\n".join(_next_steps(target, settings))))
    return ExitCode.OK


def _read_back(answers: Answers, draft: Draft) -> Loaded:
    """Return the settings as a later command will find them in the draft."""
    file = answers.webhook_file
    # the file that was named wins over a variable that happens to be set
    flags = {"discord.webhook_url_file": file} if file else {}
    return load(config=draft.path, environ=os.environ, cwd=Path.cwd(), flags=flags)


def _next_steps(target: Path, settings: Settings) -> Iterator[str]:
    usual = candidates(os.environ, Path.cwd())
    option = "" if target in usual else f" --config {shlex.quote(str(target))}"
    yield f"saved {target} (mode 600)"
    if settings.discord.webhook is None:
        yield "no webhook: findings are kept and shown, and sent nowhere"
    if usual[0].exists() and target != usual[0]:
        yield f"note: in this directory {usual[0].name} is used instead"
    yield "next:"
    yield f"  liqmon doctor{option}   check everything"
    yield f"  liqmon watch{option}    the live table; q quits"
    yield f"  liqmon check{option}    one pass, for cron"
