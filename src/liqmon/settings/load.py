"""From every source to one ``Settings``, or to one error with every problem in it.

Flags win over ``LIQMON_SECTION__KEY``, these over the one file, this over defaults.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from liqmon.settings.document import Key, read_document
from liqmon.settings.layers import (
    NOTIFY,
    ROUTES,
    SECRET,
    dotted,
    environment_layer,
    file_layer,
    flag_layer,
    meaning,
    merged,
    names_under,
    nested,
    place_of,
)
from liqmon.settings.models import DiscordTable, Settings, symbol_key
from liqmon.settings.places import find_file
from liqmon.settings.problems import Place, Problem, config_error, suggestion
from liqmon.settings.receivers import ReceiverUrl
from liqmon.settings.secret import (
    Secret,
    exposed,
    read_receiver_secrets,
    read_route_secrets,
    read_secret,
    torn,
)
from liqmon.webhook import WebhookUrl

__all__ = ["Loaded", "load"]

_REASONS: Final[Mapping[str, str]] = {
    "bool_type": "Input should be true or false",
    "dict_type": "Input should be a table",
    "extra_forbidden": "unknown key",
    "int_type": "Input should be a whole number",
    "is_instance_of": "Input should be a string",
    "mapping_type": "Input should be a table",
    "missing": "is missing",
    "model_type": "Input should be a table",
    "path_type": "Input should be a path",
    "string_pattern_mismatch": "Input should be a name, such as BTCUSDT or bybit",
    "string_type": "Input should be a text in quotes",
    "too_long": "Input has too many items",
    "too_short": "Input should have at least one item",
    "tuple_type": "Input should be a list",
}
"""Where pydantic speaks of Python, and the user wrote TOML."""


_NO_URL_HINT: Final = "set url, or url_file, to what apprise calls the receiver"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings and their story.

    ``sources`` tells for each dotted key where its value comes from: "file",
    "environment", "flag" or "default", and for ``discord.webhook_url`` also
    "webhook_url_file" or "credential".
    """

    settings: Settings
    path: Path | None
    sources: Mapping[str, str]
    warnings: tuple[str, ...]


def load(
    *,
    config: Path | None,
    environ: Mapping[str, str],
    cwd: Path,
    flags: Mapping[str, object],
) -> Loaded:
    """Read every source. ``flags`` maps dotted keys to values; None says nothing.

    Raises:
        ConfigError: every problem of every source, at once.
    """
    path = find_file(config, environ=environ, cwd=cwd)
    document = None if path is None else read_document(path, name=_shown(path, cwd))
    environment, problems, warnings = environment_layer(environ, cwd)
    flagged = flag_layer(flags, environ, cwd)
    layers = [environment, flagged]
    if document is not None:
        layers.insert(0, file_layer(document, environ))
        problems += exposed(document, layers[0])
        warnings += [f"{document.name} sets nothing"] if not document.values else []

    values, origins = merged(layers)
    values, repeated = _without_repeats(values)
    places = {key: place for layer in layers for key, place in layer.places.items()}
    settings, faults = _validated(values, places)
    problems += faults
    secret = read_secret(values, places, environ)
    routed = read_route_secrets(values, places, environ)
    notified = read_receiver_secrets(values, places, environ)
    problems += [*torn(layers), *secret.problems]
    problems += [fault for one in routed.values() for fault in one.problems]
    problems += [fault for one in notified.values() for fault in one.problems]
    problems += _misnamed(settings, places)
    if settings is None or problems:
        raise config_error(problems)
    sources = {key: origin.source for key, origin in origins.items()}
    if secret.url is not None:
        sources[SECRET] = secret.source
        settings = _with_webhook(settings, secret.url)
    settings = _with_receivers(_with_route_webhooks(settings, routed), notified)
    warnings += [*repeated, *_lost_routes(settings.discord)]
    return Loaded(settings, path, _every_source(settings, sources), tuple(warnings))


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


def _validated(
    values: Mapping[Key, object], places: Mapping[Key, Place]
) -> tuple[Settings | None, list[Problem]]:
    try:
        return Settings.model_validate(nested(values)), []
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
    # a list is also "too short" when one of its items is wrong: say that only
    deeper = {fault["loc"][:-1] for fault in faults}
    return None, [
        _problem(fault["loc"], fault, places)
        for fault in faults
        if not (fault["type"] == "too_short" and fault["loc"] in deeper)
    ]


def _problem(
    key: tuple[int | str, ...], fault: Mapping[str, Any], places: Mapping[Key, Place]
) -> Problem:
    hint = str(fault.get("ctx", {}).get("hint", ""))
    if fault["type"] == "extra_forbidden":
        hint = _meant(tuple(map(str, key)))
    reason = _REASONS.get(fault["type"], fault["msg"])
    hint = hint or _form(key, reason) or meaning(key)
    return Problem(place_of(key, places), dotted(key), reason, hint)


def _form(key: tuple[int | str, ...], reason: str) -> str:
    """Return how TOML writes what was expected, '' where everybody knows."""
    match reason:
        case "Input should be a list" if key in (ROUTES, NOTIFY):
            return f"begin each with [[{dotted(key)}]], in two brackets"
        case "Input should be a list":
            return f'write it in brackets: {key[-1]} = ["..."]'
        case "Input should be a table":
            return f"begin it with [{dotted(key)}] on a line of its own"
        case _:
            return ""


def _meant(key: Key) -> str:
    """Return the hint for an unknown key: a near name, or the table it belongs to."""
    *above, name = key
    tables = [table for table in names_under(()) if name in names_under((table,))]
    hint = suggestion(name, names_under(tuple(above)))
    if tables and not hint.startswith("did you mean"):
        return f"`{name}` belongs under [{tables[0]}]"
    return hint


def _without_repeats(
    values: Mapping[Key, object],
) -> tuple[dict[Key, object], list[str]]:
    kept, warnings = dict(values), []
    for key in (("watch", "symbols"), ("exchange", "ids")):
        names = values.get(key)
        if not isinstance(names, list | tuple):
            continue
        if not all(isinstance(name, str) for name in names):
            continue
        firsts: dict[str, str] = {}
        for name in names:
            firsts.setdefault(symbol_key(name), name)
        if len(firsts) < len(names):
            kept[key] = list(firsts.values())
            warnings.append(f"{dotted(key)} names something twice; the first counts")
    return kept, warnings


def _with_webhook(settings: Settings, webhook: WebhookUrl) -> Settings:
    discord = settings.discord.model_copy(update={"webhook_url": webhook})
    return settings.model_copy(update={"discord": discord})


def _with_route_webhooks(
    settings: Settings, secrets: Mapping[int, Secret[WebhookUrl]]
) -> Settings:
    routes = tuple(
        route.model_copy(update={"webhook_url": secrets[place].url})
        if place in secrets
        else route
        for place, route in enumerate(settings.discord.routes)
    )
    discord = settings.discord.model_copy(update={"routes": routes})
    return settings.model_copy(update={"discord": discord})


def _with_receivers(
    settings: Settings, secrets: Mapping[int, Secret[ReceiverUrl]]
) -> Settings:
    receivers = tuple(
        receiver.model_copy(update={"url": secrets[place].url})
        if place in secrets
        else receiver
        for place, receiver in enumerate(settings.notify)
    )
    return settings.model_copy(update={"notify": receivers})


def _misnamed(
    settings: Settings | None, places: Mapping[Key, Place]
) -> Iterator[Problem]:
    """Yield a problem for each receiver that leads nowhere, or is named as a route."""
    if settings is None:
        return
    routes = {route.name for route in settings.discord.routes}
    for number, receiver in enumerate(settings.notify):
        key = (*NOTIFY, number)
        if receiver.name in routes:
            named = (*key, "name")
            reason = "is the name of a route of [discord] too"
            yield Problem(
                place_of(named, places), dotted(named), reason, "choose another name"
            )
        if receiver.url is None and receiver.url_file is None:
            yield Problem(
                place_of(key, places), dotted(key), "has no url", _NO_URL_HINT
            )


def _lost_routes(discord: DiscordTable) -> list[str]:
    """Return a warning for each route that leads nowhere."""
    return [
        f"route {route.name} has no webhook, and [discord] has none either"
        for route in discord.routes
        if discord.webhook is None and route.webhook is None and route.mode != "off"
    ]


def _every_source(settings: Settings, sources: Mapping[Key, str]) -> Mapping[str, str]:
    tables: list[Key] = [(table,) for table in names_under(())]
    tables += [("overrides", symbol) for symbol in settings.overrides]
    every = {
        (*table, name): "default" for table in tables for name in names_under(table)
    }
    every[NOTIFY] = "default"
    every |= {key: source for key, source in sources.items() if key in every}
    return MappingProxyType({dotted(key): source for key, source in every.items()})
