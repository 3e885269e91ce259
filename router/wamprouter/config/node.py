"""The whole configuration of one router."""

from typing import Annotated, Literal

from pydantic import Field

from wamprouter.config.admin import Admin, ManagementComponent, realm_of, transport_of, with_operator
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
    admin: Annotated[Admin | None, Words("an object, or null for none")] = Field(
        default=None,
        description="A listener and a realm for those who run the router: health, metrics, management and the console. "
        "Default: none; an empty object has it on this machine alone, at http://127.0.0.1:8090/.",
    )
    limits: RouterLimits = Field(default=RouterLimits(), description="Limits of the router as a whole.")
    components: tuple[Component, ...] = Field(
        default=(), description="Sessions that run inside the router, and processes beside it. Default: none."
    )

    def expanded(self, ticket: str) -> "NodeConfig":
        """Return the configuration with what its section "admin" stands for: a transport, a realm, roles and a session.

        ``ticket`` is what the console asks for where the section has no auth.
        """
        admin = self.admin
        if admin is None:
            return self
        own = next((realm for realm in self.realms if realm.name == admin.realm), None)
        others = (with_operator(admin, realm) for realm in self.realms if realm is not own)
        template = None if self.realm_template is None else with_operator(admin, self.realm_template)
        return self.model_copy(
            update={
                "realms": (*others, realm_of(admin, own)),
                "realm_template": template,
                "transports": (*self.transports, transport_of(admin, ticket)),
                "components": (*self.components, ManagementComponent(realm=admin.realm)),
            }
        )
