"""WAMP for Twisted, with the names of ``autobahn.twisted.wamp`` and ``autobahn.twisted.component``."""

from wamp.twisted.component import Component, run
from wamp.twisted.runner import ApplicationRunner
from wamp.twisted.session import ApplicationSession, Session

__all__ = ["ApplicationRunner", "ApplicationSession", "Component", "Session", "run"]
