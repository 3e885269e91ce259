"""What every service that speaks WAMP has, whatever carries its messages."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from wamprouter.config.auth import ANONYMOUS, Auth
from wamprouter.config.fields import Model, Words

Serializer: TypeAlias = Literal["json", "msgpack", "cbor"]

SERIALIZERS: tuple[Serializer, ...] = ("json", "msgpack", "cbor")


class WampService(Model):
    """What every service that speaks WAMP has."""

    serializers: Annotated[tuple[Serializer, ...], Words("a list with at least one serializer")] = Field(
        default=SERIALIZERS,
        min_length=1,
        description="The serializers that are offered; the client's order decides. Default: all, because each costs"
        " nothing until it is used.",
    )
    auth: Auth = Field(
        default=ANONYMOUS,
        description='Who may join. Default: anyone, with the role "anonymous", which a realm must then have.',
    )
