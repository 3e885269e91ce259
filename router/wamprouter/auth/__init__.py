"""Who are you: what admits a HELLO to a realm. One small protocol, one module for each method."""

from __future__ import annotations

from typing import Protocol

import msgspec

from wamp.protocol.options import HelloDetails

__all__ = ["Gate", "Grant"]


class Grant(msgspec.Struct, frozen=True):
    """Who a session is from now on: what WELCOME says."""

    authid: str
    role: str
    authmethod: str
    authprovider: str = "static"


class Gate(Protocol):
    """Decides about HELLOs on one transport."""

    def admit(self, realm: str, details: HelloDetails) -> Grant:
        """Return who the peer is; raise JoinRefused, whose URI becomes the reason of the ABORT."""
        ...
