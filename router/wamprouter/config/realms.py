"""Realms, their roles, and what a role may do.

A permission is always read as `uri` and `match`: the starred form of a URI, which is shorter to write, is resolved
here.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wamprouter.config.fields import Flag, Model, Name, RealmName, Text, Words, expected
from wamprouter.config.problems import shown

Match: TypeAlias = Literal["exact", "prefix", "wildcard"]
UriPattern: TypeAlias = Annotated[
    str,
    Text(
        r"[^\s#*]*",
        'a URI such as "com.x.y", or, without "match", one such as "com.x.*", "com.*.y" or "*"',
        written=r"[^\s#]*",
    ),
]

ACTIONS = ("call", "register", "publish", "subscribe")


class Allow(Model):
    """What a permission allows. What is not named is denied, because a forgotten line must not open a door."""

    call: Flag = Field(default=False, description="May call procedures. Default: no, as for all actions.")
    # With an underscore, because every class has a method `register` from its metaclass.
    register_: Flag = Field(default=False, alias="register", description="May register procedures.")
    publish: Flag = Field(default=False, description="May publish events.")
    subscribe: Flag = Field(default=False, description="May subscribe to topics.")

    @property
    def actions(self) -> frozenset[str]:
        """Return the allowed actions by their names: call, register, publish, subscribe."""
        return frozenset(action for action, allowed in self.model_dump(by_alias=True).items() if allowed)

    @model_validator(mode="before")
    @classmethod
    def _all(cls, value: object) -> object:
        return dict.fromkeys(ACTIONS, True) if value == "all" else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"const": "all", "type": "string"}]}


class Disclose(Model):
    """Whether callees and subscribers are told who calls and who publishes."""

    caller: Flag = Field(
        default=False,
        description="Tell the callee the caller's session id, authid and role. "
        "Default: no, because an identity is the peer's to give away.",
    )
    publisher: Flag = Field(
        default=False,
        description="Tell subscribers the publisher's session id, authid and role. Default: no, as for caller.",
    )


class Permission(Model):
    """What a role may do with the URIs that match."""

    uri: UriPattern = Field(
        description='The URI, or with "match" prefix or wildcard its pattern. Without "match" a star tells: '
        '"com.x.*" is a prefix, "com.*.y" (or "com..y") a wildcard, "*" every URI.'
    )
    match: Match = Field(
        default="exact",
        description="How the URI matches: exact, prefix (of the text, not of components) or wildcard (an empty "
        "component stands for any). Default: as the stars in the URI say, exact without one.",
    )
    allow: Annotated[Allow, Words('an object or "all"')] = Field(
        default=Allow(), description='Which actions are allowed, or "all". Default: none of them.'
    )
    disclose: Disclose = Field(default=Disclose(), description="Whose identity is disclosed. Default: nobody's.")
    cache: Flag = Field(
        default=False,
        description="Accepted for Crossbar's files and without effect: "
        "the router always caches what its own permissions decide.",
    )

    @model_validator(mode="before")
    @classmethod
    def _unstarred(cls, value: object) -> object:
        if not isinstance(value, dict) or "match" in value or not isinstance(value.get("uri"), str):
            return value
        uri, match = unstarred(value["uri"])
        return {**value, "uri": uri, "match": match}

    @field_validator("match")
    @classmethod
    def _fits(cls, match: Match, info: ValidationInfo) -> Match:
        uri = info.data.get("uri")
        if match == "exact" and uri is not None and "" in uri.split("."):
            raise expected(f'"prefix" or "wildcard": {shown(uri)} is no complete URI')
        return match


def unstarred(uri: str) -> tuple[str, Match]:
    """Return a URI in starred form as Crossbar reads it: the URI or pattern without stars, and how it matches.

    A star that is neither the end nor a whole component stays where it is, and is refused as part of a URI.
    """
    if uri.endswith("*") and uri.count("*") == 1:
        return uri[:-1], "prefix"
    components = ["" if component == "*" else component for component in uri.split(".")]
    return ".".join(components), "wildcard" if "" in components and uri else "exact"


class Role(Model):
    """A role that sessions have, with what it may do."""

    name: Name = Field(description="The name, as authentication and components give it.")
    permissions: tuple[Permission, ...] = Field(
        default=(),
        description="What the role may do: the exact URI decides, else the longest prefix, else the most specific "
        "wildcard. Default: nothing, because what is not allowed is denied.",
    )


class RealmOptions(Model):
    """How a realm treats URIs and slow peers."""

    uri_check: Literal["strict", "loose"] = Field(
        default="loose",
        description="Which URIs are valid: loose forbids spaces, # and empty components, strict allows only lower-case "
        "letters, digits and _ in components. Default: loose, the rule that the specification requires of routers.",
    )
    slow_subscriber: Literal["disconnect", "drop"] = Field(
        default="disconnect",
        description="What happens to a subscriber whose outbound queue is full: it is disconnected with a reason, or "
        "its events are dropped and counted. Default: disconnect, because a client notices that and can recover.",
    )


class Realm(Model):
    """A routing namespace: sessions of one realm never see those of another."""

    name: RealmName = Field(description="The realm's name, a URI, unique in the file.")
    roles: Annotated[tuple[Role, ...], Words("a list with at least one role")] = Field(
        min_length=1, description="The roles of the realm, at least one, because without a role nobody can join."
    )
    options: RealmOptions = Field(default=RealmOptions(), description="How the realm treats URIs and slow peers.")
