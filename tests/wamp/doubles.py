"""A router's end that a test plays by hand, for the sans-I/O session and for the shell on Twisted."""

from itertools import count

from wamp.exception import TransportLost
from wamp.protocol import messages
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import ABSENT
from wamp.request import Endpoint, Handler
from wamp.session import ClientSession, State
from wamp.types import TransportDetails

CODEC = CODECS["json"]
ROUTER = {"broker": {}, "dealer": {"features": {"call_canceling": True}}}
WELCOME = messages.Welcome(77, {"authid": "joe", "authrole": "user", "roles": ROUTER})


def raw(value):
    """Return a value as a payload."""
    return CODEC.serializer.pack(value)


def payload(args=(), kwargs=None):
    return (raw(list(args)) if args else ABSENT, raw(kwargs) if kwargs else ABSENT)


def values(message):
    """Return a message's payload as Python values."""
    args, kwargs = message.args, message.kwargs
    unpack = CODEC.serializer.unpack
    return [] if args is ABSENT else unpack(args), {} if kwargs is ABSENT else unpack(kwargs)


def function(*args, **kwargs):
    return args, kwargs


def session_in(state):
    """Return a session that has come to a state by the usual way."""
    session = ClientSession(object(), lambda: count(1))
    session.open(CODEC)
    if state is State.IDLE:
        return session
    session.join("realm1")
    if state is State.CHALLENGED:
        session.receive(messages.Challenge("ticket", {}))
    if state in (State.JOINING, State.CHALLENGED):
        return session
    session.receive(WELCOME)
    if state is State.WELCOMED:
        return session
    session.established()
    if state is State.LEAVING:
        session.leave()
    elif state is State.OVER:
        session.receive(messages.Goodbye({}, "wamp.close.close_realm"))
    return session


def registered(session, procedure="com.add", registration=5):
    """Register a procedure; return its Registration."""
    message = session.register("reply", procedure, Endpoint(function), None)
    return session.receive(messages.Registered(message.request, registration)).value


def subscribed(session, topic="com.topic", subscription=6, reply="reply"):
    """Subscribe a handler; return its Subscription."""
    message = session.subscribe(reply, topic, Handler(function), None)
    return session.receive(messages.Subscribed(message.request, subscription)).value


class ScriptedTransport:
    """A transport without a socket: keeps what the session sends, as the router would get it."""

    def __init__(self, codec=CODEC):
        self.codec = codec
        self.details = TransportDetails(peer="script")
        self.sent = []
        self.is_closed = False
        self.is_congested = False
        self.failure = None
        """What the next ``send`` raises."""

    def send(self, message):
        if self.is_closed:
            raise TransportLost
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        # Through the codec and back: what cannot be sent must not look as if it had been.
        self.sent.append(self.codec.decode(self.codec.encode(message)))

    def is_open(self):
        return not self.is_closed

    def close(self):
        self.is_closed = True

    abort = close

    def take(self):
        """Return what was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent
