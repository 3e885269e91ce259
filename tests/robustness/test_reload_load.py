"""Ten reloads a second for ten seconds, while a hundred sessions call: no call is lost, and nothing is left behind."""

from __future__ import annotations

import copy
import json
import selectors
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import MIB, anonymous_bytes, eventually
from tests.support.certificates import Authority
from tests.support.process import ALLOW_ALL, EVERYTHING, RouterProcess, endpoint
from tests.support.raw import Client, RawSocket
from wamp.protocol.messages import Invocation, Result
from wamprouter.control import socket_paths

RELOADS: Final = 100
A_SECOND: Final = 10
CALLERS: Final = 100
CALLEES: Final = 10

INSIDE = '''
import gc, os
from collections import Counter
from twisted.internet import reactor
from wamp.twisted import ApplicationSession

CLASSES = """Alarm BatchedPeer BoundedSite Broker Dealer DynamicRole FileCookies HttpConnection Listener LocalConnection
    MemoryLog MethodGate Outbox Peer RateLimit RawSocketFactory Realm Registration Rights Role Rule Session Subscription
    TlsContext TlsFactory WampService WebSocketServerFactory _Consulted _Desk _Form""".split()

class Census(ApplicationSession):
    """Counts what there is in the router's process."""
    async def onJoin(self, details):
        await self.register(self.count, "com.census")

    def count(self):
        gc.collect()
        found = Counter(type(one).__name__ for one in gc.get_objects())
        counts = {name: found[name] for name in CLASSES}
        counts["classes"] = found["type"] + sum(1 for one in gc.get_objects() if isinstance(one, type))
        counts["timers"] = len(reactor.getDelayedCalls())
        counts["descriptors"] = len(os.listdir("/proc/self/fd"))
        return counts

class Extra(ApplicationSession):
    """Comes and goes with the configuration."""
    async def onJoin(self, details):
        await self.register(lambda: 1, "com.extra")
        await self.subscribe(lambda: None, "com.extra.", options=None)
'''


def configurations(authority: Authority) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two that differ in everything but what callers and callees need."""
    census = {"type": "class", "classname": "inside.Census", "realm": "realm1", "role": "anonymous"}
    one: dict[str, Any] = {
        "version": 1,
        "realms": [
            {
                "name": "realm1",
                "roles": [
                    {"name": "anonymous", "permissions": EVERYTHING},
                    {"name": "user", "permissions": [{"uri": "com.*", "allow": "all"}]},
                ],
            }
        ],
        "realm_template": {"roles": [{"name": "anonymous", "permissions": [ALLOW_ALL]}]},
        "transports": [
            {
                "type": "websocket",
                "id": "ws",
                "endpoint": endpoint(),
                "cookie": {},
                "auth": {
                    "anonymous": {"role": "anonymous"},
                    "ticket": {"principals": {"joe": {"ticket": "one", "role": "user"}}},
                    "cookie": {},
                },
            },
            {"type": "rawsocket", "id": "rs", "endpoint": endpoint()},
            {
                "type": "web",
                "id": "web",
                "endpoint": authority.endpoint(),
                "paths": {"/": {"type": "json", "value": 1}, "ws": {"type": "websocket"}},
            },
        ],
        "components": [census],
    }
    other = copy.deepcopy(one)
    other["limits"] = {"max_connections": 1000, "joins_per_second": 20}
    realm = other["realms"][0]
    realm["options"] = {"max_calls": 500, "history": [{"uri": "com.log"}]}
    realm["roles"][1] = {"name": "user", "authorizer": "com.judge"}
    realm["roles"].append({"name": "more", "permissions": [{"uri": "com.x", "allow": "all"}]})
    asked = {"name": "user", "authorizer": "com.judge"}
    other["realms"].append({"name": "extra", "roles": [asked], "options": {"history": [{"uri": "com.log"}]}})
    other["realm_template"]["max_realms"] = 5
    websocket, _, web = other["transports"]
    websocket["auth"]["ticket"]["principals"] = {"joe": {"ticket": "two", "role": "user"}}
    websocket["options"] = {"max_message_size": 100_000, "message_rate": 1_000_000}
    web["paths"] = {"/": {"type": "json", "value": 2}, "other": {"type": "websocket"}}
    other["transports"].append({"type": "rawsocket", "id": "extra", "endpoint": endpoint()})
    other["components"].append({**census, "classname": "inside.Extra", "role": "user"})
    return one, other


class Reloading:
    """Tells the router to reload, again and again, while others go on."""

    def __init__(self, router: RouterProcess, *texts: str) -> None:
        self._path = str(socket_paths(router.file)[0])
        self._file = router.file
        self._texts = texts
        self.asked = 0
        self.answers: list[dict[str, Any]] = []

    def ask(self) -> socket.socket:
        new = self._file.with_name("router.new")
        new.write_text(self._texts[self.asked % len(self._texts)])
        new.replace(self._file)
        self.asked += 1
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(self._path)
        connection.sendall(b"reload\n")
        return connection

    def answered(self, connection: socket.socket) -> None:
        self.answers.append(json.loads(connection.recv(65536)))
        connection.close()


class Caller:
    """Calls, and looks at each answer."""

    def __init__(self, client: Client, number: int) -> None:
        self.client = client
        self._procedure = f"com.twice.{number % CALLEES}"
        self.value = number
        self.answered = 0

    def call(self) -> None:
        self.client.call(self._procedure, self.value)

    def take(self, message: object) -> None:
        assert isinstance(message, Result), message
        assert self.client.args(message) == [2 * self.value]
        self.answered += 1
        self.value += CALLERS


class Callee:
    def __init__(self, client: Client) -> None:
        self.client = client

    def take(self, message: object) -> None:
        assert isinstance(message, Invocation), message
        [value] = self.client.args(message)
        self.client.answer(message.request, 2 * value)


def messages(client: Client) -> Iterator[object]:
    """Read what has come, and yield the messages that are complete. A connection that is closed raises ``Closed``."""
    stream = client.stream
    stream._read_more()
    while len(stream.buffer) >= 4:
        if isinstance(client.connection, RawSocket):
            length = 4 + int.from_bytes(stream.buffer[1:4])
        else:
            short = stream.buffer[1]
            length = 2 + short if short < 126 else 4 + int.from_bytes(stream.buffer[2:4])
        if len(stream.buffer) < length:
            return
        yield client.receive()


@pytest.mark.slow
def test_no_call_is_lost_and_nothing_is_left(start: Start, tmp_path: Path) -> None:
    one, other = configurations(Authority(tmp_path))
    folder = tmp_path / "components"
    folder.mkdir()
    (folder / "inside.py").write_text(INSIDE)
    for configuration in (one, other):
        configuration["pythonpath"] = [str(folder)]
    router = start(**one)
    callers, callees = [], []
    for number in range(CALLEES):
        client = Client(router.url("rs" if number % 2 else "ws"))
        client.register(f"com.twice.{number}")
        callees.append(Callee(client))
    for number in range(CALLERS):
        callers.append(Caller(Client(router.url("ws" if number % 2 else "rs")), number))
    watcher = Client(router.url("rs"))

    def census() -> dict[str, int]:
        watcher.call("com.census")
        [counts] = watcher.args(watcher.expect(Result))
        assert isinstance(counts, dict)
        return counts

    reloading = Reloading(router, json.dumps(other), json.dumps(one))
    for _ in range(20):  # what is loaded once, and what the allocator keeps, is there then
        reloading.answered(reloading.ask())
    # Those of the start are not counted: the garbage collector was told to leave them alone.
    eventually(lambda: census()["Listener"] == 0, "the transports that came and went are closed")
    before, memory = census(), anonymous_bytes(router)
    reloading.asked, reloading.answers = 0, []
    call_and_reload(callers, callees, reloading)

    assert [True] * RELOADS == [answer["done"] for answer in reloading.answers]
    assert all(
        f"realm extra is {'closed' if at % 2 else 'new'}" in answer["lines"]
        for at, answer in enumerate(reloading.answers)
    )
    assert min(caller.answered for caller in callers) > RELOADS
    after: dict[str, int] = {}

    def is_back() -> bool:
        after.update(census())
        return after == before

    try:
        eventually(is_back, "the counts are back", within=5)
    except AssertionError:
        assert before == after
    assert anonymous_bytes(router) < memory + 8 * MIB
    for client in (watcher, *(each.client for each in (*callers, *callees))):
        client.close()


def call_and_reload(callers: list[Caller], callees: list[Callee], reloading: Reloading) -> None:
    """Let everybody call all the time, until all reloads are done and the last calls answered."""
    waiting = selectors.DefaultSelector()
    for each in (*callers, *callees):
        waiting.register(each.client.stream.socket, selectors.EVENT_READ, each)
    for caller in callers:
        caller.call()
    calling = len(callers)
    began = time.monotonic()
    while calling:
        assert time.monotonic() < began + 40, f"{calling} calls are still to be answered"
        is_answered = reloading.asked == len(reloading.answers)  # else the file would be another one before it is read
        if is_answered and reloading.asked < RELOADS and time.monotonic() >= began + reloading.asked / A_SECOND:
            waiting.register(reloading.ask(), selectors.EVENT_READ, None)
        for key, _ in waiting.select(0.01):
            if key.data is None:
                waiting.unregister(key.fileobj)
                assert isinstance(key.fileobj, socket.socket)
                reloading.answered(key.fileobj)
                continue
            for message in messages(key.data.client):
                key.data.take(message)
                if isinstance(key.data, Caller):
                    if len(reloading.answers) < RELOADS:
                        key.data.call()
                    else:
                        calling -= 1
    waiting.close()
