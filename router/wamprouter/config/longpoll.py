"""WAMP over HTTP requests, for whom WebSocket does not get through to (advanced profile, "HTTP Longpoll Transport")."""

from typing import Literal

from pydantic import Field

from wamprouter.config.auth import Cookie
from wamprouter.config.options import LongPollOptions
from wamprouter.config.services import WampService


class LongPollPath(WampService):
    """WAMP over HTTP requests, on paths below a path of a web server: open, and receive, send and close of each client.

    Each client counts as one connection, besides its requests.
    """

    type: Literal["longpoll"]
    cookie: Cookie | None = Field(
        default=None, description='The cookie that opening sets, for the method "cookie". Default: none.'
    )
    options: LongPollOptions = Field(default=LongPollOptions(), description="Options of the connections.")
