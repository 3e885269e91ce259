"""From the configuration's permissions to rules: the same for the router and for whoever explains what it would decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wamp.protocol.uris import Match, UriCheck
from wamprouter import config
from wamprouter.authz import Access
from wamprouter.authz.roles import Action, Role, Rule

__all__ = ["disclosed", "static_role"]

_ACCESS: Final = {config.OperatorRole: Access.OPERATOR, config.RouterRole: Access.ROUTER}


def static_role(role: config.Role, uri_check: UriCheck, place: str = "") -> Role:
    """Return what decides by a role's permissions. ``place`` is where the role stands in the configuration, for people."""
    rules = [_rule(permission, f"{place}.permissions[{at}]") for at, permission in enumerate(role.permissions)]
    return Role(
        role.name,
        rules,
        uri_check=uri_check,
        trustlevel=role.trustlevel,
        disclose=disclosed(role.disclose),
        access=_ACCESS.get(type(role), Access.CLIENT),
    )


def _rule(permission: config.Permission, place: str) -> Rule:
    return Rule(
        permission.uri,
        Match(permission.match),
        map(Action, permission.allow.actions),
        disclosed(permission.disclose),
        place=place,
    )


def disclosed(disclose: config.Disclose) -> Iterator[Action]:
    """Yield the actions whose authors are disclosed."""
    if disclose.caller:
        yield Action.CALL
    if disclose.publisher:
        yield Action.PUBLISH
