"""Who may join through a transport: one field for each method of authentication."""

from typing import Literal

from pydantic import Field

from wamprouter.config.fields import Model, Name

# The role of a peer that joins through a transport without "auth", as in Crossbar.
ANONYMOUS_ROLE = "anonymous"


class AnonymousStatic(Model):
    """Peers that show no credentials join with a fixed role."""

    type: Literal["static"] = Field(
        default="static",
        description='"static": the role stands here. Default: static, because Crossbar\'s users often leave it out.',
    )
    role: Name = Field(description="The role the sessions get. Some realm of the file must have it.")
    authid: Name | None = Field(
        default=None,
        description="The authid the sessions get. Default: a random one for each, so that they can be told apart.",
    )


class Auth(Model):
    """The methods that a transport offers. One that is absent is refused, so an empty object lets nobody in."""

    anonymous: AnonymousStatic | None = Field(
        default=None, description="Peers without credentials. Default: refused, once auth is given at all."
    )


ANONYMOUS = Auth(anonymous=AnonymousStatic(role=ANONYMOUS_ROLE))
