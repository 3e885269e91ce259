"""What lowers the objects for which going through their fields is not enough."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from wamprouter.config.crossbar import bridge, realms, transports
from wamprouter.config.crossbar.lowering import Lower

__all__ = ["SPECIAL"]

SPECIAL: Mapping[str, Lower] = {
    "permission": realms.permission,
    "endpoint": transports.endpoint,
    "path": transports.path,
    "universal rawsocket": transports.universal_rawsocket,
    "universal websocket": transports.universal_websocket,
    "websocket options": transports.websocket_options,
    "deflate": transports.deflate,
    "longpoll options": transports.longpoll_options,
    "publisher options": partial(bridge.options, "publisher options"),
    "caller options": partial(bridge.options, "caller options"),
    "webhook options": partial(bridge.options, "webhook options"),
    "web options": transports.web_options,
    "static options": transports.static_options,
    "auth": transports.auth,
    "cookie": transports.cookie,
}
"""By the name of the table."""
