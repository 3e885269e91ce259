"""Peers that are gone: killed, or silent behind a connection that still looks open."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import Client, Closed
from wamp.protocol.messages import Abort, Error, Hello, Interrupt, Invocation, Welcome

SCHEMES = pytest.mark.parametrize("scheme", ["ws", "rs", "rs+unix"])

WORKER = """
import sys
from tests.support.raw import Client
from wamp.protocol.messages import Invocation

client = Client(sys.argv[1])
client.register("com.work")
print(client.subscribe("com.topic").subscription, flush=True)
client.expect(Invocation)
client.call("com.other")
print("at work", flush=True)
input()
"""


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}},
    )


class Worker:
    """A client in a process of its own, that registers, subscribes, gets a call and never answers it."""

    def __init__(self, url: str) -> None:
        path = f"{ROOT}:{ROOT / 'client'}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": path},
        )
        self.subscription = int(self.says())

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()  # SIGKILL
        self.process.communicate()


@SCHEMES
def test_kill_9_of_a_client_ends_its_calls_registrations_and_subscriptions(router: RouterProcess, scheme: str) -> None:
    worker = Worker(router.url(scheme))
    with Client(router.url("ws")) as other:
        other.register("com.other")
        other.call("com.work")
        invocation = other.expect(Invocation)  # the worker calls back while it works
        assert worker.says() == "at work\n"
        worker.kill()

        # Both at once and in either order: our call fails, and nobody waits for our result any more.
        messages = {type(message): message for message in (other.receive(), other.receive())}
        error, interrupt = messages[Error], messages[Interrupt]
        assert isinstance(error, Error)
        assert error.error == "wamp.error.canceled"
        assert isinstance(interrupt, Interrupt)
        assert interrupt.request == invocation.request
        other.answer(invocation.request, "too late")

        other.register("com.work")
        assert other.subscribe("com.topic").subscription != worker.subscription


PINGING = {"auto_ping_interval": 500, "auto_ping_timeout": 1000}


class Reader:
    """Reads all that a client gets, and so answers pings, in a thread of its own."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.is_closed = False
        self.messages = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while True:
                self.client.receive()
                self.messages += 1
        except (Closed, OSError):
            self.is_closed = True

    def stop(self) -> None:
        if not self.is_closed:
            self.client.stream.shut_down()
        self._thread.join(10)
        self.client.close()


@pytest.fixture
def pinging(start: Start) -> RouterProcess:
    return start(
        {"type": "websocket", "endpoint": endpoint(), "options": PINGING},
        {"type": "rawsocket", "endpoint": endpoint(), "options": PINGING},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}, "options": PINGING},
        {"type": "web", "endpoint": endpoint(), "paths": {"ws": {"type": "websocket", "options": PINGING}}},
    )


def test_who_does_not_answer_pings_is_dropped_and_who_answers_stays(pinging: RouterProcess) -> None:
    """On every transport. The session of the dropped one is gone: a call to it fails, its procedure is free."""
    urls = pinging.urls
    silent = [Client(url) for url in urls]
    for number, client in enumerate(silent):
        client.register(f"com.silent{number}")
    readers = [Reader(Client(url)) for url in urls]
    caller = Client(urls[0])
    for number in range(len(silent)):
        caller.call(f"com.silent{number}")
    errors = {caller.expect(Error).error for _ in silent}  # which also answers pings meanwhile
    assert errors == {"wamp.error.canceled"}
    for number, client in enumerate(silent):
        caller.register(f"com.silent{number}")
        client.stream.read_to_end()
        client.close()
    caller.close()
    eventually(lambda: pinging.log.count("no answer to a ping") == len(silent), "each of them is logged")
    for reader in readers:
        eventually(lambda reader=reader: reader.client.connection.pings > 2, "several pings were answered")  # type: ignore[misc]  # bound now
        assert not reader.is_closed
        reader.stop()


def test_who_is_never_pinged_and_leaves_without_reading_is_dropped(pinging: RouterProcess) -> None:
    """Autobahn|Python does not know RawSocket's PING; who says to be Autobahn must not keep a connection for ever so."""
    leaver = Client(pinging.url("rs"), join=False, receive_buffer=4096)
    roles = {role: {"features": {"payload_transparency": True}} for role in ("subscriber", "caller")}
    leaver.send(Hello("realm1", {"roles": roles}))
    leaver.expect(Welcome)
    leaver.subscribe("com.flood")
    with Client(pinging.url("ws")) as publisher:
        for _ in range(100):  # 6 MB, more than the kernel takes and less than the outbound queue may hold
            publisher.publish("com.flood", "x" * 60_000)
        publisher.publish_acknowledged("com.flood")
    leaver.send(Abort({}, "wamp.close.normal"))
    eventually(lambda: "no answer to a ping" in pinging.log, "it is dropped")
    leaver.stream.close()


def test_a_unix_socket_left_behind_by_kill_9_does_not_stop_the_next_router(tmp_path: Path, start: Start) -> None:
    transport = {"type": "rawsocket", "endpoint": {"type": "unix", "path": str(tmp_path / "router.sock")}}
    router = RouterProcess(tmp_path, config(transport))
    router.process.kill()
    router.stop()
    assert (tmp_path / "router.sock").exists()
    with Client(start(transport).url("rs+unix")) as client:
        client.publish_acknowledged("com.t")
