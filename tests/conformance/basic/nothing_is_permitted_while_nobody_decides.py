"""Without its authorizer a role may do nothing, and hears that this is why (basic profile, "Predefined URIs")."""

import pytest

from tests.support.exchange import CALL, GOODBYE, PUBLISH, REGISTER, SUBSCRIBE, refused

FAILED = "wamp.error.authorization_failed"


@pytest.fixture
def alice(exchange):
    """In realm leaderless."""
    return exchange.join("alice", realm="leaderless")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (CALL, {}),
        (PUBLISH, {"acknowledge": True}),
        (SUBSCRIBE, {}),
        (SUBSCRIBE, {"match": "prefix"}),
        (REGISTER, {}),
        (REGISTER, {"match": "wildcard"}),
    ],
)
def test_request(alice, kind, options):
    """Whatever it is, and also the second time."""
    for request in (1, 2):
        assert {"alice": [refused(kind, request, FAILED)]} == alice.says(kind, request, options, "com.it")


def test_publish_without_acknowledge(alice):
    """Is never answered."""
    assert {} == alice.says(PUBLISH, 1, {}, "com.it")


@pytest.mark.parametrize("kind", [CALL, SUBSCRIBE])
def test_the_routers_own(alice, kind):
    """Meta procedures and topics are no exception."""
    assert {"alice": [refused(kind, 1, FAILED)]} == alice.says(kind, 1, {}, "wamp.session.count")


def test_the_authorizer_cannot_be_registered_by_who_it_is_for(alice):
    """It would have to permit that itself."""
    assert {"alice": [refused(REGISTER, 1, FAILED)]} == alice.says(REGISTER, 1, {}, "com.judge")


@pytest.mark.parametrize(("kind", "uri"), [(CALL, "com..it"), (REGISTER, "wamp.it"), (SUBSCRIBE, "")])
def test_invalid_uri(alice, kind, uri):
    """That is known without asking."""
    assert {"alice": [refused(kind, 1, "wamp.error.invalid_uri")]} == alice.says(kind, 1, {}, uri)


def test_leaving(alice):
    """Needs no permission."""
    assert {"alice": [[GOODBYE, {}, "wamp.close.goodbye_and_out"]]} == alice.says(GOODBYE, {}, "wamp.close.normal")
