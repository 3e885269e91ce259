"""A plain client of long-poll: one HTTP request after the other, and nothing of ours."""

from __future__ import annotations

import http.client
import json
from functools import partial
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.support.raw import TIMEOUT

__all__ = ["LongPoll", "Refused", "post"]


class Refused(Exception):
    """A request was answered, and not as it should be."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class _Socket:
    """Requests one after the other."""

    def __init__(self, url: str, **how: Any) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._http: Any = kind(str(parts.hostname), parts.port, timeout=TIMEOUT, **how)
        self._path: Final = parts.path.rstrip("/")

    def begin(self, path: str, body: bytes = b"", method: str = "POST", **headers: str) -> None:
        self._http.request(method, f"{self._path}/{path}", body, headers)

    def end(self) -> tuple[int, bytes, http.client.HTTPResponse]:
        response = self._http.getresponse()
        return response.status, response.read(), response

    def close(self) -> None:
        self._http.close()


def post(url: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, http.client.HTTPResponse]:
    """Ask once, on a socket of its own; return status, body and the whole response."""
    sender = _Socket(url)
    try:
        sender.begin(path, body, **headers)
        return sender.end()
    finally:
        sender.close()


class LongPoll:
    """One connection, with a socket to send and a socket to receive. What is refused is raised as ``Refused``."""

    def __init__(self, url: str, protocol: str = "wamp.2.json", *, tls: Any = None, **headers: str) -> None:
        how = {} if tls is None else {"context": tls}
        self._connect = partial(_Socket, url, **how)
        self._sender, self._receiver = self._connect(), self._connect()
        self.headers = headers
        self.is_receiving = False
        opened = json.loads(self._ask(self._sender, "open", json.dumps({"protocols": [protocol]}).encode()))
        assert opened["protocol"] == protocol
        self.id: str = opened["transport"]

    def _ask(self, sender: _Socket, path: str, body: bytes = b"") -> bytes:
        sender.begin(path, body, **self.headers)
        return self._answer(sender)

    @staticmethod
    def _answer(sender: _Socket) -> bytes:
        status, body, _ = sender.end()
        if status not in (200, 204):
            raise Refused(status, body.decode().strip())
        return body

    def send(self, body: bytes) -> None:
        assert self._ask(self._sender, f"{self.id}/send", body) == b""

    def begin_receive(self) -> None:
        """Ask for messages, and do not wait for them."""
        self._receiver.begin(f"{self.id}/receive", **self.headers)
        self.is_receiving = True

    def use_another_socket(self) -> _Socket:
        """Receive by another socket from now on; return the one so far."""
        before, self._receiver = self._receiver, self._connect()
        return before

    def receive(self) -> bytes:
        """Return one message, or a batch; nothing if none has come in time."""
        if not self.is_receiving:
            self.begin_receive()
        self.is_receiving = False
        return self._answer(self._receiver)

    def say(self, *message: Any) -> None:
        """Send a message as JSON."""
        self.send(json.dumps(message).encode())

    def hear(self) -> Any:
        """Return the next message, which is JSON."""
        return json.loads(self.receive())

    def join(self, realm: str = "realm1", **details: Any) -> Any:
        """Open a session; return what the router says to that."""
        self.say(1, realm, {"roles": {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}, **details})
        return self.hear()

    def close(self) -> None:
        """End the connection at the router."""
        self._ask(self._sender, f"{self.id}/close")

    def cut(self) -> None:
        """Close the sockets, and tell the router nothing."""
        self._sender.close()
        self._receiver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
