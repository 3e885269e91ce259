"""Server-sent events over a real listener."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Self

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import MIB, eventually
from tests.support.bridge import Http, bridge_config
from tests.support.process import RouterProcess
from tests.support.raw import Client, Closed, Stream
from wamp.protocol.messages import Publish, Published

PATHS: dict[str, Any] = {
    "events": {"type": "sse", "realm": "realm1", "role": "web", "options": {"heartbeat": 100}},
    "some": {
        "type": "sse",
        "realm": "realm1",
        "role": "web",
        "topics": [{"uri": "com.shop.news"}, {"uri": "com.shop.open.", "match": "prefix"}],
    },
    "one": {"type": "sse", "realm": "realm1", "role": "web", "options": {"max_streams": 1}},
}


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    config = bridge_config(None, PATHS)
    [realm] = config["realms"]
    realm["options"] = {"history": [{"uri": "com.shop.kept", "limit": 10}]}
    [_, web] = realm["roles"]
    web["permissions"] = [*web["permissions"], {"uri": "wamp.subscription.get_events", "allow": {"call": True}}]
    return start_shared(**config)


@pytest.fixture
def client(router: RouterProcess) -> Iterator[Client]:
    with Client(router.url("ws")) as client:
        yield client


class Events:
    """A stream, read as an EventSource reads it."""

    def __init__(self, router: RouterProcess, path: str, *headers: str, receive_buffer: int | None = None) -> None:
        self.stream = Stream(router.url("http"), receive_buffer=receive_buffer)
        lines = (f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream", *headers, "", "")
        self.stream.send("\r\n".join(lines).encode())
        self.head = self.stream.read_until(b"\r\n\r\n").decode().lower()
        assert self.head.startswith("http/1.1 200 "), self.head
        self._buffer = b""

    def _block(self) -> dict[str, str]:
        while b"\n\n" not in self._buffer:
            size = int(self.stream.read_until(b"\r\n"), 16)
            if not size:
                raise Closed
            self._buffer += self.stream.read(size)
            self.stream.read(2)
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        fields: dict[str, str] = {}
        for line in block.decode().split("\n"):
            name, _, value = line.partition(":")
            fields[name] = fields.get(name, "") + value.removeprefix(" ")
        return fields

    def next(self) -> tuple[int, dict[str, Any]]:
        """Return id and data of the next event."""
        while "data" not in (fields := self._block()):
            pass
        return int(fields["id"]), json.loads(fields["data"])

    def comment(self) -> str:
        """Return the next line that says something to people."""
        while not (text := self._block().get("", "")):
            pass
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def test_an_event_comes_as_it_is_published(router: RouterProcess, client: Client) -> None:
    """With its publication as id, and its topic."""
    with Events(router, "/events?topic=com.shop.news&topic=com.shop.more") as events:
        published = client.publish_acknowledged("com.shop.more", 1, "ü")
        assert (published.publication, {"topic": "com.shop.more", "args": [1, "ü"], "kwargs": {}}) == events.next()


def test_a_stream_is_what_an_eventsource_expects(router: RouterProcess) -> None:
    """Its type; nobody may keep it; when to come back."""
    with Events(router, "/events?topic=com.shop.news") as events:
        assert "content-type: text/event-stream" in events.head
        assert "cache-control: no-store" in events.head
        assert "3000" == events._block()["retry"]


def test_a_pattern_can_be_asked_for(router: RouterProcess, client: Client) -> None:
    """Each event says which topic it is of."""
    with Events(router, "/events?topic=com.shop.&match=prefix") as events:
        client.publish_acknowledged("com.shop.a.b")
        assert "com.shop.a.b" == events.next()[1]["topic"]


def test_a_retained_event_comes_first(router: RouterProcess, client: Client) -> None:
    """If it is asked for."""
    client.send(
        Publish(client.next_request(), {"acknowledge": True, "retain": True}, "com.shop.state", client.pack([7]))
    )
    published = client.expect(Published)
    with Events(router, "/events?topic=com.shop.state&retained=1") as events:
        number, event = events.next()
        assert (published.publication, [7], {"retained": True}) == (number, event["args"], event["details"])


def test_a_stream_goes_on_where_the_last_one_has_ended(router: RouterProcess, client: Client) -> None:
    """Where the realm keeps a history of the topic and the role may read it: nothing is lost, and nothing comes twice."""
    with Events(router, "/events?topic=com.shop.kept") as events:
        client.publish_acknowledged("com.shop.kept", 1)
        last, _ = events.next()
    for number in (2, 3):
        client.publish_acknowledged("com.shop.kept", number)
    with Events(router, "/events?topic=com.shop.kept", f"Last-Event-ID: {last}") as events:
        client.publish_acknowledged("com.shop.kept", 4)
        assert [[2], [3], [4]] == [events.next()[1]["args"] for _ in range(3)]


def test_an_unknown_last_event_is_nothing(router: RouterProcess, client: Client) -> None:
    """The stream begins with what comes."""
    with Events(router, "/events?topic=com.shop.kept", "Last-Event-ID: 12345") as events:
        client.publish_acknowledged("com.shop.kept", 5)
        assert [5] == events.next()[1]["args"]


def test_a_silent_stream_shows_that_it_is_there(router: RouterProcess) -> None:
    """By lines that say nothing."""
    with Events(router, "/events?topic=com.shop.news") as events:
        assert [{"": ""}] * 3 == [block for block in (events._block() for _ in range(4)) if "retry" not in block]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("events", 400),
        ("events?topic=org.other", 403),
        ("events?topic=not a uri".replace(" ", "%20"), 400),
        ("events?topic=com.shop.a&match=regex", 400),
        ("events?topic=com.shop.a&retained=maybe", 400),
        ("events?topics=com.shop.a", 400),
        ("events?topic=%ff", 400),
        ("events?" + "&".join(f"topic=com.shop.t{number}" for number in range(21)), 400),
        ("some?topic=com.shop.other", 403),
        ("some?topic=com.shop.&match=prefix", 403),
    ],
)
def test_a_stream_that_cannot_be_is_refused(router: RouterProcess, query: str, status: int) -> None:
    """Before it begins, and no session is left."""
    with Http(router) as http:
        answer = http.get(f"/{query}")
        assert status == answer.status
        assert answer.json["message"]


@pytest.mark.parametrize("query", ["topic=com.shop.news", "topic=com.shop.open.a", "topic=com.shop.open.&match=prefix"])
def test_topics_that_are_offered_can_be_asked_for(router: RouterProcess, query: str) -> None:
    """And what they contain."""
    with Events(router, f"/some?{query}") as events:
        assert events.head


def sessions(client: Client) -> list[int]:
    client.call("wamp.session.list", ["web"])
    found: list[int] = client.args(client.receive())[0]
    return found


def test_a_session_ends_with_its_stream(router: RouterProcess, client: Client) -> None:
    """When the client has gone."""
    before = len(sessions(client))
    with Events(router, "/events?topic=com.shop.news"):
        assert before + 1 == len(sessions(client))
    eventually(lambda: len(sessions(client)) == before, "the session is gone")


def test_a_stream_ends_with_its_session(router: RouterProcess, client: Client) -> None:
    """Orderly, so that a browser asks again."""
    known = sessions(client)
    with Events(router, "/events?topic=com.shop.news") as events:
        [session] = set(sessions(client)) - set(known)
        client.call("wamp.session.kill", session)
        client.receive()
        assert "has ended" in events.comment()
        assert b"0\r\n\r\n" == events.stream.read(5)


def test_there_is_a_limit_on_streams(router: RouterProcess) -> None:
    """More are told to come again."""
    with Events(router, "/one?topic=com.shop.news"), Http(router) as http:
        assert 503 == http.get("/one?topic=com.shop.news").status


def test_a_client_that_does_not_read_is_cut(router: RouterProcess, client: Client) -> None:
    """Others go on, and the router's memory has a bound."""
    slow = Events(router, "/events?topic=com.shop.flood", receive_buffer=4096)
    text = "x" * 100_000
    with Events(router, "/events?topic=com.shop.flood") as events:
        before = router.resident_bytes()
        for number in range(200):
            client.publish_acknowledged("com.shop.flood", number, text)
            assert number == events.next()[1]["args"][0]
        assert router.resident_bytes() - before < 16 * MIB
    with pytest.raises(Closed):
        any(slow.next() is None for _ in range(200))
    slow.stream.close()


def test_a_reload_leaves_streams_alone_that_it_does_not_concern(start: Start) -> None:
    """The others end, in a way that lets a browser come again."""
    config = bridge_config(None, {"kept": PATHS["events"], "moved": PATHS["events"], "gone": PATHS["events"]})
    router = start(**config)
    topic = "topic=com.shop.news"
    kept, moved, gone = (Events(router, f"/{path}?{topic}") for path in ("kept", "moved", "gone"))
    paths = config["transports"][0]["paths"]
    paths["kept"] = {**PATHS["events"], "options": {"heartbeat": 50}}
    paths["moved"] = {**PATHS["events"], "role": "anonymous"}
    del paths["gone"]
    assert router.reload(config)[0]
    for one in (moved, gone):
        assert "has ended" in one.comment()
    with Client(router.url("ws")) as client:
        client.publish_acknowledged("com.shop.news", 1)
    assert [1] == kept.next()[1]["args"]
    for one in (kept, moved, gone):
        one.stream.close()


def test_a_stream_ends_with_the_permission_for_it(start: Start) -> None:
    """When a reload takes it away."""
    config = bridge_config(None, {"events": PATHS["events"]})
    router = start(**config)
    with Events(router, "/events?topic=com.shop.news") as events:
        config["realms"][0]["roles"][1]["permissions"] = []
        assert router.reload(config)[0]
        assert events.comment()


def test_a_slow_client_loses_events_where_the_realm_says_so(start: Start) -> None:
    """And stays connected: what was not lost comes, and what comes after it."""
    config = bridge_config(None, {"events": PATHS["events"]})
    config["realms"][0]["options"] = {"slow_subscriber": "drop"}
    router = start(**config)
    with Client(router.url("ws")) as client:
        slow = Events(router, "/events?topic=com.shop.flood", receive_buffer=4096)
        text = "x" * 100_000
        for number in range(200):
            client.publish_acknowledged("com.shop.flood", number, text)
        seen = [slow.next()[1]["args"][0] for _ in range(5)]
        assert [0, 1, 2, 3, 4] == seen
        client.publish_acknowledged("com.shop.flood", "last")
        while seen[-1] != "last":
            seen.append(slow.next()[1]["args"][0])
        assert len(seen) < 200
        slow.stream.close()
