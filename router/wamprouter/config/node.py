"""The whole configuration of one router."""

from typing import Annotated, Literal

from pydantic import Field

from wamprouter.config.components import Component
from wamprouter.config.fields import Flag, Folder, Model, Whole, Words
from wamprouter.config.limits import RouterLimits
from wamprouter.config.realms import Realm, RealmTemplate
from wamprouter.config.transports import Transport


class NodeConfig(Model):
    """The configuration of a WAMP router."""

    json_schema: str | None = Field(
        default=None, alias="$schema", description="Where editors find the schema of this file. The router ignores it."
    )
    version: Literal[1] = Field(description="The version of this format.")
    pythonpath: tuple[Folder, ...] = Field(
        default=(),
        description="Folders in which components are found, besides the configuration file's own. Default: none.",
    )
    environment: dict[str, str] = Field(
        default={},
        description="Environment variables that components find, besides those that the router was started with. "
        "Variables in this file do not see them. Default: none.",
    )
    insecure: Flag = Field(
        default=False,
        description="Let strangers do everything: without this, a file is refused in which peers without credentials may "
        "register or publish everywhere on an address that other machines reach. Default: no.",
    )
    realms: Annotated[tuple[Realm, ...], Words("a list with at least one realm")] = Field(
        min_length=1, description="The realms, at least one."
    )
    realm_template: RealmTemplate | None = Field(
        default=None,
        description="Realms that are made on demand, for any name that is not among the realms. Default: none, so that only "
        "the realms of this file exist.",
    )
    transports: Annotated[tuple[Transport, ...], Words("a list with at least one transport")] = Field(
        min_length=1, description="Where the router listens, at least one."
    )
    drain_timeout: Annotated[int, Whole(0, 3_600_000, "milliseconds")] = Field(
        default=3000,
        description="Milliseconds that calls in flight get when the router is told to stop; new ones are refused by then. "
        "Default 3000: most calls take less, and service managers wait longer.",
    )
    limits: RouterLimits = Field(default=RouterLimits(), description="Limits of the router as a whole.")
    components: tuple[Component, ...] = Field(
        default=(), description="Sessions that run inside the router, and processes beside it. Default: none."
    )
