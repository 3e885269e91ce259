"""What no configuration may do by accident: let strangers act for others.

Brokers that anybody can publish to and register on are a known class of attack. So a file that has that, reachable from
other machines, is refused until it says ``"insecure": true``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from wamprouter.config.auth import AnonymousStatic
from wamprouter.config.endpoints import TcpEndpoint
from wamprouter.config.node import NodeConfig
from wamprouter.config.problems import Place, Problem, printed
from wamprouter.config.realms import Permission, Role
from wamprouter.config.transports import NestedPath, Transport, WampService, WebPath, WebTransport

__all__ = ["Exposure", "exposures", "is_public", "services", "unsafe"]

_DANGEROUS = ("register", "publish")


class Exposure(NamedTuple):
    """A place where strangers may do something everywhere."""

    transport: Place
    permission: Place
    actions: list[str]


def unsafe(config: NodeConfig) -> list[Problem]:
    """Return what is refused; nothing if the file says that it is meant so."""
    if config.insecure:
        return []
    found: dict[Place, Exposure] = {}  # one line for each transport is enough to understand it
    for exposure in exposures(config):
        found.setdefault(exposure.transport, exposure)
    return [_problem(config, exposure) for exposure in found.values()]


def _problem(config: NodeConfig, exposure: Exposure) -> Problem:
    endpoint: Any = config.transports[int(exposure.transport[1])].endpoint
    may = " and ".join(exposure.actions)
    return Problem(
        (*exposure.transport, "endpoint"),
        f"reachable at {endpoint.address}, where anonymous peers may {may} everywhere ({printed(exposure.permission)}); "
        f'expected permissions for what they need, an interface such as "127.0.0.1", or "insecure": true in the file',
    )


def exposures(config: NodeConfig) -> Iterator[Exposure]:
    """Yield where peers without credentials may register or publish everywhere, from other machines."""
    for index, transport in enumerate(config.transports):
        if is_public(transport):
            for _, service in services(transport):
                anonymous = service.auth.anonymous
                if isinstance(anonymous, AnonymousStatic):
                    for place, actions in _boundless(config, anonymous):
                        yield Exposure(("transports", index), place, actions)


def is_public(transport: Transport) -> bool:
    """Tell whether a transport is reachable from other machines."""
    endpoint = transport.endpoint
    if not isinstance(endpoint, TcpEndpoint) or endpoint.interface == "localhost":
        return False
    try:
        return not ip_address(endpoint.interface.partition("%")[0]).is_loopback
    except ValueError:  # a host name: what it resolves to is not known here
        return True


def services(transport: Transport) -> Iterator[tuple[Place, WampService]]:
    """Yield what speaks WAMP on a transport, with its place within that."""
    if isinstance(transport, WampService):
        yield (), transport
    elif isinstance(transport, WebTransport):
        yield from _on_paths(transport.paths)


def _on_paths(paths: Mapping[str, WebPath], above: Place = ()) -> Iterator[tuple[Place, WampService]]:
    for name, path in paths.items():
        place = (*above, "paths", name)
        if isinstance(path, WampService):
            yield place, path
        elif isinstance(path, NestedPath):
            yield from _on_paths(path.paths, place)


def _boundless(config: NodeConfig, anonymous: AnonymousStatic) -> Iterator[tuple[Place, list[str]]]:
    for place, role in _roles(config, anonymous):
        for index, permission in enumerate(role.permissions):
            actions = [action for action in _DANGEROUS if action in permission.allow.actions]
            if actions and _is_everywhere(permission):
                yield (*place, "permissions", index), actions


def _is_everywhere(permission: Permission) -> bool:
    return permission.match == "prefix" and permission.uri == ""


def _roles(config: NodeConfig, anonymous: AnonymousStatic) -> Iterator[tuple[Place, Role]]:
    for index, realm in enumerate(config.realms):
        if anonymous.realm in (None, realm.name):
            for number, role in enumerate(realm.roles):
                if role.name == anonymous.role:
                    yield ("realms", index, "roles", number), role
    template = config.realm_template
    if template is not None and anonymous.realm is None:
        for number, role in enumerate(template.roles):
            if role.name == anonymous.role:
                yield ("realm_template", "roles", number), role
