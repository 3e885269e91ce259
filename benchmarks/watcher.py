"""Somebody who watches a router while it is measured: ``python -m benchmarks.watcher PORT``, until its input ends.

Does each second what Prometheus and an open console do: asks for the metrics, hears the statistics, lists sessions.
"""

import asyncio
import sys
import urllib.request
from typing import Any

from benchmarks.sockets import HOST
from wamp.asyncio import connect

AUTHID, TICKET = "admin", "benchmark"
SECTION: dict[str, Any] = {
    "auth": {"ticket": {"type": "static", "principals": {AUTHID: {"ticket": TICKET, "role": "admin"}}}}
}
"""The section "admin" of a router that is watched, but for its endpoint."""


async def watch(port: int) -> None:
    """Watch the router whose section "admin" has that port."""

    def scrape() -> None:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics") as answer:
            answer.read()

    async def heard(_statistics: dict[str, Any]) -> None:
        await session.call("router.session.list", limit=50)

    async with connect(
        f"ws://{HOST}:{port}/ws", "admin", auth={"ticket": {"authid": AUTHID, "ticket": TICKET}}
    ) as session:
        await session.subscribe(heard, "router.statistics")
        print("watching", flush=True)
        while True:
            await asyncio.gather(asyncio.sleep(1), asyncio.to_thread(scrape))


async def main(port: int) -> None:
    """Watch until standard input ends."""
    watching = asyncio.create_task(watch(port))
    await asyncio.wait(
        [watching, asyncio.create_task(asyncio.to_thread(sys.stdin.read))], return_when=asyncio.FIRST_COMPLETED
    )
    watching.cancel()
    if watching.done():
        watching.result()  # which it has failed with


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
