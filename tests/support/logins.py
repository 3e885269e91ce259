"""A router that lets people in by every method, for tests with real clients, and what these need for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from threading import Thread
from typing import Any, Final

from tests.support.process import ALLOW_ALL, config, endpoint
from tests.support.raw import Client, Closed
from wamp.protocol.auth import cra, scram
from wamp.protocol.auth.cryptosign import public_key
from wamp.protocol.messages import Invocation
from wamprouter.auth.hashes import make

__all__ = [
    "EARLY",
    "KEY",
    "OTHER_KEY",
    "PUBLIC",
    "REALM",
    "RIGHT",
    "WRONG",
    "admit_everybody",
    "auth",
    "configuration",
    "method_of",
]

KEY: Final = bytes(range(32)).hex()
OTHER_KEY: Final = bytes(range(1, 33)).hex()
PUBLIC: Final = public_key(bytes.fromhex(KEY)).hex()

_SALTING = cra.Salting("6cb12f0808022068781e990aa300bb91", 1000, 32)

_CREDENTIALS: Final[dict[str, dict[str, Any]]] = {
    "ticket": {"ticket": "secret"},
    "ticket-hashed": {"ticket": make("secret", "scrypt", bytes(16))},
    "wampcra": {"secret": "secret"},
    "wampcra-salted": {
        "secret": cra.derive_key("secret", _SALTING),
        "salt": _SALTING.salt,
        "iterations": _SALTING.iterations,
        "keylen": _SALTING.keylen,
    },
    # As Autobahn makes it, with less work.
    "scram": scram.derive_credential("secret", bytes(16), "argon2id-13", iterations=64, memory=512).entry(),
    "cryptosign": {"authorized_keys": [PUBLIC]},
}
"""Method, and what is special of it, -> what the router knows."""

RIGHT: Final[dict[str, dict[str, Any]]] = {
    "ticket": {"ticket": "secret"},
    "ticket-hashed": {"ticket": "secret"},
    "wampcra": {"secret": "secret"},
    "wampcra-salted": {"secret": "secret"},
    "scram": {"password": "secret"},
    "cryptosign": {"privkey": KEY},
}
"""The same -> what the client knows."""

WRONG: Final = {
    name: {field: OTHER_KEY if field == "privkey" else "guess" for field in how} for name, how in RIGHT.items()
}

REALM: Final = {"name": "realm1", "roles": [{"name": "user", "permissions": [ALLOW_ALL]}]}


def method_of(name: str) -> str:
    return name.partition("-")[0]


def auth(authids: Mapping[str, Iterable[str]] | None = None) -> dict[str, Any]:
    """Return an ``auth`` in which everybody named may log in: by default, somebody of the name of each credential."""
    made: dict[str, Any] = {}
    for name, credential in _CREDENTIALS.items():
        field = "users" if name.startswith("wampcra") else "principals"
        principals = made.setdefault(method_of(name), {field: {}})[field]
        for authid in [name] if authids is None else authids[name]:
            principals[authid] = {**credential, "role": "user"}
            if name == "cryptosign" and authid != name:  # a key that two had would not tell whose it is
                principals[authid]["authorized_keys"] = [sha256(authid.encode()).hexdigest()]
    return made


def configuration(authids: Mapping[str, Iterable[str]] | None = None, **more: Any) -> dict[str, Any]:
    """Return a router with every method, on WebSocket and RawSocket, with TCP and Unix sockets."""
    endpoints = {"ws": endpoint(), "rs": endpoint(), "ws+unix": {"type": "unix", "path": "ws.sock"}}
    endpoints["rs+unix"] = {"type": "unix", "path": "rs.sock"}
    kinds = {"ws": "websocket", "rs": "rawsocket"}
    transports = [
        {"type": kinds[scheme.partition("+")[0]], "endpoint": place, "auth": auth(authids)}
        for scheme, place in endpoints.items()
    ]
    return config(*transports, realms=[REALM], **more)


_ASKED: Final = {"ticket": {"type": "dynamic", "authenticator": "com.example.authenticate"}}

EARLY: Final = config(
    {"type": "websocket", "endpoint": endpoint(), "auth": _ASKED},
    {"type": "websocket", "endpoint": endpoint(), "auth": {"anonymous": {"role": "user"}}},
    {"type": "rawsocket", "endpoint": endpoint(), "auth": _ASKED},
    realms=[REALM],
)
"""A router whose tickets are judged by a procedure that nobody has registered; on its second address, somebody may."""


@contextmanager
def admit_everybody(url: str) -> Iterator[None]:
    """Register the authenticator, which says yes to everybody."""
    with Client(url) as clerk:
        clerk.register("com.example.authenticate")
        thread = Thread(target=_say_yes, args=(clerk,))
        thread.start()
        try:
            yield
        finally:
            clerk.connection.stream.shut_down()
            thread.join()


def _say_yes(clerk: Client) -> None:
    try:
        while True:
            clerk.answer(clerk.expect(Invocation).request, "user")
    except Closed:
        pass
