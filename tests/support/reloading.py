"""A configuration to begin with, changes of it, and the clients that notice them: for the tests of reload."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.process import ALLOW_ALL, EVERYTHING, ROOT, endpoint
from tests.support.raw import Client
from wamp.protocol.messages import (
    Authenticate,
    Challenge,
    Error,
    Goodbye,
    Hello,
    Message,
    Subscribe,
    Subscribed,
    Welcome,
)

Configuration = dict[str, Any]

NOT_AUTHORIZED = "wamp.error.not_authorized"
NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure"
NOTHING = ["nothing has changed"]
NO_LONGER_ADMITTED = "the configuration has changed and does not admit this session any more"
GOING_AWAY = 1001  # RFC 6455, section 7.4.1

ROLES = {
    "caller": {},
    "callee": {"features": {"registration_revocation": True}},
    "publisher": {},
    "subscriber": {"features": {"subscription_revocation": True}},
}

BASE: Configuration = {
    "version": 1,
    "realms": [
        {
            "name": "realm1",
            "roles": [
                {"name": "anonymous", "permissions": EVERYTHING},
                {"name": "user", "permissions": [ALLOW_ALL]},
                {"name": "guest", "permissions": [ALLOW_ALL]},
            ],
        },
        {"name": "other", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]},
    ],
    "transports": [
        {
            "type": "websocket",
            "id": "ws",
            "endpoint": endpoint(),
            "cookie": {},
            "auth": {
                "anonymous": {"role": "anonymous"},
                "ticket": {
                    "principals": {
                        "joe": {"ticket": "joe's secret", "role": "user"},
                        "ann": {"ticket": "ann's secret", "role": "user"},
                    }
                },
                "cookie": {},
            },
        },
        {"type": "rawsocket", "id": "rs", "endpoint": endpoint()},
    ],
}


def changed(*places: Any) -> Configuration:
    """Return the configuration with other values: ``changed("realms.0.name", "x", …)``. ``...`` takes something out."""
    made = copy.deepcopy(BASE)
    for path, value in zip(places[::2], places[1::2], strict=True):
        *above, last = (int(step) if step.isdigit() else step for step in path.split("."))
        node: Any = made
        for step in above:
            node = node[step]
        if value is ...:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    return made


Connect = Callable[..., Client]


def log_in(client: Client, authid: str = "joe", realm: str = "realm1") -> Client:
    """Say HELLO with a ticket as far as the challenge."""
    client.send(Hello(realm, {"roles": ROLES, "authmethods": ["ticket"], "authid": authid}))
    assert client.expect(Challenge).method == "ticket"
    return client


def logged_in(client: Client, authid: str = "joe", realm: str = "realm1") -> Client:
    log_in(client, authid, realm)
    client.send(Authenticate(f"{authid}'s secret", {}))
    assert client.expect(Welcome).details["authid"] == authid
    return client


def is_served(client: Client) -> bool:
    """Tell whether a session goes on: it subscribes and unsubscribes nothing of anybody's."""
    client.send(Subscribe(client.next_request(), {}, f"com.still.here.{client.requests}"))
    return isinstance(client.receive(), Subscribed)


def farewell(client: Client) -> tuple[str, str]:
    """Return reason and text of the GOODBYE that a client gets next, and end the session in order."""
    goodbye = client.expect(Goodbye)
    client.send(Goodbye({}, "wamp.close.goodbye_and_out"))
    closed = client.closing()
    assert closed.code in (1000, 1006)
    return goodbye.reason, goodbye.details["message"]


def error_of(message: Message) -> str:
    assert isinstance(message, Error), message
    return message.error


def listening(lines: list[str]) -> int:
    """Return the port of a transport that was opened."""
    [opened] = [line for line in lines if line.endswith(" is open")]
    return int(opened.split()[1].rsplit(":", 1)[1])


def transport(port: int, kind: str = "rawsocket", interface: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
    return {"type": kind, "endpoint": {"type": "tcp", "port": port, "interface": interface}, **more}


def command(file: Path, **environ: str) -> tuple[int, str, str]:
    """Run `wamprouter reload`; return its exit status, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "wamprouter", "reload", "--config", str(file)],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'client'}:{ROOT / 'router'}", **environ},
        capture_output=True,
        text=True,
        timeout=20,
    )
    return done.returncode, done.stdout, done.stderr
