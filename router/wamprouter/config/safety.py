"""What a configuration must not open to strangers by accident.

Looks at the plain document, after variables were replaced, and passes over whatever has the wrong shape.
"""

from collections.abc import Iterator
from typing import Any

from wamprouter.config.auth import ANONYMOUS_ROLE
from wamprouter.config.references import EACH, SERVICES, select

_LOOPBACK = ("127.", "::1", "localhost")
_TRUE = ("true", "yes", "on", "1")


def unsafe_transports(document: object) -> list[int]:
    """Return the indexes of the transports through which anybody on the network may register or publish everything.

    That is: a TCP port that is not on loopback, where anonymous peers get a role that may register or publish whatever it
    likes. None are returned for a document that says `"insecure": true`.
    """
    if not isinstance(document, dict) or _is_true(document.get("insecure")):
        return []
    powerful = set(_powerful_roles(document))
    return [
        index
        for (_, index), transport in select(document, ("transports", EACH))
        if isinstance(index, int) and _is_public(transport) and powerful & set(_anonymous_roles(document, index))
    ]


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in _TRUE)


def _is_public(transport: Any) -> bool:
    endpoint = transport.get("endpoint") if isinstance(transport, dict) else None
    if not isinstance(endpoint, dict) or endpoint.get("type") != "tcp":
        return False
    interface = endpoint.get("interface")
    return isinstance(interface, str) and not interface.startswith(_LOOPBACK)


def _powerful_roles(document: object) -> Iterator[str]:
    """Yield the roles that may register or publish everything in some realm."""
    for pattern in (("realms", EACH, "roles", EACH), ("realm_template", "roles", EACH)):
        for _, role in select(document, pattern):
            if not isinstance(role, dict) or not isinstance(role.get("name"), str):
                continue
            rules = [rule for _, rule in select(role, ("permissions", EACH)) if isinstance(rule, dict)]
            if any(_is_about_everything(rule) and _allows_much(rule.get("allow")) for rule in rules):
                yield role["name"]


def _is_about_everything(rule: dict[str, Any]) -> bool:
    uri, match = rule.get("uri"), rule.get("match")
    return (uri == "" and match == "prefix") or (uri == "*" and match is None)


def _allows_much(allow: object) -> bool:
    return allow == "all" or (
        isinstance(allow, dict) and any(_is_true(allow.get(action)) for action in ("register", "publish"))
    )


def _anonymous_roles(document: object, index: int) -> Iterator[str]:
    """Yield the roles that peers without credentials get on a transport."""
    for pattern, types in SERVICES:
        for place, service in select(document, pattern):
            if place[1] != index or not isinstance(service, dict) or service.get("type") not in types:
                continue
            if "auth" not in service:
                yield ANONYMOUS_ROLE
            for _, anonymous in select(service, ("auth", "anonymous")):
                if isinstance(anonymous, dict) and anonymous.get("type", "static") == "static":
                    role = anonymous.get("role", ANONYMOUS_ROLE)
                    yield role if isinstance(role, str) else ANONYMOUS_ROLE
