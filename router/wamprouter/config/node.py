"""The whole configuration of one router."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from wamprouter.config.fields import Anything, Classname, Flag, Folder, Id, Model, Name, RealmName, Words
from wamprouter.config.realms import Realm, RealmTemplate
from wamprouter.config.transports import Transport


class ClassComponent(Model):
    """A session class that runs inside the router and joins in memory."""

    type: Literal["class"]
    id: Id | None = Field(
        default=None, description="A name for logs, unique in the file. Default: none; the class names the component."
    )
    classname: Classname = Field(
        description="The class with its module. It is found in the configuration file's folder, in pythonpath, in the "
        "current folder and among the installed packages."
    )
    realm: RealmName = Field(description="The realm to join.")
    role: Name = Field(description="The role to join with, one of the realm's.")
    extra: Anything = Field(
        default=None, description="Handed to the class as config.extra, of any form. Default: null."
    )


# One member until components of other kinds exist; the field `type` will tell them apart.
Component: TypeAlias = ClassComponent


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
    components: tuple[Component, ...] = Field(
        default=(), description="Sessions that run inside the router. Default: none."
    )
