"""What HTTP calls the errors of WAMP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wamp.protocol.errors import (
    AuthorizationFailed,
    CallTimeout,
    Canceled,
    DisclosureNotAllowed,
    InvalidArgument,
    InvalidUri,
    LimitExceeded,
    NetworkFailure,
    NoAvailableCallee,
    NoSuchProcedure,
    NoSuchRealm,
    NoSuchRole,
    NotAuthorized,
    OptionNotAllowed,
    PayloadSizeExceeded,
    Unavailable,
)

__all__ = ["APPLICATION", "STATUSES", "status_of"]

STATUSES: Final[Mapping[str, int]] = {
    InvalidArgument.uri: 400,
    InvalidUri.uri: 400,
    "wamp.error.invalid_payload": 400,  # which Autobahn's clients use
    NotAuthorized.uri: 403,
    OptionNotAllowed.uri: 403,
    DisclosureNotAllowed.uri: 403,
    NoSuchProcedure.uri: 404,
    PayloadSizeExceeded.uri: 413,
    Canceled.uri: 502,  # the callee has left, or somebody has cancelled the call: whether it was done is not known
    AuthorizationFailed.uri: 503,
    LimitExceeded.uri: 503,
    NetworkFailure.uri: 503,
    NoAvailableCallee.uri: 503,
    NoSuchRealm.uri: 503,
    NoSuchRole.uri: 503,
    Unavailable.uri: 503,
    CallTimeout.uri: 504,
}
"""Error URI -> status."""

APPLICATION: Final = 422
"""Errors of the application's own: the request was understood, and could not be done."""


def status_of(uri: str, *, application: int = APPLICATION) -> int:
    """Return the status of an error; ``application`` is that of all outside of ``wamp.``."""
    if uri in STATUSES:
        return STATUSES[uri]
    return 500 if uri.startswith("wamp.") else application
