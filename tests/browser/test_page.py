"""What a visitor of the page sees that `make run` serves."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Tab, as_in_make_run
from tests.support.process import RouterProcess

pytestmark = pytest.mark.browser

Open = Callable[..., Tab]


def test_page_shows_its_connection(page: Tab) -> None:
    """Session, subprotocol, router and realm are there, and the state says so in words."""
    assert page.text("#state") == "Connected"
    assert re.fullmatch(r"\d+", page.text("#session"))
    assert page.text("#protocol") == "wamp.2.json"
    assert page.text("#agent").startswith("wamprouter")
    assert page.text("#realm") == "realm1"
    assert page.text("#role") == "anonymous"


def test_call_shows_its_result_and_how_long_it_took(page: Tab) -> None:
    """2 + 3, worked out in Python."""
    page.fill("#a", "2")
    page.fill("#b", "3")
    page.click("#do-call")
    page.until("document.querySelector('#answer').dataset.kind === 'result'")
    assert page.text("#result") == "5"
    assert re.fullmatch(r"\d+\.\d ms, there and back", page.text("#took"))


def test_failing_call_shows_what_went_wrong(page: Tab) -> None:
    """The error's URI and its text, as the component raised it."""
    page.click("text=divide")
    page.fill("#b", "0")
    page.click("#do-call")
    page.until("document.querySelector('#answer').dataset.kind === 'error'")
    assert page.text("#result").split("\n") == ["com.example.error.division_by_zero", "cannot divide 2 by zero"]


def test_slow_call_shows_its_progress(page: Tab) -> None:
    """A progressive result is shown before the result is there."""
    page.click("text=countdown")
    page.fill("#a", "1")
    page.click("#do-call")
    page.until("document.querySelector('#answer').dataset.kind === 'progress'")
    assert page.text("#result") == "1"
    page.until_text("#result", "lift-off")


def test_events_arrive(page: Tab) -> None:
    """The component's ticks are counted, and each adds a bar to the chart."""
    page.until("+document.querySelector('#ticks').innerText >= 2")
    page.until("document.querySelectorAll('#chart .trip').length >= 1")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", page.text("#time"))


def test_what_one_tab_publishes_arrives_in_another(open_page: Open) -> None:
    """With the name of who said it; the one who said it sees the router's acknowledgement."""
    one, other = open_page(), open_page()
    one.fill("#text", "Hello, <b>you</b> 👋")
    one.click("#do-say")
    other.until_text("#feed", "Hello, <b>you</b> 👋")
    assert one.text("#name") in other.text("#feed")
    one.until_text("#published", "acknowledged")


def test_who_comes_later_sees_what_was_said(open_page: Open) -> None:
    """The component remembers, and a page asks it on arrival."""
    one = open_page()
    one.fill("#text", "Said before you came")
    one.click("#do-say")
    one.until_text("#feed", "Said before you came")
    open_page().until_text("#feed", "Said before you came")


@pytest.mark.parametrize("serializer", ["msgpack", "cbor", "json"])
def test_visitor_chooses_the_serializer(page: Tab, serializer: str) -> None:
    """The page connects anew, and calls and events go on."""
    page.do("selectOption", "#serializer", serializer)
    page.until(f"document.querySelector('#protocol').innerText === 'wamp.2.{serializer}'")
    page.until_state("open")
    page.click("#do-call")
    page.until_text("#result", "5")


def test_page_makes_no_errors(page: Tab) -> None:
    """Nothing red on the console, after a call, an event and a published text."""
    page.until("+document.querySelector('#ticks').innerText >= 1")
    page.click("#do-call")
    page.until_text("#result", "5")
    page.fill("#text", "Nothing to complain about")
    page.click("#do-say")
    page.until_text("#feed", "Nothing to complain about")
    assert page.complaints() == []


def test_page_loads_nothing_from_elsewhere(page: Tab, router: RouterProcess) -> None:
    """It works on a machine without a network."""
    loaded = page.do("evaluate", "performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [url for url in loaded if not url.startswith(router.url("http"))] == []


def test_page_reconnects_when_the_router_restarts(open_page: Open, tmp_path: Path) -> None:
    """It says that the connection is lost, keeps trying, and goes on where it was."""
    with RouterProcess(tmp_path, as_in_make_run()) as first:
        host, port = first.address("http")
        page = open_page(f"http://{host}:{port}/")
        before = page.text("#session")
        first.stop()
        page.until_state("lost")
        assert page.text("#state") in ("Connection lost", "No router")
        assert page.do("isDisabled", "#do-call")
    with RouterProcess(tmp_path, as_in_make_run(port=port)):
        page.until_state("open")
        assert page.text("#session") != before
        page.click("#do-call")
        page.until_text("#result", "5")
        ticks = page.text("#ticks")
        page.until(f"+document.querySelector('#ticks').innerText > {ticks}")


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("light", {"viewport": {"width": 1280, "height": 900}, "colorScheme": "light"}),
        ("dark", {"viewport": {"width": 1280, "height": 900}, "colorScheme": "dark"}),
        ("phone", {"viewport": {"width": 390, "height": 844}, "deviceScaleFactor": 2}),
    ],
)
def test_page_looks_like_something(open_page: Open, keep: Any, name: str, context: dict[str, Any]) -> None:
    """A screenshot with a call's result and events is full of things, and nothing sticks out at the side."""
    page = open_page(**context)
    page.until("+document.querySelector('#ticks').innerText >= 1")
    page.click("#do-call")
    page.until_text("#result", "5")
    picture = page.screenshot()
    keep(name, picture)
    assert different_rows(picture) > 200
    assert page.do("evaluate", "document.documentElement.scrollWidth <= innerWidth")


def different_rows(png: bytes) -> int:
    """Return how many different rows of pixels a PNG has; on an empty page all are alike."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, width, height = 8, b"", 0, 0
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", body)
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    pixels = zlib.decompress(packed)
    row = len(pixels) // height
    assert row > width
    return len({pixels[start : start + row] for start in range(0, len(pixels), row)})
