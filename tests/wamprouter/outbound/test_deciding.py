"""What is decided about requests: signatures, further attempts, and what an answer is to a caller."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from twisted.web.http_headers import Headers

from wamp.exception import ApplicationError
from wamprouter.config import HttpEvent
from wamprouter.outbound.answers import result_of
from wamprouter.outbound.requests import Answer
from wamprouter.outbound.retries import delay_of, is_worth_another, retry_after
from wamprouter.outbound.signatures import signatures

RULE = HttpEvent(topic="a.b", url="http://x", attempts=4, retry_delay=1000, max_retry_delay=3000)


def answer(body: bytes = b"", kind: str | None = None, status: int = 200, **more: Any) -> Answer:
    headers = Headers({"content-type": [kind]} if kind else {})
    for name, value in more.pop("headers", {}).items():
        headers.addRawHeader(name, value)
    return Answer(status, headers, body, more.get("is_whole", True))


def test_a_signature_as_at_github() -> None:
    """GitHub's documentation has this example."""
    made = dict(signatures("It's a Secret to Everybody", 1, "POST", "http://x/", b"Hello, World!"))
    expected = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert made["X-Hub-Signature-256"] == f"sha256={expected}"


def test_a_signature_covers_time_and_address() -> None:
    """So that a request cannot be sent again later, nor elsewhere."""
    made = dict(signatures("s", 1700000000, "POST", "http://x/y?z", b"{}"))
    signed = b"1700000000\nPOST\nhttp://x/y?z\n{}"
    assert made["X-Wamp-Timestamp"] == "1700000000"
    assert made["X-Wamp-Signature"] == "sha256=" + hmac.new(b"s", signed, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("status", "is_worth"),
    [(None, True), (429, True), (500, True), (503, True), (302, False), (400, False), (404, False), (410, False)],
)
def test_what_is_worth_another_attempt(status: int | None, is_worth: bool) -> None:
    """A server that was not there, or has trouble; not one that says no."""
    assert is_worth_another(status) is is_worth


def test_delays_grow() -> None:
    """Each is twice as long as the one before, up to the longest; then there is no further attempt."""
    assert [delay_of(RULE, attempts, 0.0, 1.0) for attempts in (1, 2, 3, 4)] == [1.0, 2.0, 3.0, None]


def test_delays_have_a_random_part() -> None:
    """Up to half of a delay is left out."""
    assert [delay_of(RULE, 1, 0.0, chance) for chance in (0.0, 0.5)] == [0.5, 0.75]


def test_a_server_may_ask_for_more_time() -> None:
    """It gets it, but not more than an hour: then the event is given up."""
    assert delay_of(RULE, 1, 30.0, 1.0) == 30.0
    assert delay_of(RULE, 1, 4000.0, 1.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0.0),
        ("120", 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59.0),
        ("Fri, 31 Dec 1998 23:59:59 GMT", 0.0),
        ("soon", 0.0),
        ("-1", 0.0),
        ("9" * 5000, 9999999999.0),
    ],
)
def test_retry_after(value: str | None, seconds: float) -> None:
    """Seconds or a date (RFC 9110, section 10.2.3); nonsense asks for nothing."""
    assert retry_after(value, 946684740.0) == seconds


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (answer(b'{"a": [1, null]}', "application/json"), {"a": [1, None]}),
        (answer(b"3", "application/problem+json; charset=utf-8"), 3),
        (answer("schön".encode("latin-1"), "text/plain; charset=iso-8859-1"), "schön"),
        (answer("schön".encode(), "text/html"), "schön"),
        (answer(b"x", "text/plain; charset=nonsense"), "x"),
        (answer(b"\0\1", "image/png"), b"\0\1"),
        (answer(b"\0\1"), b"\0\1"),
        (answer(b"", "application/json"), None),
        (answer(status=204), None),
    ],
)
def test_an_answer_becomes_a_result(given: Answer, result: object) -> None:
    """JSON is its value, text a string, anything else bytes."""
    assert result_of(given) == result


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        (answer(b"{", "application/json"), "wamp.error.invalid_payload"),
        (answer(b"NaN", "application/json"), "wamp.error.invalid_payload"),
        (answer(b"[" * 100_000, "application/json"), "wamp.error.invalid_payload"),
        (answer(b"abc", "text/plain", is_whole=False), "wamp.error.payload_size_exceeded"),
        (answer(status=302), "http.error.302"),
        (answer(status=404), "http.error.404"),
    ],
)
def test_an_answer_that_is_no_result(given: Answer, uri: str) -> None:
    """It is an error, with a URI that says which."""
    with pytest.raises(ApplicationError) as caught:
        result_of(given)
    assert caught.value.error == uri


def test_an_error_shows_a_part_of_the_answer() -> None:
    """The status, the beginning of a text, and when to come back."""
    with pytest.raises(ApplicationError) as caught:
        result_of(answer(b"no! " * 1000, "text/plain", 503, headers={"Retry-After": "7"}))
    assert caught.value.args == ("the answer has the status 503 Service Unavailable",)
    assert caught.value.kwargs == {"status": 503, "excerpt": ("no! " * 125), "retry_after": "7"}


def test_an_error_shows_no_binary() -> None:
    """What is no text is of no use to people."""
    with pytest.raises(ApplicationError) as caught:
        result_of(answer(b"\0\1", "image/png", 500))
    assert caught.value.kwargs == {"status": 500}
