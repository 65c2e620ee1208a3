import math

import pytest

from liqmon.errors import UserError
from liqmon.sim import discord_faults, exchange_faults
from liqmon.sim.plan import FaultPlan, Planned


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("http-503", Planned("http-503", 0.0, math.inf)),
        ("http-503@10", Planned("http-503", 10.0, math.inf)),
        ("http-503@10+5", Planned("http-503", 10.0, 15.0)),
        ("429@3.5+0.5", Planned("429", 3.5, 4.0)),
        ("hang:BTCUSDT", Planned("hang", 0.0, math.inf, "BTCUSDT")),
        ("stale@1+2:1000PEPEUSDT", Planned("stale", 1.0, 3.0, "1000PEPEUSDT")),
        ("discord-429-edge@0+1", Planned("discord-429-edge", 0.0, 1.0)),
        ("session-closed@12", Planned("session-closed", 12.0, math.inf)),
    ],
)
def test_a_fault_is_a_name_a_time_and_a_market(text: str, planned: Planned) -> None:
    assert FaultPlan.parse([text]).faults == (planned,)


@pytest.mark.parametrize("name", sorted(exchange_faults.FAULTS | discord_faults.FAULTS))
def test_every_fault_can_be_asked_for(name: str) -> None:
    assert FaultPlan.parse([f"{name}@1+2"]).moments(name) == (1.0,)


@pytest.mark.parametrize(
    "text",
    ["", "@5", "http-503@", "http-503@x", "http-503@1+", "http-503+5", "hang:btc"],
)
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="cannot be read") as caught:
        FaultPlan.parse([text])

    assert "http-503@10+5" in caught.value.hint


def test_a_wrong_name_is_answered_with_a_near_one_and_the_list() -> None:
    with pytest.raises(UserError, match="there is no fault discrod-500") as caught:
        FaultPlan.parse(["discrod-500@1+2"])

    assert caught.value.hint.startswith("did you mean discord-500? there are ")
    for name in exchange_faults.FAULTS | discord_faults.FAULTS | {"session-closed"}:
        assert name in caught.value.hint


def test_a_name_like_nothing_gets_the_list_only() -> None:
    with pytest.raises(UserError) as caught:
        FaultPlan.parse(["zzzzzz"])

    assert caught.value.hint.startswith("there are ")


@pytest.mark.parametrize("name", ["discord-500", "session-closed"])
def test_only_the_exchange_has_faults_of_one_market(name: str) -> None:
    with pytest.raises(UserError, match="not about one market"):
        FaultPlan.parse([f"{name}:BTCUSDT"])


def test_a_fault_holds_from_its_start_to_before_its_end() -> None:
    plan = FaultPlan.parse(["http-503@10+5"])

    assert plan.exchange(9.99, None) is None
    assert plan.exchange(10.0, None) == plan.faults[0]
    assert plan.exchange(14.99, "BTCUSDT") == plan.faults[0]
    assert plan.exchange(15.0, None) is None


def test_a_fault_of_one_market_leaves_the_others_alone() -> None:
    plan = FaultPlan.parse(["http-503:BTCUSDT"])

    assert plan.exchange(0.0, "BTCUSDT") is not None
    assert plan.exchange(0.0, "ETHUSDT") is None
    assert plan.exchange(0.0, None) is None


def test_of_two_faults_the_first_counts() -> None:
    plan = FaultPlan.parse(["discord-500@5+5", "reset@0+9", "hang", "discord-404"])

    first, second = plan.exchange(8.0, None), plan.exchange(9.0, None)
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("reset", "hang")
    assert [plan.discord(at) for at in (0.0, 5.0)] == ["discord-404", "discord-500"]


def test_the_exchange_and_discord_fail_apart() -> None:
    plan = FaultPlan.parse(["discord-500", "session-closed@3"])

    assert plan.exchange(5.0, None) is None
    assert FaultPlan.parse(["hang"]).discord(5.0) is None


def test_moments_are_all_the_starts() -> None:
    plan = FaultPlan.parse(["session-closed@12", "hang@1", "session-closed@4+1"])

    assert plan.moments("session-closed") == (12.0, 4.0)
    assert plan.moments("reset") == ()
