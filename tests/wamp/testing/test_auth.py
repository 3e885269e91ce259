"""Logging in to a router in memory: by the real methods, through the real gates."""

import pytest

from tests.wamp.testing.clients import Client, Loop
from wamp.auth import create_authenticator
from wamp.protocol.auth import scram
from wamp.protocol.auth.cryptosign import public_key
from wamp.testing import CallRecorder, Router
from wamprouter.auth.hashes import Scrypt

REALM = {"name": "realm1", "roles": [{"name": "user", "permissions": [{"uri": "", "match": "prefix", "allow": "all"}]}]}
KEY = bytes(range(32))
CRA = {"type": "static", "users": {"joe": {"role": "user", "secret": "salt-and-pepper"}}}


def principals(**credential):
    return {"type": "static", "principals": {"joe": {"role": "user", **credential}}}


METHODS = {
    "ticket": (principals(ticket="secret"), {"ticket": "secret"}, {"ticket": "guess"}),
    "wampcra": (CRA, {"secret": "salt-and-pepper"}, {"secret": "guess"}),
    "scram": (
        principals(**scram.derive_credential("secret", bytes(16), "pbkdf2", iterations=4096).entry()),
        {"password": "secret"},
        {"password": "guess"},
    ),
    "cryptosign": (
        principals(authorized_keys=[public_key(KEY).hex()]),
        {"privkey": KEY.hex()},
        {"privkey": bytes(32).hex()},
    ),
}
CLIENT_NAMES = {"scram": "wamp-scram"}
methods = pytest.mark.parametrize("method", METHODS)


def logging_in(method, how):
    session = Client()
    session.add_authenticator(create_authenticator(CLIENT_NAMES.get(method, method), authid="joe", **how))
    return session


@methods
def test_the_right_credential_lets_in(method):
    config, right, _ = METHODS[method]
    with Router(realms=[REALM], auth={method: config}) as router:
        session = Loop(router).join(logging_in(method, right))
        assert ("joe", "user") == (session.authid, session.authrole)


@methods
def test_the_wrong_credential_does_not(method):
    config, _, wrong = METHODS[method]
    with Router(realms=[REALM], auth={method: config}) as router:
        session = Loop(router).open(logging_in(method, wrong))
        assert "wamp.error.authentication_denied" == session.ended_by.error


def test_a_credential_that_takes_long_to_compare_is_compared_at_once():
    """Others are served meanwhile by a real router, which does it in a thread. Here no test has to wait."""
    ticket = str(Scrypt(4, 8, 1, bytes(16), bytes(32)).of("secret"))
    with Router(realms=[REALM], auth={"ticket": principals(ticket=ticket)}) as router:
        assert "joe" == Loop(router).join(logging_in("ticket", {"ticket": "secret"})).authid


def test_without_a_credential_nobody_comes_in():
    with Router(realms=[REALM], auth={"ticket": METHODS["ticket"][0]}) as router:
        session = Loop(router).open(Client())
        assert "wamp.error.authentication_required" == session.ended_by.error


def test_whoever_guesses_waits_in_the_routers_time():
    """The fourth attempt is half a second late."""
    with Router(realms=[REALM], auth={"ticket": METHODS["ticket"][0]}) as router:
        loop = Loop(router)
        for _ in range(3):
            loop.open(logging_in("ticket", {"ticket": "guess"}))
        session = loop.open(logging_in("ticket", {"ticket": "secret"}))
        before = session.authid
        loop.advance(0.5)
        assert (None, "joe") == (before, session.authid)


def transport(number, **auth):
    endpoint = {"type": "tcp", "port": 8080 + number, "interface": "127.0.0.1"}
    return {"type": "rawsocket", "id": f"t{number}", "endpoint": endpoint, "auth": auth}


TRANSPORTS = [
    transport(1, ticket=METHODS["ticket"][0]),
    transport(2, anonymous={"type": "static", "role": "user"}),
]


def test_the_first_transport_says_who_may_join():
    with Router(realms=[REALM], transports=TRANSPORTS) as router:
        assert "joe" == Loop(router).join(logging_in("ticket", {"ticket": "secret"})).authid


def test_another_transport_may_say_who_may_join():
    with Router(realms=[REALM], transports=TRANSPORTS, transport="t2") as router:
        assert "user" == Loop(router).join().authrole


def test_a_procedure_may_be_asked():
    """A dynamic authenticator, which is a callee that a test has in its place."""
    dynamic = {"type": "dynamic", "authenticator": "com.auth", "authenticator-realm": "realm1"}
    with Router(realms=[REALM], auth={"ticket": dynamic}) as router:
        CallRecorder(router).reply("com.auth", {"ticket": "secret", "role": "user"})
        assert "joe" == Loop(router).join(logging_in("ticket", {"ticket": "secret"})).authid
