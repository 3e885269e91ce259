"""WAMP for asyncio: ``connect``, and the names of ``autobahn.asyncio.wamp`` and ``autobahn.asyncio.component``."""

from wamp.asyncio.client import Client
from wamp.asyncio.component import Component, run
from wamp.asyncio.connecting import connect
from wamp.asyncio.runner import ApplicationRunner
from wamp.asyncio.session import ApplicationSession, Session

__all__ = ["ApplicationRunner", "ApplicationSession", "Client", "Component", "Session", "connect", "run"]
