"""The router as a whole: what it is, what it counts, how it is configured, and what can be changed while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any, Final

from msgspec import defstruct
from pydantic import ValidationError
from twisted.logger import Logger

from wamp.protocol.errors import InvalidArgument, Unavailable
from wamprouter.config import AdminTransport, RouterLimits
from wamprouter.config.mistakes import mistakes
from wamprouter.config.redaction import HIDDEN, redacted
from wamprouter.management.desk import Caller, Offer
from wamprouter.realm.meta.calling import Arguments
from wamprouter.steering import LEVELS

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.steering import Steering

__all__ = ["offers", "snapshot"]

_log = Logger()


class _Nothing(Arguments):
    pass


class _Level(Arguments):
    level: str


_Limits: Final = defstruct("_Limits", [(name, Any, None) for name in RouterLimits.model_fields], bases=(Arguments,))


def offers(node: Node) -> Mapping[str, Offer]:
    """Return the procedures by their URIs."""
    return {
        "router.info": Offer(_Nothing, lambda _caller, _arguments: node.about()),
        "router.statistics": Offer(_Nothing, lambda _caller, _arguments: snapshot(node)),
        "router.refusals": Offer(_Nothing, lambda _caller, _arguments: _refusals(snapshot(node))),
        "router.config.get": Offer(_Nothing, partial(_config, node)),
        "router.config.reload": Offer(_Nothing, partial(_reload, node)),
        "router.limits.get": Offer(_Nothing, lambda _caller, _arguments: node.config.limits.model_dump()),
        "router.limits.set": Offer(_Limits, partial(_limit, node)),
        "router.log.level.get": Offer(_Nothing, lambda _caller, _arguments: _steering(node).levels.level),
        "router.log.level.set": Offer(_Level, partial(_log_at, node)),
    }


# -- what it counts


def snapshot(node: Node) -> dict[str, Any]:
    """Return what the router has counted so far, and when that is, in seconds since 1970."""
    return {"at": time(), **node.statistics.snapshot()}


def _refusals(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was refused, by reason, the most frequent first."""
    counts = {
        **found.get("refusals", {}),
        **{f"join: {reason}": count for reason, count in found.get("joins", {}).get("refused", {}).items()},
        **{f"handshake: {reason}": count for reason, count in found.get("handshakes", {}).get("failed", {}).items()},
        **{f"error: {uri}": count for uri, count in found.get("errors", {}).items()},
    }
    told = [{"reason": reason, "count": count} for reason, count in counts.items() if count]
    return sorted(told, key=lambda entry: -entry["count"])


# -- how it is configured


def _config(node: Node, _caller: Caller, _arguments: _Nothing) -> Any:
    """Return the configuration with every default; what the section "admin" stands for shows only in the realms' roles."""
    config = node.config
    written = config.model_copy(
        update={
            "transports": tuple(one for one in config.transports if not isinstance(one, AdminTransport)),
            "components": config.components[: len(config.components) - (config.admin is not None)],
        }
    )
    document = written.model_dump(by_alias=True, exclude_none=True)
    for variables in (document, *(one.get("options", {}).get("env", {}) for one in document["components"])):
        _hide(variables)
    return _plain(redacted(document))


def _hide(variables: dict[str, Any]) -> None:
    """Replace the values of environment variables: their names do not tell which is a secret."""
    for field in ("environment", "vars"):
        if field in variables:
            variables[field] = dict.fromkeys(variables[field], HIDDEN)


def _plain(node: Any) -> Any:
    """Return a document with nothing in it but what every serializer has."""
    match node:
        case dict():
            return {str(key): _plain(value) for key, value in node.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in node]
        case None | bool() | int() | float():
            return node
    return str(node)


def _steering(node: Node) -> Steering:
    if node.steering is None:
        raise Unavailable("this router is part of another program, which has its configuration and its log")
    return node.steering


def _reload(node: Node, caller: Caller, _arguments: _Nothing) -> dict[str, Any]:
    """Reload; answer before the sessions are looked at, as the caller's own may be among those that end."""
    _log.info("{caller} reloads the configuration", caller=caller)
    done, lines = _steering(node).reload(lambda lines: caller.answer({"done": True, "lines": lines}))
    return {"done": done, "lines": lines}


def _limit(node: Node, caller: Caller, wanted: Any) -> dict[str, Any]:
    """Change limits until the next reload."""
    changes = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not None}
    document = {**node.config.limits.model_dump(), **changes}
    try:
        limits = RouterLimits.model_validate(document)
    except ValidationError as error:
        problems = mistakes(error, RouterLimits, document)
        raise InvalidArgument("; ".join(problem.line("limits") for problem in problems)) from None
    node.limit(limits)
    _log.info("{caller} sets limits: {changes}", caller=caller, changes=changes)
    return limits.model_dump()


def _log_at(node: Node, caller: Caller, wanted: _Level) -> None:
    if wanted.level not in LEVELS:
        raise InvalidArgument(f"got level {wanted.level!r}, expected one of {', '.join(LEVELS)}")
    _log.info("{caller} sets the log level to {wanted}", caller=caller, wanted=wanted.level)
    _steering(node).levels.level = wanted.level
