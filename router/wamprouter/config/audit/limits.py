"""Limits that are off, or so high that they limit nothing."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, Final

from wamprouter.config.audit.view import View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.problems import Place
from wamprouter.config.transports import HttpListener, UniversalTransport

__all__ = ["WEAKNESSES"]

# Option -> the most that waiting for a peer may take: milliseconds.
_TIMES: Final = {
    "handshake_timeout": 30_000,
    "open_handshake_timeout": 30_000,
    "hello_timeout": 30_000,
    "authentication_timeout": 60_000,
}
_CLIENT_TIMEOUT: Final = 600  # seconds
_WIDEST: Final = {4: 8, 6: 16}  # version of IP -> bits of the widest network that can be somebody's own


def _no_message_rate(view: View) -> Iterator[Spot]:
    for door in view.doors:
        if door.admits_strangers and not door.front.is_admin and door.options.message_rate == 0:
            yield Spot(
                (*door.place, "options", "message_rate"),
                "0 lets anonymous peers send as much as they can",
                "write what your pages need, such as 100 messages a second",
            )


def _no_join_limit(view: View) -> Iterator[Spot]:
    if view.is_reachable and view.config.limits.joins_per_second == 0:
        yield Spot(
            ("limits", "joins_per_second"),
            "0 lets one address try to join as often as it can",
            "leave it out, or write 50",
        )


def _no_address_limit(view: View) -> Iterator[Spot]:
    if view.is_reachable and view.config.limits.connections_per_address == 0:
        yield Spot(
            ("limits", "connections_per_address"),
            "0 lets one address take all connections",
            "leave it out, or write 1000",
        )


def _no_principal_limit(view: View) -> Iterator[Spot]:
    if view.is_reachable and view.config.limits.sessions_per_principal == 0:
        yield Spot(
            ("limits", "sessions_per_principal"),
            "0 lets one principal take all sessions",
            "leave it out, or write 10000",
        )


def _trusts_everybody(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        if not isinstance(front.transport, HttpListener):
            continue
        for number, network in enumerate(front.transport.trusted_proxies):
            if network != "unix" and (parsed := ip_network(network)).prefixlen < _WIDEST[parsed.version]:
                yield Spot(
                    (*front.place, "trusted_proxies", number),
                    f"{network} is nearly everybody, and each may say in X-Forwarded-For to be somebody else",
                    "name the addresses of your proxies",
                )


def _patient(view: View) -> Iterator[Spot]:
    for place, options in _connections(view):
        for name, most in _TIMES.items():
            found = getattr(options, name, 0)
            if found > most:
                yield Spot(
                    (*place, name),
                    f"a connection that says nothing may stay for {found / 1000:g} seconds",
                    f"write {most} or less",
                )
    for front in view.fronts:
        if front.web is not None and front.web[1].client_timeout > _CLIENT_TIMEOUT:
            place, options = front.web
            yield Spot(
                (*place, "client_timeout"),
                f"a connection that asks for nothing may stay for {options.client_timeout} seconds",
                f"write {_CLIENT_TIMEOUT} or less",
            )


def _no_pings(view: View) -> Iterator[Spot]:
    for place, options in _connections(view):
        if getattr(options, "auto_ping_interval", 1) == 0:
            yield Spot(
                (*place, "auto_ping_interval"),
                "0 lets connections stay whose client has gone without a word",
                "leave it out, or write 10000",
            )


def _connections(view: View) -> Iterator[tuple[Place, Any]]:
    """Yield the options of whatever has connections that others reach, with their place."""
    for front in view.fronts:
        if front.is_reachable:
            transport = front.transport
            yield (*front.place, "options"), getattr(transport, "options", None)
            if isinstance(transport, UniversalTransport):
                yield front.place, transport
                yield (*front.place, "rawsocket", "options"), getattr(transport.rawsocket, "options", None)
    for front, place, path in view.paths:
        if front.is_reachable:
            yield (*place, "options"), getattr(path, "options", None)


def _more_than_memory(view: View) -> Iterator[Spot]:
    memory = view.machine.memory()
    for front in view.fronts:
        doors = [door for door in view.doors if door.front == front and door.admits_strangers]
        each = max((door.options.outbound_queue_limit + door.options.max_message_size for door in doors), default=0)
        total = each * front.transport.max_connections
        if total > memory:
            yield Spot(
                (*front.place, "max_connections"),
                f"{front.transport.max_connections} connections with max_message_size and outbound_queue_limit of {_size(each)} "
                f"each may take {_size(total)}, and there are {_size(memory)}",
                "lower one of the three",
            )


def _size(number: int) -> str:
    return f"{number / 1024**3:.1f} GiB" if number >= 1024**3 else f"{number / 1024**2:.1f} MiB"


WEAKNESSES: Final = (
    Weakness(
        "no-message-rate",
        Severity.LOW,
        "Anonymous peers from other machines may send as much as they can.",
        "`message_rate` in the options of the transport or path.",
        _no_message_rate,
    ),
    Weakness(
        "no-join-limit",
        Severity.MEDIUM,
        "There is no limit on attempts to join, on a router that others reach.",
        "Leave `joins_per_second` out.",
        _no_join_limit,
    ),
    Weakness(
        "no-address-limit",
        Severity.MEDIUM,
        "One address may take all connections of a router that others reach.",
        "Leave `connections_per_address` out.",
        _no_address_limit,
    ),
    Weakness(
        "no-principal-limit",
        Severity.LOW,
        "One principal may take all sessions of a router that others reach.",
        "Leave `sessions_per_principal` out.",
        _no_principal_limit,
    ),
    Weakness(
        "trusts-everybody",
        Severity.HIGH,
        "`trusted_proxies` has a network so wide that strangers are in it. They can then pretend to come from anywhere, and no limit "
        "by address holds them.",
        "Name the addresses of your proxies.",
        _trusts_everybody,
    ),
    Weakness(
        "patient",
        Severity.LOW,
        "Silent connections may stay for longer than 30 seconds before HELLO, 60 to authenticate, or 600 for a request.",
        "Lower time-outs.",
        _patient,
    ),
    Weakness(
        "no-pings", Severity.LOW, "Half-open connections are never found.", "Leave `auto_ping_interval` out.", _no_pings
    ),
    Weakness(
        "more-than-memory",
        Severity.LOW,
        "Where strangers join, `max_connections` times `max_message_size` and `outbound_queue_limit` is more than the machine's "
        "memory.",
        "Lower one of the three.",
        _more_than_memory,
    ),
)
