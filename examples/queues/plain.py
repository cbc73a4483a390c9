"""Call everybody on a list from several processes or hosts: run this same program on each.

    pip install "plivo-phlo-async[postgres,redis]"
    python -m examples.queues.plain numbers.txt

The journal decides who calls whom; all read the whole list. Start a program again that was killed.
Environment: as for `worker.py`, with PLIVO_PHLO_ID and PLIVO_NODE_ID.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from plivo_phlo_async import Action

from .worker import open_worker


def actions(numbers: Path) -> Iterator[Action]:
    """Yield an action for each line; its key is the number, which is called once in this run."""
    phlo_id, node_id = os.environ["PLIVO_PHLO_ID"], os.environ["PLIVO_NODE_ID"]
    for to in numbers.read_text().split():
        yield Action.call(phlo_id, node_id, "12025550000", to, role="customer", key=to)


async def main(numbers: Path) -> None:
    """Call everybody on the list who has not been called in this run."""
    async with open_worker(numbers.stem) as worker:
        print(await worker.client.bulk_all(actions(numbers), journal=worker.journal))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
