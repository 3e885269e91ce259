"""Limits that hold for the router as a whole, whichever transport a client comes by."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from wamprouter.config.fields import Flag, Model, Whole, expected


@dataclass(frozen=True, slots=True)
class _Network:
    """The address of a machine or of a network, or "unix" for whoever comes by a Unix socket."""

    words: str = 'an address or network such as "10.0.0.0/8", or "unix"'

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1}

    def _checked(self, text: str) -> str:
        if text == "unix":
            return text
        try:
            return str(ipaddress.ip_network(text))
        except ValueError:  # also for 10.0.0.1/8, which is either a machine or a network
            raise expected(self.words) from None


Network: TypeAlias = Annotated[str, _Network()]

NoneOr: TypeAlias = Annotated[int, Whole(0, 10_000_000, "0 for no limit")]


class RouterLimits(Model):
    """Limits of the router as a whole. A transport and a realm have more of their own."""

    max_connections: NoneOr = Field(
        default=0,
        description="Connections of all transports together. Default 0, which is no limit besides max_connections of each "
        "transport: their sum is one.",
    )
    connections_per_address: NoneOr = Field(
        default=1000,
        description="Connections of one client address on all transports together; an IPv6 client is its network (/64). "
        "Default 1000: many people may stand behind one address, and ten addresses are needed to fill a transport.",
    )
    joins_per_second: NoneOr = Field(
        default=50,
        description="HELLOs a second of one client address, in the long run. Default 50: guessing a password is slow so, "
        "and 1,000 clients behind one address are back 16 seconds after a restart.",
    )
    join_burst: Annotated[int, Whole(1, 10_000_000)] = Field(
        default=200,
        description="HELLOs of one client address that may come at once. Default 200: an office opens its browsers.",
    )
    sessions_per_principal: NoneOr = Field(
        default=10_000,
        description="Sessions of one authid in one realm. Default 10000, as many as a transport takes: a fleet of devices "
        "may share one authid, but none must crowd out the others of a router with more transports.",
    )
    limit_local: Flag = Field(
        default=False,
        description="Whether connections_per_address and joins_per_second hold for loopback and Unix sockets too. Default: "
        "no, because a reverse proxy there speaks for everybody. With trusted_proxies its clients are known and "
        "limited, whatever stands here.",
    )
