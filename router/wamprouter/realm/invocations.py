"""What an INVOCATION says besides its payload, and how long the callee has: worked out from the CALL and the registration.

Advanced profile, "Caller Identification", "Call Trust Levels", "Pattern-based Registrations", "Progressive Call Results",
"Call Timeouts", "Payload Passthru Mode".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import InvalidArgument, OptionNotAllowed, ProtocolViolation
from wamp.protocol.ids import MAX_ID
from wamp.protocol.uris import Match
from wamprouter.realm import passthru
from wamprouter.realm.tracing import add_trace

if TYPE_CHECKING:
    from wamp.protocol.messages import Call
    from wamp.protocol.options import CallOptions
    from wamprouter.realm.registrations import Endpoint, Registration
    from wamprouter.realm.settings import Settings
    from wamprouter.session import Session

__all__ = ["CANCELING", "details_of", "key_of", "needs_of", "timeouts"]

CANCELING: Final = "callee.call_canceling"
_TIMEOUT: Final = "callee.call_timeout"
_INVOCATIONS: Final = "progressive_call_invocations"

# Features that a callee must have announced. A stream that nobody can stop would outlive its caller, hence call_canceling.
_FOR_NOTHING: Final[frozenset[str]] = frozenset()
_FOR_PROGRESSIVE_INVOCATIONS: Final = frozenset({f"callee.{_INVOCATIONS}", CANCELING})
_FOR_PROGRESSIVE_RESULTS: Final = frozenset({"callee.progressive_call_results", CANCELING})
_FOR_PASSTHRU: Final = frozenset({f"callee.{passthru.FEATURE}"})


def needs_of(caller: Session, message: Call, options: CallOptions) -> frozenset[str]:
    """Return the features that a callee needs for this call.

    Raise ProtocolViolation if the caller uses a feature that it has not announced itself.
    """
    needs = _FOR_NOTHING
    if options.progress:
        if f"caller.{_INVOCATIONS}" not in caller.features:
            raise ProtocolViolation("a progressive CALL, which this caller has not announced")
        needs = _FOR_PROGRESSIVE_INVOCATIONS
    if passthru.is_passed_through(message.options):
        passthru.check_sender(caller, "caller", message.options)
        needs |= _FOR_PASSTHRU
    return needs


def key_of(options: CallOptions) -> str | None:
    """Return the key of a partitioned call, None for any other (advanced profile, "Sharded Registration")."""
    if options.runmode is None:
        return None
    if options.runmode != "partition":
        raise OptionNotAllowed(f'runmode is "partition" or absent, not {options.runmode!r}')
    if options.rkey is None:
        raise InvalidArgument('a call with runmode "partition" needs an rkey')
    return str(options.rkey)


def timeouts(options: CallOptions, endpoint: Endpoint, settings: Settings) -> tuple[int, float]:
    """Return after how many milliseconds the callee, and after how many seconds the dealer, ends the call; 0 for never.

    The dealer leaves it to a callee that has asked for that, but for the limit that holds for all calls (advanced
    profile, "Call Timeouts").
    """
    limit = settings.max_call_timeout
    wanted = options.timeout * (1000 if settings.call_timeout_unit == "s" else 1)
    # Not longer than an id is large: what is larger is no number to JavaScript, and in the end not to a float.
    wanted = min(wanted or limit, limit or MAX_ID)
    if options.timeout and endpoint.forward_timeout and _TIMEOUT in endpoint.callee.features:
        return wanted, limit / 1000
    return 0, wanted / 1000


def details_of(
    caller: Session,
    message: Call,
    options: CallOptions,
    registration: Registration,
    endpoint: Endpoint,
) -> dict[str, Any]:
    """Return ``INVOCATION.Details``, but for ``progress`` and ``timeout``."""
    details: dict[str, Any] = {}
    if message.options:
        details = passthru.carried(message.options)
        add_trace(details, message.options)
    if registration.match is not Match.EXACT:
        details["procedure"] = message.procedure
    # Nobody could stop a callee without call_canceling when the caller leaves, so it is not asked for progress.
    if options.receive_progress and endpoint.callee.features >= _FOR_PROGRESSIVE_RESULTS:
        details["receive_progress"] = True
    if options.disclose_me or endpoint.disclose_caller:
        details["caller"] = caller.id
        details["caller_authid"] = caller.authid
        details["caller_authrole"] = caller.authrole
    if caller.role.trustlevel is not None:
        details["trustlevel"] = caller.role.trustlevel
    return details
