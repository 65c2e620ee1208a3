"""``liqmon watch``."""

import typer

from liqmon.cli.options import (
    AllMarketsOption,
    AllowVolatileOption,
    AsciiOption,
    ByOption,
    ConfigOption,
    DryRunOption,
    ExchangeOption,
    ExcludeOption,
    ForOption,
    JsonOption,
    LogFileOption,
    MetricsOption,
    PlainOption,
    QuietOption,
    StateDirOption,
    SymbolsArgument,
    ThresholdOption,
    TimeframeOption,
    TopOption,
    VerboseOption,
)

__all__ = ["watch"]


def watch(
    symbols: SymbolsArgument = None,
    *,
    top: TopOption = None,
    by: ByOption = None,
    all_markets: AllMarketsOption = False,
    exclude: ExcludeOption = None,
    exchange: ExchangeOption = None,
    timeframe: TimeframeOption = None,
    threshold: ThresholdOption = None,
    for_s: ForOption = None,
    as_json: JsonOption = False,
    plain: PlainOption = False,
    ascii_only: AsciiOption = False,
    dry_run: DryRunOption = False,
    allow_volatile: AllowVolatileOption = False,
    metrics: MetricsOption = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Watch markets and report cascades, until q or Ctrl-C.

    It ends at q, Ctrl-C or SIGTERM. In the table, ? lists the keys.
    """
    from liqmon.cli.asked import Asked, overrides, selecting
    from liqmon.cli.watching import run_watch
    from liqmon.errors import UserError

    if as_json and plain:
        raise UserError(
            "--json and --plain exclude each other", hint="leave out one of them"
        )
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
        )
        | {"metrics.listen": metrics}
        | selecting(top=top, by=by, all_markets=all_markets, exclude=exclude),
        verbose=verbose,
        quiet=quiet,
    )
    code = run_watch(
        asked, for_s=for_s, as_json=as_json, plain=plain, ascii_only=ascii_only
    )
    raise typer.Exit(code)
