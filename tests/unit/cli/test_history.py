"""``liqmon history`` as it is typed."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from factories import ETH, MARKET
from liqmon.core.model import Severity
from liqmon.store.outbox import RowState, Settlement
from lookbacks import (
    DEAD,
    END,
    ONSET,
    OTHER,
    SENT,
    following,
    raising,
    settling,
    written,
)
from shells import Typed

LONG_AGO = "2023-11-01"


def happened(state: Path) -> None:
    written(
        state,
        raising(ONSET, END, OTHER),
        settling(SENT, SENT, DEAD),
        following(ONSET, {0: 100.0, 15: 99.0, 60: 102.0}),
    )


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()[1:]]


def test_every_episode_has_a_line_with_what_became_of_it(
    looking: Typed, state: Path
) -> None:
    happened(state)

    code, out, err = looking("history", "--since", LONG_AGO)

    assert (code, err) == (0, "")
    head, first, second = out.replace("\N{MINUS SIGN}", "-").splitlines()
    left = "2023-11-14 22:14  "
    assert head == (
        "onset (UTC)       market   side  severity  told  id           move"
        "    lasted  conf.   15 min   60 min"
    )
    assert first == (
        f"{left}BTCUSDT  long  medium    sent  aaaa1111  -4.76 %"
        "    12 min   0.90  +1.00 %  -2.00 %"
    )
    assert second == (
        f"{left}ETHUSDT  long  medium    dead  aaaa2222  -2.45 %"
        "  going on      ·        ·        ·"
    )


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btc/usdt", "BTC/USDT:USDT", MARKET.key])
def test_one_market_alone_by_any_of_its_names(
    looking: Typed, state: Path, symbol: str
) -> None:
    happened(state)

    _, out, _ = looking("history", symbol, "--since", LONG_AGO)

    assert [row[2] for row in rows(out)] == ["BTCUSDT"]


def test_two_exchanges_have_a_column_of_their_own(looking: Typed, state: Path) -> None:
    okx = replace(OTHER, market=replace(ETH, exchange="okx"))
    written(state, raising(ONSET, okx))

    _, out, _ = looking("history", "--since", LONG_AGO)

    assert [row[3] for row in rows(out)] == ["bybit", "okx"]


def test_what_was_muted_and_what_was_seen_is_marked(
    looking: Typed, state: Path
) -> None:
    far_ms = 9_000_000_000_000
    critical = replace(OTHER, severity=Severity.CRITICAL)
    written(
        state,
        lambda store: store.mute("", until_ms=far_ms),
        raising(ONSET, critical),
        settling(SENT, SENT),
        lambda store: store.acknowledge(OTHER.episode, now_ms=1),
    )

    _, out, _ = looking("history", "--since", LONG_AGO)

    assert [row[5:7] for row in rows(out)] == [
        ["muted", ONSET.episode],
        ["sent", "ack"],
    ]


@pytest.mark.parametrize(
    ("work", "told"),
    [
        ((), "held"),
        ((settling(DEAD),), "dead"),
        ((settling(SENT),), "sent"),
        ((settling(Settlement(state=RowState.EXPIRED)),), "expired"),
        ((settling(Settlement(state=RowState.DIGESTED)),), "digested"),
    ],
)
def test_the_worst_of_its_messages_counts(
    looking: Typed, state: Path, work: tuple[object, ...], told: str
) -> None:
    written(state, raising(ONSET), *work)  # type: ignore[arg-type]

    _, out, _ = looking("history", "--since", LONG_AGO)

    assert rows(out)[0][5] == told


def test_what_no_route_wanted_was_told_nowhere(looking: Typed, state: Path) -> None:
    written(state, raising(ONSET, told=False))

    _, out, _ = looking("history", "--since", LONG_AGO)

    assert rows(out)[0][5] == "nowhere"


def test_json_and_csv_say_the_same_and_null_for_what_is_unknown(
    looking: Typed, state: Path
) -> None:
    happened(state)

    _, text, _ = looking("history", "--since", LONG_AGO, "--json")
    _, table, _ = looking("history", "--since", LONG_AGO, "--csv")

    told = json.loads(text)
    first, second = told["episodes"]
    assert told["schema"] == 1
    assert first["episode"] == ONSET.episode
    assert first["after_15"] == pytest.approx(0.01, abs=1e-5)
    assert (second["after_15"], second["lasted_s"]) == (None, None)
    read = list(csv.DictReader(io.StringIO(table)))
    assert list(read[0]) == list(first)
    assert read[1]["after_15"] == ""
    assert (read[0]["is_over"], read[1]["is_over"]) == ("true", "false")


def test_an_episode_of_another_liqmon_has_a_line_as_well(
    looking: Typed, state: Path
) -> None:
    written(
        state,
        raising(ONSET),
        lambda store: store._write(
            lambda c: c.execute("""UPDATE episode SET facts = '{"v":99}'""")
        ),
    )

    code, out, _ = looking("history", "--since", LONG_AGO)
    _, text, _ = looking("history", "--since", LONG_AGO, "--json")

    assert code == 0
    assert rows(out)[0][2:7] == ["BTCUSDT", "·", "·", "held", ONSET.episode]
    assert json.loads(text)["episodes"][0]["severity"] is None


def test_without_special_characters_a_minus_is_a_hyphen(
    looking: Typed, state: Path
) -> None:
    happened(state)

    _, out, _ = looking("history", "--since", LONG_AGO, "--ascii")

    assert out.isascii()
    assert "-4.76 %" in out


def test_an_empty_state_is_a_sentence_and_no_failure(
    looking: Typed, state: Path
) -> None:
    code, out, err = looking("history")
    assert (code, err) == (0, "")
    assert out == (
        "nothing has been watched with this state yet; "
        "begin with liqmon watch BTCUSDT ETHUSDT\n"
    )

    written(state, raising(ONSET))
    code, out, _ = looking("history", "BTCUSDT", "--since", "1h")
    assert code == 0
    assert out.startswith("no episode of BTCUSDT in the last 1h; ")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["BTCUSTD"],
            (
                "error: BTCUSTD has not been watched with this state\n"
                "  hint: did you mean BTCUSDT?\n"
            ),
        ),
        (
            ["DOGE"],
            (
                "error: DOGE has not been watched with this state\n"
                "  hint: the state knows BTCUSDT, ETHUSDT\n"
            ),
        ),
        (
            ["--since", "yesterday"],
            (
                "error: --since yesterday: no time that can be read\n"
                "  hint: write 2021-05-19T12:00, or milliseconds since 1970, "
                "or a span such as 90d\n"
            ),
        ),
        (
            ["--json", "--csv"],
            (
                "error: --json and --csv exclude each other\n"
                "  hint: leave out one of them\n"
            ),
        ),
    ],
)
def test_mistakes_are_explained(
    looking: Typed, state: Path, arguments: list[str], error: str
) -> None:
    written(state, raising(ONSET, OTHER))

    assert looking("history", *arguments) == (2, "", error)
