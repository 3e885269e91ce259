"""Where a client is that comes through reverse proxies: what ``X-Forwarded-For`` says, as far as it can be trusted.

Each proxy appends the address of who connected to it. So the header is read from its end, and an entry is believed only if
the one who wrote it is trusted. What is not an address ends the reading, and then it is that proxy's client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from wamprouter.server.admission import is_local

__all__ = ["NO_PROXIES", "Proxies"]

_LONGEST_CHAIN: Final = 20  # proxies one behind the other; a longer header is somebody's game


class Proxies:
    """The proxies that are trusted to say for whom they connect."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """``networks`` are addresses, networks such as ``10.0.0.0/8``, and ``unix`` for whoever uses a Unix socket."""
        names = set(networks)
        self._trusts_unix = "unix" in names
        self._networks = [ipaddress.ip_network(name) for name in names - {"unix"}]

    def __contains__(self, address: str) -> bool:
        if address == "unix":
            return self._trusts_unix
        if not self._networks:
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, forwarded_for: str) -> str:
        """Return the address of the client behind a connection from ``peer``: the last one that is no trusted proxy."""
        address = peer
        for entry in reversed(forwarded_for.rsplit(",", _LONGEST_CHAIN)[-_LONGEST_CHAIN:]):
            if address not in self:
                break
            claimed = _address(entry.strip())
            # Another machine's loopback is not ours, and ours means privileges.
            if claimed is None or (is_local(claimed) and not is_local(address)):
                break
            address = claimed
        return address


def _address(entry: str) -> str | None:
    """Return an entry as an address is usually written, or None. Some proxies add the port."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(entry)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)


NO_PROXIES: Final = Proxies()
