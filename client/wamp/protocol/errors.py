"""One tree of what can go wrong on the wire; each class carries its error URI.

Three kinds of failure, told apart by class:

* ``ProtocolViolation``: *they broke the rules*. The session ends with ABORT.
* ``RequestError`` and below: *no*. The request is answered with an ERROR message, the session lives on.
* ``ValueError`` and ``TypeError`` (not in this file): *we were misused*. They are raised to the caller.

URIs are those of the WAMP basic profile, "Predefined URIs", and the advanced profile, "Predefined URIs".
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AuthenticationDenied",
    "AuthenticationFailed",
    "AuthenticationRequired",
    "AuthorizationFailed",
    "CallTimeout",
    "Canceled",
    "DisclosureNotAllowed",
    "FeatureNotSupported",
    "InvalidArgument",
    "InvalidUri",
    "JoinRefused",
    "LimitExceeded",
    "NetworkFailure",
    "NoAvailableCallee",
    "NoMatchingAuthMethod",
    "NoSuchPrincipal",
    "NoSuchProcedure",
    "NoSuchRealm",
    "NoSuchRegistration",
    "NoSuchRole",
    "NoSuchSession",
    "NoSuchSubscription",
    "NotAuthorized",
    "OptionNotAllowed",
    "PayloadSizeExceeded",
    "ProcedureAlreadyExists",
    "ProtocolViolation",
    "RequestError",
    "Unavailable",
    "WampError",
]


class WampError(Exception):
    """Base of every error that has a WAMP URI. ``str(error)`` is the text for a human."""

    uri: ClassVar[str] = "wamp.error.runtime_error"


class ProtocolViolation(WampError):
    """The peer broke the rules of the protocol: ABORT its session (basic profile, "Protocol Errors")."""

    uri = "wamp.error.protocol_violation"


class RequestError(WampError):
    """A request that is refused: it is answered with an ERROR message and nothing else happens."""


class InvalidUri(RequestError):
    uri = "wamp.error.invalid_uri"


class InvalidArgument(RequestError):
    uri = "wamp.error.invalid_argument"


class NoSuchProcedure(RequestError):
    uri = "wamp.error.no_such_procedure"


class ProcedureAlreadyExists(RequestError):
    uri = "wamp.error.procedure_already_exists"


class NoSuchRegistration(RequestError):
    uri = "wamp.error.no_such_registration"


class NoSuchSubscription(RequestError):
    uri = "wamp.error.no_such_subscription"


class NotAuthorized(RequestError):
    uri = "wamp.error.not_authorized"


class AuthorizationFailed(RequestError):
    """Nobody could tell whether the request is permitted: whoever decides has failed, or is not there."""

    uri = "wamp.error.authorization_failed"


class OptionNotAllowed(RequestError):
    uri = "wamp.error.option_not_allowed"


class Canceled(RequestError):
    """A call that ended without a result: its callee left, or somebody cancelled it."""

    uri = "wamp.error.canceled"


class Unavailable(RequestError):
    """The callee exists but cannot take the call now."""

    uri = "wamp.error.unavailable"


class CallTimeout(RequestError):
    """A call was not answered in time."""

    uri = "wamp.error.timeout"


class NoAvailableCallee(RequestError):
    """The procedure is registered, and none of its callees can take the call."""

    uri = "wamp.error.no_available_callee"


class FeatureNotSupported(RequestError):
    """The other end has not announced what the request needs."""

    uri = "wamp.error.feature_not_supported"


class DisclosureNotAllowed(RequestError):
    """``disclose_me`` where the realm does not let anybody disclose itself."""

    uri = "wamp.error.option_disallowed.disclose_me"


class LimitExceeded(RequestError):
    """The session has as many of these as it may. The specification has no URI for it."""

    uri = "wamp.error.limit_exceeded"


class NoSuchSession(RequestError):
    uri = "wamp.error.no_such_session"


class NetworkFailure(RequestError):
    """A peer could not be reached: its outbound queue is full (a router never stays silent about that)."""

    uri = "wamp.error.network_failure"


class PayloadSizeExceeded(RequestError):
    uri = "wamp.error.payload_size_exceeded"


# What refuses a HELLO. Each becomes an ABORT with its URI as the reason.


class JoinRefused(WampError):
    """The session cannot be established."""


class NoSuchRealm(JoinRefused):
    uri = "wamp.error.no_such_realm"


class NoSuchRole(JoinRefused):
    uri = "wamp.error.no_such_role"


class NoSuchPrincipal(JoinRefused):
    uri = "wamp.error.no_such_principal"


class NoMatchingAuthMethod(JoinRefused):
    uri = "wamp.error.no_matching_auth_method"


class AuthenticationRequired(JoinRefused):
    uri = "wamp.error.authentication_required"


class AuthenticationDenied(JoinRefused):
    uri = "wamp.error.authentication_denied"


class AuthenticationFailed(JoinRefused):
    uri = "wamp.error.authentication_failed"


# Reasons of GOODBYE and ABORT that are not errors of a request.
CLOSE_NORMAL = "wamp.close.normal"
CLOSE_REALM = "wamp.close.close_realm"
CLOSE_SYSTEM_SHUTDOWN = "wamp.close.system_shutdown"
CLOSE_GOODBYE_AND_OUT = "wamp.close.goodbye_and_out"
CLOSE_KILLED = "wamp.close.killed"
CLOSE_LOGOUT = "wamp.close.logout"
