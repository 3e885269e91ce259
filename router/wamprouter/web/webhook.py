"""Deliveries of others become events: the path ``webhook``, with the signature that GitHub and many others use.

Nothing in a signature tells when it was made, and the delivery's own id is not signed. So a delivery is known by its signature,
hence by its body, and whoever sends the same again is refused as long as it is remembered. One that could not be published may
come again.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import AuthenticationFailed, Unavailable
from wamprouter.web.bridge import Answering
from wamprouter.web.exchange import BadRequest, Exchange, body_of
from wamprouter.web.headers import received
from wamprouter.web.signing import Full, Replayed, Seen, hub_signature
from wamprouter.web.statuses import status_of
from wamprouter.web.visitors import packed

if TYPE_CHECKING:
    from wamprouter import config
    from wamprouter.web.visitors import Entrance, Outcome

__all__ = ["Webhook"]

_TEXT: Final = "text/plain; charset=utf-8"
_REPLAYED: Final = "http.error.replayed"
_PRIVATE: Final = frozenset({b"authorization", b"cookie", b"proxy-authorization"})
"""Headers that are for the router and those in front of it, and not for subscribers."""


class Webhook(Answering):
    """The path."""

    def __init__(
        self, entrance: Entrance, options: config.WebhookOptions, seen: Seen, now: Callable[[], float]
    ) -> None:
        super().__init__(entrance, options)
        self._options = options
        self._seen = seen
        self._now = now

    def refuse(self, exchange: Exchange, problem: BadRequest) -> None:
        # The sender shows it to people, and reads nothing else than the status.
        exchange.answer(problem.status, f"{self._options.error_response}\n{problem}\n".encode(), _TEXT)

    def carry_out(self, request: Any, exchange: Exchange) -> None:
        body = body_of(request)
        self._check_signature(request, body)
        payload = packed([{"headers": _headers(request), "body": _text(body)}], {})
        mark = self._mark(body)

        def answer(outcome: Outcome) -> None:
            if outcome.error is None:
                exchange.answer(202, self._options.success_response.encode(), _TEXT)
                return
            self._seen.take_back(mark)
            self.refuse(exchange, BadRequest(outcome.error, status_of(outcome.error)))

        # Whether its sender waits or not, a delivery that was taken is published.
        self.entrance.shared.publish(self._options.topic, payload, {}, answer, timeout=self.timeout)

    def _check_signature(self, request: Any, body: bytes) -> None:
        options = self._options
        if options.github_secret is None:
            return
        secret = options.github_secret.reveal()
        given = received(request, b"x-hub-signature-256")
        algorithm = "sha256"
        if not given and options.allow_sha1:
            given, algorithm = received(request, b"x-hub-signature"), "sha1"
        expected = hub_signature(secret, body, algorithm)
        if len(given) != 1 or not hmac.compare_digest(given[0].lower().encode(), expected.encode()):
            raise BadRequest("wrong signature, or none", 401, AuthenticationFailed.uri)

    def _mark(self, body: bytes) -> bytes:
        """Remember a delivery; raise BadRequest if it was here before, or there is no room for it. Return its mark."""
        options = self._options
        if options.github_secret is None or not options.replay_window:
            return b""
        mark = hub_signature(options.github_secret.reveal(), body, "sha256").encode()
        now = self._now()
        try:
            self._seen.note(mark, now + options.replay_window, now, most=options.max_remembered)
        except Replayed:
            raise BadRequest("this delivery has been here before", 409, _REPLAYED) from None
        except Full as problem:
            raise BadRequest(str(problem), 503, Unavailable.uri) from None
        return mark


def _headers(request: Any) -> dict[str, list[str]]:
    return {
        name.decode("latin-1"): [value.decode("utf-8", "replace") for value in values]
        for name, values in request.requestHeaders.getAllRawHeaders()
        if name.lower() not in _PRIVATE
    }


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadRequest("the body is not UTF-8") from None
