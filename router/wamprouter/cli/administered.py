"""`wamprouter start --admin`: the section "admin" without a word in the file."""

from __future__ import annotations

from dataclasses import replace

from wamprouter.config import Admin, Checked, ConfigError, TcpEndpoint
from wamprouter.config.safety import unsafe

__all__ = ["administered"]


def administered(found: Checked, address: str) -> Checked:
    """Return a configuration with its management at an address, ``[HOST:]PORT``; what else the file says of it stays.

    Raise ValueError if it is no address, ConfigError if the router would be in the hands of strangers there.
    """
    host, port = _split(address)
    old = found.config.admin
    tls = old.endpoint.tls if old is not None and isinstance(old.endpoint, TcpEndpoint) else None
    endpoint = TcpEndpoint(type="tcp", port=port, interface=host, tls=tls)
    admin = Admin(endpoint=endpoint) if old is None else old.model_copy(update={"endpoint": endpoint})
    config = found.config.model_copy(update={"admin": admin})
    problems = unsafe(config)
    if problems:
        raise ConfigError([problem.line("--admin") for problem in problems])
    return replace(found, config=config)


def _split(address: str) -> tuple[str, int]:
    host, separator, number = address.rpartition(":")
    if not number.isascii() or not number.isdigit() or int(number) > 65535 or (separator and not host):
        raise ValueError(f"{address!r} is no [HOST:]PORT, such as 8090 or 127.0.0.1:8090")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(number)
