"""The format of server-sent events."""

from wamp.protocol.messages import ABSENT, Event, Raw
from wamprouter.web.eventstream import comment, event_of, past_event


def test_an_event_has_its_publication_as_id():
    """And all else as JSON, in the order of a publication."""
    event = Event(1, 22, {}, Raw(b"[1]"), Raw(b'{"a":2}'))
    assert b'id: 22\ndata: {"topic":"com.a","args":[1],"kwargs":{"a":2}}\n\n' == event_of(event, "com.a")


def test_an_event_without_payload_has_an_empty_one():
    """So that a page need not ask."""
    assert b'id: 22\ndata: {"topic":"com.a","args":[],"kwargs":{}}\n\n' == event_of(Event(1, 22, {}), "com.a")


def test_the_topic_of_a_pattern_is_that_of_the_event():
    """The rest of the details stands beside it."""
    event = Event(1, 22, {"topic": "com.b", "retained": True})
    expected = b'id: 22\ndata: {"topic":"com.b","args":[],"kwargs":{},"details":{"retained":true}}\n\n'
    assert expected == event_of(event, "com.")


def test_a_payload_of_several_lines_stays_in_its_event():
    """As its publisher has written it: nobody can end an event, or add a field."""
    event = Event(1, 22, {}, Raw(b'[1,\n\nid: 7\r\r\n"a"]'), ABSENT)
    lines = event_of(event, "com.a").split(b"\n")
    assert lines[-2:] == [b"", b""]
    assert all(line.startswith(b"data: ") and b"\r" not in line for line in lines[1:-2])


def test_an_event_of_the_history_looks_like_any_other():
    """As the procedure describes it."""
    kept = {"publication": 22, "timestamp": "now", "details": {"topic": "com.b"}, "args": [1]}
    assert b'id: 22\ndata: {"topic":"com.b","args":[1],"kwargs":{}}\n\n' == past_event(kept, "com.")


def test_a_comment_is_one_line():
    """Whatever is in it."""
    assert b": a data: b\n\n" == comment("a\n\ndata: b")
