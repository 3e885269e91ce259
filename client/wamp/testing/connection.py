"""A client's connection to a router in memory: from the router's turns to the turns of the client's event loop, and back.

At the router's end is its own ``LocalConnection``, which is used under the router's lock only. At the client's end is a
handler, which is called in turns that its ``call_soon`` gives, never under the lock. In between every message is the bytes that it would
be on a network, so that the two ends share no object, and waits as long as a test wants it to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Final, Protocol

from wamp.exception import PayloadExceededError, SerializationError
from wamp.link import MAX_MESSAGE_SIZE, HostedSession
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import Abort, Goodbye, Interrupt, Invocation, Message, Unregistered
from wamp.protocol.serializers import TranscodingError
from wamp.testing.clock import Clock
from wamp.types import TransportDetails
from wamprouter.local import CODEC, LocalConnection
from wamprouter.session import Session

__all__ = ["CallSoon", "House", "MemoryConnection"]

CallSoon = Callable[[Callable[[], None]], object]

_BURST: Final = 1000
"""Messages handed over in one turn, so that a busy router does not stop the client's event loop."""

_BEHIND_CALLS: Final = frozenset({Invocation, Interrupt, Unregistered, Goodbye, Abort})
"""What must not overtake a call that is delayed: it would not be understood before, or the call not after."""


class House(Protocol):
    """The router, as a connection sees it."""

    clock: Clock

    def turn(self) -> AbstractContextManager[None]:
        """Return a context in which the router is ours alone; at its end the router does all that is due."""
        ...

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do something when nobody has the lock any more in this thread."""
        ...

    def locked(self) -> AbstractContextManager[object]:
        """Return a context in which nobody else changes anything."""
        ...

    def delay_of(self, procedure: str) -> float:
        """Return how many seconds a call of a procedure is on its way."""
        ...

    def passed(self, session: Session, message: Message) -> None:
        """Learn that a session has sent something, which the router has taken."""
        ...


class Line:
    """Things on their way, in order: none overtakes the one before it, even if that has the longer delay."""

    def __init__(self, clock: Clock, arrived: Callable[[Callable[[], None], int], None]) -> None:
        self._clock = clock
        self._arrived = arrived
        self._held: deque[tuple[Callable[[], None], int]] = deque()
        self._last = 0.0  # when the last of them arrives

    def put(self, action: Callable[[], None], size: int, delay: float) -> None:
        """Let something arrive in so many seconds."""
        if not delay and not self._held:
            self._arrived(action, size)
            return
        self._last = max(self._last, self._clock.seconds() + delay)
        self._held.append((action, size))
        self._clock.call_at(self._last, self._release)

    def clear(self) -> None:
        """Lose what is on its way."""
        self._held.clear()

    def _release(self) -> None:
        if self._held:
            self._arrived(*self._held.popleft())


class MemoryConnection:
    """The transport of a client session, and the session at the router's end of its ``LocalConnection``."""

    codec = CODEC

    def __init__(
        self, house: House, link: LocalConnection, handler: HostedSession, call_soon: CallSoon | None = None
    ) -> None:
        """Without ``call_soon`` the handler is called in the router's own turns: for sessions of the router's."""
        self.link = link
        self.delay = 0.0
        """Seconds that messages to the client are on their way."""
        self._house = house
        self._handler = handler
        self._call_soon = call_soon
        self._all = Line(house.clock, self._arrive)
        self._calls = Line(house.clock, self._put)
        self._queue: deque[tuple[Callable[[], None], int]] = deque()  # what has arrived, and its size in bytes
        self._is_due = False  # whether a turn of the client's will take them
        self._turns = 0
        self._told_of_loss: Callable[[], object] = _nothing

    def open(self, closed: Callable[[], object]) -> None:
        """Connect the client; ``closed`` is called when the connection is gone at the router's end."""
        self._told_of_loss = closed
        self.link.open(self)

    @property
    def is_own(self) -> bool:
        """Whether it is the router's."""
        return self._call_soon is None

    # -- the session at the router's end, under the lock

    def onOpen(self, _link: object) -> None:
        self._arrive(partial(self._handler.onOpen, self), 0)

    def onMessage(self, message: Message) -> None:
        data = CODEC.encode(message)
        # It counts as queued until the client has it: so the router's limits and policies apply.
        self.link.queued += len(data)
        action = partial(self._hear, data)
        if type(message) in _BEHIND_CALLS:
            self._calls.put(action, len(data), self._delay_of_call(message))
        else:
            self._put(action, len(data))

    def onClose(self, wasClean: bool) -> None:
        self._told_of_loss()
        action = partial(self._handler.onClose, wasClean)
        if wasClean:
            self._calls.put(action, 0, 0)
        else:
            self._calls.clear()
            self._all.clear()
            self._arrive(action, 0)

    def _delay_of_call(self, message: Message) -> float:
        session = self.link.session
        if type(message) is not Invocation or session is None:
            return 0.0
        registration = session.registrations.get(message.registration)
        known = "" if registration is None else registration.procedure
        return self._house.delay_of(message.details.get("procedure", known))

    def _put(self, action: Callable[[], None], size: int) -> None:
        self._all.put(action, size, self.delay)

    def _arrive(self, action: Callable[[], None], size: int) -> None:
        if self._call_soon is None:
            self.link.queued -= size
            action()
            return
        self._queue.append((action, size))
        self._wake()

    def _wake(self) -> None:
        if self._queue and not self._is_due:
            self._is_due = True
            self._house.afterwards(self._ask_for_a_turn)

    # -- in the client's turns

    def _ask_for_a_turn(self) -> None:
        assert self._call_soon is not None  # only then something waits
        turns = self._turns
        try:
            self._call_soon(self._hand_over)
        except RuntimeError:
            if self._turns != turns:  # the turn was given at once, and what it raised is the client's
                raise
            self.abort()  # its event loop is closed: nobody will ever read this

    def _hand_over(self) -> None:
        self._turns += 1
        for _ in range(_BURST):
            with self._house.locked():
                if not self._queue:
                    self._is_due = False
                    return
                action, size = self._queue.popleft()
                self.link.queued -= size
            self._do(action)
        self._ask_for_a_turn()

    def _do(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            # As on a network: the event loop logs it, and the connection is gone.
            with self._house.turn():
                self._is_due = False
                self.link.abort()
                self._wake()
            raise

    def _hear(self, data: bytes) -> None:
        try:
            message = CODEC.decode(data)
        except ProtocolViolation as violation:
            self._handler.onViolation(violation)
            self.close()
        else:
            self._handler.onMessage(message)

    # -- the transport of the client's session

    @property
    def details(self) -> TransportDetails:
        return self.link.details

    def send(self, message: Message) -> None:
        try:
            data = CODEC.encode(message)
        except TranscodingError as error:
            raise SerializationError(str(error)) from None
        if len(data) > MAX_MESSAGE_SIZE:
            raise PayloadExceededError(f"a message of {len(data)} bytes, but the router takes {MAX_MESSAGE_SIZE}")
        with self._house.turn():
            session = self.link.session
            self.link.receive(data)
            if session is not None:
                self._house.passed(session, message)

    @property
    def is_congested(self) -> bool:
        return False  # what is sent is taken at once

    def call_when_drained(self, action: Callable[[], None]) -> None:
        action()

    def is_open(self) -> bool:
        return self.link.is_open()

    def close(self) -> None:
        with self._house.turn():
            self.link.close()

    def abort(self) -> None:
        with self._house.turn():
            self.link.abort()


def _nothing() -> None:
    """Nobody is told."""
