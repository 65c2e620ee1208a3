"""What a shell offers for a word that is begun; a shell waits for it."""

import typer

__all__ = ["markets_like"]


def markets_like(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of known markets that begin like this, in the case typed."""
    import os

    from liqmon.app.market_lists import kept_names
    from liqmon.settings.places import cache_dir

    asked = ctx.params.get("exchange") or ()
    exchanges = (asked,) if isinstance(asked, str) else tuple(asked)
    names = kept_names(cache_dir(os.environ), exchanges)
    if incomplete.islower():
        names = tuple(name.lower() for name in names)
    return [name for name in names if name.startswith(incomplete)]
