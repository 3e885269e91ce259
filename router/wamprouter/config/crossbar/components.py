"""Components of a Crossbar document: those of router workers, of containers, and guests.

A component of a container joins over a connection, and gets its role there. Here it joins in memory, so the role is found
by following that connection: to the transport of the same file that listens where it goes, and to the role that this
transport would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from wamprouter.config.auth import ANONYMOUS_ROLE
from wamprouter.config.crossbar.lowering import Document, Walk
from wamprouter.config.problems import Place, shown

__all__ = ["container_component", "guest", "router_component"]

_LOCAL: Final = ("localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "::")  # compared, not bound to

_SAY_ROLE = 'expected "role" beside it, the role to join with'


def router_component(walk: Walk, node: Document, at: Place, to: Place) -> Document | None:
    """Return a component of a router worker."""
    if walk.kind("component", node, at) is None:
        return None
    return {"role": ANONYMOUS_ROLE, **walk.fields("component", node, at, to)}


def container_component(
    walk: Walk, node: Document, at: Place, to: Place, destination: Any, transports: list[Any]
) -> Document | None:
    """Return a component of a container.

    ``destination`` is its transport and ``transports`` are those of all router workers, without variables in them.
    """
    if walk.kind("component", node, at) is None:
        return None
    lowered = walk.fields("container component", node, at, to, taken=("transport", "auth"))
    if "role" not in lowered:
        role = _role(walk, node.get("auth"), at, destination, transports)
        if role is None:
            return None
        lowered["role"] = role
    return lowered


def guest(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return a process that the router runs."""
    return walk.fields("guest", node, at, to)


def _role(walk: Walk, login: Any, at: Place, transport: Any, transports: list[Any]) -> str | None:
    if not isinstance(transport, dict):
        walk.refuse((*at, "transport"), f"missing or no object, {_SAY_ROLE}")
        return None
    walk.fields("connecting transport", transport, (*at, "transport"), at)
    services = list(_services(transport, transports))
    if not services:
        where = shown(transport.get("url") or transport.get("endpoint"))
        walk.refuse(
            (*at, "transport"),
            f"leads to {where}, where no transport of this file listens: a component of another router runs with "
            f"wamp.twisted's ApplicationRunner; for this router {_SAY_ROLE}",
        )
        return None
    role = _role_on(services[0], login)
    if role is None:
        walk.refuse(
            (*at, "transport"),
            f"leads to a transport that gives roles to those who log in, and whom this is cannot be told, {_SAY_ROLE}",
        )
    return role


def _services(connecting: Document, transports: list[Any]) -> Iterator[Document]:
    """Yield what answers at the other end of a connection."""
    for transport in transports:
        if not isinstance(transport, dict) or not _meets(connecting.get("endpoint"), transport.get("endpoint")):
            continue
        wanted, kind = connecting.get("type", "websocket"), transport.get("type")
        if kind == wanted:
            yield transport
        elif kind == "universal" and wanted == "rawsocket":
            yield from _objects(transport.get("rawsocket"))
        elif kind in ("web", "universal") and wanted == "websocket":
            yield from _at_path(transport, _path(connecting))


def _objects(found: Any) -> Iterator[Document]:
    if isinstance(found, dict):
        yield found


def _path(connecting: Document) -> list[str]:
    try:
        found = urlsplit(str(connecting.get("url", "")))
    except ValueError:
        return []
    return [step for step in found.path.split("/") if step]


def _at_path(transport: Document, steps: list[str]) -> Iterator[Document]:
    web = transport if transport.get("type") == "web" else transport.get("web")
    for paths in (transport.get("websocket"), web.get("paths") if isinstance(web, dict) else None):
        node: Any = {"type": "path", "paths": paths}
        for step in steps or ["/"]:
            below = node.get("paths") if isinstance(node, dict) and node.get("type") == "path" else None
            node = below.get(step) if isinstance(below, dict) else None
        if isinstance(node, dict) and node.get("type", "websocket") == "websocket":
            yield node


def _meets(connecting: Any, listening: Any) -> bool:
    """Say whether a connection to one endpoint arrives at the other."""
    if not isinstance(connecting, dict) or not isinstance(listening, dict):
        return False
    if connecting.get("type") != listening.get("type"):
        return False
    if connecting.get("type") == "unix":
        return bool(connecting.get("path") == listening.get("path"))
    hosts = (*_LOCAL, listening.get("interface"))
    return _meets_port(connecting.get("port"), listening) and connecting.get("host", "127.0.0.1") in hosts


def _meets_port(port: Any, listening: Document) -> bool:
    span = listening.get("portrange")
    if isinstance(span, list) and len(span) == 2 and all(isinstance(end, int) for end in (*span, port)):
        return bool(span[0] <= port <= span[1])
    return bool(port is not None and str(port) == str(listening.get("port")))


def _role_on(service: Document, login: Any) -> str | None:
    """Return the role that a service gives: to a login of the component, or else to anonymous peers."""
    auth = service.get("auth")
    if auth is None:
        return ANONYMOUS_ROLE
    if not isinstance(auth, dict):
        return None
    for method, credentials in login.items() if isinstance(login, dict) else ():
        if method != "anonymous" and isinstance(credentials, dict):
            return _role_of(auth.get(method), credentials.get("authid"))
    anonymous = auth.get("anonymous")
    if not isinstance(anonymous, dict) or anonymous.get("type", "static") != "static":
        return None
    role = anonymous.get("role", ANONYMOUS_ROLE)
    return role if isinstance(role, str) else None


def _role_of(method: Any, authid: Any) -> str | None:
    if not isinstance(method, dict):
        return None
    principals = method.get("principals", method.get("users"))
    principal = principals.get(authid) if isinstance(principals, dict) and isinstance(authid, str) else None
    role = principal.get("role") if isinstance(principal, dict) else None
    return role if isinstance(role, str) else None
