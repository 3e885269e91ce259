"""WAMP for asyncio, with the names of ``autobahn.asyncio.wamp`` and ``autobahn.asyncio.component``."""

from wamp.asyncio.component import Component, run
from wamp.asyncio.runner import ApplicationRunner
from wamp.asyncio.session import ApplicationSession, Session

__all__ = ["ApplicationRunner", "ApplicationSession", "Component", "Session", "run"]
