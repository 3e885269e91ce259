"""People who knock at the router's gate, and a router in memory whose reactor does nothing unless a test says so.

``Knock`` is an applicant without a connection, and ``Door`` a gate for it, for tests of single methods. ``House`` is a whole
router made from a configuration, without ports, and ``Guest`` a client at one of its gates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tests.support.realm import Line, Mailbox, PlainWire
from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.errors import WampError
from wamp.protocol.messages import Abort, Authenticate, Challenge, Hello, Message, Welcome
from wamp.protocol.options import HelloDetails
from wamprouter.auth import Challenge as Asking
from wamprouter.auth import Grant, InThread, Later, Method, Step
from wamprouter.auth.gate import MethodGate
from wamprouter.auth.throttle import Throttle
from wamprouter.config import Auth, Cookie, validate
from wamprouter.node import Node
from wamprouter.server.peer import Peer

__all__ = [
    "ROLES",
    "Door",
    "Guest",
    "House",
    "Knock",
    "Threads",
    "at_once",
    "came_of",
    "configuration",
    "end",
    "outcome",
]

ROLES: Final = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}


class Knock:
    """Somebody who says HELLO: with these methods, this authid, and the rest as authextra."""

    def __init__(
        self,
        *methods: str,
        authid: str | None = None,
        address: str = "192.0.2.7",
        cookie: str | None = None,
        has_new_cookie: bool = True,
        certificate: Any = None,
        channels: Mapping[str, bytes] | None = None,
        session: int = 7,
        authrole: str | None = None,
        **authextra: Any,
    ) -> None:
        self.realm = "realm1"
        self.details = HelloDetails(
            roles=dict(ROLES), authmethods=list(methods), authid=authid, authrole=authrole, authextra=authextra
        )
        self.session = session
        self.address = address
        self.cookie = cookie
        self.has_new_cookie = has_new_cookie
        self._certificate = certificate
        self._channels = channels or {}

    def described(self) -> dict[str, Any]:
        return {"type": "memory", "address": self.address}

    def certificate(self) -> Any:
        return self._certificate

    def channel_binding(self, kind: str) -> bytes | None:
        return self._channels.get(kind)


class Door:
    """A gate, and time that passes only if a test says so. Refusals are returned, not raised."""

    def __init__(self, *methods: Method, names_unknown: bool = False) -> None:
        self.clock = Clock()
        self.remarks: list[str] = []
        self.throttle = Throttle(self.clock.seconds)
        self.gate = MethodGate(
            methods, self.throttle, self.clock.callLater, self.remarks.append, names_unknown=names_unknown
        )

    def knock(self, *methods: str, **who: Any) -> Any:
        """Return the first step of an authentication, or the refusal."""
        return self.admit(Knock(*methods, **who))

    def admit(self, applicant: Knock) -> Any:
        return outcome(lambda: self.gate.admit(applicant))

    def log_in(self, applicant: Knock, answer: Callable[[dict[str, Any]], str | tuple[str, dict[str, Any]]]) -> Any:
        """Return the last step, if a challenge's extra is answered by what ``answer`` returns."""
        step = self.admit(applicant)
        while isinstance(step, Asking):
            step = self.reply(step, answer(step.extra))
        return step

    @staticmethod
    def reply(asking: Asking, answer: str | tuple[str, dict[str, Any]]) -> Any:
        signature, extra = (answer, {}) if isinstance(answer, str) else answer
        return outcome(lambda: asking.answer(signature, extra))


def outcome(act: Callable[[], Step]) -> Grant | Asking | Later | WampError:
    """Return what a step is, also if it is a refusal; a step that is known later is returned if it is not known yet."""
    try:
        return came_of(act())
    except WampError as refusal:
        return refusal


def came_of(step: Step) -> Any:
    """Return what a step that was to be known later has become, or itself."""
    if not isinstance(step, Later):
        return step
    found: list[Any] = []
    step.then(found.append)
    return found[0] if found else step


def _at_once(work: Callable[[], bool], go_on: Callable[[bool], Step]) -> Step:
    return go_on(work())


at_once: InThread = _at_once
"""Does in place what a router does in a thread."""


class Threads:
    """The reactor's threads: what is given to them waits until a test lets it be done."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def callInThreadWithCallback(self, done: Callable[[bool, Any], None], work: Callable[..., Any], *args: Any) -> None:
        def job() -> None:
            try:
                result = work(*args)
            except Exception:  # noqa: BLE001  # as Twisted's does
                done(False, Failure())
            else:
                done(True, result)

        self.jobs.append(job)

    def work(self) -> None:
        """Do all that waits."""
        while self.jobs:
            self.jobs.pop(0)()


class _Reactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.threads = Threads()

    def getThreadPool(self) -> Threads:
        return self.threads

    def callFromThread(self, action: Callable[..., Any], *args: Any) -> None:
        action(*args)


def configuration(auth: dict[str, Any], *, cookie: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a router's document with one transport, and the roles ``user`` and ``admin`` in realm1."""
    everything = [{"uri": "", "match": "prefix", "allow": "all"}]
    transport = {"type": "websocket", "endpoint": {"type": "tcp", "port": 0}, "auth": auth}
    if cookie is not None:
        transport["cookie"] = cookie
    return {
        "version": 1,
        "realms": [
            {"name": "realm1", "roles": [{"name": name, "permissions": everything} for name in ("user", "admin")]}
        ],
        "transports": [transport],
        **more,
    }


class _Node(Node):
    """Keeps the gates of its transports."""

    def gate(self, auth: Auth, cookie: Cookie | None = None) -> MethodGate:
        made = super().gate(auth, cookie)
        self.made = [*getattr(self, "made", []), made]  # Node's own __init__ asks for them
        return made


class House:
    """A router without ports: everything that an operator's file makes, and clients that come by no network."""

    def __init__(
        self, auth: dict[str, Any], *, cookie: dict[str, Any] | None = None, folder: Path | None = None, **more: Any
    ) -> None:
        document = json.loads(json.dumps(configuration(auth, cookie=cookie, **more)))
        self.config = validate(document, folder=folder, environ={})
        self.reactor = _Reactor()
        self.node = _Node(self.config, self.reactor, now=self.reactor.seconds)
        [self.gate] = self.node.made
        self.realm = self.node.realms.get("realm1")
        assert self.realm is not None
        self.strangers = set(self.realm.sessions)
        """Sessions of the router's own."""

    def connect(self, codec: Codec = CODECS["json"], **line: Any) -> Guest:
        return Guest(self, codec, **line)

    def wait(self, seconds: float = 0.0) -> None:
        """Let time pass, and everything be done that is due."""
        self.reactor.advance(seconds)

    def work(self) -> None:
        """Let everything be done that waits in threads."""
        self.reactor.threads.work()

    @property
    def guests(self) -> list[str]:
        """Who has a session."""
        assert self.realm is not None
        return [session.authid for number, session in self.realm.sessions.items() if number not in self.strangers]

    def is_blank(self) -> bool:
        """Tell whether nothing is left of anybody: no session, question or thread, and no timer."""
        return (
            not self.guests
            and not self.reactor.threads.jobs
            and not self.node.caller.in_flight
            and not self.reactor.getDelayedCalls()
        )


class Guest:
    """The far end of a connection to a house. ``line`` is what is known of the connection."""

    def __init__(self, house: House, codec: Codec, **line: Any) -> None:
        self._house = house
        self.codec = codec
        self.line = Line()
        for name, value in line.items():
            setattr(self.line, name, value)
        self.mailbox = Mailbox(PlainWire(codec), house.node.dispatcher.dirty)
        self.peer = Peer(house.node.lobby, house.gate, self.line, codec, self.mailbox)

    def say(self, message: Message) -> list[Message]:
        """Send a message; return what comes back at once."""
        self.peer.receive(self.codec.encode(message))
        return self.hear()

    def hear(self) -> list[Message]:
        self._house.node.dispatcher.flush()
        self._house.wait()
        return [self.codec.decode(data) for data in self.mailbox.take()]

    def hello(self, *methods: str, authid: str | None = None, realm: str = "realm1", **authextra: Any) -> list[Message]:
        details: dict[str, Any] = {"roles": ROLES, "authmethods": list(methods), "authextra": authextra}
        if authid is not None:
            details["authid"] = authid
        return self.say(Hello(realm, details))

    def authenticate(self, signature: str = "", extra: dict[str, Any] | None = None) -> list[Message]:
        return self.say(Authenticate(signature, extra or {}))

    def log_in(self, *methods: str, answer: str | Callable[[Challenge], Any] = "", **who: Any) -> Message | None:
        """Return how it ends: WELCOME, ABORT, or None if nothing is said yet or the connection was just closed."""
        heard: Sequence[Message] = self.hello(*methods, **who)
        while heard and isinstance(heard[0], Challenge):
            said = answer if isinstance(answer, str) else answer(heard[0])
            heard = self.authenticate(*([said] if isinstance(said, str) else said))
        return heard[0] if heard else None

    @property
    def came_in(self) -> bool:
        return self.peer.session is not None


def end(message: Message | None) -> str:
    """Return what a login came to, in a word: an authid, the reason of an ABORT, or nothing."""
    if isinstance(message, Welcome):
        return str(message.details["authid"])
    return message.reason if isinstance(message, Abort) else ""
