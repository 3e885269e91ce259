"""Taps: somebody who runs the router looks at messages while they happen, and nobody else pays for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.management import Guest, House, Refused
from wamprouter.server.peer import Peer


def batches(operator: Guest) -> list[dict[str, Any]]:
    """Return what a tap has told since this was asked last."""
    operator.house.turn(0.1)
    return [record for batch in operator.events() for record in batch]


def tapping(house: House, **wanted: Any) -> Guest:
    """Return an operator with a tap."""
    operator = house.operator()
    started = operator.call("router.tap.start", **({"realm": "realm1"} | wanted))
    operator.subscribe(started["topic"])
    return operator


def seen(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(record["direction"], record["type"]) for record in records]


def full() -> House:
    """Return a router whose operators may see payloads."""
    return House({"tap_payloads": True})


def test_a_call_is_seen_at_both_ends(house: House) -> None:
    """A tap of a whole realm shows a call as it comes and goes: from its caller, to its callee, and back."""
    callee, caller = house.join(name="callee"), house.join(name="caller")
    callee.offer("com.add")
    operator = tapping(house)
    caller.ask("com.add", 1, 2)
    callee.finish(3)
    records = batches(operator)
    assert [("in", "CALL"), ("out", "INVOCATION"), ("in", "YIELD"), ("out", "RESULT")] == seen(records)
    assert ["com.add"] * 4 == [record["uri"] for record in records]
    assert ["caller", "callee", "callee", "caller"] == [record["authid"] for record in records]


def test_payloads_are_redacted(house: House) -> None:
    """Unless asked otherwise, a tap tells what kind of values there are, and not which."""
    operator = tapping(house)
    house.join().publish("com.topic", "secret", 1, [1, 2], amount=7)
    [record] = [record for record in batches(operator) if record["type"] == "PUBLISH"]
    assert ["<text of 6>", "<number>", "<list of 2>"] == record["args"]
    assert {"amount": "<number>"} == record["kwargs"]


def test_a_tap_without_payloads(house: House) -> None:
    """With payload "none", nothing is told of it."""
    operator = tapping(house, payload="none", types=["PUBLISH"])
    house.join().publish("com.topic", "secret")
    [record] = batches(operator)
    assert {"at", "direction", "session", "authid", "uri", "type", "request", "size"} == record.keys()


def test_who_sees_payloads_needs_a_permission_for_it(house: House) -> None:
    """The role that runs the router may not see payloads, unless the configuration says so."""
    with pytest.raises(Refused, match="not_authorized"):
        tapping(house, payload="full")


def test_payloads_are_seen_with_the_permission() -> None:
    """Where the section says so, payloads are shown as they are."""
    house = full()
    operator = tapping(house, payload="full", types=["PUBLISH"])
    house.join().publish("com.topic", "hello", b"\0\1", a=1)
    [record] = batches(operator)
    house.close()
    assert (["hello", b"\0\1"], {"a": 1}) == (record["args"], record["kwargs"])


def test_a_long_payload_is_cut() -> None:
    """Of a payload of more than 4 KiB, no values are shown."""
    house = full()
    operator = tapping(house, payload="full", types=["PUBLISH"])
    house.join().publish("com.topic", "x" * 5000)
    [record] = batches(operator)
    house.close()
    assert (True, False, 5000 < record["size"]) == (record["is_cut"], "args" in record, True)


def test_a_tap_of_sessions(house: House) -> None:
    """A tap of some sessions shows nothing of others."""
    one, other = house.join(), house.join()
    operator = tapping(house, sessions=[one.id])
    one.publish("com.topic")
    other.publish("com.topic")
    assert [one.id] == [record["session"] for record in batches(operator)]


def test_a_tap_of_uris(house: House) -> None:
    """A tap of some URIs shows nothing of others."""
    operator = tapping(house, uris=[{"uri": "com.b.", "match": "prefix"}])
    guest = house.join()
    for topic in ("com.a.one", "com.b.one", "com.b.two"):
        guest.publish(topic)
    assert ["com.b.one", "com.b.two"] == [record["uri"] for record in batches(operator)]


def test_a_tap_of_one_direction_and_some_types(house: House) -> None:
    """Directions and types leave out what is not wanted."""
    operator = tapping(house, directions=["in"], types=["SUBSCRIBE", "SUBSCRIBED", "EVENT"])
    house.join().subscribe("com.topic")
    assert [("in", "SUBSCRIBE")] == seen(batches(operator))


def test_a_session_that_joins_later_is_seen(house: House) -> None:
    """A tap of a realm shows sessions from their WELCOME on, which is told without its details."""
    operator = tapping(house)
    guest = house.join()
    [record] = batches(operator)
    assert ("WELCOME", guest.id, False) == (record["type"], record["session"], "options" in record)


def test_what_authenticators_hear_is_not_seen() -> None:
    """What the router asks an authenticator, and what it answers, is never shown: it is what people log in with."""
    auth = {"ticket": {"type": "dynamic", "authenticator": "com.authenticate"}}
    transport = {"type": "websocket", "endpoint": {"type": "tcp", "port": 0}, "auth": auth}
    house = House({"tap_payloads": True}, transports=[transport])
    callee = house.join()
    callee.offer("com.authenticate")
    operator = tapping(house, payload="full")
    house.node.caller.call("realm1", "com.authenticate", ["joe", "open sesame"], lambda _: None, timeout=5)
    house.turn()
    callee.finish({"role": "anonymous", "secret": "xyz"})
    records = batches(operator)
    house.close()
    assert [("out", "INVOCATION"), ("in", "YIELD")] == seen(records)
    assert not any("args" in record or "kwargs" in record for record in records)


def test_more_than_the_limit_is_counted(house: House) -> None:
    """What is over the limit of a second is not shown, and told as a number."""
    operator = tapping(house, limit_per_second=3, types=["PUBLISH"])
    guest = house.join()
    for _ in range(5):
        guest.publish("com.topic")
    *shown, last = batches(operator)
    assert (3, {"dropped": 2}) == (len(shown), last)


def test_a_sample(house: House) -> None:
    """With a sample, some messages are shown and others are not, and none is counted as dropped."""
    operator = tapping(house, sample=0.5, types=["PUBLISH"])
    guest = house.join()
    for _ in range(100):
        guest.publish("com.topic")
    records = batches(operator)
    assert 10 < len(records) < 90
    assert {"PUBLISH"} == {record["type"] for record in records}


def test_events_of_a_tap_come_at_most_ten_times_a_second(house: House) -> None:
    """What is seen within a tenth of a second comes in one event."""
    operator = tapping(house, types=["PUBLISH"])
    guest = house.join()
    for _ in range(5):
        guest.publish("com.topic")
    house.turn(0.1)
    assert [5] == [len(batch) for batch in operator.events()]


def test_nobody_else_hears_a_tap(house: House) -> None:
    """Only who has started a tap hears of it."""
    tapping(house)
    other = house.operator(name="other")
    other.subscribe("router.tap.", match="prefix")
    house.join().publish("com.topic")
    house.turn(0.1)
    assert [] == other.events()


def test_a_tap_does_not_tell_of_itself(house: House) -> None:
    """A tap of the admin realm shows what operators do, and not what it tells them."""
    operator = tapping(house, realm="admin")
    batches(operator)
    for _ in range(3):
        house.turn(0.1)
    assert [] == batches(operator)


def test_sessions_are_as_before_when_a_tap_has_ended(house: House) -> None:
    """After the end of a tap, nothing is left of it in any session."""
    guest = house.join()
    before = (type(guest.connection._peer), guest.connection.wire)
    operator = house.operator()
    tap = operator.call("router.tap.start", realm="realm1")["tap"]
    during = (type(guest.connection._peer), guest.connection.wire)
    operator.call("router.tap.stop", tap)
    after = (type(guest.connection._peer), guest.connection.wire)
    assert (before, Peer, []) == (after, after[0], house.node.watchers)
    assert before[0] is not during[0]


def test_two_taps_see_the_same_session(house: House) -> None:
    """One of two taps ends, and the other one still sees."""
    guest = house.join()
    first, second = house.operator(), house.operator()
    taps = [operator.call("router.tap.start", realm="realm1", types=["PUBLISH"]) for operator in (first, second)]
    second.subscribe(taps[1]["topic"])
    first.call("router.tap.stop", taps[0]["tap"])
    guest.publish("com.topic")
    assert ["com.topic"] == [record["uri"] for record in batches(second)]


def test_a_tap_ends_with_its_owner(house: House) -> None:
    """When who has started a tap leaves, it ends."""
    operator = tapping(house)
    operator.connection.abort()
    assert [] == house.operator().call("router.tap.list")


def test_a_tap_ends_in_time(house: House) -> None:
    """After its duration a tap ends, and says why."""
    operator = tapping(house, duration=5)
    for _ in range(6):
        house.turn(1.0)
    assert {"ended": "its time is over"} == batches(operator)[-1]


def test_a_tap_that_nobody_hears_ends(house: House) -> None:
    """Without a subscription, a tap ends after ten seconds."""
    operator = house.operator()
    operator.call("router.tap.start", realm="realm1")
    for _ in range(12):
        house.turn(1.0)
    assert [] == operator.call("router.tap.list")


def test_a_session_that_ends_is_let_go(house: House) -> None:
    """Of a session that has ended, nothing is kept."""
    guest = house.join()
    tapping(house)
    guest.connection.abort()
    house.turn()
    assert Peer is type(guest.connection._peer)


def test_there_are_at_most_ten_taps(house: House) -> None:
    """The eleventh tap is refused."""
    operator = house.operator()
    for _ in range(10):
        operator.call("router.tap.start", realm="realm1")
    with pytest.raises(Refused, match="limit_exceeded"):
        operator.call("router.tap.start", realm="realm1")


@pytest.mark.parametrize(
    ("wanted", "uri"),
    [
        ({"realm": "nowhere"}, "wamp.error.no_such_realm"),
        ({"sessions": [1]}, "wamp.error.no_such_session"),
        ({"types": ["CALLS"]}, "wamp.error.invalid_argument"),
        ({"sample": 0}, "wamp.error.invalid_argument"),
        ({"limit_per_second": 5000}, "wamp.error.invalid_argument"),
        ({"duration": 1e9}, "wamp.error.invalid_argument"),
        ({"payload": "most"}, "wamp.error.invalid_argument"),
    ],
)
def test_what_a_tap_cannot_be(house: House, wanted: dict[str, Any], uri: str) -> None:
    """A tap of what does not exist, or without a bound, is refused."""
    with pytest.raises(Refused) as refused:
        tapping(house, **wanted)
    assert uri == refused.value.uri
