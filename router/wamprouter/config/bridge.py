"""The HTTP bridge: paths of a web server whose requests publish events and call procedures."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from wamprouter.config.fields import (
    Flag,
    MessageSize,
    Model,
    Name,
    Origin,
    RealmName,
    Seconds,
    Secret,
    Text,
    Timeout,
    Whole,
    Words,
    expected,
)
from wamprouter.config.limits import Network
from wamprouter.config.redaction import SecretText

Requests: TypeAlias = Annotated[int, Whole(1, 10_000)]
ErrorStatus: TypeAlias = Annotated[int, Whole(200, 599)]
Tolerance: TypeAlias = Annotated[int, Whole(1, 86_400, "seconds")]
Remembered: TypeAlias = Annotated[int, Whole(1, 10_000_000)]
Response: TypeAlias = Annotated[str, Text(r"[^\x00]*", "a text")]
Uri: TypeAlias = Annotated[str, Text(r"[^\s.#]+(?:\.[^\s.#]+)*", 'a URI such as "com.example.order.get"')]

MIB = 1024**2
_SHORTEST = 16  # characters of a token, which nobody is to guess


class Cors(Model):
    """The web pages of other origins that may use a path."""

    allowed_origins: Annotated[tuple[Origin, ...], Words("a list with at least one origin")] = Field(
        min_length=1,
        description='Their origins, such as "https://app.example.com"; * stands for any part, and alone for every page.',
    )
    allow_null_origin: Flag = Field(
        default=False,
        description='Also pages without an origin, such as local files ("Origin: null"). Default: no, because any page can '
        "become one.",
    )
    allow_credentials: Flag = Field(
        default=False,
        description="Let browsers send cookies and client certificates with it. Default: no; the path itself reads no cookies.",
    )
    max_age: Seconds = Field(
        default=600,
        description="Seconds for which a browser need not ask again. Default 600; Chromium takes 7200 at most.",
    )


class AccessOptions(Model):
    """Who may use a path of the HTTP bridge."""

    require_tls: Flag = Field(
        default=False,
        description="Refuse requests that have not come by TLS to this router. Default: no, because a proxy may do TLS.",
    )
    require_ip: tuple[Network, ...] = Field(
        default=(),
        description='Addresses and networks that requests may come from, such as "10.0.0.0/8", or "unix". Default: all.',
    )
    tokens: tuple[Secret, ...] = Field(
        default=(),
        description="Tokens of which a request must have one, in its header Authorization: Bearer; each of 16 characters or "
        "more, or its hash as `wamprouter credential ticket NAME --generate` makes it. Default: none is asked for.",
    )
    cors: Cors | None = Field(
        default=None,
        description="The web pages of other origins that may use the path. Default: none; their requests are refused.",
    )

    @field_validator("tokens")
    @classmethod
    def _are_tokens_or_hashes(cls, tokens: tuple[SecretText, ...]) -> tuple[SecretText, ...]:
        from wamprouter.auth.hashes import Plain, parse

        words = f"tokens of {_SHORTEST} characters or more, or their hashes of the kind sha256"
        for token in tokens:
            try:
                stored = parse(token.reveal())
            except ValueError as error:
                raise expected(f"{words}: {error}") from None
            # A slow hash would be computed for each request.
            if stored.is_slow or (isinstance(stored, Plain) and len(stored.ticket) < _SHORTEST):
                raise expected(words)
        return tokens

    @property
    def knows_senders(self) -> bool:
        """Tell whether not everybody's requests are taken."""
        return bool(self.tokens or self.require_ip)


class BridgeOptions(AccessOptions):
    """Options of a path whose requests are answered once."""

    post_body_limit: MessageSize = Field(
        default=MIB, description="The largest body in bytes. Default 1 MiB as for messages."
    )
    request_timeout: Timeout = Field(
        default=30_000,
        description="Milliseconds until a request is answered with status 504, and its call cancelled. Default 30000: proxies "
        "give up after 30 to 60 s.",
    )
    max_requests: Requests = Field(
        default=1000,
        description="Requests that may wait for their answer at the same time; more are answered with 503. Default 1000: a tenth "
        "of the calls that a session may have in flight.",
    )


class SignedOptions(BridgeOptions):
    """Options of a path whose requests can be signed."""

    key: Name | None = Field(
        default=None,
        description="The name of the secret, which signed requests give. Default: requests are not signed.",
    )
    secret: Secret | None = Field(
        default=None, description="What requests are signed with. Together with key; then all others are refused."
    )
    timestamp_delta_limit: Tolerance = Field(
        default=300,
        description="Seconds by which the time of a signed request may differ from the router's. Default 300 as in Crossbar.",
    )
    max_remembered: Remembered = Field(
        default=100_000,
        description="Signed requests that are remembered until they are too old, so that none is taken twice; beyond that more "
        "are answered with 503. Default 100000: about 20 MB, and 333 a second with timestamp_delta_limit 300.",
    )

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.key is None) != (self.secret is None):
            raise expected('"key" and "secret" together, or neither')
        return self

    @property
    def knows_senders(self) -> bool:
        return self.secret is not None or super().knows_senders


class CallerOptions(SignedOptions):
    """Options of a path for calls."""

    error_status: ErrorStatus = Field(
        default=422,
        description="The status of errors that are the application's own, whose URIs do not begin with wamp. Default 422: the "
        "request was understood, and could not be done. Crossbar has 200.",
    )


class BridgePath(Model):
    """A path whose requests enter a realm."""

    realm: RealmName = Field(description="The realm that requests enter.")
    role: Name = Field(description="The role that they have there, one of the realm's.")
    options: AccessOptions = Field(default=AccessOptions(), description="Options of the path.")


class PublisherPath(BridgePath):
    """Publishes an event for each POST of {"topic": "…", "args": […], "kwargs": {…}, "options": {…}}; answers with its id."""

    type: Literal["publisher"]
    options: SignedOptions = Field(default=SignedOptions(), description="Options of the path.")


class CallerPath(BridgePath):
    """Calls a procedure for each POST of {"procedure": "…", "args": […], "kwargs": {…}, "options": {…}}; answers with its result."""

    type: Literal["caller"]
    options: CallerOptions = Field(default=CallerOptions(), description="Options of the path.")


class WebhookOptions(BridgeOptions):
    """Options of a path for webhooks."""

    topic: Uri = Field(description="The topic that deliveries are published to.")
    success_response: Response = Field(
        default="OK", description='The text that a delivery is answered with. Default "OK" as in Crossbar.'
    )
    error_response: Response = Field(
        default="NOT OK",
        description='The text that a delivery is answered with that was not taken. Default "NOT OK" as in Crossbar.',
    )
    github_secret: Secret | None = Field(
        default=None,
        description="What deliveries are signed with, in the header X-Hub-Signature-256; others are refused then. Default: anybody "
        "can deliver.",
    )
    allow_sha1: Flag = Field(
        default=False,
        description="Also take the header X-Hub-Signature, which is of SHA-1, where there is no other. Default: no, because GitHub "
        "has sent both since 2020.",
    )
    replay_window: Seconds = Field(
        default=3600,
        description="Seconds for which signed deliveries are remembered, so that none is taken twice; 0 for never. Default 3600. "
        "What has the same body is the same delivery: set 0 where a sender has nothing new to say each time.",
    )
    max_remembered: Remembered = Field(
        default=100_000,
        description="Deliveries that are remembered; beyond that more are answered with 503. Default 100000: about 20 MB.",
    )

    @property
    def knows_senders(self) -> bool:
        return self.github_secret is not None or super().knows_senders


class WebhookPath(BridgePath):
    """Publishes {"headers": {…}, "body": "…"} for each POST, as one positional argument."""

    type: Literal["webhook"]
    options: WebhookOptions = Field(description="Options of the path.")
