"""``liqmon stats``: how the webhook, the feeds and the findings did."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from liqmon.cli.options import AsciiOption, JsonOption, StateDirOption
from liqmon.cli.stored import CsvOption

if TYPE_CHECKING:
    from liqmon.app.record import MarketStats, PollStats, Stats

__all__ = ["stats"]

_MOST_ERRORS: Final = 10
_MOST_MARKETS: Final = 20

_DEFAULT_ROUTE: Final = "discord"
"""What the webhook of [discord] itself is called, which has no name."""


def stats(
    *,
    since: Annotated[
        str,
        typer.Option("--since", help="A span such as 7d, or a time.", metavar="WHEN"),
    ] = "7d",
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    ascii_only: AsciiOption = False,
    state_dir: StateDirOption = None,
) -> None:
    """Count deliveries, retries, errors, and time without data.

    Works beside a running watch, which writes its counts down every minute.
    """
    import asyncio

    from liqmon.app.stats import stats as counted
    from liqmon.cli import stored
    from liqmon.clock import SystemClock
    from liqmon.ui.glyphs import ASCII, UNICODE

    stored.one_form(json=as_json, csv=as_csv)
    found = asyncio.run(
        counted(
            since_ms=stored.since_ms(since),
            state_dir=stored.state_dir(state_dir),
            clock=SystemClock(),
        )
    )
    if as_json:
        typer.echo(stored.as_json(_record(found)))
    elif as_csv:
        rows = [*_flat(_record(found))]
        typer.echo(stored.as_csv(("section", "subject", "name", "value"), rows))
    elif found.is_empty:
        typer.echo(
            f"nothing was watched {stored.spoken(since)}; "
            "liqmon watch BTCUSDT ETHUSDT begins to count"
        )
    else:
        write = (ASCII if ascii_only else UNICODE).text
        typer.echo("\n".join(_told(found, write)))


# as text


def _told(found: "Stats", write: Callable[[str], str]) -> Iterator[str]:
    from liqmon.ui.figures import day_and_time

    begin, end = day_and_time(found.since_ms), day_and_time(found.until_ms)
    yield write(f"from {begin} to {end} UTC")
    for section in (_webhooks, _feeds, _markets, _findings):
        yield ""
        yield from section(found, write)


def _webhooks(found: "Stats", write: Callable[[str], str]) -> Iterator[str]:
    from liqmon.cli.stored import table, width
    from liqmon.ui.figures import span

    rows = [
        (
            one.route or _DEFAULT_ROUTE,
            " ".join(f"{name}:{count}" for name, count in one.by_answer.items()),
            str(one.requests),
            _share(one.success),
            _seconds(one.answer_s),
            str(one.messages),
            _seconds(one.p50_s),
            _seconds(one.p95_s),
        )
        for one in found.webhooks
    ]
    head = (
        "receiver",
        "answers",
        "requests",
        "worked",
        "answer",
        "messages",
        "p50",
        "p95",
    )
    if rows:
        yield from table(
            head, rows, left=2, within=width(), dispensable=("answer",), write=write
        )
        yield write("p50, p95: from a finding's commit to the receiver's yes")
    else:
        yield "nothing was sent to anybody"
    breaker = found.breaker
    now = ", and is open now" if breaker.is_open else ""
    opened = f"opened {_times(breaker.opened)}, for {span(breaker.open_s)} in all{now}"
    # one that opened before this time can be open in it
    was_open = breaker.opened or breaker.open_s or breaker.is_open
    yield write(f"breaker {opened if was_open else 'never opened'}")


def _feeds(found: "Stats", write: Callable[[str], str]) -> Iterator[str]:
    yield write(_polls(found.polls))
    for one in found.healed:
        yield write(
            f"dead sessions of {one.exchange} healed {_times(one.count)}: {one.error}"
        )
    for one in found.errors[:_MOST_ERRORS]:
        yield write(f"error of {one.exchange} {_times(one.count)}: {one.error}")
    if len(found.errors) > _MOST_ERRORS:
        yield f"and {len(found.errors) - _MOST_ERRORS} more kinds of error: --json"


def _polls(polls: "PollStats") -> str:
    asked = sum(polls.solved.values()) + polls.gave_up
    if not asked:
        return "no poll is counted yet: a watch writes its counts down every minute"
    solved = [
        f"{count:,} at attempt {attempt}" for attempt, count in polls.solved.items()
    ]
    return f"polls {asked:,}: {', '.join([*solved, f'{polls.gave_up:,} given up'])}"


def _markets(found: "Stats", write: Callable[[str], str]) -> Iterator[str]:
    from liqmon.cli.stored import table, width

    if not found.markets:
        yield "no market was watched for a whole minute yet"
        return
    worst = sorted(found.markets, key=lambda one: (one.uptime or 0.0, one.market))
    head = (
        "market",
        "exchange",
        "watched",
        "uptime",
        "stale min",
        "spells",
        "polls",
        "given up",
        "episodes",
    )
    yield from table(
        head,
        [_market(one) for one in worst[:_MOST_MARKETS]],
        left=2,
        within=width(),
        dispensable=("exchange", "spells", "polls"),
        alike=("exchange",),
        write=write,
    )
    if len(worst) > _MOST_MARKETS:
        yield f"and {len(worst) - _MOST_MARKETS} more, better ones: --json"


def _market(one: "MarketStats") -> Sequence[str]:
    from liqmon.ui.figures import name_of, plain, span

    exchange, _, symbol = one.market.partition(":")
    return (
        name_of(symbol),
        plain(exchange),
        span(one.watched_s),
        _share(one.uptime),
        f"{one.stale_s / 60:.1f}",
        str(one.stale),
        f"{one.polls:,}",
        f"{one.gave_up:,}",
        str(one.episodes),
    )


def _findings(found: "Stats", write: Callable[[str], str]) -> Iterator[str]:
    from liqmon.cli.stored import table, width
    from liqmon.ui.figures import UNKNOWN, percent

    if not found.severities:
        yield "no episode was found"
        return
    rows = [
        (
            one.severity.name.lower(),
            str(one.episodes),
            UNKNOWN if one.after_15 is None else percent(one.after_15),
            f"{one.known_15} of {one.episodes}",
            UNKNOWN if one.after_60 is None else percent(one.after_60),
            f"{one.known_60} of {one.episodes}",
        )
        for one in found.severities
    ]
    head = ("severity", "episodes", "15 min", "known", "60 min", "known")
    yield from table(head, rows, left=1, within=width(), write=write)
    yield write(
        "after they were told, the median: plus, it went on; minus, it came back"
    )


def _share(share: float | None) -> str:
    from liqmon.ui.figures import UNKNOWN

    # rounded down: 100 % means that nothing was missing
    if share is None:
        return UNKNOWN
    return f"{int(share * 10_000) / 100:.2f} %"


def _seconds(seconds: float | None) -> str:
    from liqmon.ui.figures import UNKNOWN, span

    if seconds is None:
        return UNKNOWN
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else span(seconds)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


# for programs


def _record(found: "Stats") -> dict[str, object]:
    from dataclasses import asdict

    record = asdict(found)
    record["polls"]["solved"] = {
        str(attempt): count for attempt, count in found.polls.solved.items()
    }
    record["severities"] = [
        asdict(one) | {"severity": one.severity.name.lower()}
        for one in found.severities
    ]
    return record


_SUBJECTS: Final = ("route", "market", "severity", "exchange", "error")


def _flat(record: dict[str, object]) -> Iterator[tuple[object, ...]]:
    """Yield a row for every number: section, subject, name, value."""
    for section, value in record.items():
        match value:
            case dict():
                yield from _numbers(section, "", value)
            case list() | tuple():
                for one in value:
                    words = [one[key] for key in _SUBJECTS if key in one]
                    subject = ": ".join(words) or _DEFAULT_ROUTE
                    yield from _numbers(section, subject, one)
            case _:
                yield ("", "", section, value)


def _numbers(
    section: str, subject: str, record: dict[str, object]
) -> Iterator[tuple[object, ...]]:
    for name, value in record.items():
        if isinstance(value, dict):
            for key, number in value.items():
                yield (section, subject, f"{name} {key}", number)
        elif name not in _SUBJECTS:
            yield (section, subject, name, value)
