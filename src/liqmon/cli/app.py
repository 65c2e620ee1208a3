"""The commands and what they share. Importing this must stay cheap: ``--help`` does.

A command is one line here and one module beside this one, which imports what it needs
inside its function.
"""

import platform
from typing import Annotated

import typer

import liqmon
from liqmon.cli import (
    backtest,
    check,
    config,
    demo,
    doctor,
    download,
    explain,
    healthcheck,
    history,
    info,
    init,
    mute,
    outbox,
    packaging,
    show,
    sim,
    stats,
    symbols,
    test_webhook,
    tune,
    watch,
)
from liqmon.cli.usage import Commands

__all__ = ["app"]

_EPILOG = """Exit codes:

\b
0         worked, alerts or not; also q or Ctrl-C in watch
1         unexpected failure
2         usage or configuration
3         no symbol could be evaluated
4         an alert could not be delivered
5         some symbols failed (only with --strict)
10        findings (only with --exit-code)
75        another run holds the lock
130, 143  Ctrl-C in a one-shot; SIGTERM
"""

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # errors.py shows errors, without locals
    rich_markup_mode=None,  # plain help: rich costs as much again as all the rest
    epilog=_EPILOG,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it like this
    if not wanted:
        return
    from importlib.metadata import version

    # the version alone: importing ccxt takes half a second
    python, ccxt = platform.python_version(), version("ccxt")
    typer.echo(f"liqmon {liqmon.__version__} (Python {python}, ccxt {ccxt})")
    raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Watch perpetual-swap markets and report liquidation cascades to Discord."""


app.command()(init.init)
app.command()(doctor.doctor)
app.command()(watch.watch)
app.command()(check.check)
app.command()(symbols.symbols)
app.command()(info.info)
app.command()(demo.demo)
app.command()(download.download)
app.command()(backtest.backtest)
app.command()(explain.explain)
app.command()(tune.tune)
app.command()(sim.sim)
app.command()(healthcheck.healthcheck)
app.command()(packaging.packaging)
app.command(name="test-webhook")(test_webhook.send)
app.command()(history.history)
app.command()(show.show)
app.command()(stats.stats)
app.command()(mute.mute)
app.command()(mute.unmute)
app.command()(mute.ack)
app.add_typer(outbox.app, name="outbox")
app.add_typer(config.app, name="config")
