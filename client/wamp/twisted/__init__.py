"""WAMP for Twisted: ``ApplicationSession`` and the ``ApplicationRunner`` that connects it to a router."""

from wamp.twisted.runner import ApplicationRunner
from wamp.twisted.session import ApplicationSession

__all__ = ["ApplicationRunner", "ApplicationSession"]
