"""A process that writes into a Tantivy folder until it is killed: `python -m tests.search.writing_process FOLDER`.

It goes on from the checkpoint, ten documents a batch, each of them written again by the batch after, and prints every
checkpoint that was acknowledged.
"""

import asyncio
import sys
from pathlib import Path

from projections.kernel.sinks.tantivy import TantivySinks
from tests.search.shelf import SHARE, change, medicine, view_of

A_BATCH = 10


async def write(folder: Path) -> None:
    """Until the end."""
    sinks = TantivySinks(folder)
    sink = sinks.open(view_of("shelf"), 1)
    await sink.prepare()
    await sinks.swap("shelf", 1)
    position = (await sink.checkpoints(SHARE)).get("catalog", 0)
    while True:
        first = position + 1
        position += 2 * A_BATCH
        keys = [f"K{first + at}" for at in range(A_BATCH)]
        before = [f"K{first - 2 * A_BATCH + at}" for at in range(A_BATCH)] if first > 1 else []
        changes = [change(key, medicine(f"New {key}"), first + at) for at, key in enumerate(keys)]
        changes += [
            change(key, medicine(f"Old {key}"), first + A_BATCH + at, loaded=first - 2 * A_BATCH + at)
            for at, key in enumerate(before)
        ]
        assert not await sink.write(changes, SHARE, {"catalog": position})
        print(position, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
