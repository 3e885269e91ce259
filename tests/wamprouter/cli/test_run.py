"""`wamprouter run`: what is found and run, with a router beside it, and anew after a change."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.process import config
from tests.wamprouter.cli.commands import Clients, Running
from wamprouter.cli.watching import Watch

Start = Callable[..., Running]

SERVICE = """
import sys
import wamp, wamp.asyncio

app = wamp.App("com.example.service")

@app.register()
def double(number):
    return 2 * number

@app.on_join
async def joined(session):
    print("joined as", session.session_details.authid, flush=True)

component = wamp.asyncio.Component(transports="ws://127.0.0.1:1/", realm="realm2")

@component.on_join
def at_join(session, details):
    print("component on", details.realm, "twisted" in sys.modules, flush=True)
    session.leave()

class Session(wamp.asyncio.ApplicationSession):
    async def onJoin(self, details):
        print("session as", details.authid, flush=True)
        self.leave()

number = 3
"""

TWISTED = """
from wamp.twisted import ApplicationSession, Component

class Session(ApplicationSession):
    def onJoin(self, details):
        print("twisted session as", details.authid, flush=True)
        self.leave()

component = Component()

@component.on_join
def at_join(session, details):
    print("twisted component on", details.realm, flush=True)
    session.leave()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with both modules, in which commands run."""
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "onreactor.py").write_text(TWISTED)
    (tmp_path / "broken.py").write_text("import nothing_like_this")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("service", "onreactor", "broken"):
        sys.modules.pop(name, None)


# -- finding


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("service", "'service': expected MODULE:APP, such as service:app"),
        ("servise:app", "servise: there is no module servise, neither in {folder} nor installed"),
        ("service.sub:app", "service.sub: there is no module service.sub, neither in {folder} nor installed"),
        (".service:app", "'.service' is no name of a module, expected one such as service or shop.service"),
        ("service:ap", "service:ap: service has no ap; did you mean app?"),
        ("service:number", "service:number is of type int, expected a wamp.App, a Component, or a session class"),
        ("service:wamp.App", "service:wamp.App is the class App, expected a wamp.App, a Component, or a session class"),
    ],
)
def test_a_wrong_name_is_one_line_and_status_2(clients: Clients, folder: Path, name: str, problem: str) -> None:
    result = clients.run("run", name)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", problem.format(folder=folder) + "\n")


def test_a_module_that_does_not_import_shows_why(clients: Clients, folder: Path) -> None:
    """With a traceback of its own lines alone: the name was right."""
    result = clients.run("run", "broken:app")
    assert (result.exit_code, result.stdout) == (1, "")
    first, place, *_, last = result.stderr.splitlines()
    assert "Traceback (most recent call last):" == first
    assert f'  File "{folder}/broken.py", line 1, in <module>' == place
    assert "ModuleNotFoundError: No module named 'nothing_like_this'" == last


def test_what_a_module_raises_is_not_taken_for_its_name(clients: Clients, folder: Path) -> None:
    folder.joinpath("wrong.py").write_text("int('x')\n")
    result = clients.run("run", "wrong:app")
    assert 1 == result.exit_code
    assert result.stderr.endswith("ValueError: invalid literal for int() with base 10: 'x'\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--config", "router.json"], "--config: only with --with-router"),
        (["--url", "nonsense"], "'nonsense' is not a router's URL"),
        (["--authmethod", "cryptosign"], "cryptosign needs --key-file"),
    ],
)
def test_wrong_options_are_status_2(clients: Clients, folder: Path, words: list[str], problem: str) -> None:
    result = clients.run("run", "service:app", *words)
    assert 2 == result.exit_code
    assert problem in result.stderr


# -- running


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["service:component"], "component on realm2 False\n"),
        (["service:component", "--realm", "realm1"], "component on realm1 False\n"),
        (["onreactor:component"], "twisted component on realm1\n"),
    ],
)
def test_components_run_on_their_own_event_loop(start: Start, folder: Path, words: list[str], printed: str) -> None:
    """At the router that is named; one on asyncio never sees Twisted."""
    running = start("run", *words, "--loglevel", "error")
    assert (0, printed, "") == (running.result()[0], running.out, running.ready)


@pytest.mark.parametrize(
    ("name", "printed"),
    [("service:Session", "session as ticket\n"), ("onreactor:Session", "twisted session as ticket\n")],
)
def test_session_classes_run_and_log_in(start: Start, clients: Clients, folder: Path, name: str, printed: str) -> None:
    """On either event loop."""
    who = {"WAMP_URL": clients.login_url, "WAMP_AUTHID": "ticket", "WAMP_TICKET": "secret"}
    running = start("run", name, "--loglevel", "error", env=who)
    assert (0, printed, "") == (running.result()[0], running.out, running.ready)


@pytest.mark.parametrize("name", ["service:Session", "onreactor:Session", "onreactor:component"])
def test_certificates_serve_both_event_loops(start: Start, clients: Clients, folder: Path, name: str) -> None:
    """The authority's and our own."""
    mine = clients.authority.issue("joe")
    words = ["--ca", str(clients.authority.file), "--cert", mine["certificate"], "--cert-key", mine["key"]]
    running = start("run", name, *words, "--url", clients.certificate_url, "--loglevel", "error")
    assert (0, "") == (running.result()[0], running.ready)
    assert running.out.split()[-1] in ("joe", "realm1")


def test_an_app_serves_until_a_signal(start: Start, clients: Clients, folder: Path) -> None:
    """Then it leaves, with status 0."""
    running = start("run", "service:app", "--loglevel", "error", waits_for="stdout")
    assert running.ready.startswith("joined as ")
    assert "6\n" == clients.run("call", "com.example.service.double", "3").stdout
    running.send_signal(signal.SIGINT)
    assert (0, "", "") == running.result()


def test_an_app_that_is_refused_is_status_1_and_one_line(start: Start, folder: Path) -> None:
    running = start("run", "service:app", "--realm", "nowhere", "--loglevel", "error")
    assert "wamp.error.no_such_realm: no realm 'nowhere' on this router\n" == running.ready
    assert (1, "", "") == running.result()


def test_an_app_waits_for_its_router_unless_told_not_to(start: Start, folder: Path) -> None:
    words = ["run", "service:app", "--wait", "0", "--url", f"unix://{folder}/none.sock", "--loglevel", "error"]
    assert 3 == start(*words).result()[0]


# -- with a router, and anew


def test_a_router_is_started_and_ended(start: Start, clients: Clients, folder: Path) -> None:
    """The application gets its address, whatever the environment says; after a signal both are gone."""
    place = f"{folder}/router.sock"
    configuration = config({"type": "rawsocket", "endpoint": {"type": "unix", "path": place}})
    (folder / "node.json").write_text(json.dumps(configuration))
    running = start("run", "service:app", "--with-router", "--config", "node.json", waits_for="stdout")
    assert running.ready.strip().endswith(place)
    assert running.stdout is not None
    assert running.stdout.readline().startswith("joined as ")
    assert "6\n" == clients.run("call", "com.example.service.double", "3", url=f"unix://{place}").stdout
    running.send_signal(signal.SIGTERM)
    assert 0 == running.result()[0]
    assert 3 == clients.run("publish", "com.example.topic", url=f"unix://{place}").exit_code


def test_a_router_that_does_not_start_is_status_1(start: Start, folder: Path) -> None:
    """Its own words say why."""
    (folder / "node.json").write_text("{}")
    running = start("run", "service:app", "--with-router", "--config", "node.json")
    assert running.ready.startswith("node.json:1:1: ")
    assert 1 == running.result()[0]


def test_an_application_starts_anew_when_a_file_changes(start: Start, folder: Path) -> None:
    """Also one that has failed; and one that ends well is done."""
    file = folder / "changing.py"
    file.write_text("raise SystemExit(7)")
    running = start("run", "changing:component", "--reload", "--loglevel", "error")
    assert "ended with status 7; waiting for a change\n" == running.ready
    file.write_text(TWISTED)
    status, printed, told = running.result()
    assert (0, "twisted component on realm1\n") == (status, printed)
    assert "changing.py changed: starting anew\n" == told


# -- which files


def test_a_watch_tells_what_has_changed_come_and_gone(tmp_path: Path) -> None:
    """Once."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("1")
    watch = Watch(tmp_path)
    assert [] == watch.changed()
    (tmp_path / "a.py").write_text("12")
    (tmp_path / "b.py").unlink()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/c.py").touch()
    assert ["a.py", "b.py", "sub/c.py"] == watch.changed()
    assert [] == watch.changed()


def test_a_change_of_time_alone_counts(tmp_path: Path) -> None:
    """Another letter is no longer than the one before."""
    (tmp_path / "a.py").write_text("1")
    watch = Watch(tmp_path)
    os.utime(tmp_path / "a.py", ns=(1, 1))
    assert ["a.py"] == watch.changed()


@pytest.mark.parametrize("name", [".hidden/a.py", "__pycache__/a.py", "node_modules/a.py", "env/a.py", "data.txt"])
def test_a_watch_passes_over_what_is_not_the_users(tmp_path: Path, name: str) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env/pyvenv.cfg").touch()
    watch = Watch(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("1")
    assert [] == watch.changed()


def test_a_watch_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wamprouter.cli.watching.MOST", 2)
    for number in range(2):
        (tmp_path / f"{number}.py").touch()
    assert not Watch(tmp_path).is_complete
