"""``liqmon check``: the form for cron."""

from typing import Annotated

import typer

from liqmon.cli.durations import seconds
from liqmon.cli.options import (
    AllMarketsOption,
    ByOption,
    ConfigOption,
    DryRunOption,
    ExchangeOption,
    ExcludeOption,
    JsonOption,
    LogFileOption,
    QuietOption,
    StateDirOption,
    SymbolsArgument,
    ThresholdOption,
    TimeframeOption,
    TopOption,
    VerboseOption,
)

__all__ = ["check"]


def check(
    symbols: SymbolsArgument = None,
    *,
    top: TopOption = None,
    by: ByOption = None,
    all_markets: AllMarketsOption = False,
    exclude: ExcludeOption = None,
    exchange: ExchangeOption = None,
    timeframe: TimeframeOption = None,
    threshold: ThresholdOption = None,
    deadline_s: Annotated[
        float,
        typer.Option(
            "--deadline",
            help="Time for the whole pass; keep it below the cron period.",
            metavar="DURATION",
            parser=seconds,
            show_default="50s",
        ),
    ] = 50.0,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 10 if there are findings.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 5 if some markets failed.")
    ] = False,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Judge every market once, for cron: silent when calm."""
    from liqmon.cli.asked import Asked, overrides, selecting
    from liqmon.cli.checking import run_check

    asked = Asked(
        symbols=tuple(symbols or ()),
        config=config,
        state_dir=state_dir,
        dry_run=dry_run,
        flags=overrides(
            exchange=exchange,
            timeframe=timeframe,
            threshold=threshold,
            log_file=log_file,
        )
        | selecting(top=top, by=by, all_markets=all_markets, exclude=exclude),
        verbose=verbose,
        quiet=quiet,
    )
    code = run_check(
        asked,
        deadline_s=deadline_s,
        exit_code=exit_code,
        strict=strict,
        as_json=as_json,
    )
    raise typer.Exit(code)
