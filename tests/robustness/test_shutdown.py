"""SIGTERM: everybody is told, and the process ends with status 0, whatever its clients do."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, eventually
from tests.support.process import EVERYTHING, RouterProcess, endpoint
from tests.support.raw import ROLES, Client, Closed, Stream, WebSocket, handshake_request
from wamp.protocol.messages import Authenticate, Call, Challenge, Error, Hello, Invocation, Message, Result

GOING_AWAY = 1001  # "such as a server going down" (RFC 6455, section 7.4.1)
TRY_AGAIN_LATER = 1013
UNAVAILABLE = "wamp.error.unavailable"
WAIT = 10


@pytest.fixture
def router(start: Start) -> RouterProcess:
    return start(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}},
        {"type": "web", "endpoint": endpoint(), "paths": {"ws": {"type": "websocket"}, "echo": {"type": "echo"}}},
    )


def terminate(router: RouterProcess) -> None:
    router.process.send_signal(signal.SIGTERM)


def test_clients_are_told_that_the_router_goes_away(router: RouterProcess) -> None:
    websocket, rawsocket, unix, web, echo = router.urls
    clients = [Client(url) for url in (websocket, rawsocket, unix, web)]
    echoing = WebSocket(echo)
    terminate(router)
    assert clients[0].closing().code == GOING_AWAY
    assert clients[3].closing().code == GOING_AWAY
    assert echoing.closing().code == GOING_AWAY
    for client in clients[1:3]:
        client.closing()
    assert router.process.wait(WAIT) == 0
    assert not (router.folder / "router.sock").exists()


def test_a_second_sigterm_is_harmless(router: RouterProcess) -> None:
    with Client(router.urls[0]) as client:
        terminate(router)
        terminate(router)
        assert client.closing().code == GOING_AWAY
        try:
            for _ in range(100):
                terminate(router)
        except ProcessLookupError:
            pass  # it has ended
        assert router.process.wait(WAIT) == 0


def test_sigint_ends_it_as_well(router: RouterProcess) -> None:
    with Client(router.urls[0]) as client:
        router.process.send_signal(signal.SIGINT)
        assert client.closing().code == GOING_AWAY
    assert router.process.wait(WAIT) == 0


def test_who_does_not_answer_is_not_waited_for(router: RouterProcess) -> None:
    """Half a handshake, a session that does not answer the close frame, one that does not read, one that is paused."""
    half = Stream(router.urls[0])
    half.send(handshake_request(router.urls[0], "wamp.2.json")[:-2])
    request = Stream(router.urls[3])
    request.send(b"GET /")
    raw = Stream(router.urls[1])
    silent = Client(router.urls[0])
    full = Client(router.urls[0], receive_buffer=4 * KIB)
    full.subscribe("com.t")
    with Client(router.urls[0]) as publisher:
        for _ in range(8 * 64):
            publisher.publish("com.t", "x" * 16 * KIB)
        publisher.publish_acknowledged("com.t")
    terminate(router)
    assert router.process.wait(WAIT) == 0
    for stream in (half, request, raw, silent.stream, full.stream):
        stream.close()


def test_nothing_that_clients_do_meanwhile_disturbs_it(router: RouterProcess) -> None:
    """They publish, call and answer as fast as they can while the router ends."""
    callee = Client(router.urls[1])
    callee.register("com.echo")
    callers = [Client(url) for url in (router.urls[0], router.urls[2], router.urls[3])]

    def serve() -> None:
        try:
            while True:
                message = callee.receive()
                if isinstance(message, Invocation):
                    callee.answer(message.request, 1)
        except Closed:
            pass

    answered = threading.Semaphore(0)

    def call(client: Client) -> None:
        client.subscribe("com.t")
        try:
            while True:
                client.call("com.echo")
                client.publish("com.t", 1)
                client.receive()
                answered.release()
        except Closed:
            pass

    threads = [threading.Thread(target=serve, daemon=True)]
    threads += [threading.Thread(target=call, args=(client,), daemon=True) for client in callers]
    for thread in threads:
        thread.start()
    for _ in range(100):
        assert answered.acquire(timeout=WAIT)
    terminate(router)
    assert router.process.wait(WAIT) == 0
    for thread in threads:
        thread.join(WAIT)
    for client in (callee, *callers):
        client.close()


def test_the_same_port_and_socket_can_be_used_at_once_again(start: Start, tmp_path: Path) -> None:
    unix = {"type": "rawsocket", "endpoint": {"type": "unix", "path": str(tmp_path / "router.sock")}}
    first = start({"type": "websocket", "endpoint": endpoint()}, unix)
    port = first.address("ws")[1]
    with Client(first.urls[0]) as client:
        terminate(first)
        client.closing()
    first.process.wait(WAIT)
    second = start({"type": "websocket", "endpoint": {"type": "tcp", "port": port}}, unix)
    for url in second.urls:
        with Client(url) as client:
            client.publish_acknowledged("com.t")


# -- calls in flight

REALM = {
    "name": "realm1",
    "roles": [
        {"name": "anonymous", "permissions": EVERYTHING},
        {"name": "asking", "authorizer": "com.judge"},
    ],
}
ASKING = {"ticket": {"principals": {"joe": {"ticket": "secret", "role": "asking"}}}}


@pytest.fixture
def draining(start: Start) -> RouterProcess:
    """A router that waits for ever, if nobody hurries it."""
    return start(
        {"type": "websocket", "endpoint": endpoint(), "auth": {"anonymous": {}, **ASKING}},
        {"type": "rawsocket", "endpoint": endpoint()},
        {
            "type": "web",
            "endpoint": endpoint(),
            "paths": {"/": {"type": "json", "value": 1}, "ws": {"type": "websocket"}},
        },
        drain_timeout=3_600_000,
        realms=[REALM],
    )


Connect = Callable[..., Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(Client(url, **options))


def stopping(router: RouterProcess) -> None:
    """Send SIGTERM, and wait until it is heard."""
    terminate(router)
    eventually(lambda: "stopping" in router.log, "it is stopping")


def in_flight(caller: Client, callee: Client, procedure: str = "com.slow") -> int:
    """Call something that takes its time; return the invocation."""
    callee.register(procedure)
    caller.call(procedure)
    return callee.expect(Invocation).request


def refusal(message: Message) -> str:
    assert isinstance(message, Error), message
    return message.error


def test_calls_in_flight_come_to_their_end_and_new_ones_are_refused(draining: RouterProcess, connect: Connect) -> None:
    websocket, rawsocket, _, _ = draining.urls
    caller, callee, other = connect(websocket), connect(rawsocket), connect(websocket)
    invocation = in_flight(caller, callee)
    stopping(draining)
    for client in (other, caller):
        client.call("com.slow")
        assert refusal(client.receive()) == UNAVAILABLE
    other.publish_acknowledged("com.t")
    callee.answer(invocation, "in time")
    assert caller.args(caller.expect(Result)) == ["in time"]
    assert caller.closing().code == GOING_AWAY
    assert other.closing().code == GOING_AWAY
    assert draining.process.wait(WAIT) == 0


def test_what_a_callee_needs_for_its_answer_is_no_new_call(draining: RouterProcess, connect: Connect) -> None:
    caller, callee, helper = (connect(url) for url in (*draining.urls[:2], draining.urls[0]))
    invocation = in_flight(caller, callee)
    helper.register("com.help")
    stopping(draining)
    callee.call("com.help")
    helper.answer(helper.expect(Invocation).request, "help")
    assert callee.args(callee.expect(Result)) == ["help"]
    callee.answer(invocation, "with help")
    assert caller.args(caller.expect(Result)) == ["with help"]
    assert caller.closing().code == GOING_AWAY


def test_more_of_a_progressive_call_is_no_new_call(draining: RouterProcess, connect: Connect) -> None:
    features = {"progressive_call_invocations": True, "progressive_call_results": True, "call_canceling": True}
    roles = {"caller": {"features": features}, "callee": {"features": features}}
    caller, callee = (connect(url, join=False) for url in draining.urls[:2])
    for client in (caller, callee):
        client.send(Hello("realm1", {"roles": roles}))
        client.receive()
    callee.register("com.slow")
    request = caller.call("com.slow", 1, progress=True)
    callee.expect(Invocation)
    stopping(draining)
    caller.send(Call(request, {}, "com.slow", caller.pack([2])))
    more = callee.expect(Invocation)
    assert callee.args(more) == [2]
    callee.answer(more.request)
    caller.expect(Result)


def test_a_call_that_waits_for_its_authorization_is_answered(draining: RouterProcess, connect: Connect) -> None:
    """The authorizer is asked as ever. The call comes too late then, and is told so."""
    websocket, rawsocket, _, _ = draining.urls
    judge, joe = connect(rawsocket), connect(websocket, join=False)
    judge.register("com.judge")
    joe.send(Hello("realm1", {"roles": ROLES, "authmethods": ["ticket"], "authid": "joe"}))
    joe.expect(Challenge)
    joe.send(Authenticate("secret", {}))
    joe.receive()
    invocation = in_flight(connect(websocket), judge)
    joe.call("com.slow")
    question = judge.expect(Invocation)
    stopping(draining)
    judge.answer(question.request, True)
    assert refusal(joe.receive()) == UNAVAILABLE
    joe.publish("com.t")
    asked = judge.expect(Invocation)
    assert judge.args(asked)[1:3] == ["com.t", "publish"]
    judge.answer(asked.request, True)
    judge.answer(invocation)
    assert draining.process.wait(WAIT) == 0
    assert "did not decide" not in draining.log


def test_nobody_comes_in_any_more(draining: RouterProcess, connect: Connect) -> None:
    """Neither by a new connection, nor by one that was open: with a HELLO, with a login, or by way of HTTP."""
    websocket, rawsocket, page, web = draining.urls
    caller, callee = connect(websocket), connect(rawsocket)
    early, raw, joe = connect(websocket, join=False), connect(rawsocket, join=False), connect(websocket, join=False)
    joe.send(Hello("realm1", {"roles": ROLES, "authmethods": ["ticket"], "authid": "joe"}))
    joe.expect(Challenge)
    browser = Stream(page)
    browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    browser.read_until(b"\r\n\r\n1")
    invocation = in_flight(caller, callee)
    stopping(draining)
    for url in draining.urls:
        with pytest.raises(ConnectionRefusedError):
            Stream(url)
    early.send(Hello("realm1", {"roles": ROLES}))
    joe.send(Authenticate("secret", {}))
    for client in (early, joe):
        closed = client.closing()
        assert (TRY_AGAIN_LATER, "the router is shutting down") == (closed.code, closed.reason)
    raw.send(Hello("realm1", {"roles": ROLES}))
    with pytest.raises(Closed):
        raw.receive()
    browser.send(handshake_request(web, "wamp.2.json"))
    assert b" 101 " in browser.read_until(b"\r\n\r\n")
    hello = b'[1,"realm1",{"roles":{"caller":{}}}]'
    browser.send(bytes((0x81, 0x80 | len(hello), 0, 0, 0, 0)) + hello)
    assert browser.read(2)[0] == 0x88
    assert browser.read(2) == TRY_AGAIN_LATER.to_bytes(2)
    browser.close()
    callee.answer(invocation)
    caller.expect(Result)


def test_a_rawsocket_is_closed_without_a_word(draining: RouterProcess, connect: Connect) -> None:
    """A GOODBYE would tell some clients not to come again."""
    caller, callee = connect(draining.urls[1]), connect(draining.urls[1])
    invocation = in_flight(caller, callee)
    stopping(draining)
    callee.answer(invocation)
    caller.expect(Result)
    for client in (caller, callee):
        with pytest.raises(Closed):
            client.receive()


def test_a_call_that_never_ends_is_not_waited_for(start: Start, connect: Connect) -> None:
    router = start({"type": "websocket", "endpoint": endpoint()}, drain_timeout=200)
    caller, callee = connect(router.urls[0]), connect(router.urls[0])
    in_flight(caller, callee)
    terminate(router)
    assert caller.closing().code == GOING_AWAY
    assert router.process.wait(WAIT) == 0


def test_without_a_time_to_drain_everybody_is_sent_away_at_once(start: Start, connect: Connect) -> None:
    router = start({"type": "websocket", "endpoint": endpoint()}, drain_timeout=0)
    caller, callee = connect(router.urls[0]), connect(router.urls[0])
    in_flight(caller, callee)
    terminate(router)
    assert callee.closing().code == GOING_AWAY
    assert caller.closing().code == GOING_AWAY
    assert router.process.wait(WAIT) == 0


def test_a_second_signal_hurries_it(draining: RouterProcess, connect: Connect) -> None:
    caller, callee = connect(draining.urls[0]), connect(draining.urls[0])
    in_flight(caller, callee)
    stopping(draining)
    caller.call("com.slow")
    assert refusal(caller.receive()) == UNAVAILABLE
    terminate(draining)
    assert caller.closing().code == GOING_AWAY
    assert draining.process.wait(WAIT) == 0


# -- components

COMPONENTS = '''
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from wamp.twisted import ApplicationSession

class Slow(ApplicationSession):
    """Has something to do before it goes."""
    async def onJoin(self, details):
        print("joined", flush=True)

    async def onLeave(self, details):
        await deferLater(reactor, 0.3)
        print("has left:", details.reason, flush=True)
        self.disconnect()

class Stubborn(ApplicationSession):
    """Never goes."""
    async def onJoin(self, details):
        print("joined", flush=True)

    def onLeave(self, details):
        return Deferred()

class Unable(ApplicationSession):
    """Has not joined by then."""
    def onConnect(self):
        return Deferred()

    def onDisconnect(self):
        print("disconnected", flush=True)
'''


def with_component(start: Start, name: str, tmp_path: Path) -> tuple[RouterProcess, Callable[[], str]]:
    """Return a router that hosts a component, and what returns the next line that it prints."""
    (tmp_path / "leaving.py").write_text(COMPONENTS)
    component: dict[str, Any] = {
        "type": "class",
        "classname": f"leaving.{name}",
        "realm": "realm1",
        "role": "anonymous",
    }
    router = start({"type": "rawsocket", "endpoint": endpoint()}, components=[component], pythonpath=[str(tmp_path)])
    stdout = router.process.stdout
    assert stdout is not None
    return router, stdout.readline


def test_a_component_may_take_a_while(start: Start, tmp_path: Path) -> None:
    router, line = with_component(start, "Slow", tmp_path)
    assert line() == "joined\n"
    terminate(router)
    assert line() == "has left: wamp.close.system_shutdown\n"
    assert router.process.wait(WAIT) == 0


def test_a_component_that_never_goes_is_not_waited_for(start: Start, tmp_path: Path) -> None:
    router, line = with_component(start, "Stubborn", tmp_path)
    assert line() == "joined\n"
    terminate(router)
    assert router.process.wait(WAIT) == 0


def test_a_component_that_has_not_joined_goes_too(start: Start, tmp_path: Path) -> None:
    router, line = with_component(start, "Unable", tmp_path)
    terminate(router)
    assert line() == "disconnected\n"
    assert router.process.wait(WAIT) == 0
