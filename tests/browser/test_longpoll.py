"""autobahn-js over long-poll in Chromium, on a page of another origin."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Browser
from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import Client

pytestmark = pytest.mark.browser

PAGE = """<!doctype html>
<title>long-poll</title>
<body data-heard="" data-sum="" data-state="">
<script src="autobahn.min.js"></script>
<script>
const connection = new autobahn.Connection({
  transports: [{ type: "longpoll", url: new URLSearchParams(location.search).get("router") }],
  realm: "realm1",
  initial_retry_delay: 0.05,
  max_retry_delay: 0.2,
  max_retries: 100,
});
connection.onopen = async (session) => {
  await session.subscribe("com.topic", ([value]) => { document.body.dataset.heard += value; });
  await session.register("com.add", ([a, b]) => a + b);
  document.body.dataset.sum = await session.call("com.add", [2, 3]);
  document.body.dataset.state = "open";
};
connection.onclose = (reason) => { document.body.dataset.state = reason; };
connection.open();
</script>
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    """A router that has only the page."""
    folder = tmp_path_factory.mktemp("www")
    (folder / "index.html").write_text(PAGE)
    shutil.copy(ROOT / "examples/web/vendor/autobahn.min.js", folder)
    static = {"type": "static", "directory": str(folder)}
    web = {"type": "web", "endpoint": endpoint(), "paths": {"/": static}}
    with RouterProcess(tmp_path_factory.mktemp("pages"), config(web)) as running:
        yield running


def longpoll(port: int = 0) -> dict[str, Any]:
    paths = {"ws": {"type": "websocket"}, "lp": {"type": "longpoll"}}
    return config({"type": "web", "endpoint": endpoint() | {"port": port}, "paths": paths})


def test_a_page_of_another_origin_calls_and_hears(
    browser: Browser, pages: RouterProcess, restarted: Callable[..., RouterProcess]
) -> None:
    """And comes back when the router is started again."""
    router = restarted(longpoll())
    tab = browser.open(f"{pages.url('http')}?router={router.urls[1]}")
    tab.until_state("open")
    assert tab.do("evaluate", "document.body.dataset.sum") == "5"
    with Client(router.url("ws")) as publisher:
        publisher.publish_acknowledged("com.topic", "a")
        publisher.publish_acknowledged("com.topic", "b")
        tab.until("document.body.dataset.heard === 'ab'")
    port = router.address("http")[1]
    router.stop()
    tab.until_state("lost")
    restarted(longpoll(port))
    tab.until_state("open")
    tab.do("close")


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[Callable[..., RouterProcess]]:
    """Start a router, several times if need be."""
    running: list[RouterProcess] = []

    def start(configuration: dict[str, Any]) -> RouterProcess:
        running.append(RouterProcess(tmp_path, configuration))
        return running[-1]

    yield start
    for router in running:
        router.stop()
