"""Payloads that the router must not look into, and what travels beside them (advanced profile, "Payload Passthru Mode").

``ppt_*`` describe the payload to its receiver; ``enc_*`` are the older names that Autobahn's clients use. The router hands
them on with the payload, and changes neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import ProtocolViolation

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["FEATURE", "carried", "check_sender", "is_passed_through"]

FEATURE: Final = "payload_passthru_mode"

_PPT: Final = frozenset({"ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid"})
_CARRIED: Final = _PPT | {"enc_algo", "enc_serializer", "enc_key"}


def carried(options: dict[str, Any]) -> dict[str, Any]:
    """Return what of a message's options or details goes with its payload to the receiver."""
    return {} if _CARRIED.isdisjoint(options) else {name: options[name] for name in options if name in _CARRIED}


def is_passed_through(options: dict[str, Any]) -> bool:
    """Tell whether a message uses payload passthru mode."""
    return not _PPT.isdisjoint(options)


def check_sender(session: Session, role: str, options: dict[str, Any]) -> None:
    """Raise ProtocolViolation if a peer uses payload passthru mode in a role for which it has not announced it."""
    if is_passed_through(options) and f"{role}.{FEATURE}" not in session.features:
        raise ProtocolViolation(f"payload passthru mode, which this {role} has not announced")
