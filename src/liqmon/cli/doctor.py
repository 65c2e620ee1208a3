"""``liqmon doctor``: what is in order, what is not, and what to do about it."""

import typer

from liqmon.cli.options import (
    AllMarketsOption,
    AsciiOption,
    ByOption,
    ConfigOption,
    ExchangeOption,
    ExcludeOption,
    JsonOption,
    StateDirOption,
    SymbolsArgument,
    TopOption,
)

__all__ = ["doctor"]


def doctor(
    symbols: SymbolsArgument = None,
    *,
    top: TopOption = None,
    by: ByOption = None,
    all_markets: AllMarketsOption = False,
    exclude: ExcludeOption = None,
    exchange: ExchangeOption = None,
    as_json: JsonOption = False,
    ascii_only: AsciiOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Check settings, state, exchanges and webhook. Nothing is posted or changed.

    Exits with 2 if the set-up stands in the way, 3 if an exchange does, 4 if the
    webhook does.
    """
    from liqmon.cli.asked import overrides, selecting
    from liqmon.cli.examining import run_doctor

    flags = overrides(
        exchange=exchange, timeframe=None, threshold=None, log_file=None
    ) | selecting(top=top, by=by, all_markets=all_markets, exclude=exclude)
    raise typer.Exit(
        run_doctor(
            tuple(symbols or ()),
            flags,
            config=config,
            state=state_dir,
            as_json=as_json,
            ascii_only=ascii_only,
        )
    )
