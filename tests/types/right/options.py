"""Options, details, results and exceptions."""

from datetime import timedelta
from typing import Any, assert_type

import wamp
from wamp import ApplicationError, CallOptions, CallResult, PublishOptions, RegisterOptions, SubscribeOptions
from wamp.exception import InvalidUriError, PayloadExceededError, TypeCheckError
from wamp.types import Accept, CloseDetails, Deny, EncodedPayload, HelloDetails, SessionDetails, TransportDetails

CallOptions(on_progress=print, timeout=timedelta(seconds=1.5), disclose_me=True)
CallOptions(timeout=1500)
PublishOptions(exclude=[1, 2], eligible_authrole="admin", retain=True, acknowledge=True)
RegisterOptions("wildcard", "random", 3, details_arg="call")
SubscribeOptions(match="prefix", get_retained=True)

result = CallResult(1, 2, key="value")
assert_type(result.results, tuple[Any, ...])
assert_type(result.kwresults, dict[str, Any])
assert_type(result.callee, int | None)


@wamp.error("com.example.error.hot")
class TooHot(Exception):
    def __init__(self, degrees: float) -> None:
        super().__init__(degrees)
        self.degrees = degrees


assert_type(TooHot(80.0).degrees, float)


def fails(kind: int) -> None:
    if kind == 0:
        raise ApplicationError("com.example.error", "text", 3, hint="more")
    if kind == 1:
        raise ApplicationError(ApplicationError.INVALID_ARGUMENT, "text")
    if kind == 2:
        raise TypeCheckError("text")
    raise TooHot(100.0)


try:
    fails(0)
except (InvalidUriError, PayloadExceededError):
    raise
except ApplicationError as error:
    assert_type(error.error, str)
    assert_type(error.error_message(), str)
    assert_type(error.callee, int | None)
except wamp.Error:
    pass

assert_type(SessionDetails().transport, TransportDetails | None)
assert_type(CloseDetails.REASON_DEFAULT, str)


def authenticate(realm: str, authid: str, details: HelloDetails) -> Accept | Deny:
    return Accept(realm=realm, authrole="user") if authid == "joe" else Deny(message="who?")


assert_type(EncodedPayload(b"secret", "mine").payload, bytes)
