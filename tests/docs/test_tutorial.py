"""The tutorial, done from its first page to its last."""

import json
import shutil
from itertools import pairwise

import pytest
import yaml

from tests.docs.pages import DOCS, ROOT, blocks
from tests.docs.programs import Program, browse, needs_browser, router, wamprouter
from tests.support.raw import Client

TUTORIAL = DOCS / "tutorial.md"
FILES = {each.name: each.text for each in blocks(TUTORIAL) if each.name}


@pytest.fixture
def folder(tmp_path):
    """What a reader's folder holds after the page about the web."""
    (tmp_path / "web").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    shutil.copy(ROOT / "examples/web/vendor/autobahn.min.js", tmp_path / "web")
    return tmp_path


def test_it_begins_with_what_init_writes():
    """The file that the reader edits is the starter, and one path."""
    from wamprouter.config import STARTER

    edited = json.loads(FILES["router.json"])
    edited["transports"][0]["paths"].pop("/")
    assert json.loads(STARTER) == edited


def test_hello_is_called_from_a_shell(folder):
    """The first program, and the command below it, which prints what stands there."""
    shown = blocks(TUTORIAL)
    command, said = next(
        (one.text, other.text) for one, other in pairwise(shown) if one.text.startswith("wamprouter call")
    )
    with (
        router(folder, json.loads(FILES["router.json"])) as running,
        Client(running.url("ws")) as client,
    ):
        client.subscribe("wamp.registration.on_create")
        with Program(folder, FILES["hello.py"], running.url("ws")):
            client.receive()  # it is registered
            assert said == wamprouter(command, running.url("ws"))


def test_the_station_is_asked_and_watched(folder):
    """Three programs talk: one measures, one asks for an average and is refused another, one watches."""
    with router(folder, json.loads(FILES["router.json"])) as running:
        url = running.url("ws")
        with Program(folder, FILES["station.py"], url) as station:
            assert "the station measures" == station.line()
            with Program(folder, FILES["watch.py"], url) as watch, Program(folder, FILES["ask.py"], url) as ask:
                status, output, log = ask.end()
                average, refused, *samples = output.splitlines()
                assert 0 == status, log
                assert 10 < float(average.removeprefix("average: ")) < 30
                assert "refused: com.example.error.no_readings an average of 0 readings" == refused
                assert ["now:"] * 3 == [line.split()[0] for line in samples]
                assert watch.line().endswith(" °C")


@pytest.mark.browser
def test_the_page_shows_the_temperature(folder):
    """The page subscribes, and its button asks the station."""
    needs_browser()
    with (
        router(folder, json.loads(FILES["router.json"])) as running,
        Program(folder, FILES["station.py"], running.url("ws")) as station,
    ):
        station.line()
        now, answer = browse(
            folder,
            running.url("http"),
            """
            await page.waitForFunction(() => document.getElementById("now").textContent.endsWith("°C"));
            await page.click("#ask");
            await page.waitForFunction(() => document.getElementById("answer").textContent);
            return page.evaluate(() => ["now", "answer"].map((id) => document.getElementById(id).textContent));
            """,
        )
    assert now.endswith(" °C")
    assert answer.endswith(" °C")


def test_roles_hold_a_visitor_back_and_let_a_service_in(folder):
    """Over WebSocket the station is refused and ends; over the Unix socket it works."""
    with router(folder, yaml.safe_load(FILES["router.yaml"])) as running:
        with Program(folder, FILES["station.py"], running.url("ws")) as refused:
            status, _, log = refused.end()
            assert 1 == status
            assert "wamp.error.not_authorized" in log
        with Program(folder, FILES["station.py"], running.url("rs+unix")) as station:
            assert "the station measures" == station.line()
