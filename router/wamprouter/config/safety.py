"""What no configuration may do by accident: let strangers act for others.

Brokers that anybody can publish to and register on are a known class of attack. So a file that has that, reachable from
other machines, is refused until it says ``"insecure": true``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from wamprouter.config.admin import Admin
from wamprouter.config.auth import AnonymousStatic
from wamprouter.config.bridge import BridgePath, CallerPath, PublisherPath
from wamprouter.config.endpoints import TcpEndpoint
from wamprouter.config.node import NodeConfig
from wamprouter.config.problems import Place, Problem, printed
from wamprouter.config.realms import Permission, Role
from wamprouter.config.services import WampService
from wamprouter.config.transports import (
    HttpListener,
    NestedPath,
    Transport,
    UniversalTransport,
    WebPath,
    WebTransport,
)

__all__ = ["Exposure", "exposures", "is_everywhere", "is_public", "paths", "services", "unsafe"]

_DANGEROUS = ("register", "publish")


class Exposure(NamedTuple):
    """A place where strangers may do something everywhere."""

    transport: Place
    permission: Place
    actions: list[str]
    who: str = "anonymous peers"
    """Whoever they are, in words."""


def unsafe(config: NodeConfig, origin: Callable[[Place], Place] = lambda place: place) -> list[Problem]:
    """Return what is refused; nothing if the file says that it is meant so.

    ``origin`` returns where something stands in the operator's own file.
    """
    if config.insecure:
        return []
    found: dict[Place, Exposure] = {}  # one line for each transport is enough to understand it
    for exposure in exposures(config):
        found.setdefault(exposure.transport, exposure)
    problems = [_problem(config, exposure, origin(exposure.permission)) for exposure in found.values()]
    admin = config.admin
    if admin is not None and admin.auth is not None and admin.auth.anonymous is not None and is_public(admin):
        problems.append(
            Problem(
                ("admin", "auth", "anonymous"),
                f"anonymous peers would run the router, reachable at {admin.endpoint.address}; "
                'expected a method with credentials, an interface such as "127.0.0.1", or "insecure": true in the file',
            )
        )
    return problems


def _problem(config: NodeConfig, exposure: Exposure, permission: Place) -> Problem:
    endpoint: Any = config.transports[int(exposure.transport[1])].endpoint
    may = " and ".join(exposure.actions)
    return Problem(
        (*exposure.transport, "endpoint"),
        f"reachable at {endpoint.address}, where {exposure.who} may {may} everywhere ({printed(permission)}); "
        f'expected permissions for what they need, an interface such as "127.0.0.1", or "insecure": true in the file',
    )


def exposures(config: NodeConfig, *, beyond_proxies: bool = False) -> Iterator[Exposure]:
    """Yield where strangers may register or publish everywhere, from other machines: as anonymous peers, or by the HTTP bridge.

    Those that a reverse proxy brings to a loopback address count where ``beyond_proxies`` says so.
    """
    for index, transport in enumerate(config.transports):
        is_proxied = isinstance(transport, HttpListener) and bool(transport.trusted_proxies)
        if is_public(transport) or (beyond_proxies and is_proxied):
            for _, service in services(transport):
                anonymous = service.auth.anonymous
                if isinstance(anonymous, AnonymousStatic):
                    for place, actions in _boundless(_roles(config, anonymous), _DANGEROUS):
                        yield Exposure(("transports", index), place, actions)
            for at, path in paths(transport):
                action = _unsigned(path)
                if action is not None and isinstance(path, BridgePath):
                    for place, actions in _boundless(_role_of(config, path), (action,)):
                        yield Exposure(("transports", index), place, actions, f"anybody who uses {printed(at)}")


def _unsigned(path: WebPath) -> str | None:
    """Return what anybody can do by a path of the HTTP bridge who chooses the URI; None if that is not so."""
    if not isinstance(path, PublisherPath | CallerPath) or path.options.knows_senders:
        return None
    return "publish" if isinstance(path, PublisherPath) else "call"


def _role_of(config: NodeConfig, path: BridgePath) -> Iterator[tuple[Place, Role]]:
    for index, realm in enumerate(config.realms):
        for number, role in enumerate(realm.roles):
            if (realm.name, role.name) == (path.realm, path.role):
                yield ("realms", index, "roles", number), role


def is_public(transport: Transport | Admin) -> bool:
    """Tell whether a transport is reachable from other machines."""
    endpoint = transport.endpoint
    if not isinstance(endpoint, TcpEndpoint) or endpoint.interface.lower() == "localhost":
        return False
    try:
        address = ip_address(endpoint.interface.partition("%")[0])
    except ValueError:  # a host name: what it resolves to is not known here
        return True
    return not (getattr(address, "ipv4_mapped", None) or address).is_loopback


def services(transport: Transport) -> Iterator[tuple[Place, WampService]]:
    """Yield what speaks WAMP on a transport, with its place within that."""
    if isinstance(transport, WampService):
        yield (), transport
    if isinstance(transport, UniversalTransport) and transport.rawsocket is not None:
        yield ("rawsocket",), transport.rawsocket
    for place, path in paths(transport):
        if isinstance(path, WampService):
            yield place, path


def paths(transport: Transport) -> Iterator[tuple[Place, WebPath]]:
    """Yield the paths of a transport with their places within it, also those below others."""
    if isinstance(transport, WebTransport):
        yield from _paths(transport.paths, ("paths",))
    elif isinstance(transport, UniversalTransport):
        yield from _paths(transport.websocket, ("websocket",))
        if transport.web is not None:
            yield from _paths(transport.web.paths, ("web", "paths"))


def _paths(found: Mapping[str, WebPath], place: Place) -> Iterator[tuple[Place, WebPath]]:
    for name, path in found.items():
        yield (*place, name), path
        if isinstance(path, NestedPath):
            yield from _paths(path.paths, (*place, name, "paths"))


def _boundless(roles: Iterable[tuple[Place, Role]], dangerous: Iterable[str]) -> Iterator[tuple[Place, list[str]]]:
    for place, role in roles:
        # Of several with the same URI and match the last counts.
        decisive = {(permission.uri, permission.match): index for index, permission in enumerate(role.permissions)}
        for index in sorted(decisive.values()):
            permission = role.permissions[index]
            actions = [action for action in dangerous if action in permission.allow.actions]
            if actions and is_everywhere(permission):
                yield (*place, "permissions", index), actions


def is_everywhere(permission: Permission) -> bool:
    """Tell whether a permission names nothing that it is about: an empty prefix, or a wildcard without a literal component."""
    if permission.match == "wildcard":
        return not permission.uri.strip(".")
    return permission.match == "prefix" and permission.uri == ""


def _roles(config: NodeConfig, anonymous: AnonymousStatic) -> Iterator[tuple[Place, Role]]:
    names = {realm.name for realm in config.realms}
    for index, realm in enumerate(config.realms):
        if anonymous.realm in (None, realm.name):
            for number, role in enumerate(realm.roles):
                if role.name == anonymous.role:
                    yield ("realms", index, "roles", number), role
    template = config.realm_template
    if template is not None and anonymous.realm not in names:  # a name that no realm has leads to one on demand
        for number, role in enumerate(template.roles):
            if role.name == anonymous.role:
                yield ("realm_template", "roles", number), role
