"""Another configuration for a router that runs: what runs inside of it, and beside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.process import ALLOW_ALL, EVERYTHING, RouterProcess
from tests.support.raw import Client
from tests.support.reloading import (
    BASE,
    NOTHING,
    ROLES,
    Connect,
    changed,
    is_served,
    logged_in,
)
from wamp.protocol.messages import (
    Abort,
    Hello,
    Result,
)


@pytest.fixture
def router(reloadable: RouterProcess) -> RouterProcess:
    return reloadable


# -- what runs inside, and beside

COMPONENTS = '''
from twisted.internet.defer import Deferred
from wamp.twisted import ApplicationSession

class Named(ApplicationSession):
    """Says who it is."""
    async def onJoin(self, details):
        await self.register(lambda: self.config.extra, "com.named")

class Failing(ApplicationSession):
    def __init__(self, config):
        raise RuntimeError("no database")

class FailingToConnect(ApplicationSession):
    def onOpen(self, transport):
        raise RuntimeError("no cable")

class NeverJoining(ApplicationSession):
    """Waits for something before it joins."""
    def onConnect(self):
        return Deferred()

    def onDisconnect(self):
        print("never joined, and has gone", flush=True)
'''


def component(name: str, extra: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "class", "classname": f"parts.{name}", "realm": "realm1", "role": "user", "extra": extra, **more}


def guest(folder: Path, name: str, text: str = "print('up'); time.sleep(60)") -> dict[str, Any]:
    """Return a guest that is a Python program; each text is a file of its own."""
    file = folder / f"{name}_{abs(hash(text))}"
    file.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{text}\n")
    file.chmod(0o755)
    return {"type": "guest", "id": name, "executable": str(file)}


@pytest.fixture
def parts(router: RouterProcess) -> Path:
    (router.folder / "parts.py").write_text(COMPONENTS)
    return router.folder


def named(client: Client) -> Any:
    """Return what the component says that is there; None if there is none."""
    client.call("com.named")
    answer = client.receive()
    return client.args(answer)[0] if isinstance(answer, Result) else None


def test_components_come_change_and_go(router: RouterProcess, parts: Path, connect: Connect) -> None:
    client = connect()
    assert (True, ["component parts.Named is started"]) == router.reload(
        changed("components", [component("Named", "first")])
    )
    eventually(lambda: named(client) == "first", "it has registered")
    assert (True, NOTHING) == router.reload()
    assert named(client) == "first"
    done, lines = router.reload(changed("components", [component("Named", "second")]))
    assert (True, ["component parts.Named is started", "component parts.Named is ended"]) == (done, lines)
    eventually(lambda: named(client) == "second", "the other has registered")
    assert (True, ["component parts.Named is ended"]) == router.reload(BASE)
    assert named(client) is None


def test_a_component_may_need_a_role_and_a_realm_that_are_new(
    router: RouterProcess, parts: Path, connect: Connect
) -> None:
    role = {"name": "new", "permissions": [ALLOW_ALL]}
    realm = {"name": "new", "roles": [role, {"name": "anonymous", "permissions": EVERYTHING}]}
    one, two = component("Named", 1, role="new"), component("Named", 2, realm="new", role="new", id="two")
    assert router.reload(changed("realms.0.roles.3", role, "realms.2", realm, "components", [one, two]))[0]
    clients = connect(), connect(join="new")
    eventually(lambda: [named(client) for client in clients] == [1, 2], "both have registered")


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (component("Failing"), "component parts.Failing failed to start: RuntimeError('no database')"),
        (component("FailingToConnect"), "component parts.FailingToConnect failed to start: RuntimeError('no cable')"),
        (component("Missing"), "component parts.Missing: module parts has no Missing"),
        ({"type": "guest", "executable": "no-such-program"}, "there is no program no-such-program"),
    ],
)
def test_one_that_cannot_be_started_undoes_everything(
    router: RouterProcess, parts: Path, connect: Connect, bad: dict[str, Any], line: str
) -> None:
    before = changed("components", [component("Named", "kept")])
    router.reload(before)
    client, joe = connect(), logged_in(connect("ws", join=None))
    eventually(lambda: named(client) == "kept", "it has registered")
    components = [component("Named", "new"), bad, guest(parts, "useless")]
    failing = changed("components", components, "transports.0.auth.ticket.principals.joe", ...)
    failing["realms"].append({"name": "new", "roles": [{"name": "anonymous"}]})
    done, [told] = router.reload(failing)
    assert not done
    assert line in told
    assert named(client) == "kept"
    assert is_served(joe)
    late = connect(join=None)
    late.send(Hello("new", {"roles": ROLES}))
    assert late.expect(Abort).reason == "wamp.error.no_such_realm"
    assert (True, NOTHING) == router.reload(before)
    assert "useless" not in router.log


def test_a_component_that_has_not_joined_is_ended_too(router: RouterProcess, parts: Path) -> None:
    router.reload(changed("components", [component("NeverJoining")]))
    assert (True, ["component parts.NeverJoining is ended"]) == router.reload(BASE)
    assert router.process.stdout is not None
    assert router.process.stdout.readline() == "never joined, and has gone\n"


def test_guests_come_and_go(router: RouterProcess, parts: Path) -> None:
    one = guest(parts, "one")
    assert (True, ["guest one is started"]) == router.reload(changed("components", [one]))
    eventually(lambda: "guest one: up" in router.log, "it runs")
    assert (True, NOTHING) == router.reload()
    assert (True, ["guest one is ended"]) == router.reload(BASE)
    eventually(lambda: "guest one has ended" in router.log, "it has ended")


def test_a_guest_that_is_changed_starts_when_the_old_one_has_ended(router: RouterProcess, parts: Path) -> None:
    """Both would register the same procedures, or listen on the same port."""
    slow = """
def end(*_):
    print("old ends"); sys.exit()
signal.signal(signal.SIGTERM, end); print("old runs")
while True: time.sleep(60)"""
    router.reload(changed("components", [guest(parts, "two", slow)]))
    eventually(lambda: "guest two: old runs" in router.log, "it runs")
    new = guest(parts, "two", "print('new runs'); time.sleep(60)")
    assert (True, ["guest two is started", "guest two is ended"]) == router.reload(changed("components", [new]))
    eventually(lambda: "guest two: new runs" in router.log, "the other runs")
    log = router.log
    assert log.index("old runs") < log.index("old ends") < log.index("guest two has ended") < log.index("new runs")


def test_what_has_ended_by_itself_is_started_again(router: RouterProcess, parts: Path) -> None:
    """As it would be with a new start of the router."""
    brief = guest(parts, "brief", "print('once')")
    router.reload(changed("components", [brief]))
    eventually(lambda: "guest brief has ended" in router.log, "it has ended")
    assert (True, ["guest brief is started"]) == router.reload()
    eventually(lambda: router.log.count("guest brief: once") == 2, "it has run again")


def test_variables_of_the_configuration_stay_out_of_it(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """What components get is not what the file itself is read with, at a reload as little as at the start."""
    monkeypatch.delenv("NAME_OF_A_REALM", raising=False)
    configuration = changed("realms.1.name", "${NAME_OF_A_REALM:-other}", "environment", {"NAME_OF_A_REALM": "wrong"})
    router = start(**configuration)
    assert (True, NOTHING) == router.reload()


# -- an authenticator in Python

AUTHENTICATORS = """
made = []

def create(config):
    made.append(config)
    print(f"made {len(made)} for {config}", flush=True)
    return lambda realm, authid, details: {"role": "user", "authid": authid}
"""


def test_a_function_that_is_asked_is_made_once(router: RouterProcess, connect: Connect) -> None:
    """As long as it is configured alike, whatever else is changed."""
    (router.folder / "deciding.py").write_text(AUTHENTICATORS)
    asked = {"type": "function", "create": "deciding.create", "config": "one"}
    with_function = changed("transports.0.auth.ticket", asked)
    router.reload(with_function)
    joe = logged_in(connect("ws", join=None))
    with_function["transports"][0]["max_connections"] = 5
    assert router.reload(with_function)[0]
    assert is_served(joe)
    router.reload(changed("transports.0.auth.ticket", {**asked, "config": "two"}))
    router.reload(BASE)
    router.reload(with_function)
    stdout = router.process.stdout
    assert stdout is not None
    assert [stdout.readline() for _ in range(3)] == ["made 1 for one\n", "made 2 for two\n", "made 3 for one\n"]
