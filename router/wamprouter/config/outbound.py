"""A component that speaks HTTP to others: events become requests, and procedures are answered by web services."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from wamprouter.config.fields import (
    HeaderName,
    Id,
    Model,
    Name,
    PemFile,
    QueueSize,
    RealmName,
    Secret,
    Text,
    Timeout,
    Whole,
    Words,
    expected,
)
from wamprouter.config.redaction import SecretText

_HOST = r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_PLAIN = r"[\x21\x22\x24-\x5b\x5d-\x7a\x7c\x7e]"  # visible, without # \ { }
_VALUE = r"\{(?:[A-Za-z_][A-Za-z0-9_]*|[0-9])\}"

Url: TypeAlias = Annotated[str, Text(rf"{_HOST}(?:[/?]{_PLAIN}*)?", 'a URL such as "https://www.example.com/hook"')]
UrlTemplate: TypeAlias = Annotated[
    str,
    Text(rf"{_HOST}(?:[/?](?:{_PLAIN}|{_VALUE})*)?", 'a URL such as "https://www.example.com/of/{city}?days={days}"'),
]
Uri: TypeAlias = Annotated[str, Text(r"[^\s#]+", "a URI")]
TopicUri: TypeAlias = Annotated[str, Text(r"[^\s#]*", "a URI, or a pattern of URIs")]
Several: TypeAlias = Annotated[int, Whole(1, 1000)]
Waiting: TypeAlias = Annotated[int, Whole(0, 100_000)]
Attempts: TypeAlias = Annotated[int, Whole(1, 100)]

# What says how the message is sent, and what the router says itself.
_RESERVED = {
    "connection",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-hub-signature-256",
    "x-wamp-signature",
    "x-wamp-timestamp",
}
_VISIBLE = {*range(0x20, 0x7F), 0x09}

MIB = 1024**2


class HttpTarget(Model):
    """Where requests go, and with which headers."""

    headers: Annotated[dict[HeaderName, Secret], Words("an object of headers")] = Field(
        default={},
        description='Headers of every request, such as {"Authorization": "Bearer ${TOKEN}"}. Values are never shown. Default: none.',
    )
    secret: Secret | None = Field(
        default=None,
        description="Sign every request: X-Hub-Signature-256 is the HMAC-SHA256 of the body as at GitHub, X-Wamp-Signature that of "
        "time, method, address and body, so that who receives it can refuse what is old. Default: no signature.",
    )
    timeout: Timeout = Field(
        default=10_000,
        description="Milliseconds in which a request must be answered completely. Default 10000, as for webhooks of GitHub.",
    )

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, SecretText]) -> dict[str, SecretText]:
        for name, value in headers.items():
            if name.lower() in _RESERVED:
                raise expected(f"headers without {name}, which the router sets itself")
            text = value.reveal()
            if text != text.strip() or not _VISIBLE.issuperset(text.encode()):
                raise expected(f"one line of ASCII text for {name}")
        return headers


class HttpEvent(HttpTarget):
    """Events of a topic, each of which becomes a request with a JSON body: topic, args, kwargs and publication.

    One that is not answered with a status from 200 to 299 is tried again, with the same Idempotency-Key, if nobody was there,
    or the status is 429 or from 500 on.
    """

    topic: TopicUri = Field(description="The topic, or a pattern of topics.")
    match: Literal["exact", "prefix", "wildcard"] = Field(
        default="exact", description="How topic is meant. Default: exact."
    )
    url: Url = Field(description="Where the requests go. Redirections are not followed.")
    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="Their method. Default: POST.")
    concurrency: Several = Field(
        default=1,
        description="Requests at the same time. Default 1: the events arrive in their order. More are faster, and lose it.",
    )
    attempts: Attempts = Field(
        default=6,
        description="How often an event is tried before it is given up, and that logged. Default 6: for about a minute.",
    )
    retry_delay: Timeout = Field(
        default=2000,
        description="Milliseconds before the second attempt; each further one waits twice as long, and a random part of that is "
        "left out. Retry-After of the answer makes it longer. Default 2000.",
    )
    max_retry_delay: Timeout = Field(
        default=60_000, description="The longest of these delays in milliseconds, but for Retry-After. Default 60000."
    )
    queue_limit: Waiting = Field(
        default=1000,
        description="Events that wait. Beyond that the oldest one is dropped, and counted: what is new says more. Default 1000.",
    )
    queue_limit_bytes: QueueSize = Field(
        default=16 * MIB, description="Bytes of events that wait, in the same way. Default 16 MiB."
    )

    @model_validator(mode="after")
    def _has_a_topic(self) -> Self:
        if not self.topic and self.match == "exact":
            raise expected('a topic, or "match": "prefix" for all of them')
        return self


class HttpProcedure(HttpTarget):
    """A procedure that a web service answers.

    An answer with a status from 200 to 299 is the result: what its JSON says, or its text, or its bytes. Any other status is
    an error with the URI http.error.<status>.
    """

    procedure: Uri = Field(description="The procedure.")
    url: UrlTemplate = Field(
        description="Where the requests go. {name} in path or query is the call's keyword argument of that name, {0} the first "
        "positional one; they are encoded, and cannot lead elsewhere. Redirections are not followed."
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="GET", description="Their method. Default: GET."
    )
    arguments: Literal["query", "json", "call"] | None = Field(
        default=None,
        description='Where the arguments go that are not in the URL: "query" appends the keyword arguments to it, "json" makes a '
        'JSON object of them as body, "call" sends {"args": [...], "kwargs": {...}} with all of them. Default: query for GET and '
        "DELETE, else json.",
    )
    concurrency: Several = Field(
        default=10,
        description="Requests at the same time; more calls wait. Default 10: a service should not be flooded.",
    )
    max_waiting: Waiting = Field(
        default=100, description="Calls that wait; more are refused with wamp.error.unavailable. Default 100."
    )
    response_limit: Annotated[int, Whole(1, 16 * MIB, "bytes")] = Field(
        default=MIB, description="The longest answer in bytes; a longer one is an error. Default 1 MiB."
    )

    @property
    def placing(self) -> str:
        """Return where the arguments go, with the default filled in."""
        return self.arguments or ("query" if self.method in ("GET", "DELETE") else "json")


class HttpComponent(Model):
    """A session of the router's own that speaks HTTP to others: events become requests, procedures are answered by requests."""

    type: Literal["http"]
    id: Id | None = Field(default=None, description='A name for logs, unique in the file. Default: none; it is "http".')
    realm: RealmName = Field(description="The realm to join.")
    role: Name = Field(description="The role to join with, one of the realm's. It needs to subscribe and register.")
    events: tuple[HttpEvent, ...] = Field(default=(), description="Events that become requests. Default: none.")
    procedures: tuple[HttpProcedure, ...] = Field(
        default=(), description="Procedures that requests answer. Default: none."
    )
    ca_certificates: PemFile | None = Field(
        default=None,
        description="Who has signed the certificates of servers. Certificates are always checked. Default: whom the system trusts.",
    )
    grace: Annotated[int, Whole(0, 3000, "milliseconds")] = Field(
        default=2000,
        description="Milliseconds for events that wait when the router stops; what is not answered then is lost, counted and "
        "logged. Default 2000.",
    )

    @property
    def name(self) -> str:
        """Return what logs call it."""
        return self.id or "http"
