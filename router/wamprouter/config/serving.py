"""Paths behind which other programs answer: another web server, a WSGI application, a resource of Twisted's."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wamprouter.config.fields import (
    Anything,
    Classname,
    Connections,
    Model,
    Package,
    Port,
    Text,
    Timeout,
    Whole,
    expected,
)

BodyLimit = Annotated[int, Whole(0, 64 * 1024**2, "bytes, 0 for none")]
Threads = Annotated[int, Whole(0, 1000)]

_BODY = Field(
    default=1024**2,
    description="The longest body of a request in bytes; 0 takes none. Default 1 MiB: it is in memory until it is complete.",
)


class ReverseProxyPath(Model):
    """Another web server, to which requests are handed on. WebSocket does not pass."""

    type: Literal["reverseproxy"]
    host: Annotated[str, Text(r"[A-Za-z0-9.:_-]+", 'a host such as "127.0.0.1"')] = Field(
        description="The host of that server. It is spoken to without TLS, so it should be on a network of your own."
    )
    port: Port = Field(default=80, description="Its port. Default 80.")
    path: Annotated[str, Text(r"/?[\x21\x22\x24-\x3e\x40-\x7e]*", 'a path such as "/app"')] = Field(
        default="", description="What its paths begin with, before what follows here. Default: nothing."
    )
    forwarded_port: Port | None = Field(
        default=None,
        description="The port that X-Forwarded-Port names. Default: the one that this transport listens on.",
    )
    forwarded_proto: Literal["http", "https"] | None = Field(
        default=None,
        description="The scheme that X-Forwarded-Proto names. Default: https if this transport has TLS, else http.",
    )
    body_limit: BodyLimit = _BODY
    timeout: Timeout = Field(
        default=60_000,
        description="Milliseconds in which the server must begin its answer, and between two pieces of it. Default 60000, as "
        "in nginx.",
    )
    max_connections: Connections = Field(
        default=100,
        description="Requests that are handed on at the same time; more are answered with 503. Default 100: a server that is "
        "slow must not collect them.",
    )


class WsgiPath(Model):
    """A WSGI application, such as one of Flask or Django, which runs in threads of this process."""

    type: Literal["wsgi"]
    module: Package = Field(description="The module that has it, found like components.")
    object: Annotated[str, Text(r"[^\W\d]\w*", 'a name in that module such as "app"')] = Field(
        description="Its name in the module."
    )
    minthreads: Threads = Field(default=0, description="Threads that are kept. Default 0.")
    maxthreads: Annotated[int, Whole(1, 1000)] = Field(
        default=20,
        description="Threads at the same time; requests beyond that wait for one. Default 20, as in Crossbar.",
    )
    max_waiting: Annotated[int, Whole(0, 100_000, "requests")] = Field(
        default=200, description="Requests that wait for a thread; more are answered with 503. Default 200."
    )
    body_limit: BodyLimit = _BODY

    @model_validator(mode="after")
    def _has_order(self) -> "WsgiPath":
        if self.minthreads > self.maxthreads:
            raise expected("minthreads of at most maxthreads")
        return self


class ResourcePath(Model):
    """A resource of twisted.web, of your own class."""

    type: Literal["resource"]
    classname: Classname = Field(
        description="The class with its module, found like components. It is made with extra as its only argument."
    )
    extra: Anything = Field(default=None, description="Handed to the class, of any form. Default: null.")
    body_limit: BodyLimit = _BODY
