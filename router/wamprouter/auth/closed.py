"""No admission: for a transport whose configuration offers no method at all."""

from __future__ import annotations

from typing import NoReturn

from wamp.protocol.errors import NoMatchingAuthMethod
from wamp.protocol.options import HelloDetails

__all__ = ["ClosedGate"]


class ClosedGate:
    """Admits nobody."""

    def admit(self, realm: str, details: HelloDetails) -> NoReturn:
        raise NoMatchingAuthMethod("no authentication method is configured for this transport")
