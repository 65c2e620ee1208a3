"""Days of delivery on a clock of their own, with everything failing that can fail.

Courier, store, breaker, gate and pace are the real ones. Discord, its weather, the disk
and the kills are drawn from a seed; ``LIQMON_SEEDS=1000`` plays more of them. A run is
judged by the invariants of ``referee`` and ``audit``:

====  =======================================================================
I1    no acknowledged finding is lost: it is sent, digested, expired or dead,
      rightly so, and what is called sent or digested stands at Discord
I2    no more duplicates than kills and lost replies, none of what was known
      to be delivered, each with the same id and a word of caution
I3    one request at a time, none while open, dead or gated, restarts included
I4    never more than 30 requests in 60 s, nor 5 in 2 s, restarts included
I6    no commit waits for Discord
I7    no part of a process dies by itself
I8    what is said of the breaker, and of what is left at a stop, is true
I10   every body satisfies Discord's limits
I11   once faults end, the outbox is empty within open time + gate + 60 s
order an episode is told from its beginning to its end
edit  no message is edited when it is older than an hour
ring  an onset or escalation is a new message: an edit rings for nobody
hush  what is muted, acknowledged, LOW or over does not ring, all else does
====  =======================================================================

I5 (the token) has its tests in ``integration/delivery/test_secrets.py``: there is no
token here. I9 (no finding from stale data) is the watcher's.

The harness has teeth: ``mutants`` breaks the code in each of these places, and the
promise beside it is the one that noticed.

===================================================  =====
a row is called sent before the reply                I1
a finding is raised and not written                  I1
the state and its finding are two transactions       I1
rows expire too early                                I1
rows are called digested before the digest           I1
findings are dropped while it is open                I1
an attempt is not counted before the request         I2
an outcome is forgotten when the disk refuses        I2
the gate is not kept                                 I3
the breaker is not kept                              I3
a permit is used twice                               I3
a failed probe leaves it half open                   I3
two probes at once                                   I3
messages follow each other without a pause           I4
a 429 counts as a failure                            I8
a body is not fitted                                 I10
it stays open for an hour                            I11
the newest row of an episode goes first              order
messages are edited for ever                         edit
an escalation is only an edit                        ring
a mute is not heeded                                 hush
critical is muted                                    hush
===================================================  =====
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from simulation.loop import DeadlockError, LivelockError, VirtualLoop
from simulation.mutants import MUTANTS, Mutant
from simulation.world import Summary, simulate

pytestmark = pytest.mark.untraced  # or a virtual day takes three times as long

SEEDS = int(os.environ.get("LIQMON_SEEDS", "20"))
MUTANT_HOURS = 3.0
LONGER_HOURS = 12.0
LONGER_SEEDS = range(1, 6)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Return a directory in memory where there is one: nobody waits for a real disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a private directory in there
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_day_of_faults_and_kills_breaks_no_promise(
    seed: int,
    directory: Path,
    record_property: Callable[[str, object], None],
) -> None:
    summary = simulate(seed, directory)
    record_property("account", str(summary))
    record_property(
        "day",
        (
            summary.alerts,
            summary.kills,
            summary.lost_replies,
            summary.duplicates,
            summary.drain_s,
        ),
    )

    assert summary.violations == (), replay_hint(summary)
    assert summary.alerts > 100
    assert summary.kills > 10


def test_one_seed_is_one_story(directory: Path) -> None:
    once, again = (
        simulate(7, directory / name, hours=6.0).log for name in ("once", "again")
    )

    assert len(once) > 300
    assert once == again


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_code_that_is_broken_breaks_a_promise(mutant: Mutant, directory: Path) -> None:
    longer = ((seed, LONGER_HOURS) for seed in LONGER_SEEDS)
    broken = set[str]()
    for seed, hours in ((mutant.seed, MUTANT_HOURS), *longer):
        with mutant.broken():
            summary = simulate(
                seed, directory / f"{seed} {hours}", hours=hours, parts=mutant.parts
            )
        broken |= {violation.promise for violation in summary.violations}
        if mutant.promise in broken:
            return
    pytest.fail(f"{mutant.promise} is not broken, only {broken or 'nothing'}")


def replay_hint(summary: Summary) -> str:
    end = "\n".join(summary.log[-20:])
    return f"simulate({summary.seed}, directory) plays it again; it ended with\n{end}"


# the loop itself


def test_time_passes_only_while_everybody_waits() -> None:
    async def waiting(loop: VirtualLoop) -> tuple[float, float]:
        busy_s = loop.time()
        async with asyncio.timeout(7_200):
            await asyncio.sleep(3_600)
        return busy_s, loop.time()

    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(waiting(loop)) == (0.0, 3_600.0)


async def for_ever() -> None:
    await asyncio.Event().wait()


async def round_and_round() -> None:
    while True:  # noqa: ASYNC110 - this is what must not be
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("story", "error"), [(for_ever, DeadlockError), (round_and_round, LivelockError)]
)
def test_the_loop_notices_that_nothing_will_ever_happen(
    story: Callable[[], Coroutine[None, None, None]], error: type[RuntimeError]
) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        task = runner.get_loop().create_task(story())
        with pytest.raises(error):
            runner.get_loop().run_until_complete(task)
        task.cancel()
