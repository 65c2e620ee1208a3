import sys

import pytest

from falling import an_hour, told_of
from liqmon.charts import picture_within
from liqmon.core.model import Candles

CANDLES = an_hour()
FINDING = told_of(CANDLES)


async def test_a_chart_comes_in_time() -> None:
    pytest.importorskip("PIL", reason="charts need Pillow")
    data = await picture_within(CANDLES, FINDING, seconds=60)

    assert data is not None
    assert data.startswith(b"\x89PNG")


async def test_nobody_waits_for_a_late_one() -> None:
    assert await picture_within(CANDLES, FINDING, seconds=0) is None


async def test_without_candles_there_is_none() -> None:
    assert await picture_within(Candles.empty(60_000), FINDING, seconds=60) is None


async def test_without_pillow_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)

    assert await picture_within(CANDLES, FINDING, seconds=60) is None
