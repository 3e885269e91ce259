"""A router with paths of the HTTP bridge, and what asks of them: written to sockets where a client would tidy things up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode

from tests.support.process import EVERYTHING, RouterProcess, endpoint
from tests.support.raw import TIMEOUT, Client, Stream
from wamp.protocol.messages import Error

__all__ = [
    "ALLOWED",
    "KEY",
    "SECRET",
    "SHOP",
    "Answer",
    "Http",
    "bridge_config",
    "query",
    "request",
    "response",
    "shop_is_open",
]

KEY: Final = "shop"
SECRET: Final = "kLm9_nobody_guesses_this"

SHOP: Final = """
from twisted.internet.defer import Deferred
from wamp.exception import ApplicationError
from wamp.twisted import ApplicationSession
from wamp.types import CallResult, RegisterOptions

class Shop(ApplicationSession):
    async def onJoin(self, details):
        self.cancelled = 0
        await self.register(lambda *args, **kwargs: CallResult(*args, **kwargs), "com.shop.echo")
        await self.register(self.sell, "com.shop.sell")
        await self.register(self.never, "com.shop.never")
        await self.register(lambda: self.cancelled, "com.shop.cancelled")
        await self.register(lambda details: details.caller_authrole, "com.shop.who", RegisterOptions(details=True))
        await self.register(lambda: b"\\x00\\xff", "com.shop.binary")
        await self.register(self.order, "com.shop.order.get")
        await self.register(lambda **kwargs: kwargs, "com.shop.keywords")

    def sell(self, what):
        raise ApplicationError("com.shop.error.sold_out", f"no {what} left", what=what)

    def order(self, id):
        if id == "0":
            raise ApplicationError("com.shop.error.no_such_order", "there is no order 0")
        return {"id": id, "total": 5}

    def never(self):
        def cancel(_):
            self.cancelled += 1
        return Deferred(cancel)
"""
"""A component that is called."""

ALLOWED: Final = [{"uri": "com.shop.", "match": "prefix", "allow": {"call": True, "publish": True, "subscribe": True}}]


def bridge_config(folder: Path | None, paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a configuration with these paths besides a WebSocket, and with the shop if there is a folder for it."""
    shop = {}
    if folder is not None:
        (folder / "shop.py").write_text(SHOP)
        component = {"type": "class", "classname": "shop.Shop", "realm": "realm1", "role": "anonymous"}
        shop = {"pythonpath": [str(folder)], "components": [component]}
    roles = [
        {"name": "anonymous", "permissions": EVERYTHING},
        {"name": "web", "permissions": ALLOWED, "disclose": {"caller": True}},
    ]
    return {
        "version": 1,
        "realms": [{"name": "realm1", "roles": roles}],
        "transports": [{"type": "web", "endpoint": endpoint(), "paths": {"ws": {"type": "websocket"}, **paths}}],
        **shop,
        **more,
    }


def shop_is_open(router: RouterProcess) -> RouterProcess:
    """Wait until the shop has registered all of its procedures, which it does after the router listens."""
    with Client(router.url("ws")) as client:
        request = 0
        while not request or isinstance(client.receive(), Error):
            request = client.call("com.shop.keywords")
    return router


class Answer:
    """What was answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Http:
    """A client of HTTP, with one connection."""

    def __init__(self, router: RouterProcess) -> None:
        self.connection = http.client.HTTPConnection(*router.address("http"), timeout=TIMEOUT)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request, with a body of JSON unless that is bytes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            named.setdefault("content-type", "application/json")
        self.connection.request(method, path, body, named)
        return Answer(self.connection.getresponse())

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_nonces = count(1)


def query(body: bytes, *, late: float = 0.0, secret: str = SECRET, **changed: str) -> str:
    """Return the parameters of a signed request, ``late`` seconds ago; ``changed`` after it was signed."""
    at = datetime.now(UTC) - timedelta(seconds=late)
    values = {
        "key": KEY,
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "seq": "1",
        "nonce": str(next(_nonces)),
    }
    signed = "".join(values.values()).encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    values["signature"] = base64.urlsafe_b64encode(digest).decode()
    return urlencode({**values, **changed})


def request(path: str, body: bytes = b"", *headers: str, method: str = "POST") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


def response(stream: Stream) -> tuple[int, bytes]:
    """Read one answer that says how long it is."""
    head = stream.read_until(b"\r\n\r\n").decode()
    length = next(int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length"))
    return int(head.split()[1]), stream.read(length)
