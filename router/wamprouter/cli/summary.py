"""What a configuration sets up, in one line."""

from collections.abc import Sequence

from wamprouter.config import NodeConfig


def summary(config: NodeConfig) -> str:
    """Return the line: `1 realm, 2 transports (web 127.0.0.1:8080, rawsocket unix:/run/wamp.sock), no components`."""
    listeners = ", ".join(f"{transport.type} {transport.endpoint.address}" for transport in config.transports)
    transports = f"{_counted(config.transports, 'transport')} ({listeners})"
    admin = "" if config.admin is None else f", admin {config.admin.endpoint.address}"
    return f"{_counted(config.realms, 'realm')}, {transports}, {_counted(config.components, 'component')}{admin}"


def _counted(things: Sequence[object], word: str) -> str:
    return f"{len(things) or 'no'} {word}{'' if len(things) == 1 else 's'}"
