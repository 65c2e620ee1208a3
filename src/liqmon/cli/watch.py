"""``liqmon watch``."""

import typer

from liqmon.cli.options import (
    AllowVolatileOption,
    AsciiOption,
    ConfigOption,
    DryRunOption,
    ExchangeOption,
    ForOption,
    JsonOption,
    LogFileOption,
    PlainOption,
    QuietOption,
    StateDirOption,
    SymbolsArgument,
    ThresholdOption,
    TimeframeOption,
    VerboseOption,
)

__all__ = ["watch"]


def watch(
    symbols: SymbolsArgument = None,
    *,
    exchange: ExchangeOption = None,
    timeframe: TimeframeOption = None,
    threshold: ThresholdOption = None,
    for_s: ForOption = None,
    as_json: JsonOption = False,
    plain: PlainOption = False,
    ascii_only: AsciiOption = False,
    dry_run: DryRunOption = False,
    allow_volatile: AllowVolatileOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Watch markets until q, Ctrl-C or SIGTERM; report cascades to Discord.

    In the table, ? lists the keys.
    """
    from liqmon.cli.asked import Asked, overrides
    from liqmon.cli.watching import run_watch

    asked = Asked(
        symbols=tuple(symbols or ()),
        config=config,
        state_dir=state_dir,
        dry_run=dry_run,
        allow_volatile=allow_volatile,
        flags=overrides(
            exchange=exchange,
            timeframe=timeframe,
            threshold=threshold,
            log_file=log_file,
        ),
        verbose=verbose,
        quiet=quiet,
    )
    code = run_watch(
        asked, for_s=for_s, as_json=as_json, plain=plain, ascii_only=ascii_only
    )
    raise typer.Exit(code)
