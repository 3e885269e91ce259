"""Who may join through a transport: one field for each method of authentication.

Names and nesting are Crossbar's. Each method knows its principals in one of three ways: they stand in the file
(static), a procedure is asked (dynamic), or a Python function is (function).
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from wamp.protocol.auth.scram import Credential
from wamprouter.config.fields import (
    Anything,
    Classname,
    DataFile,
    Flag,
    Model,
    Name,
    RealmName,
    Secret,
    Text,
    Whole,
    Words,
    expected,
)
from wamprouter.config.redaction import SecretText

# The role of a peer that joins through a transport without "auth", as in Crossbar.
ANONYMOUS_ROLE = "anonymous"

Authid: TypeAlias = Annotated[str, Text(r"\S(.*\S)?", "an authid, which neither begins nor ends with a space")]
Hexadecimal32: TypeAlias = Annotated[str, Text("[0-9a-fA-F]{64}", "32 octets in hexadecimal, 64 digits")]
Hexadecimal: TypeAlias = Annotated[str, Text("([0-9a-fA-F]{2})+", "octets in hexadecimal")]
Sha1: TypeAlias = Annotated[str, Text("([0-9a-fA-F]{2}:?){20}", "a SHA-1 fingerprint in hexadecimal")]
Sha256: TypeAlias = Annotated[str, Text("([0-9a-fA-F]{2}:?){32}", "a SHA-256 fingerprint in hexadecimal")]
Procedure: TypeAlias = Annotated[str, Text(r"[^\s.#]+(\.[^\s.#]+)*", 'a procedure such as "com.example.authenticate"')]


class Static(Model):
    """What is known stands in the file."""

    type: Literal["static"] = Field(
        default="static",
        description='"static": what is known stands here. Default: static, because Crossbar\'s users often leave it out.',
    )


class Principal(Model):
    """What a principal gets besides its credentials."""

    role: Name = Field(description="The role of its sessions. A realm of the file must have it.")
    realm: RealmName | None = Field(
        default=None,
        description="The realm its sessions join, whichever of the realms here they ask for. Default: that one.",
    )
    extra: Anything = Field(default=None, description="Told to the client in WELCOME, as authextra. Default: nothing.")


class Asking(Model):
    """What is asked may take its time, but not for ever."""

    timeout: Annotated[int, Whole(1, 60_000, "milliseconds")] = Field(
        default=5000,
        description="Milliseconds to answer in. Default 5000: within the time a client has to authenticate.",
    )


class Dynamic(Asking):
    """A procedure decides: it is called with (realm, authid, details)."""

    type: Literal["dynamic"]
    authenticator: Procedure = Field(
        description="The procedure to ask. While nobody has registered it, connections are closed so that clients "
        "come back later."
    )
    authenticator_realm: RealmName | None = Field(
        default=None,
        alias="authenticator-realm",
        description="The realm of that procedure. Default: the realm that the client asks for.",
    )


class Function(Asking):
    """A Python function decides: what ``create`` returns is called with (realm, authid, details)."""

    type: Literal["function"]
    create: Classname = Field(
        description='The function that makes the authenticator, such as "package.module.create". It is called once, with '
        "config."
    )
    config: Anything = Field(default=None, description="Handed to the function, of any form. Default: null.")


class AnonymousStatic(Static):
    """Peers that show no credentials join with a fixed role."""

    role: Name = Field(
        default=ANONYMOUS_ROLE, description="The role the sessions get. Some realm of the file must have it."
    )
    realm: RealmName | None = Field(
        default=None,
        description="The realm the sessions join, whichever of the realms here they ask for. Default: that one.",
    )
    authid: Name | None = Field(
        default=None,
        description="The authid the sessions get. Default: a random one for each, so that they can be told apart.",
    )


class TicketPrincipal(Principal):
    """Somebody who has a ticket."""

    ticket: Secret = Field(
        description="The ticket, or its hash as `wamprouter credential ticket` makes it: what begins with $ is a hash."
    )

    @field_validator("ticket")
    @classmethod
    def _is_ticket_or_hash(cls, ticket: SecretText) -> SecretText:
        from wamprouter.auth.hashes import parse

        try:
            parse(ticket.reveal())
        except ValueError as error:
            raise expected(f"a ticket, or its hash as `wamprouter credential ticket` makes it: {error}") from None
        return ticket


class TicketStatic(Static):
    """Tickets that stand in the file."""

    principals: dict[Authid, TicketPrincipal] = Field(description="Who there is, by authid.")


class TicketJwt(Model):
    """Tickets that are JSON Web Tokens, signed by somebody who is trusted (RFC 7519)."""

    type: Literal["jwt"]
    jwks: DataFile = Field(description="A file with the keys that tokens are signed with (RFC 7517).")
    issuer: Annotated[str, Words("the issuer")] = Field(description='Who must have issued a token, its "iss".')
    audience: Annotated[str, Words("the audience")] = Field(description='Whom a token must be for, in its "aud".')
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"], ...] = Field(
        default=("RS256", "ES256", "EdDSA"),
        min_length=1,
        description="Signatures that are taken. Default: the usual ones with public keys. None with a shared secret is "
        "offered, nor unsigned tokens.",
    )
    leeway: Annotated[int, Whole(0, 600, "seconds")] = Field(
        default=30, description="Seconds by which clocks may differ. Default 30, which is far for clocks that are set."
    )
    authid_claim: Name = Field(default="sub", description='The claim that becomes the authid. Default: "sub".')
    role_claim: Name = Field(
        default="role", description='The claim that becomes the role, if it is one of roles. Default: "role".'
    )
    roles: tuple[Name, ...] = Field(
        min_length=1,
        description="The roles that a token may give. A token with another role, or none, is refused, unless there is only "
        "one: a token without a role gets that.",
    )


class CraUser(Principal):
    """Somebody who shares a secret with the router."""

    secret: Secret = Field(
        description="The shared secret; with salt the key that is derived from it, as `wamprouter credential wampcra` prints."
    )
    salt: Annotated[str, Words("a salt")] | None = Field(
        default=None, description="The salt that the client derives its key with. Default: none, the secret is the key."
    )
    iterations: Annotated[int, Whole(1, 10_000_000)] = Field(
        default=1000, description="Iterations of PBKDF2. Default 1000 as the specification has it."
    )
    keylen: Annotated[int, Whole(16, 64, "bytes")] = Field(
        default=32, description="The length of the derived key. Default 32."
    )


class CraStatic(Static):
    """Secrets that stand in the file."""

    users: dict[Authid, CraUser] = Field(description="Who there is, by authid.")


class ScramPrincipal(Principal):
    """Somebody whose password only its own side knows. `wamprouter credential scram` makes the fields."""

    kdf: Literal["pbkdf2", "argon2id-13", "argon2id13"] = Field(
        description='How the key is derived from the password: "pbkdf2" or "argon2id-13".'
    )
    iterations: Annotated[int, Whole(1, 10_000_000)] = Field(description="The cost in time.")
    memory: Annotated[int, Whole(8, 4_194_304)] | None = Field(
        default=None, description="The cost in memory, in KiB. Argon2 needs it."
    )
    salt: Hexadecimal = Field(description="The salt, in hexadecimal.")
    stored_key: Hexadecimal32 = Field(alias="stored-key", description="What the client's proof is compared with.")
    server_key: Hexadecimal32 = Field(alias="server-key", description="What the router proves itself with.")

    @model_validator(mode="after")
    def _is_credential(self) -> "ScramPrincipal":
        try:
            Credential.read(self.model_dump(by_alias=True))
        except ValueError as error:
            raise expected(f"fields as `wamprouter credential scram` makes them: {error}") from None
        return self


class ScramStatic(Static):
    """Derived keys that stand in the file."""

    principals: dict[Authid, ScramPrincipal] = Field(description="Who there is, by authid.")


class CryptosignPrincipal(Principal):
    """Somebody who has a private key."""

    authorized_keys: tuple[Hexadecimal32, ...] = Field(
        min_length=1, description="Its public keys (Ed25519), each as 64 hexadecimal digits."
    )


class CryptosignStatic(Static):
    """Public keys that stand in the file."""

    principals: dict[Authid, CryptosignPrincipal] = Field(description="Who there is, by authid.")
    require_channel_binding: Flag = Field(
        default=False,
        description="Refuse signatures that are not bound to their TLS connection. Default: no, because browsers cannot.",
    )


class TlsPrincipal(Principal):
    """Somebody who has a client certificate."""

    certificate_sha256: Sha256 | None = Field(
        default=None, alias="certificate-sha256", description="The SHA-256 fingerprint of its certificate."
    )
    certificate_sha1: Sha1 | None = Field(
        default=None,
        alias="certificate-sha1",
        description="The SHA-1 fingerprint, as Crossbar has it. Prefer SHA-256.",
    )
    cn: Annotated[str, Words("a common name")] | None = Field(
        default=None,
        description="The common name in its certificate, which one of ca_certificates must have signed.",
    )

    @model_validator(mode="after")
    def _identifies(self) -> "TlsPrincipal":
        if not (self.certificate_sha256 or self.certificate_sha1 or self.cn):
            raise expected('"certificate-sha256" or "cn"')
        return self


class TlsStatic(Static):
    """Client certificates whose fingerprints or names stand in the file."""

    principals: dict[Authid, TlsPrincipal] = Field(description="Who there is, by authid.")


class CookieStatic(Static):
    """Whoever has authenticated in this browser before. The transport needs a cookie."""


Anonymous: TypeAlias = Annotated[AnonymousStatic | Dynamic | Function, Field(discriminator="type")]
Ticket: TypeAlias = Annotated[TicketStatic | TicketJwt | Dynamic | Function, Field(discriminator="type")]
Cra: TypeAlias = Annotated[CraStatic | Dynamic | Function, Field(discriminator="type")]
Scram: TypeAlias = Annotated[ScramStatic | Dynamic | Function, Field(discriminator="type")]
Cryptosign: TypeAlias = Annotated[CryptosignStatic | Dynamic | Function, Field(discriminator="type")]
Tls: TypeAlias = Annotated[TlsStatic | Dynamic | Function, Field(discriminator="type")]

_METHODS = ("cookie", "tls", "cryptosign", "scram", "wampcra", "ticket", "anonymous")


class Auth(Model):
    """The methods that a transport offers. One that is absent is refused, so an empty object lets nobody in.

    Of those that a client offers, the first of this order is used: cookie, tls, cryptosign, scram, wampcra, ticket,
    anonymous.
    """

    anonymous: Anonymous | None = Field(
        default=None, description="Peers without credentials. Default: refused, once auth is given at all."
    )
    ticket: Ticket | None = Field(default=None, description="A ticket or password, sent as it is. Default: refused.")
    wampcra: Cra | None = Field(
        default=None, description="Challenge and response with a shared secret. Default: refused."
    )
    scram: Scram | None = Field(
        default=None, description="A password of which the router knows only a derived key. Default: refused."
    )
    cryptosign: Cryptosign | None = Field(
        default=None, description="Ed25519 keys, of which the router knows the public ones. Default: refused."
    )
    tls: Tls | None = Field(default=None, description="Client certificates. Default: refused.")
    cookie: CookieStatic | None = Field(
        default=None, description="A cookie from an earlier authentication. Default: refused."
    )
    name_unknown_principals: Flag = Field(
        default=False,
        description="Tell a client that its authid is not known, and what a dynamic authenticator says. Default: no, because "
        "it lets strangers find out who there is: a wrong authid and a wrong credential look the same.",
    )

    @model_validator(mode="before")
    @classmethod
    def _types(cls, value: object) -> object:
        """Fill in what most files leave out: that a method is static."""
        if not isinstance(value, dict):
            return value
        return {
            name: {"type": "static", **method} if name in _METHODS and isinstance(method, dict) else method
            for name, method in value.items()
        }


class MemoryCookies(Model):
    """Cookies are remembered until the router ends."""

    type: Literal["memory"]


class FileCookies(Model):
    """Cookies are remembered in a file, which holds hashes of them."""

    type: Literal["file"]
    filename: DataFile = Field(description="The file; a relative path starts at the configuration file's folder.")
    purge_on_startup: Flag = Field(default=False, description="Forget all at the start. Default: no.")


class Cookie(Model):
    """The cookie that is set in the WebSocket handshake, for the method "cookie"."""

    name: Annotated[str, Text(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "the name of a cookie")] = Field(
        default="cbtid", description="Its name. Default: cbtid as in Crossbar."
    )
    length: Annotated[int, Whole(24, 64, "characters")] = Field(
        default=24, description="How long its random value is. Default 24: 142 bits, which nobody guesses."
    )
    max_age: Annotated[int, Whole(1, 31_536_000, "seconds")] = Field(
        default=86_400, description="Seconds after which it is forgotten. Default 86400: a day."
    )
    secure: Flag | None = Field(
        default=None, description="Whether it is sent over TLS only. Default: yes where the endpoint has TLS."
    )
    http_strict: Flag = Field(
        default=True, description="Whether scripts of a page cannot read it (HttpOnly). Default: yes."
    )
    same_site: Literal["strict", "lax", "none", "Strict", "Lax", "None"] = Field(
        default="lax", description="Whether pages of other sites may use it. Default: lax, so they may not."
    )
    max_cookies: Annotated[int, Whole(1, 10_000_000)] = Field(
        default=100_000, description="How many are remembered; the oldest is forgotten. Default 100000: some 30 MB."
    )
    store: Annotated[MemoryCookies | FileCookies, Field(discriminator="type")] = Field(
        default=MemoryCookies(type="memory"), description="Where they are remembered. Default: in memory."
    )


ANONYMOUS = Auth(anonymous=AnonymousStatic(role=ANONYMOUS_ROLE))


def methods(auth: Auth) -> dict[str, Any]:
    """Return the configured methods in their order of preference, the strongest first."""
    return {name: method for name in _METHODS if (method := getattr(auth, name)) is not None}
