"""The options of connections: sizes, times and queues, for WebSocket, RawSocket and long-poll.

Names and units are Crossbar's where Crossbar has the option: times in milliseconds, sizes in bytes. Every default
bounds something, because nothing in the router may grow without a bound.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from wamprouter.config.fields import (
    Flag,
    Interval,
    MessageSize,
    Model,
    Origin,
    QueueSize,
    Timeout,
    Whole,
    Words,
    expected,
)

MIB = 1024**2

RawSocketMessageSize: TypeAlias = Annotated[int, Whole(512, 16 * MIB, "bytes")]
PingSize: TypeAlias = Annotated[int, Whole(12, 125, "bytes")]
WindowBits: TypeAlias = Annotated[int, Whole(9, 15)]
MessageRate: TypeAlias = Annotated[int, Whole(0, 1_000_000, "messages a second, 0 for no limit")]
MessageBurst: TypeAlias = Annotated[int, Whole(1, 10_000_000, "messages")]
QueueLength: TypeAlias = Annotated[int, Whole(1, 1_000_000, "messages")]
MemoryLevel: TypeAlias = Annotated[int, Whole(1, 9)]


class SessionOptions(Model):
    """What every connection has that carries messages, whatever it is made of."""

    max_message_size: MessageSize = Field(
        default=MIB,
        description="The largest message in bytes, after decompression. Default 1 MiB as in Crossbar's own starter: "
        "far above a usual call, far below what would hurt the router.",
    )
    hello_timeout: Timeout = Field(
        default=5000,
        description="Milliseconds from the open connection to a valid HELLO. Default 5000: slow mobile networks "
        "manage, and a connection that never says anything does not stay. An echo has no HELLO and "
        "ignores it.",
    )
    authentication_timeout: Timeout = Field(
        default=10_000,
        description="Milliseconds from a HELLO to the end of its authentication. Default 10000: enough to ask another "
        "service, and a password is typed in before.",
    )
    message_rate: MessageRate = Field(
        default=0,
        description="Messages a second that are taken of one session, in the long run; 0 for any number. Default 0: who "
        "sends much is paused by those who read it, and waits for its turn among the others. Set it where strangers join.",
    )
    message_burst: MessageBurst = Field(
        default=1000,
        description="Messages of one session that may come at once, where message_rate is set. Default 1000: a program "
        "that starts registers and subscribes.",
    )
    on_excess: Literal["pause", "disconnect"] = Field(
        default="pause",
        description="What happens to a session that sends more: it is read again when it may go on (pause), or "
        "disconnected with a reason. Default: pause, because then nothing is lost.",
    )


class ConnectionOptions(SessionOptions):
    """What every connection has that is a socket of its own."""

    auto_ping_interval: Interval = Field(
        default=10_000,
        description="Milliseconds between pings, 0 for none. Default 10000 as in Crossbar's starter, because a peer"
        " that lost its network is noticed by nothing else, and proxies close silent connections after "
        "30 to 60 s.",
    )
    auto_ping_timeout: Timeout = Field(
        default=5000,
        description="Milliseconds until an unanswered ping closes the connection. Default 5000 as in Crossbar's "
        "starter.",
    )
    high_water: QueueSize = Field(
        default=256 * 1024,
        description="Bytes waiting to be sent to a peer above which those who feed it are paused. Default 256 KiB: "
        "some milliseconds of a fast network, so that a healthy peer never reaches it.",
    )
    outbound_queue_limit: QueueSize = Field(
        default=16 * MIB,
        validate_default=True,
        description="Bytes that may wait to be sent to a peer before it counts as too slow. At least high_water and "
        "max_message_size. Default 16 MiB: room for a burst, and 60 such peers still fit in 1 GiB.",
    )

    @field_validator("outbound_queue_limit")
    @classmethod
    def _holds_a_message(cls, limit: int, info: ValidationInfo) -> int:
        for other in ("high_water", "max_message_size"):
            least = info.data.get(other, 0)
            if limit < least:
                raise expected(f"at least {other}, which is {least}")
        return limit


class RawSocketOptions(ConnectionOptions):
    """The options of a RawSocket connection."""

    max_message_size: RawSocketMessageSize = Field(
        default=MIB,
        description="The largest message in bytes. The protocol knows powers of two, so the next one up is offered."
        " Default 1 MiB as for WebSocket.",
    )
    handshake_timeout: Timeout = Field(
        default=2500,
        description="Milliseconds to complete the four octets of the opening handshake. Default 2500 as for WebSocket.",
    )


class Deflate(Model):
    """Parameters of permessage-deflate (RFC 7692)."""

    request_no_context_takeover: Flag = Field(
        default=False,
        description="Ask the client to compress each message for itself. Default: no, because similar messages "
        "compress far better together.",
    )
    request_max_window_bits: WindowBits = Field(
        default=13,
        description="Ask the client, if it lets itself be asked, for a window of at most 2 to this power. Default "
        "13 as in Crossbar's starter: 8 KiB of memory for each connection instead of 32, for messages "
        "hardly larger.",
    )
    no_context_takeover: Flag = Field(
        default=False, description="Compress each message for itself. Default: no, as above."
    )
    max_window_bits: WindowBits = Field(
        default=13,
        description="Our own window, 2 to this power. Default 13, for memory as above.",
    )
    memory_level: MemoryLevel = Field(
        default=5,
        description="zlib's memory level. Default 5: with 13 window bits 48 KiB for each connection that compresses, "
        "instead of 256.",
    )


class Compression(Model):
    """The compression a WebSocket connection may use, where the client offers it."""

    deflate: Deflate | None = Field(
        default=None, description="permessage-deflate with these parameters. Default: not used."
    )


def _as_message_size(fields: dict[str, Any]) -> int:
    return int(fields["max_message_size"])


class PageOptions(Model):
    """What every service has that web pages connect to."""

    allowed_origins: tuple[Origin, ...] = Field(
        default=("*",),
        description="The origins whose pages may connect, * for any part; without a port, the one that belongs to the "
        "scheme. Default: all, as in Crossbar, because the "
        "router cannot know where your pages are. Name them wherever a visitor's browser reaches the router and a "
        "stranger does not: any page that it visits connects from inside your network.",
    )
    allow_null_origin: Flag = Field(
        default=True,
        description='Let pages without an origin connect, such as local files ("Origin: null"). Default: yes, as for '
        "allowed_origins.",
    )


class WebSocketOptions(PageOptions, ConnectionOptions):
    """The options of a WebSocket connection."""

    max_frame_size: MessageSize = Field(
        default_factory=_as_message_size,
        description="The largest frame in bytes. Default: max_message_size, because a message may be one frame.",
    )
    open_handshake_timeout: Timeout = Field(
        default=2500,
        description="Milliseconds to complete the opening handshake. Default 2500 as in Crossbar's starter.",
    )
    close_handshake_timeout: Timeout = Field(
        default=1000,
        description="Milliseconds for the peer to answer a close frame. Default 1000 as in Crossbar's starter.",
    )
    auto_ping_size: PingSize = Field(
        default=12, description="Octets of a ping's payload. Default 12, the least Crossbar allows: an id and no more."
    )
    fail_by_drop: Flag = Field(
        default=False,
        description="Drop the connection on a protocol error. Default: no, because a close frame tells the client why.",
    )
    compression: Annotated[Compression | None, Words("an object, or null for none")] = Field(
        default=Compression(deflate=Deflate()),
        description="Compression, where the client offers it; null or {} turns it off. Default: permessage-deflate,"
        " because WAMP messages are repetitive and a client that offers it wants it.",
    )
    show_server_version: Flag = Field(
        default=False,
        description="Name product and version in the handshake. Default: no, because it only helps an attacker choose.",
    )

    @property
    def deflate(self) -> Deflate | None:
        """Return the parameters of permessage-deflate, or None where it is off."""
        return self.compression.deflate if self.compression else None


class LongPollOptions(PageOptions, SessionOptions):
    """The options of a connection that is made of HTTP requests."""

    request_timeout: Timeout = Field(
        default=10_000,
        description="Milliseconds after which a request for messages is answered without any. Default 10000 as in Crossbar: "
        "proxies close silent connections after 30 to 60 s, and autobahn-js gives up after 12.",
    )
    session_timeout: Timeout = Field(
        default=30_000,
        description="Milliseconds without a request after which the client counts as gone. Default 30000 as in Crossbar: a "
        "phone that changes its network is back by then.",
    )
    queue_limit_bytes: QueueSize = Field(
        default=MIB,
        description="Bytes that may wait for a client before it counts as too slow. From half of that on, those who feed it "
        "are paused. Default 1 MiB: a client fetches what waits several times a second.",
    )
    queue_limit_messages: QueueLength = Field(
        default=1000,
        description="Messages that may wait for a client, in the same way. Default 1000: without batches a client fetches one "
        "with each request, and these take it some minutes.",
    )

    @property
    def outbound_queue_limit(self) -> int:
        """Return what other connections call the limit in bytes."""
        return self.queue_limit_bytes
