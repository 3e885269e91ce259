"""What a web server has besides WebSocket: files, fixed answers, and the headers that go with all of them."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from wamprouter.config.fields import (
    Anything,
    FileName,
    Flag,
    Folder,
    HeaderName,
    HeaderValue,
    Location,
    MimeType,
    Model,
    Package,
    Resource,
    Seconds,
    Suffix,
    Whole,
    Words,
    expected,
)

ClientTimeout: TypeAlias = Annotated[int, Whole(1, 86_400, "seconds")]
HstsAge: TypeAlias = Annotated[int, Whole(0, 157_680_000, "seconds")]

# What the server says itself: about the body, about the connection, or through an option of its own.
_RESERVED = {
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "keep-alive",
    "location",
    "server",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class StaticOptions(Model):
    """How files are served."""

    enable_directory_listing: Flag = Field(
        default=False,
        description="List a folder that has no default file. Default: no, because names of files are often more "
        "than was meant to be shown.",
    )
    default_file: FileName = Field(
        default="index.html", description="The file that stands for its folder. Default: what every web server uses."
    )
    cache_timeout: Seconds = Field(
        default=0,
        description="Seconds a browser may keep a file without asking. Default 0, because a changed page must show.",
    )
    mime_types: dict[Suffix, MimeType] = Field(
        default={},
        description='Types of files by the end of their names, such as {".jsonld": "application/ld+json"}. Default: '
        "none but those that the system knows. Browsers take a file for nothing else than it is said to be.",
    )


class StaticService(Model):
    """Files of a folder, or of an installed Python package."""

    directory: Folder | None = Field(
        default=None,
        description="The folder; a relative path starts at the configuration file's folder. Either this, or package "
        "and resource.",
    )
    package: Package | None = Field(default=None, description="The Python package that brings the files.")
    resource: Resource | None = Field(default=None, description="The folder in the package.")
    options: StaticOptions = Field(default=StaticOptions(), description="How the files are served.")

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        places = (self.directory is not None, self.package is not None, self.resource is not None)
        if places not in ((True, False, False), (False, True, True)):
            raise expected('either "directory", or "package" and "resource"')
        return self


class StaticPath(StaticService):
    """Files of a folder, on a path of a web server."""

    type: Literal["static"]


class NodeInfoPath(Model):
    """A page about the router: what it is, and the paths that speak WAMP. As HTML for browsers, else as JSON.

    It names neither realms nor versions.
    """

    type: Literal["nodeinfo"]


class JsonOptions(Model):
    """How a value is served."""

    allow_cross_origin: Flag = Field(
        default=True,
        description="Let pages of other origins read it. Default: yes as in Crossbar, because who can reach the path "
        "can read the value.",
    )
    discourage_caching: Flag = Field(
        default=False, description="Tell browsers not to keep it. Default: no, because it changes with the file only."
    )
    prettify: Flag = Field(
        default=False, description="Indent it, for people. Default: no, because programs are what reads it."
    )


class JsonPath(Model):
    """A fixed JSON value, such as what a page needs to know to connect."""

    type: Literal["json"]
    value: Annotated[Anything, Words("any value")] = Field(description="Any value.")
    options: JsonOptions = Field(default=JsonOptions(), description="How the value is served.")


class RedirectPath(Model):
    """A redirection with status 302, which browsers do not remember."""

    type: Literal["redirect"]
    url: Location = Field(description="Where to; a path, or an address with its scheme.")


class WebOptions(Model):
    """Options of a web server."""

    access_log: Flag = Field(
        default=False, description="Log every request. Default: no, because a busy page fills the log."
    )
    client_timeout: ClientTimeout = Field(
        default=60,
        description="Seconds after which a connection without a request is closed. Default 60 as in Twisted. It "
        "does not concern a WebSocket connection once it is open. A TLS handshake counts as waiting for a request.",
    )
    headers: Annotated[dict[HeaderName, HeaderValue | None], Words("an object of headers")] = Field(
        default={},
        description="Headers of every answer: files, values, error pages. null leaves one of the defaults out. "
        "Default: X-Content-Type-Options: nosniff, because a file that is uploaded as a picture must not run as a "
        "script; X-Frame-Options: SAMEORIGIN, because a page inside a stranger's frame can be clicked by mistake; "
        "Referrer-Policy: strict-origin-when-cross-origin, because paths are nobody else's business.",
    )
    hsts: Flag = Field(
        default=False,
        description="Tell browsers to come with TLS only, from now on (RFC 6797). Without tls at the endpoint it has "
        "no effect. Default: no, because it cannot be taken back until hsts_max_age is over.",
    )
    hsts_max_age: HstsAge = Field(
        default=31_536_000, description="Seconds for which a browser remembers that. Default: a year, as in Crossbar."
    )
    show_server_version: Flag = Field(
        default=False,
        description="Name product and version in every answer. Default: no, because it only helps an attacker choose.",
    )

    @field_validator("headers")
    @classmethod
    def _leaves_the_servers_own(cls, headers: dict[str, str | None]) -> dict[str, str | None]:
        for name in headers:
            if name.lower() in _RESERVED:
                raise expected(f"headers without {name}, which the server sets itself")
        return headers
