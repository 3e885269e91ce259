"""Pictures of the console for the documentation: `make screenshots`, which takes two minutes.

A router with some traffic, and Chromium. The traffic is random, but nothing in it depends on this machine.
"""

from __future__ import annotations

import asyncio
import math
import random
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.browser.conftest import Browser
from tests.support.process import EVERYTHING, ROOT, RouterProcess, config, endpoint
from wamp.asyncio import connect

PICTURES = ROOT / "docs/_static"
LARGEST = 150_000  # bytes of a picture
BEFORE = 8  # seconds of traffic before anybody looks: the first calls are slow
WATCHED = 54  # seconds, of the minute that the charts show

NAMES = (
    "web-ada",
    "web-grace",
    "web-linus",
    "phone-barbara",
    "phone-edsger",
    "phone-radia",
    "till-1",
    "till-2",
    "till-3",
)
PROCEDURES = {  # URI -> median seconds that it takes, and how often it is called
    "com.example.stock.get": (0.0008, 60),
    "com.example.price.quote": (0.0015, 40),
    "com.example.orders.create": (0.004, 15),
    "com.example.orders.list": (0.003, 12),
    "com.example.user.profile": (0.002, 10),
    "com.example.report.render": (0.08, 2),
}
TOPICS = ("com.example.stock.changed", "com.example.orders.created", "com.example.price.changed")


def configuration() -> dict[str, Any]:
    principals = {name: {"ticket": "t", "role": "client"} for name in (*NAMES, "backend", "warehouse")}
    client = {"type": "websocket", "endpoint": endpoint(), "auth": {"ticket": {"principals": principals}}}
    rules = [*EVERYTHING, {"uri": "com.example.audit.", "match": "prefix", "allow": {}}]
    realms = [{"name": name, "roles": [{"name": "client", "permissions": rules}]} for name in ("shop", "warehouse")]
    return config(client, realms=realms, admin={"endpoint": {"type": "tcp", "port": 0}})


async def traffic(url: str, end: Event) -> None:
    """Let clients call and publish until the end."""

    def login(name: str) -> dict[str, Any]:
        return {"ticket": {"authid": name, "ticket": "t"}}

    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(connect(url, "shop", auth=login("backend")))
        for uri, (median, _) in PROCEDURES.items():

            async def answer(*_args: Any, seconds: float = median) -> dict[str, Any]:
                await asyncio.sleep(seconds * random.lognormvariate(0, 0.6))
                return {"sku": "A-1001", "left": 12}

            await backend.register(answer, uri)
        await stack.enter_async_context(connect(url, "warehouse", auth=login("warehouse")))
        clients = [await stack.enter_async_context(connect(url, "shop", auth=login(name))) for name in NAMES]
        for client in clients:
            for topic in TOPICS:
                await client.subscribe(lambda *_args, **_kwargs: None, topic)
        jobs = [asyncio.create_task(calling(client, end, index)) for index, client in enumerate(clients)]
        jobs.append(asyncio.create_task(publishing(backend, end)))
        await asyncio.gather(*jobs)


async def calling(session: Any, end: Event, index: int) -> None:
    uris, weights = list(PROCEDURES), [often for _, often in PROCEDURES.values()]
    while not end.is_set():
        [uri] = random.choices(uris, weights)
        await session.call(uri, "A-1001")
        if random.random() < 0.002:
            await asyncio.gather(session.call("com.example.audit.list"), return_exceptions=True)
        wave = 1.3 + math.sin(time.monotonic() / 9 + index / 2)
        await asyncio.sleep(0.02 * wave * random.random())


async def publishing(session: Any, end: Event) -> None:
    while not end.is_set():
        await session.publish(random.choice(TOPICS), {"sku": "A-1001", "left": random.randrange(40)})
        await asyncio.sleep(0.02 * random.random())


def view(tab: Any, name: str, ready: str) -> None:
    tab.do("evaluate", f"location.hash = '#/{name}'")
    tab.until(ready)


def take(tab: Any, name: str, *, whole: bool = False) -> None:
    picture = b64decode(tab.do("screenshot", {"fullPage": whole}))
    if len(picture) > LARGEST:
        sys.exit(f"{name}: {len(picture)} bytes, expected at most {LARGEST}")
    (PICTURES / f"console-{name}.png").write_bytes(picture)
    sys.stdout.write(f"docs/_static/console-{name}.png: {len(picture)} bytes\n")


def pictures(browser: Browser, address: str) -> None:
    time.sleep(BEFORE)
    screen = {"viewport": {"width": 1200, "height": 760}}
    phone = {"viewport": {"width": 390, "height": 780}, "colorScheme": "dark"}
    light, dark, small = (
        browser.open(address, **context)
        for context in ({**screen, "colorScheme": "light"}, {**screen, "colorScheme": "dark"}, phone)
    )
    time.sleep(WATCHED)
    take(light, "overview-light")
    take(dark, "overview-dark")
    take(small, "overview-phone")
    rows = "document.querySelectorAll('tbody tr').length > 3"
    view(light, "sessions", rows)
    take(light, "sessions-light")
    view(dark, "procedures?call=com.example.stock.get&realm=shop", rows)
    dark.fill("textarea >> nth=0", '["A-1001"]')
    dark.click("form .primary")
    dark.until("document.querySelector('.answer').dataset.kind === 'result'")
    take(dark, "procedures-dark")
    view(light, "tap", "document.querySelector('main').dataset.view === 'tap'")
    light.fill("input.code", "com.example.orders.")
    light.click("form .primary")
    light.until("document.querySelectorAll('.feed li').length > 30")
    light.click("text=Pause")
    take(light, "tap-light")
    view(small, "sessions", rows)
    take(small, "sessions-phone")


def main() -> None:
    node, chromium = shutil.which("node"), shutil.which("chromium") or shutil.which("google-chrome")
    if node is None or chromium is None:
        sys.exit("node and chromium are needed")
    end = Event()
    with tempfile.TemporaryDirectory() as folder, RouterProcess(Path(folder), configuration()) as router:
        clients = Thread(target=lambda: asyncio.run(traffic(router.urls[0], end)))
        clients.start()
        command = [node, "browser.cjs", chromium]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT / "tests/js", text=True, **pipes) as process:
            try:
                pictures(Browser(process), router.urls[1])
            finally:
                end.set()
                clients.join()
                assert process.stdin is not None
                process.stdin.close()


if __name__ == "__main__":
    main()
