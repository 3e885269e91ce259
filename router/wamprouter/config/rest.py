"""Procedures and topics as addresses of HTTP, by configuration: the path ``rest``."""

import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from wamprouter.config.bridge import BridgeOptions, BridgePath, Uri
from wamprouter.config.fields import Model, Name, Text, Whole, Words, expected

Template: TypeAlias = Annotated[
    str,
    Text(
        r"/|(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]+|<[A-Za-z_][A-Za-z0-9_]*>))+/?",
        'a path such as "/orders/<id>", whose parameters are whole parts of it',
    ),
]
Success: TypeAlias = Annotated[int, Whole(200, 299)]
Failure: TypeAlias = Annotated[int, Whole(400, 599)]
ErrorMap: TypeAlias = Annotated[dict[Uri, Failure], Words("an object of error URIs, each with a status")]

_PARAMETER = re.compile(r"<([^>]+)>")


class Route(Model):
    """A method and an address, and what they stand for."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        description="The method. GET stands for HEAD as well."
    )
    path: Template = Field(
        description='The address below the path of the web server, such as "/orders/<id>". What stands for <id> becomes a named '
        "argument; where a fixed part fits as well, that one is meant."
    )
    procedure: Uri | None = Field(default=None, description="The procedure that is called. Either this, or a topic.")
    topic: Uri | None = Field(default=None, description="The topic that is published to, with acknowledgement.")
    lists: tuple[Name, ...] = Field(
        default=(),
        description="Parameters of the query that may come more than once, and are always lists. Default: none; others that come "
        "twice are a mistake of the client.",
    )
    status: Success | None = Field(
        default=None,
        description="The status of a good answer. Default 200, and 202 for a topic. With 204 there is no body.",
    )
    errors: ErrorMap = Field(
        default={},
        description="Statuses of errors by their URIs, before those of the path and the usual ones. Default: none.",
    )

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        if (self.procedure is None) == (self.topic is None):
            raise expected('either "procedure" or "topic"')
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = self.parameters
        for name in names:
            if names.count(name) > 1:
                raise expected(f"a path in which <{name}> stands once")
        for name in self.lists:
            if name in names:
                raise expected(f"lists without {name}, which is a part of the path")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the parts of the path, parameters as ``<name>``."""
        return tuple(part for part in self.path.split("/") if part)

    @property
    def parameters(self) -> list[str]:
        """Return the names of the path's parameters."""
        return _PARAMETER.findall(self.path)

    @property
    def shape(self) -> tuple[str, str]:
        """Return what no two routes may have in common: the method, and the path whatever its parameters are called."""
        return self.method, _PARAMETER.sub("<>", "/".join(self.parts))


class RestPath(BridgePath):
    """Addresses and methods below it stand for procedures and topics. Arguments are taken from address, query and JSON body."""

    type: Literal["rest"]
    routes: Annotated[tuple[Route, ...], Words("a list with at least one route")] = Field(
        min_length=1, description="The addresses, each with its method and what it stands for."
    )
    errors: ErrorMap = Field(
        default={}, description="Statuses of errors by their URIs, before the usual ones. Default: none."
    )
    options: BridgeOptions = Field(default=BridgeOptions(), description="Options of the path.")

    @model_validator(mode="after")
    def _routes_differ(self) -> Self:
        first: dict[tuple[str, str], int] = {}
        for number, route in enumerate(self.routes):
            if route.shape in first:
                raise expected(
                    f"another {route.method} {route.path} in routes[{number}] than that of routes[{first[route.shape]}]"
                )
            first[route.shape] = number
        return self
