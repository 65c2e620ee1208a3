"""A run that does nothing but commit findings, until the tests kill it.

Writes each finding's key to stdout once the store has said that it is on disk.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from liqmon.store.database import Store
from outboxes import an_entry


async def main(directory: Path, run: str) -> None:
    store = await Store.open(directory)
    for number in count():
        key = f"{run}-{number}:onset"
        await store.commit_findings(
            market_key="bybit:BTC/USDT:USDT",
            timeframe="1m",
            state={"last": key},
            findings=[an_entry(key)],
            now_ms=number,
        )
        sys.stdout.write(f"{key}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
