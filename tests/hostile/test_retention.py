"""What outlives a hostile session, or a message of it: nothing that is large, and nothing that adds up."""

from __future__ import annotations

import pytest

from tests.hostile.siege import Siege
from tests.robustness.measure import KIB, MIB, MemoryWatch
from tests.support.raw import Client
from wamp.protocol.messages import Abort, Call, Error, Hello, Publish, Published, Welcome

ROLES = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}


def test_what_a_hello_announces_is_not_kept_for_ever(siege: Siege) -> None:
    """Features are remembered to be shared by all clients of a kind. Made up ones, different each time, must not add up."""
    with siege.attack():
        for number in range(60):
            features = {f"a feature that nobody knows {number} {at}": True for at in range(10_000)}
            with Client(siege.ws, "msgpack", join=False) as client:
                client.send(Hello("realm1", {"roles": {**ROLES, "caller": {"features": features}}}))
                client.receive()


@pytest.mark.parametrize("scheme", ["ws", "rs"])
def test_what_sessions_have_announced_is_not_what_they_weigh(siege: Siege, scheme: str) -> None:
    """A session must not cost megabytes because its HELLO had a megabyte."""
    with siege.attack():
        watch = MemoryWatch(siege.router)
        clients = []
        noise = {f"key {at}": "x" * 20 for at in range(10_000)}
        features = {f"a feature {at}": True for at in range(10_000)}
        for extra in (
            {"x_noise": noise},
            {"authextra": noise},
            {"agent": "x" * 500_000},
            {"roles": {**ROLES, "caller": {"features": features}}},
        ):
            for number in range(10):
                client = Client(siege.router.url(scheme), "msgpack", join=False)
                client.send(Hello("realm1", {"roles": ROLES, **extra, "x_number": number}))
                message = client.receive()
                assert isinstance(message, Welcome | Abort)
                clients.append(client)
        watch.look()
        assert watch.growth < 16 * MIB
        for client in clients:
            client.close()


def test_options_that_nobody_knows_are_not_kept_with_a_call(siege: Siege) -> None:
    """A call in flight keeps what its answer needs."""
    with siege.attack(), Client(siege.ws, "msgpack") as callee, Client(siege.ws, "msgpack") as caller:
        callee.register("com.retention.silent")
        watch = MemoryWatch(siege.router)
        options = {"x_noise": {f"key {at}": "x" * 20 for at in range(5000)}}
        payload = caller.pack(["x" * 100 * KIB])
        for _ in range(50):
            caller.send(Call(caller.next_request(), options, "com.retention.silent", payload))
            callee.receive()
        watch.look()
        assert watch.growth < 16 * MIB


def test_long_uris_are_not_remembered(siege: Siege) -> None:
    """Decisions about URIs are; those about URIs that no program would use are not."""
    with siege.attack(), Client(siege.ws) as client:
        watch = MemoryWatch(siege.router)
        for number in range(100):
            uri = f"com.long.{number}." + "x" * 300 * KIB
            client.call(uri)
            assert isinstance(client.receive(), Error)
            client.send(Publish(client.next_request(), {"acknowledge": True}, uri))
            assert isinstance(client.receive(), Published | Error)
        watch.look()
        assert watch.growth < 16 * MIB
