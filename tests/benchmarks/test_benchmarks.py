"""``pytest -m bench -s tests/benchmarks`` prints what liqmon costs on this machine.

Nothing is asserted about time. A short form runs with all tests, to see that every
measurement still measures.
"""

import math
import sys
from pathlib import Path

import pytest

from benchmarks import delivery, endurance, parts, startup, watching
from benchmarks.figures import Figure, Measure, machine, table

MEASUREMENTS = [
    startup.commands,
    startup.first_frame,
    watching.watches,
    endurance.endures,
    parts.evaluation,
    parts.history,
    parts.frames,
    parts.loading,
    delivery.delivery,
]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.mark.bench
def test_what_liqmon_costs(tmp_path_factory: pytest.TempPathFactory) -> None:
    figures = list[Figure]()
    for measure in MEASUREMENTS:
        figures += measure(True, tmp_path_factory.mktemp("bench"))
    sys.stdout.write(f"\n\n{machine()}\n\n{table(figures)}\n\n")


@pytest.mark.parametrize("measure", MEASUREMENTS, ids=lambda it: it.__name__)
def test_every_measurement_still_yields_figures(
    measure: Measure, tmp_path: Path
) -> None:
    figures = measure(False, tmp_path)

    assert figures
    assert all(math.isfinite(figure.value) for figure in figures)
    assert figures[0].what in table(figures)
