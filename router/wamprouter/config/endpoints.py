"""Where a transport listens: a TCP port, with TLS or without, or a Unix socket."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from wamprouter.config.fields import (
    Backlog,
    Ciphers,
    Interface,
    Model,
    PemFile,
    Port,
    SocketFile,
    Words,
    expected,
)

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_BACKLOG = Field(
    default=1024,
    description="How many connections may wait to be accepted. Default 1024, because after a restart all clients come "
    "at once; the kernel lowers it to its own limit (net.core.somaxconn).",
)


def _loopback(fields: dict[str, Any]) -> str:
    return _LOOPBACK[fields["version"]]


class Tls(Model):
    """TLS on a TCP port. All files are PEM; a relative path starts at the configuration file's folder."""

    key: PemFile = Field(description="The private key of the certificate, without a password.")
    certificate: PemFile = Field(
        description="The certificate. Certificates behind it in the same file are sent as its chain, so that "
        'certbot\'s "fullchain.pem" is enough.'
    )
    chain_certificates: tuple[PemFile, ...] = Field(
        default=(),
        description="Files with the certificates between ours and the authority's, in this order. Default: none but "
        "those in certificate's own file.",
    )
    dhparam: PemFile | None = Field(
        default=None,
        description="Diffie-Hellman parameters of at least 2048 bits, for TLS 1.2 clients without elliptic curves. "
        "Default: none, because there are no such clients any more.",
    )
    ciphers: Ciphers | None = Field(
        default=None,
        description="The ciphers of TLS 1.2 as OpenSSL writes them; our order decides. Default: ECDHE with AES-GCM or "
        "ChaCha20, because these are the ones that still keep a recorded conversation secret when the key gets known. "
        "Those of TLS 1.3 are OpenSSL's own.",
    )
    minimum_version: Literal["1.2", "1.3"] = Field(
        default="1.2",
        description='The oldest version of TLS that is spoken, as a string. Default "1.2", because some clients know '
        "no later one.",
    )
    ca_certificates: tuple[PemFile, ...] = Field(
        default=(),
        description="Files with the authorities that sign client certificates; with any, clients are asked for one, "
        "and one that is not signed by these ends the connection. Default: none, clients are not asked.",
    )
    client_certificate: Literal["required", "optional"] = Field(
        default="required",
        description='Whether a client must have a certificate, where ca_certificates ask for one. Default "required", '
        'because who names authorities wants to keep others out; with "optional" those without one can still log in '
        "by another method.",
    )

    @field_validator("client_certificate")
    @classmethod
    def _has_authorities(cls, value: str, info: ValidationInfo) -> str:
        if not info.data.get("ca_certificates", True):
            raise expected("ca_certificates as well, which say whose certificates are good")
        return value


def _either_port(schema: dict[str, Any]) -> None:
    """Tell editors that a range may stand in place of a port."""
    schema["required"].remove("port")
    schema["anyOf"] = [{"required": ["port"]}, {"required": ["portrange"]}]


class TcpEndpoint(Model):
    """A TCP port."""

    model_config = ConfigDict(json_schema_extra=_either_port)

    type: Literal["tcp"]
    port: Port = Field(description="The port; 0 lets the system choose one, which is logged. Either this or portrange.")
    portrange: Annotated[tuple[Port, ...], Words("a list of two ports")] | None = Field(
        default=None,
        json_schema_extra={"minItems": 2, "maxItems": 2},
        description="The first and the last of the ports to try; the first that is free is taken. Default: port alone.",
    )
    version: Literal[4, 6] = Field(default=4, description="The version of IP. Default 4, which every network has.")
    interface: Interface = Field(
        default_factory=_loopback,
        description='The address to listen on, "0.0.0.0" (or "::") for all. Default: loopback only, "127.0.0.1" or '
        '"::1", because a router becomes reachable by others when someone says so. Crossbar listens on all.',
    )
    backlog: Backlog = _BACKLOG
    tls: Annotated[Tls | None, Words("an object, or null for none")] = Field(
        default=None,
        description="TLS on this port: the addresses become wss, rss and https. Default: none, because a certificate "
        "is made for a name that only you know.",
    )

    @model_validator(mode="before")
    @classmethod
    def _has_one_port(cls, value: object) -> object:
        if not isinstance(value, dict) or value.get("portrange") is None:
            return value
        if "port" in value:
            raise expected('either "port" or "portrange"')
        span = value["portrange"]
        return {**value, "port": span[0] if isinstance(span, list) and span else 0}

    @field_validator("portrange")
    @classmethod
    def _ascends(cls, span: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if span is not None and (len(span) != 2 or span[0] > span[1]):
            raise expected("two ports, the lower one first")
        return span

    @property
    def ports(self) -> range:
        """Return the ports to try, in this order."""
        first, last = self.portrange or (self.port, self.port)
        return range(first, last + 1)

    @property
    def address(self) -> str:
        """Return the address as logs and URLs write it."""
        return self.address_with(self.port if self.portrange is None else f"{self.port}-{self.ports[-1]}")

    def address_with(self, port: object) -> str:
        """Return the address with a certain port of those that it may be."""
        host = f"[{self.interface}]" if self.version == 6 else self.interface
        return f"{host}:{port}"


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
