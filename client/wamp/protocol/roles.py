"""Roles and features, as HELLO and WELCOME announce them (basic profile, "Client and Router Roles").

Inside, a feature is one string ``role.feature``: ``callee.call_canceling``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from wamp.protocol.errors import ProtocolViolation

__all__ = ["CLIENT_ROLES", "announcement", "features"]

_MOST: Final = 200
_LONGEST: Final = 100
"""Features, and characters of one: several times what the specification has. They are kept as long as the session."""

CLIENT_ROLES: Final = ("publisher", "subscriber", "caller", "callee")


def features(roles: Mapping[str, Any]) -> frozenset[str]:
    """Return the features that a peer announces in ``Details.roles``; a role without any adds ``role.``.

    Raise ProtocolViolation if no role is announced: a session without one could do nothing (basic profile, "HELLO"). Also if
    it is more than anybody can mean.
    """
    if not roles:
        raise ProtocolViolation("HELLO announces no role")
    found = set()
    for role, description in roles.items():
        found.add(f"{role}.")
        announced = description.get("features") if isinstance(description, Mapping) else None
        if isinstance(announced, Mapping):
            found.update(f"{role}.{feature}" for feature, is_on in announced.items() if is_on is True)
    if len(found) > _MOST or any(len(feature) > _LONGEST for feature in found):
        raise ProtocolViolation(f"more than {_MOST} features are announced, or one of more than {_LONGEST} characters")
    return frozenset(found)


def announcement(roles: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return ``Details.roles`` for roles and their features. ``features`` is always there: wampy.js relies on it."""
    return {role: {"features": dict.fromkeys(names, True)} for role, names in roles.items()}
