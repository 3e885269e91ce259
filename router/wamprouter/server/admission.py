"""Who may connect and who may join: what one address or one principal can take of the whole router.

Pure: it is told of connections, HELLOs and sessions, and says yes or no. A client is known by its address, an IPv6 client
by its network of 64 bits, because that is what one subscriber of a provider gets. Loopback and Unix sockets are nobody's
address: a reverse proxy there speaks for everybody.

No table grows without a bound. What is counted goes with the last connection or session. Of addresses that have joined,
those are forgotten that could join as often again as a stranger, and beyond ``MOST_ADDRESSES`` the one that has been quiet
for longest.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["MOST_ADDRESSES", "Admission", "AdmissionLimits", "NoRoom", "is_local", "network_of"]

MOST_ADDRESSES: Final = 100_000
"""Addresses whose joins are remembered: about 15 MB. Somebody with more networks than that is not stopped by counting."""

_UNCOUNTED: Final = ""
"""The place of a connection that no address is counted for."""


class NoRoom(Exception):
    """There is no place for one more connection. The text is for the client."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status: Final = status
        """What HTTP calls it."""


class AdmissionLimits(NamedTuple):
    """How much is admitted; 0 is no limit. ``config.RouterLimits`` has the meaning and reasons of each."""

    max_connections: int = 0
    connections_per_address: int = 1000
    joins_per_second: int = 50
    join_burst: int = 200
    sessions_per_principal: int = 10_000
    limit_local: bool = False


class Admission:
    """One for each router."""

    def __init__(self, limits: AdmissionLimits, now: Callable[[], float]) -> None:
        self.limits = limits
        """May be replaced at any time. Who is in stays in."""
        self.connections = 0
        """Connections that are open and counted, of all transports."""
        self.refused_by_total = 0
        """Connections that were refused because there were too many of all."""
        self.refused_by_address = 0
        """Connections that were refused because there were too many of their address."""
        self.refused_joins = 0
        """HELLOs that were refused because too many came from their address in a short time."""
        self.refused_principals = 0
        """Sessions that were refused because their principal has too many."""
        self._now = now
        self._by_address: dict[str, int] = {}  # address -> connections
        self._paid_until: dict[str, float] = {}  # address -> when its joins are paid for; the quiet ones first
        self._by_principal: dict[str, dict[str, int]] = {}  # realm -> authid -> sessions

    # -- connections

    def connect(self, address: str) -> str:
        """Count a connection; return the place it takes, for ``relocate`` and ``disconnect``. Raise NoRoom."""
        most = self.limits.max_connections
        if most and self.connections >= most:
            self.refused_by_total += 1
            raise NoRoom("too many connections", 503)
        place = self._occupy(address)
        self.connections += 1
        return place

    def relocate(self, place: str, address: str) -> str:
        """Count a connection for another address, now that its own is known; return its new place.

        Raise NoRoom, and leave it where it is, if there are too many of that address.
        """
        new = self._occupy(address)
        self._vacate(place)
        return new

    def disconnect(self, place: str) -> None:
        """Count a connection no longer."""
        self.connections -= 1
        self._vacate(place)

    def _occupy(self, address: str) -> str:
        if not address or (is_local(address) and not self.limits.limit_local):
            return _UNCOUNTED
        place = network_of(address)
        count = self._by_address.get(place, 0)
        most = self.limits.connections_per_address
        if most and count >= most:
            self.refused_by_address += 1
            raise NoRoom("too many connections from your address", 429)
        self._by_address[place] = count + 1
        return place

    def _vacate(self, place: str) -> None:
        if place == _UNCOUNTED:
            return
        if self._by_address[place] > 1:
            self._by_address[place] -= 1
        else:
            del self._by_address[place]

    # -- joins

    def may_join(self, address: str) -> bool:
        """Tell whether a HELLO may come from an address now; one that may is counted.

        A token bucket, kept as one number: when the joins so far are paid for, at ``joins_per_second``. Who owes more than
        ``join_burst`` joins has to wait, and HELLOs that are refused cost nothing.
        """
        rate, burst = self.limits.joins_per_second, self.limits.join_burst
        if not rate or (is_local(address) and not self.limits.limit_local):
            return True
        now = self._now()
        key = network_of(address)
        paid_until = max(self._paid_until.pop(key, now), now) + 1 / rate
        is_in_time = paid_until - now <= burst / rate + 1e-9  # sums of 1/rate are not exact
        self._paid_until[key] = paid_until if is_in_time else paid_until - 1 / rate
        self._forget_quiet_ones(now)
        self.refused_joins += not is_in_time
        return is_in_time

    def _forget_quiet_ones(self, now: float) -> None:
        # Two for each one that comes: the table shrinks without ever being gone through as a whole.
        # The one that has just come is the last of them, and owes something.
        table = self._paid_until
        for _ in range(2):
            quietest = next(iter(table))
            if table[quietest] > now and len(table) <= MOST_ADDRESSES:
                return
            del table[quietest]

    # -- sessions

    def enter(self, realm: str, authid: str) -> bool:
        """Count a session of a principal; tell whether it may have one more."""
        sessions = self._by_principal.setdefault(realm, {})
        count = sessions.get(authid, 0)
        most = self.limits.sessions_per_principal
        if most and count >= most:
            self.refused_principals += 1
            return False
        sessions[authid] = count + 1
        return True

    def leave(self, realm: str, authid: str) -> None:
        """Count a session of a principal no longer."""
        sessions = self._by_principal[realm]
        if sessions[authid] > 1:
            sessions[authid] -= 1
            return
        del sessions[authid]
        if not sessions:
            del self._by_principal[realm]


def is_local(address: str) -> bool:
    """Tell whether an address is one of this machine's own: loopback, a Unix socket, or a component's."""
    return address in ("127.0.0.1", "::1", "unix", "local") or address.startswith(("127.", "::ffff:127."))


def network_of(address: str) -> str:
    """Return what a client is known by: its IPv4 address, or the /64 network of its IPv6 address."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64))
