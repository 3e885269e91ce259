"""Tests without a network: a router in memory, with a clock of its own, faults, and records of what passes it.

pytest finds the fixtures of ``wamp.testing.plugin`` by itself. The names below are loaded when they are asked for, because a run of
pytest that needs none of them should not wait for a router to be imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wamp.testing.recorder import Call, CallRecorder, Event
    from wamp.testing.router import RegistrationInfo, Router, SessionInfo, SubscriptionInfo

__all__ = ["Call", "CallRecorder", "Event", "RegistrationInfo", "Router", "SessionInfo", "SubscriptionInfo"]

_RECORDER: Final = frozenset({"Call", "CallRecorder", "Event"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("wamp.testing.recorder" if name in _RECORDER else "wamp.testing.router"), name)
