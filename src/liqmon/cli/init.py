"""``liqmon init``: four questions, one test message, one file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from liqmon.cli.completion import markets_like
from liqmon.cli.options import ExchangeOption, TopOption

__all__ = ["init"]


class _Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


def init(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(
            help="Perpetuals to watch, such as BTCUSDT.",
            autocompletion=markets_like,
            metavar="SYMBOL",
            show_default=False,
        ),
    ] = None,
    *,
    top: TopOption = None,
    exchange: ExchangeOption = None,
    webhook_url_file: Annotated[
        Path | None,
        typer.Option(
            "--webhook-url-file",
            help="A file of mode 600 with the webhook's URL; it stays where it is.",
            metavar="FILE",
        ),
    ] = None,
    no_webhook: Annotated[
        bool, typer.Option("--no-webhook", help="Send findings nowhere.")
    ] = False,
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            help="Id of the role to mention; '' for nobody.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    severity: Annotated[
        _Severity | None,
        typer.Option(
            "--severity", help="Least severity that is sent.", show_default=False
        ),
    ] = None,
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Save without a test message.")
    ] = False,
    no_input: Annotated[
        bool,
        typer.Option("--no-input", help="Ask nothing; fail if something is missing."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a settings file that is there.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Settings file to make, instead of the usual one.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Ask what to watch and where to send it, try it, and save it.

    The webhook's URL is asked for without showing it, or taken from a file or from
    LIQMON_DISCORD__WEBHOOK_URL; never from the command line, which others can read.
    """
    from liqmon.cli.beginning import Begun, run_init

    begun = Begun(
        symbols=tuple(symbols or ()),
        top=top,
        exchanges=tuple(exchange or ()),
        webhook_file=webhook_url_file,
        no_webhook=no_webhook,
        role=role,
        severity=None if severity is None else severity.value,
    )
    code = run_init(
        begun, test=not no_test, ask=not no_input, force=force, config=config
    )
    raise typer.Exit(code)
