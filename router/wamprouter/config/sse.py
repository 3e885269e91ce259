"""Events as an answer that does not end, for the browser's EventSource: the path ``sse``."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from wamprouter.config.bridge import MIB, AccessOptions, BridgePath
from wamprouter.config.fields import Model, QueueSize, Text, Timeout, Whole

Streams: TypeAlias = Annotated[int, Whole(1, 1_000_000)]
Topics: TypeAlias = Annotated[int, Whole(1, 1000)]
Reconnect: TypeAlias = Annotated[int, Whole(0, 3_600_000, "milliseconds")]
TopicUri: TypeAlias = Annotated[str, Text(r"[^\s#]*", 'a topic such as "com.example.news", or a part of one')]


class TopicRule(Model):
    """Topics that may be asked for."""

    uri: TopicUri = Field(description="The topic, or a pattern of topics.")
    match: Literal["exact", "prefix", "wildcard"] = Field(
        default="exact", description='What the URI stands for. Default "exact": this topic only.'
    )


class SseOptions(AccessOptions):
    """Options of streams of events."""

    max_streams: Streams = Field(
        default=1000,
        description="Streams at the same time; more are answered with 503. Default 1000. Each is a connection, and a session.",
    )
    max_topics: Topics = Field(default=20, description="Topics of one stream. Default 20: a page shows no more.")
    heartbeat: Timeout = Field(
        default=15_000,
        description="Milliseconds between lines that say nothing, by which proxies and the router see that the other end is "
        "there. Default 15000: proxies close silent connections after 30 to 60 s.",
    )
    reconnect: Reconnect = Field(
        default=3000,
        description="Milliseconds that a browser waits before it asks again, after a stream has ended. Default 3000 as browsers do.",
    )
    request_timeout: Timeout = Field(
        default=10_000,
        description="Milliseconds until a stream must have begun. Default 10000: a role's authorizer may have to decide.",
    )
    queue_limit_bytes: QueueSize = Field(
        default=MIB,
        description="Bytes that may wait for a client before it counts as too slow. Then the realm's policy holds: it is "
        "disconnected, or loses events. Default 1 MiB, besides what its connection holds.",
    )


class SsePath(BridgePath):
    """Events as they are published: GET with ?topic=com.example.news, where topic may come more than once."""

    type: Literal["sse"]
    topics: tuple[TopicRule, ...] = Field(
        default=(),
        description="The topics that may be asked for, as far as the role may subscribe to them. Default: all those of the role.",
    )
    options: SseOptions = Field(default=SseOptions(), description="Options of the path.")
