"""Transports, endpoints, web paths and their options of a Crossbar document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from wamprouter.config.crossbar import bridge
from wamprouter.config.crossbar.lowering import Document, Walk, is_variable
from wamprouter.config.crossbar.notes import Kind
from wamprouter.config.problems import Place, choice

__all__ = ["OPEN", "transport"]

MIB: Final = 1024**2
OPEN: Final = {4: "0.0.0.0", 6: "::"}  # where Crossbar listens if the file does not say

_SMALLEST: Final = 512  # the least that a limit on messages may be, as in RawSocket
_LARGEST: Final = 64 * MIB
_USUAL: Final = 16 * MIB  # Crossbar's limit where the file gives none, and our limit on what waits for a peer
_MAX_COOKIE_AGE: Final = 31_536_000
_LEAST_COOKIE: Final = 24

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*|\{.*)")
_DROPPED_SERIALIZERS: Final = ("ubjson", "flatbuffers")

# Path types that start, and answer 501 until the router has them.
UNAVAILABLE: Final = ("websocket-reverseproxy",)


def transport(walk: Walk, node: Document, at: Place, to: Place) -> Document | None:
    """Return one transport, or None if it is refused."""
    kind = walk.kind("transport", node, at)
    return None if kind is None else _TRANSPORTS[kind](walk, node, at, to)


def _websocket(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    return _speaking(walk, walk.fields("transport websocket", node, at, to), at, to, _WEBSOCKET_DEFAULTS)


def _rawsocket(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    return _speaking(walk, walk.fields("transport rawsocket", node, at, to), at, to, _RAWSOCKET_DEFAULTS)


def _web(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    return walk.fields("transport web", node, at, to)


def testee(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the echo that Crossbar's testee becomes."""
    return {**walk.fields("transport websocket.testee", node, at, to), "type": "echo"}


_UNIVERSAL: Final = ("rawsocket", "websocket", "web")


def _universal(walk: Walk, node: Document, at: Place, to: Place) -> Document | None:
    """Return a universal transport, if it has anything that the router speaks."""
    if not any(kind in node for kind in _UNIVERSAL):
        walk.refuse(at, f"expected {choice(_UNIVERSAL)}: the router speaks nothing else here")
        return None
    return walk.fields("transport universal", node, at, to)


def universal_rawsocket(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the RawSocket of a universal transport."""
    return _speaking(walk, walk.fields("universal rawsocket", node, at, to), at, to, _RAWSOCKET_DEFAULTS)


def universal_websocket(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return one WebSocket of a universal transport."""
    return _speaking(walk, walk.fields("universal websocket", node, at, to), at, to, _WEBSOCKET_DEFAULTS)


_WEBSOCKET_DEFAULTS: Final[Document] = {"max_message_size": _USUAL, "compression": None}
_RAWSOCKET_DEFAULTS: Final[Document] = {"max_message_size": _USUAL}


def _speaking(walk: Walk, lowered: Document, at: Place, to: Place, defaults: Document) -> Document:
    """Finish what speaks WAMP: the serializers there are, and Crossbar's defaults where ours differ."""
    _drop_serializers(walk, lowered, at)
    options = lowered.get("options", {})
    if isinstance(options, dict):
        lowered["options"] = {**{key: value for key, value in defaults.items() if key not in options}, **options}
    return lowered


def _drop_serializers(walk: Walk, lowered: Document, at: Place) -> None:
    names = lowered.get("serializers")
    if not isinstance(names, list):
        return
    kept = [name for name in names if name not in _DROPPED_SERIALIZERS]
    if kept and len(kept) < len(names):
        dropped = choice(name for name in names if name in _DROPPED_SERIALIZERS)
        walk.note((*at, "serializers"), Kind.IGNORED, f"the router has no {dropped}, and offers the others")
        lowered["serializers"] = kept


_TRANSPORTS: Final[Mapping[str, Callable[[Walk, Document, Place, Place], Document | None]]] = {
    "websocket": _websocket,
    "rawsocket": _rawsocket,
    "web": _web,
    "universal": _universal,
    "websocket.testee": testee,
}


def endpoint(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return one endpoint. Where it listens on is decided at the end, when all that may join there is known."""
    if walk.kind("endpoint", node, at) is None:
        return {"type": "tcp", "port": 0}  # something valid: why it is refused is told
    lowered = walk.fields("endpoint", node, at, to)
    if lowered.get("interface") == "":
        del lowered["interface"]
    return lowered


def path(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return what is served at one path."""
    kind = walk.kind("path", node, at)
    if kind is None:
        return {"type": "unavailable", "what": "nothing"}  # something valid: why it is refused is told
    lowered = walk.fields(f"path {kind}", node, at, to)
    if kind in UNAVAILABLE:
        return {"type": "unavailable", "what": kind}
    if kind == "websocket":
        return _speaking(walk, lowered, at, to, _WEBSOCKET_DEFAULTS)
    if kind in bridge.DEFAULTS:
        return bridge.path(kind, lowered)
    if kind == "longpoll":
        return _speaking(walk, lowered, at, to, _RAWSOCKET_DEFAULTS)
    return lowered


# What 0, for no limit, becomes: option -> the most there is.
_MOST_QUEUED: Final = {"queue_limit_bytes": 1024 * MIB, "queue_limit_messages": 1_000_000}


def longpoll_options(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the options of long-poll: seconds become milliseconds."""
    lowered = walk.fields("longpoll options", node, at, to)
    for name in ("request_timeout", "session_timeout"):
        value = lowered.get(name)
        if value == 0 and not isinstance(value, bool):
            del lowered[name]
            walk.note((*at, name), Kind.DIFFERS, "0 for no time-out is not possible: the default holds")
        elif isinstance(value, int) and not isinstance(value, bool):
            lowered[name] = value * 1000
        elif is_variable(value):
            walk.refuse((*at, name), "a variable cannot be turned from seconds into milliseconds, expected a number")
    for name, most in _MOST_QUEUED.items():
        if lowered.get(name) == 0:
            lowered[name] = most
            walk.note((*at, name), Kind.DIFFERS, f"no limit is not possible: {most} holds")
    return lowered


def websocket_options(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the options of WebSocket connections."""
    lowered = walk.fields("websocket options", node, at, to)
    _size(walk, lowered, "max_message_size", at)
    if lowered.get("max_frame_size") == 0:
        del lowered["max_frame_size"]  # no limit of its own: that of a message holds
    _size(walk, lowered, "max_frame_size", at)
    size = lowered.get("max_message_size")
    if isinstance(size, int) and size > _USUAL:
        # A message must fit into what may wait for a peer.
        lowered.setdefault("outbound_queue_limit", size)
    for name in ("open_handshake_timeout", "close_handshake_timeout", "auto_ping_timeout"):
        if lowered.get(name) == 0:
            del lowered[name]
            walk.note((*at, name), Kind.DIFFERS, "0 for no time-out is not possible: the default holds")
    if lowered.get("compression") == {}:
        lowered["compression"] = None
    return lowered


def _size(walk: Walk, lowered: Document, name: str, at: Place) -> None:
    size = lowered.get(name)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or size >= _SMALLEST:
        return
    lowered[name] = _LARGEST if size == 0 else _SMALLEST
    meant = "no limit" if size == 0 else f"{size} bytes"
    walk.note((*at, name), Kind.DIFFERS, f"{meant} is not possible: {lowered[name]} bytes hold")


def deflate(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the parameters of compression, with Crossbar's defaults where ours differ."""
    lowered = walk.fields("deflate", node, at, to)
    if lowered.get("request_max_window_bits", 0) == 0:
        lowered["request_max_window_bits"] = 15  # the largest there is, which asks for nothing
    return {"max_window_bits": 15, "memory_level": 8, **lowered}


def web_options(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the options of a web server."""
    lowered = walk.fields("web options", node, at, to)
    if lowered.get("client_timeout", 0) is None:
        del lowered["client_timeout"]
        walk.note((*at, "client_timeout"), Kind.DIFFERS, "no time-out is not possible: the default holds")
    return lowered


def static_options(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return how files are served."""
    lowered = walk.fields("static options", node, at, to)
    if lowered.get("cache_timeout", 0) is None:
        del lowered["cache_timeout"]
    return lowered


def auth(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return who may join, where little differs: our form is Crossbar's."""
    lowered = walk.fields("auth", node, at, to)
    for name, check in (("cryptosign", _cryptosign), ("scram", _scram), ("ticket", _ticket)):
        method = lowered.get(name)
        if isinstance(method, dict) and method.get("type", "static") == "static":
            lowered[name] = check(walk, method, (*at, name))
    return lowered


def _cryptosign(walk: Walk, method: Document, at: Place) -> Document:
    if "trustroots" in method:
        walk.refuse((*at, "trustroots"), "not supported: list the public keys in principals, as authorized_keys")
        return {key: value for key, value in method.items() if key != "trustroots"} | {"principals": {}}
    return method


def _scram(walk: Walk, method: Document, at: Place) -> Document:
    principals = method.get("principals")
    if not isinstance(principals, dict):
        return method
    return {**method, "principals": {authid: _without_memory(one) for authid, one in principals.items()}}


def _without_memory(principal: Any) -> Any:
    """Leave out the memory of a key derivation that uses none; Crossbar wants a number there all the same."""
    if isinstance(principal, dict) and principal.get("kdf") == "pbkdf2":
        return {key: value for key, value in principal.items() if key != "memory"}
    return principal


def _ticket(walk: Walk, method: Document, at: Place) -> Document:
    principals = method.get("principals")
    for authid, one in principals.items() if isinstance(principals, dict) else ():
        ticket = one.get("ticket") if isinstance(one, dict) else None
        if isinstance(ticket, str) and ticket.startswith("$") and not _VARIABLE.fullmatch(ticket):
            walk.refuse(
                (*at, "principals", authid, "ticket"),
                "begins with $, which marks a hash here, expected a hash, another ticket or a variable",
            )
    return method


def cookie(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the cookie of a transport."""
    lowered = walk.fields("cookie", node, at, to)
    length, age = lowered.get("length"), lowered.get("max_age")
    if isinstance(length, int) and 0 < length < _LEAST_COOKIE:
        lowered["length"] = _LEAST_COOKIE
        walk.note(
            (*at, "length"), Kind.DIFFERS, f"a cookie is {_LEAST_COOKIE} characters or longer, so that none is guessed"
        )
    if isinstance(age, int) and age > _MAX_COOKIE_AGE:
        lowered["max_age"] = _MAX_COOKIE_AGE
        walk.note((*at, "max_age"), Kind.DIFFERS, "a cookie is forgotten after a year at the latest")
    store = lowered.get("store")
    if isinstance(store, dict) and store.get("type") == "database":
        lowered["store"] = {"type": "memory"}
        walk.note(
            (*at, "store"),
            Kind.DIFFERS,
            'cookies are kept in memory; to keep them beyond a restart write {"type": "file", "filename": "cookies"}',
        )
    return lowered


def is_open_by_default(node: Any) -> bool:
    """Say whether an endpoint of the file is one that Crossbar opens on all interfaces."""
    return isinstance(node, dict) and node.get("type") == "tcp" and not node.get("interface")


def all_interfaces(node: Document) -> str:
    """Return the interface that means all of them."""
    version = node.get("version", 4)
    return OPEN.get(version, OPEN[4]) if isinstance(version, int) and not is_variable(version) else OPEN[4]
