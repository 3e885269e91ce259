"""One HTTP request of the bridge and its one answer, which may come later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from wamp.protocol.errors import InvalidArgument, ProtocolViolation
from wamp.protocol.limits import MAX_DEPTH, refuse_deep_value
from wamp.protocol.serializers import JSON, TranscodingError
from wamprouter.web.headers import received

__all__ = ["BadRequest", "Exchange", "body_of", "json_body", "parameters", "text_of"]

_JSON_TYPE: Final = "application/json"
_UTF8: Final = frozenset({"utf-8", "utf8", ""})
_NO_BODY: Final = frozenset({204, 304})


class BadRequest(Exception):
    """A request that cannot be carried out as it is written. The text is for the client."""

    def __init__(self, text: str, status: int = 400, uri: str = InvalidArgument.uri) -> None:
        super().__init__(text)
        self.status: Final = status
        self.uri: Final = uri


class Exchange:
    """A request that is being answered."""

    def __init__(self, request: Any, left: Callable[[], None] = lambda: None) -> None:
        """``left`` is told once that the request is over, answered or not."""
        self.request = request
        self.gone: Callable[[], None] | None = None
        """Is told that the client has gone without waiting for the answer."""
        self._left = left
        self._is_over = False
        request.notifyFinish().addBoth(self._end)
        request.setHeader(b"cache-control", b"no-store")

    def _end(self, failure: Any) -> None:
        was_over, self._is_over = self._is_over, True
        self._left()
        gone, self.gone = self.gone, None
        if gone is not None and not was_over:
            gone()

    @property
    def is_over(self) -> bool:
        """Whether nothing can be answered any more."""
        return self._is_over

    def answer(self, status: int, body: bytes = b"", content_type: str = _JSON_TYPE) -> None:
        """Send the answer, unless there is nobody to hear it."""
        if self._is_over:
            return
        self._is_over = True
        request = self.request
        request.setResponseCode(status)
        if status not in _NO_BODY:
            request.setHeader(b"content-type", content_type.encode())
            request.setHeader(b"content-length", b"%d" % len(body))
        request.write(b"" if request.method == b"HEAD" else body)
        request.finish()

    def begin(self, content_type: str) -> None:
        """Begin an answer that goes on for as long as both ends want, by ``write`` and ``close``."""
        self.request.setResponseCode(200)
        self.request.setHeader(b"content-type", content_type.encode())

    def write(self, data: bytes) -> None:
        """Send more of an answer that has begun."""
        if not self._is_over:
            self.request.write(data)

    def close(self) -> None:
        """End an answer that has begun."""
        if not self._is_over:
            self._is_over = True
            self.request.finish()

    def json(self, status: int, value: Any) -> None:
        """Answer with a value; raise TranscodingError if JSON has no form for it."""
        self.answer(status, b"" if status in _NO_BODY else bytes(JSON.pack(value)))

    def refuse(
        self,
        status: int,
        uri: str,
        message: str,
        args: list[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer with an error; what JSON has no form for is left out."""
        problem: dict[str, Any] = {"error": uri, "message": message, "args": args or [], "kwargs": kwargs or {}}
        try:
            body = bytes(JSON.pack(problem))
        except TranscodingError:
            body = bytes(JSON.pack({**problem, "args": [], "kwargs": {}}))
        self.answer(status, body)


def body_of(request: Any) -> bytes:
    """Return the body of a request."""
    body: bytes = request.content.read()
    return body


def json_body(request: Any, body: bytes) -> Any:
    """Return the value of a body of JSON, with WAMP's form of binary values; raise BadRequest if it is none."""
    _check_type(request)
    try:
        value = JSON.unpack(body)
        refuse_deep_value([value], MAX_DEPTH)
    except (ProtocolViolation, ValueError) as error:
        raise BadRequest(f"the body is no JSON that can be taken: {error}") from None
    return value


def _check_type(request: Any) -> None:
    """Raise BadRequest if a body is said to be anything but JSON; nothing may be said."""
    given = received(request, b"content-type")
    if not given:
        return
    kind, *parameters = (part.strip() for part in given[0].lower().split(";"))
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset=")]
    if len(given) > 1 or kind != _JSON_TYPE or not _UTF8.issuperset(charsets):
        raise BadRequest(f"got a body of type {given[0][:100]!r}, expected {_JSON_TYPE} in UTF-8", 415)


def parameters(request: Any) -> dict[str, list[str]]:
    """Return the parameters of the address; raise BadRequest if they are not text."""
    try:
        return {name.decode(): [value.decode() for value in values] for name, values in request.args.items()}
    except UnicodeDecodeError:
        raise BadRequest("the parameters of the address are not UTF-8") from None


def text_of(args: list[Any], default: str) -> str:
    """Return what an error says to a human: its first argument, if that is text."""
    return args[0] if args and isinstance(args[0], str) else default
