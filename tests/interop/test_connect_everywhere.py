"""``connect()`` over every transport and serializer that a router has, by every way to log in."""

import asyncio

import pytest

from tests.support.certificates import Authority
from tests.support.process import REALM, RouterProcess, config, endpoint
from wamp.asyncio import connect
from wamp.protocol.auth import scram
from wamp.protocol.auth.cryptosign import public_key

SERIALIZERS = ("json", "msgpack", "cbor")
SCHEMES = ("ws", "wss", "rs", "rss", "rs+unix")
KEY = bytes(range(32))
SALTED = scram.derive_credential("secret", bytes(16), "pbkdf2", iterations=4096).entry()
NAMES = {"wampcra": "users"}  # as Crossbar calls its principals
WAYS = {
    "anonymous": ({}, {}),
    "ticket": ({"ticket": "secret"}, {"ticket": "secret"}),
    "wampcra": ({"secret": "secret"}, {"secret": "secret"}),
    "scram": (SALTED, {"password": "secret"}),
    "cryptosign": ({"authorized_keys": [public_key(KEY).hex()]}, {"privkey": KEY.hex()}),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def router(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("router")
    transports = [
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "websocket", "endpoint": authority.endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": authority.endpoint()},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": str(folder / "router.sock")}},
    ]
    with RouterProcess(folder, config(*transports)) as router:
        yield router


async def answer(url, **how):
    """Return what a procedure of a session answers to it, and how it logged in."""
    async with connect(url, **how) as session:
        await session.register(lambda *args: list(args), "com.echo")
        return await session.call("com.echo", "é", 1.5, None), session.session_details


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_session_calls_its_own_procedure(router, authority, scheme, serializer):
    tls = authority.trusting() if scheme in ("wss", "rss") else None
    echo, details = asyncio.run(answer(router.url(scheme), serializers=[serializer], tls=tls))
    assert ["é", 1.5, None] == echo
    assert serializer == details.serializer


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A router with one principal for each way to log in."""
    realm = {**REALM, "roles": [{**REALM["roles"][0], "name": "user"}]}
    auth = {
        way: {"type": "static", NAMES.get(way, "principals"): {f"joe-{way}": {"role": "user", **credential}}}
        for way, (credential, _) in WAYS.items()
        if credential
    }
    auth["anonymous"] = {"type": "static", "role": "user"}
    transport = {"type": "websocket", "endpoint": endpoint(), "auth": auth}
    with RouterProcess(tmp_path_factory.mktemp("guarded"), {**config(transport), "realms": [realm]}) as router:
        yield router


@pytest.mark.parametrize("way", WAYS)
def test_a_session_logs_in(guarded, way):
    how = WAYS[way][1]
    auth = {way: {"authid": f"joe-{way}", **how}} if how else None
    _, details = asyncio.run(answer(guarded.url("ws"), auth=auth))
    assert (way, "user") == (details.authmethod, details.authrole)
