"""Clients of a router in memory, with an event loop that a test turns by hand."""

from collections import deque

from wamp.twisted import ApplicationSession
from wamp.types import ComponentConfig


class Turns(deque):
    """An event loop: what is to be called in a turn of its own."""

    def turn(self):
        while self:
            self.popleft()()


class Client(ApplicationSession):
    """A session that writes down how it went."""

    def __init__(self, realm="realm1"):
        super().__init__(ComponentConfig(realm))
        self.heard = []

    def onJoin(self, details):
        self.heard.append("join")

    def onLeave(self, details):
        self.heard.append(("leave", details.reason))
        return super().onLeave(details)

    def onClose(self, wasClean):
        self.heard.append(("close", wasClean))
        super().onClose(wasClean)


class Bare:
    """A handler at its barest: it keeps what it hears."""

    def __init__(self):
        self.messages = []
        self.closed = []
        self.violations = []

    def onOpen(self, transport):
        self.transport = transport

    def onMessage(self, message):
        self.messages.append(message)

    def onViolation(self, violation):
        self.violations.append(violation)

    def onClose(self, wasClean):
        self.closed.append(wasClean)


class Loop:
    """Sessions of one event loop and the router that they are connected to."""

    def __init__(self, router):
        self.router = router
        self.turns = Turns()
        self.turn = self.turns.turn

    def join(self, session=None, **options):
        """Return a session that has joined."""
        session = session or Client(**options)
        self.open(session)
        assert session.session_id is not None, session.ended_by
        return session

    def open(self, handler):
        self.router.connect(handler, self.turns.append)
        self.turn()
        return handler

    def advance(self, seconds):
        """Let time pass, then the clients do their part."""
        self.router.advance(seconds)
        self.turn()

    def result(self, deferred):
        """Return what a Deferred has fired with by now; raise what it has failed with."""
        self.turn()
        fired = outcome(deferred)
        assert fired, "the Deferred has not fired"
        if hasattr(fired[0], "raiseException"):
            fired[0].raiseException()
        return fired[0]


def outcome(deferred):
    """Return a list that has what a Deferred fires with, as soon as it does."""
    fired = []
    deferred.addBoth(fired.append)
    return fired
