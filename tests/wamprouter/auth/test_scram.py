"""What is particular to SCRAM at the gate: two names, two dialects, channel binding. The exchange itself is tested with
``wamp.protocol.auth.scram``."""

from typing import Any

import pytest

from tests.support.auth import Door, House, Knock
from wamp.auth import create_authenticator
from wamp.protocol.auth import scram
from wamp.protocol.auth.encoding import base64_text
from wamp.protocol.errors import AuthenticationDenied, AuthenticationFailed, AuthenticationRequired
from wamp.types import Challenge
from wamprouter.auth import Grant
from wamprouter.auth.principals import Static
from wamprouter.auth.scram import ScramMethod, ScramPrincipal

SALT = bytes(range(16))
CREDENTIAL = scram.derive_credential("secret", SALT, iterations=4096)
NONCE = base64_text(b"client nonce here.")
CHANNEL = bytes(range(32))


def door() -> Door:
    entry = {name.replace("-", "_"): value for name, value in CREDENTIAL.entry().items()}
    records = {"joe": ScramPrincipal(role="user", **entry)}
    return Door(ScramMethod(Static(records), lambda: base64_text(b"and the router's.."), b"key", CREDENTIAL))


def prove(extra: dict[str, Any], **channel: Any) -> tuple[str, dict[str, Any]]:
    """Answer a challenge in the specification's dialect."""
    first = scram.ServerFirst.read({name: extra[name] for name in extra}, NONCE)
    exchange = scram.Exchange("joe", NONCE, first, **channel)
    salted = scram.salted_password("secret", SALT, scram.PBKDF2, iterations=4096)
    proof = scram.client_proof(salted, exchange.auth_message(scram.Dialect.SPECIFICATION))
    return base64_text(proof), exchange.authenticate_extra()


@pytest.mark.parametrize("name", ["wamp-scram", "scram"])
@pytest.mark.parametrize("dialect", ["wamp-scram", "scram"])
def test_either_dialect_is_understood_under_either_name(name, dialect):
    """What a client calls the method does not tell what it speaks. WELCOME has the name that it used."""
    login = create_authenticator(dialect, authid="joe", password="secret")
    knock = Knock(name, authid="joe", **login.authextra)
    granted = door().log_in(knock, lambda extra: login.on_challenge(None, Challenge(dialect, extra)))
    assert isinstance(granted, Grant), granted
    assert name == granted.authmethod
    assert login.on_welcome(None, granted.extra) is None


def test_the_router_proves_itself():
    """In both fields that clients look at."""
    granted = door().log_in(Knock("wamp-scram", authid="joe", nonce=NONCE), prove)
    assert {"verifier", "scram_server_signature"} == set(granted.extra)


def test_the_nonce_of_the_challenge_begins_with_the_clients():
    """And goes on with the router's, so that neither can choose it alone."""
    extra = door().knock("wamp-scram", authid="joe", nonce=NONCE).extra
    assert extra["nonce"].startswith(NONCE)
    assert len(extra["nonce"]) > len(NONCE)


@pytest.mark.parametrize("who", [{}, {"authid": "joe"}, {"nonce": NONCE}])
def test_without_authid_or_nonce_there_is_nothing_to_do(who):
    """The client has offered a method that it does not serve."""
    assert isinstance(door().knock("wamp-scram", **who), AuthenticationRequired)


@pytest.mark.parametrize("nonce", ["", "no base64", "n,r=x", 7, None, [], "A" * 260])
def test_a_nonce_that_is_none_is_a_failure(nonce):
    """It becomes a part of what is signed, whose parts are separated by commas."""
    assert isinstance(door().knock("wamp-scram", authid="joe", nonce=nonce), AuthenticationFailed)


def test_a_proof_may_be_bound_to_the_connection():
    """With what the router sees of the channel, and not with what the client says."""

    def log_in(said: bytes, seen: bytes | None) -> Any:
        knock = Knock(
            "wamp-scram",
            authid="joe",
            nonce=NONCE,
            channel_binding="tls-exporter",
            channels={} if seen is None else {"tls-exporter": seen},
        )
        return door().log_in(knock, lambda extra: prove(extra, binding="tls-exporter", channel_data=said))

    assert isinstance(log_in(CHANNEL, CHANNEL), Grant)
    assert isinstance(log_in(CHANNEL, bytes(32)), AuthenticationDenied)
    assert isinstance(log_in(CHANNEL, None), AuthenticationFailed)


@pytest.mark.parametrize("binding", ["tls-unique", "x", "", 7, [], {}])
def test_a_binding_that_the_connection_has_not_is_a_failure(binding):
    """Never a proof without one."""
    knock = Knock("wamp-scram", authid="joe", nonce=NONCE, channel_binding=binding, channels={"tls-exporter": CHANNEL})
    assert isinstance(door().admit(knock), AuthenticationFailed)


@pytest.mark.parametrize("authid", ["joe", "jöe", "\u0637\u0627", "a,b=c", "\u0221"])
def test_unknown_names_of_every_kind_are_challenged(authid):
    """Those included that SASLprep refuses, which can only fail: but not before a known one would."""
    step = door().knock("wamp-scram", authid=authid, nonce=NONCE)
    assert "nonce" in step.extra
    assert isinstance(door().reply(step, "AAAA"), AuthenticationDenied)


def test_the_unknown_are_shown_a_cost_where_nobody_is_known():
    """That of a password as RFC 7677 wants it."""
    step = House({"scram": {"principals": {}}}).connect().hello("wamp-scram", authid="joe", nonce=NONCE)[0]
    assert ("pbkdf2", 4096) == (step.extra["kdf"], step.extra["iterations"])  # type: ignore[attr-defined]  # a Challenge
