"""The configuration of a router in memory: what a test says, or a file of a real router's, without what needs a machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from wamprouter import config
from wamprouter.config.loading import is_crossbar
from wamprouter.config.safety import services

__all__ = ["OWN_ROLE", "Plan", "plan"]

OWN_ROLE: Final = "wamp.testing"
"""The role of sessions that the test's router has of its own."""

_EVERYTHING: Final = [
    {"uri": "", "match": "prefix", "allow": "all"},
    # What acts on other sessions (killing them, taking registrations away) needs a rule of its own.
    {"uri": "wamp.", "match": "prefix", "allow": {"call": True, "subscribe": True}},
]
_REALM: Final = {"name": "realm1", "roles": [{"name": "anonymous", "permissions": _EVERYTHING}]}
# Nobody listens there; a configuration must have a transport, and authentication is a property of one.
_NOWHERE: Final = {
    "type": "rawsocket",
    "id": "memory",
    "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"},
}


class Plan(NamedTuple):
    """What a router is made of, and who may join it."""

    config: config.NodeConfig
    auth: config.Auth


def plan(
    given: Mapping[str, Any] | str | Path | None,
    auth: Mapping[str, Any] | None,
    transport: str | None,
    more: Mapping[str, Any],
) -> Plan:
    """Return the configuration that a test asks for; raise ConfigError for mistakes in it, ValueError for other arguments."""
    if isinstance(given, str | Path):
        if more or auth is not None:
            raise ValueError("a configuration file stands for itself: change the file, or give a dictionary")
        found = config.load(Path(given))
    else:
        found = config.validate(_document({**(given or {}), **more}, auth), folder=Path.cwd())
    return Plan(_in_memory(found), _auth(found, transport))


def _document(given: dict[str, Any], auth: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a whole document: with a version, realm1 and a transport, where the test says nothing of them."""
    if auth is not None and "transports" in given:
        raise ValueError("auth= is given, but the configuration has transports: write it there")
    if is_crossbar(given):
        return given
    nowhere = _NOWHERE if auth is None else {**_NOWHERE, "auth": auth}
    return {"version": 1, "realms": [_REALM], "transports": [nowhere], **given}


def _auth(found: config.NodeConfig, transport: str | None) -> config.Auth:
    """Return who may join by a transport: the one of that id, or the first that speaks WAMP."""
    for one in found.transports:
        if transport in (None, one.id):
            for _, service in services(one):
                return service.auth
    which = "no transport" if transport is None else f"no transport {transport!r}"
    raise ValueError(f"the configuration has {which} that speaks WAMP")


def _in_memory(found: config.NodeConfig) -> config.NodeConfig:
    """Return a configuration that opens no port and starts no process, and lets sessions of the router's own in."""
    own = config.Role.model_validate({"name": OWN_ROLE, "permissions": _EVERYTHING})
    template = found.realm_template
    if template is not None:
        template = template.model_copy(update={"roles": (*template.roles, own)})
    changes = {
        "transports": (),
        "components": tuple(one for one in found.components if not isinstance(one, config.GuestComponent)),
        "realms": tuple(realm.model_copy(update={"roles": (*realm.roles, own)}) for realm in found.realms),
        "realm_template": template,
    }
    return found.model_copy(update=changes)
