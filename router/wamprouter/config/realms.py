"""Realms, their roles, and what a role may do.

A permission is always read as `uri` and `match`: the starred form of a URI, which is shorter to write, is resolved
here.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wamprouter.config.fields import Flag, Model, Name, RealmName, Text, Timeout, Whole, Words, expected
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

Procedure: TypeAlias = Annotated[
    str, Text(r"[^\s.#]+(\.[^\s.#]+)*", 'the URI of a procedure of the application, such as "com.example.authorize"')
]
Memory: TypeAlias = Annotated[int, Whole(4096, 1024**4, "bytes")]

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
    trustlevel: Annotated[int, Whole(0, 1_000_000)] | None = Field(
        default=None,
        description="How far peers with this role are to be trusted, told to callees and subscribers as it stands here. "
        "Default: nothing is told.",
    )
    permissions: tuple[Permission, ...] = Field(
        default=(),
        description="What the role may do: the exact URI decides, else the longest prefix, else the most specific "
        "wildcard. Default: nothing, because what is not allowed is denied.",
    )
    authorizer: Procedure | None = Field(
        default=None,
        description="The procedure that is asked, in place of permissions: it is called in the role's realm with the session, "
        "the URI, the action and the request's options. Default: none, so that the permissions decide.",
    )
    authorizer_timeout: Timeout = Field(
        default=5000,
        description="Milliseconds for the authorizer to answer; then the request is denied. Default 5000: the session waits "
        "as long.",
    )
    authorizer_cache_ttl: Annotated[int, Whole(0, 86_400, "seconds, 0 for never")] = Field(
        default=60,
        description="Seconds that an answer is remembered at most, where the authorizer says that it may be. Default 60: long "
        "for a busy session, short for somebody who has lost a permission.",
    )
    disclose: Disclose = Field(
        default=Disclose(),
        description="Whose identity is disclosed whatever permits the request. Default: nobody's but where the permission, or "
        "the authorizer, says so.",
    )

    @field_validator("authorizer")
    @classmethod
    def _decides_alone(cls, authorizer: str | None, info: ValidationInfo) -> str | None:
        if authorizer is None:
            return None
        if info.data.get("permissions"):
            raise expected("either permissions or an authorizer, not both")
        if authorizer.startswith("wamp."):
            raise expected('a procedure of the application: those below "wamp." are the router\'s own')
        return authorizer


class HistoryPolicy(Model):
    """Topics whose events are kept."""

    uri: UriPattern = Field(
        description='The topic, or with "match" a pattern of topics. Their events are kept for subscriptions to this very '
        "URI and match, also while nobody has subscribed."
    )
    match: Match = Field(default="exact", description="How the URI matches: exact, prefix or wildcard. Default: exact.")
    limit: Annotated[int, Whole(1, 1_000_000, "events")] = Field(
        default=1000,
        description="Events that are kept; the oldest goes first. Default 1000: about 1 MB of usual events.",
    )
    limit_bytes: Memory = Field(
        default=16 * 1024**2,
        description="Bytes of memory that they may take; the oldest goes first. Default 16 MiB: large events are kept too, "
        "but not a thousand of the largest.",
    )


SessionLimit: TypeAlias = Annotated[int, Whole(1, 10_000_000)]
_SESSION_LIMIT = "Default 10000: more than programs need, and few MB if one takes them all."


class RealmOptions(Model):
    """How a realm treats URIs, calls, identities and slow peers."""

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
    disclose_me: Literal["allow", "deny"] = Field(
        default="allow",
        description="Whether callers and publishers may ask that the other end be told who they are. Default: allow, "
        "because it is their own identity that they give away.",
    )
    call_timeout_unit: Literal["ms", "s"] = Field(
        default="ms",
        description="What the timeout of a call counts. Default: milliseconds, as the specification says; Crossbar takes "
        "seconds, and so do programs written for it.",
    )
    max_call_timeout: Annotated[int, Whole(0, 86_400_000, "milliseconds")] = Field(
        default=0,
        description="Milliseconds after which any call times out, whatever it asks for; 0 for no such limit. Default 0, "
        "because some calls take hours.",
    )
    cancel_reply: Literal["auto", "spec", "quiet"] = Field(
        default="auto",
        description="Whether a caller that cancels gets its error at once (spec) or nothing (quiet). Default: auto, which is "
        "spec for all but autobahn-js, which takes that error for a protocol violation and closes.",
    )
    strict_request_ids: Flag = Field(
        default=False,
        description="Whether requests must be numbered 1, 2, 3 and so on, as the specification says. Default: no, because "
        "many clients in the field do not keep to it.",
    )
    history: tuple[HistoryPolicy, ...] = Field(
        default=(),
        description="Topics whose events are kept for wamp.subscription.get_events. Default: none, because memory is "
        "what it costs.",
    )
    max_retained: Annotated[int, Whole(0, 10_000_000, "topics")] = Field(
        default=10_000,
        description="Topics that may have a retained event; beyond it the oldest is forgotten. Default 10000.",
    )
    max_retained_bytes: Memory = Field(
        default=64 * 1024**2,
        description="Bytes of memory that retained events may take; beyond it the oldest is forgotten. Default 64 MiB: "
        "6,500 for each of 10,000 topics.",
    )
    max_subscriptions: SessionLimit = Field(
        default=10_000, description=f"Subscriptions of one session. {_SESSION_LIMIT}"
    )
    max_registrations: SessionLimit = Field(
        default=10_000, description=f"Registrations of one session. {_SESSION_LIMIT}"
    )
    max_calls: SessionLimit = Field(
        default=10_000, description=f"Calls of one session that wait for their answer. {_SESSION_LIMIT}"
    )
    max_testaments: SessionLimit = Field(
        default=100, description="Testaments of one session. Default 100: a session has few things to say at its end."
    )


class Realm(Model):
    """A routing namespace: sessions of one realm never see those of another."""

    name: RealmName = Field(description="The realm's name, a URI, unique in the file.")
    roles: Annotated[tuple[Role, ...], Words("a list with at least one role")] = Field(
        min_length=1, description="The roles of the realm, at least one, because without a role nobody can join."
    )
    options: RealmOptions = Field(default=RealmOptions(), description="How the realm treats URIs and slow peers.")


class RealmTemplate(Model):
    """Realms that are made when somebody joins them: any valid name, all alike."""

    roles: Annotated[tuple[Role, ...], Words("a list with at least one role")] = Field(
        min_length=1, description="The roles of every such realm, at least one."
    )
    options: RealmOptions = Field(default=RealmOptions(), description="How such a realm behaves.")
    max_realms: Annotated[int, Whole(1, 100_000, "realms")] = Field(
        default=100,
        description="Such realms at the same time. When there are so many, those that nobody is in are forgotten, with what "
        "they have retained; if there are none, a join is refused. Default 100: a client that makes up names costs few MB.",
    )

    def realm(self, name: str) -> Realm:
        """Return the configuration of one such realm."""
        return Realm(name=name, roles=self.roles, options=self.options)
