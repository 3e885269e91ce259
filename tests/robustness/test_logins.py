"""Many who log in at once, with right and wrong credentials: the router goes on working, and keeps nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.process import ALLOW_ALL, RouterProcess, endpoint
from tests.support.raw import Client, Closed
from wamp.protocol.messages import Abort, Authenticate, Challenge, Hello, Invocation, Message, Result, Welcome
from wamprouter.auth.hashes import Scrypt

HELLO = {"roles": {"caller": {}}, "authmethods": ["ticket"]}
REALM = {
    "name": "realm1",
    "roles": [{"name": name, "permissions": [ALLOW_ALL]} for name in ("user", "anonymous")],
}


def begin(url: str, authid: str) -> Client:
    """Connect and ask to be challenged."""
    client = Client(url, join=False)
    client.send(Hello("realm1", {**HELLO, "authid": authid}))
    return client


def end(client: Client) -> Message | None:
    """Return how a login ended; None if the client was asked to come back."""
    try:
        return client.receive()
    except Closed:
        return None


def log_in(url: str, authid: str, ticket: str) -> Message | None:
    with begin(url, authid) as client:
        client.expect(Challenge)
        client.send(Authenticate(ticket, {}))
        return end(client)


def call_oneself(caller: Client, callee: Client, times: int) -> None:
    """Go through calls as a well-behaved pair does."""
    for number in range(times):
        caller.call("com.add", number)
        callee.answer(callee.expect(Invocation).request, number + 1)
        assert [number + 1] == caller.args(caller.expect(Result))


def router_with(start: Start, principals: dict[str, Any], *transports: dict[str, Any]) -> RouterProcess:
    auth = {"ticket": {"principals": principals}, "anonymous": {"role": "anonymous"}}
    return start(*({**transport, "auth": auth} for transport in transports), realms=[REALM])


UNIX = {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}}


@pytest.mark.slow
def test_a_flood_of_failing_logins_fills_neither_log_nor_memory(start: Start) -> None:
    """Each with another name, and a long one: 10 kB of each would be 20 MB."""
    router = router_with(start, {"joe": {"ticket": "secret", "role": "user"}}, UNIX)
    url = router.urls[0]

    def flood(numbers: range) -> None:
        for number in numbers:
            abort = log_in(url, f"{number}" + "x" * 10_000, "guess")
            assert isinstance(abort, Abort)
            assert "wamp.error.authentication_denied" == abort.reason

    flood(range(500))
    before, lines = router.resident_bytes(), len(router.errors)
    flood(range(500, 2500))
    assert router.resident_bytes() - before < 8_000_000
    assert len(router.errors) - lines < 30
    assert max(map(len, router.errors)) < 500
    assert isinstance(log_in(url, "joe", "secret"), Welcome)


@pytest.mark.slow
def test_who_guesses_at_one_account_is_sent_away(start: Start) -> None:
    """After a few attempts, and without ABORT."""
    router = router_with(start, {"joe": {"ticket": "secret", "role": "user"}}, UNIX)
    outcomes = [log_in(router.urls[0], "joe", "guess") for _ in range(3)]
    assert all(isinstance(outcome, Abort) for outcome in outcomes)
    clients = [begin(router.urls[0], "joe") for _ in range(40)]
    for client in clients:
        client.expect(Challenge)
        client.send(Authenticate("guess", {}))
    ends = [end(client) for client in clients]
    for client in clients:
        client.close()
    assert ends.count(None) > 20


@pytest.mark.slow
def test_two_hundred_slow_logins_at_once_stop_nobody(start: Start) -> None:
    """Who finds no room comes back; meanwhile others' calls pass; in the end all are in."""
    hashed = str(Scrypt(13, 8, 1, bytes(16), bytes(32)).of("secret"))
    names = [f"user{number}" for number in range(200)]
    router = router_with(
        start,
        {name: {"ticket": hashed, "role": "user"} for name in names},
        {"type": "websocket", "endpoint": endpoint()},
    )
    url = router.urls[0]
    caller, callee = Client(url), Client(url)
    callee.register("com.add")
    waiting, rounds = names, 0
    inside: list[Client] = []
    while waiting:
        rounds += 1
        assert rounds < 20, f"{len(waiting)} never came in"
        clients = [begin(url, name) for name in waiting]
        for client in clients:
            client.expect(Challenge)
        for client in clients:
            client.send(Authenticate("secret", {}))
        call_oneself(caller, callee, 20)
        ends = [end(client) for client in clients]
        inside += [client for client, how in zip(clients, ends, strict=True) if isinstance(how, Welcome)]
        for client, how in zip(clients, ends, strict=True):
            if how is None:
                client.close()
        waiting = [name for name, how in zip(waiting, ends, strict=True) if how is None]
    assert 200 == len(inside)
    call_oneself(caller, callee, 20)
    for client in (caller, callee, *inside):
        client.close()
