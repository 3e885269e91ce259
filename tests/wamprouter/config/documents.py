"""The smallest valid document, changed at one place: what most tests of the configuration start from."""

import copy
from typing import Any

from wamprouter.config import ConfigError, validate

SMALLEST: dict[str, Any] = {
    "version": 1,
    "realms": [{"name": "realm1", "roles": [{"name": "anonymous", "permissions": [{"uri": "*", "allow": "all"}]}]}],
    "transports": [{"type": "websocket", "endpoint": {"type": "tcp", "port": 8080}}],
}

WEB: dict[str, Any] = {
    "type": "web",
    "endpoint": {"type": "tcp", "port": 8080},
    "paths": {"/": {"type": "static", "directory": "web"}, "ws": {"type": "websocket"}},
}

UNIVERSAL: dict[str, Any] = {
    "type": "universal",
    "endpoint": {"type": "tcp", "port": 8080},
    "rawsocket": {},
    "websocket": {"ws": {}},
    "web": {"paths": {"lp": {"type": "longpoll"}}},
}

COMPONENT: dict[str, Any] = {"type": "class", "classname": "a.B", "realm": "realm1", "role": "anonymous"}

REMOVED = object()


def changed(*changes: tuple[str, Any], base: dict[str, Any] = SMALLEST) -> dict[str, Any]:
    """Return a document with values set, or removed, at dotted places: `transports.0.endpoint.port`."""
    document: dict[str, Any] = copy.deepcopy(base)
    for place, value in changes:
        *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
        node: Any = document
        for step in way:
            node = node[step] if isinstance(step, int) else node.setdefault(step, {})
        if value is REMOVED:
            del node[last]
        elif isinstance(last, int) and last == len(node):
            node.append(copy.deepcopy(value))
        else:
            node[last] = copy.deepcopy(value)
    return document


def lines(document: object, environ: dict[str, str] | None = None) -> list[str]:
    """Return the lines that a document is refused with, none if it is valid."""
    try:
        validate(document, source="router.json", environ=environ or {})
    except ConfigError as error:
        return error.problems
    return []
