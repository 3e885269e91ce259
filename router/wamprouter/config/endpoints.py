"""Where a transport listens: a TCP port or a Unix socket."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from wamprouter.config.fields import Backlog, Interface, Model, Port, SocketFile

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_BACKLOG = Field(
    default=1024,
    description="How many connections may wait to be accepted. Default 1024, because after a restart all clients come "
    "at once; the kernel lowers it to its own limit (net.core.somaxconn).",
)


def _loopback(fields: dict[str, Any]) -> str:
    return _LOOPBACK[fields["version"]]


class TcpEndpoint(Model):
    """A TCP port."""

    type: Literal["tcp"]
    port: Port = Field(description="The port; 0 lets the system choose one, which is logged.")
    version: Literal[4, 6] = Field(default=4, description="The version of IP. Default 4, which every network has.")
    interface: Interface = Field(
        default_factory=_loopback,
        description='The address to listen on, "0.0.0.0" (or "::") for all. Default: loopback only, "127.0.0.1" or '
        '"::1", because a router becomes reachable by others when someone says so. Crossbar listens on all.',
    )
    backlog: Backlog = _BACKLOG

    @property
    def address(self) -> str:
        """Return the address as logs and URLs write it."""
        host = f"[{self.interface}]" if self.version == 6 else self.interface
        return f"{host}:{self.port}"


class UnixEndpoint(Model):
    """A Unix socket, for peers on the same machine."""

    type: Literal["unix"]
    path: SocketFile = Field(
        description="The socket's file; a relative path starts at the configuration file's folder."
    )
    backlog: Backlog = _BACKLOG

    @property
    def address(self) -> str:
        """Return the address as logs write it."""
        return f"unix:{self.path}"


Endpoint: TypeAlias = Annotated[TcpEndpoint | UnixEndpoint, Field(discriminator="type")]
