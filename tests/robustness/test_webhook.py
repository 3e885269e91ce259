"""Webhooks over a real listener: deliveries of others become events."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.bridge import SECRET, Answer, Http, bridge_config
from tests.support.process import RouterProcess
from tests.support.raw import Client


def hook(topic: str = "com.shop.hook", **options: Any) -> dict[str, Any]:
    return {"type": "webhook", "realm": "realm1", "role": "web", "options": {"topic": topic, **options}}


PATHS = {
    "open": hook(success_response="thanks", error_response="sorry"),
    "signed": hook(github_secret=SECRET),
    "old": hook(github_secret=SECRET, allow_sha1=True, replay_window=0),
    "denied": hook("org.other", github_secret=SECRET),
    "full": hook(github_secret=SECRET, max_remembered=1),
}


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(**bridge_config(None, PATHS))


@pytest.fixture
def http(router: RouterProcess) -> Iterator[Http]:
    with Http(router) as http:
        yield http


def deliver(
    http: Http, path: str, body: bytes, algorithm: str = "sha256", secret: str = SECRET, **headers: str
) -> Answer:
    name = "X-Hub-Signature-256" if algorithm == "sha256" else "X-Hub-Signature"
    signature = f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"
    return http.post(path, body, **{name: signature, "content-type": "application/x-www-form-urlencoded", **headers})


def test_a_delivery_becomes_an_event(router: RouterProcess, http: Http) -> None:
    """With its headers and its body as text, but for what is between the sender and the router."""
    with Client(router.url("ws")) as client:
        client.subscribe("com.shop.hook")
        answer = http.post("/open", b"a=1&b=\xc3\xbc", X_GitHub_Event="push", Authorization="Basic eDp5")
        assert (202, b"thanks") == (answer.status, answer.body)
        [event] = client.args(client.receive())
        headers = {name.lower(): values for name, values in event["headers"].items()}
        assert ("a=1&b=ü", ["push"], False) == (event["body"], headers["x-github-event"], "authorization" in headers)


def test_a_signed_delivery_is_taken(http: Http) -> None:
    """As GitHub signs it."""
    assert 202 == deliver(http, "/signed", b"taken").status


def test_a_delivery_that_is_not_rightly_signed_is_refused(http: Http) -> None:
    """Another secret, another body, nothing, SHA-1."""
    assert 401 == deliver(http, "/signed", b"1", secret="another").status
    assert 401 == deliver(http, "/signed", b"1", **{"X-Hub-Signature-256": f"sha256={'0' * 64}"}).status
    assert 401 == deliver(http, "/signed", b"1", **{"X-Hub-Signature-256": "ü"}).status
    assert 401 == http.post("/signed", b"1").status
    assert 401 == deliver(http, "/signed", b"1", "sha1").status


def test_sha1_is_taken_where_it_is_allowed(http: Http) -> None:
    """Where there is nothing better."""
    assert 202 == deliver(http, "/old", b"1", "sha1").status
    body = b"1"
    better = f"sha256={hashlib.sha256(body).hexdigest()}"
    assert 401 == deliver(http, "/old", body, "sha1", **{"X-Hub-Signature-256": better}).status


def test_a_delivery_is_taken_once(http: Http) -> None:
    """Whatever its id, which is not signed."""
    assert 202 == deliver(http, "/signed", b"once", X_GitHub_Delivery="1").status
    assert 409 == deliver(http, "/signed", b"once", X_GitHub_Delivery="2").status


def test_a_delivery_may_come_again_where_that_is_wanted(http: Http) -> None:
    """Where bodies are the same each time."""
    assert [202, 202] == [deliver(http, "/old", b"again").status for _ in range(2)]


def test_a_delivery_that_was_not_published_may_come_again(http: Http) -> None:
    """It says why, to people."""
    answers = [deliver(http, "/denied", b"1") for _ in range(2)]
    assert [403, 403] == [answer.status for answer in answers]
    assert b"NOT OK\nwamp.error.not_authorized\n" == answers[0].body


def test_a_full_table_takes_nothing_more(http: Http) -> None:
    """Rather than forget what was here."""
    assert [202, 503, 409] == [deliver(http, "/full", body).status for body in (b"1", b"2", b"1")]


def test_a_body_that_is_no_text_is_refused(http: Http) -> None:
    """With the answer of the path."""
    answer = http.post("/open", b"\xff")
    assert (400, b"sorry\nthe body is not UTF-8\n") == (answer.status, answer.body)
