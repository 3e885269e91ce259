"""An event loop in a thread of its own, and what other threads ask of it.

What is asked for goes through an inbox, so that several threads wake the loop once. Whoever asks when the loop has ended is refused by
whoever notices: the order in ``post`` and ``_run`` is such that one of the two does.

A fork copies the loop, but not its thread. The copy shares sockets and the selector with the parent, where all goes on. Closing it in
order would take the parent's sockets out of the selector and say goodbye in the parent's name, and so would the garbage collector. So the copy
is kept for ever, and its file descriptors are made to stand for nothing, which no peer notices and keeps their numbers taken.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextvars import copy_context
from functools import partial
from typing import Any, Final
from weakref import WeakSet

from wamp.asyncio.log import Log
from wamp.asyncio.running import tidy
from wamp.exception import CallTimeout, TransportLost
from wamp.shell.base import Base

__all__ = ["Loop", "LoopThread", "Reply", "carried"]

_log = Log()


class Loop(asyncio.SelectorEventLoop):
    """An event loop that knows its thread, and all its sockets."""

    thread: LoopThread

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.sockets: WeakSet[socket.socket] = WeakSet()
        super().__init__(self.selector)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect a socket; asyncio asks for each of its own here as well."""
        self.sockets.add(sock)
        await super().sock_connect(sock, address)

    def descriptors(self) -> set[int]:
        """Return the file descriptors that a fork would share."""
        found = {sock.fileno() for sock in list(self.sockets)}
        found.update(key.fd for key in (self.selector.get_map() or {}).values())
        fileno = getattr(self.selector, "fileno", None)  # only those of the kernel have one
        if fileno is not None:
            found.add(fileno())
        found.discard(-1)
        return found


class Reply(Future[Any]):
    """What a thread has asked of the loop. Cancelling it cancels what was begun for it.

    ``start`` is called in the loop; it returns what is to be awaited, or the result.
    """

    def __init__(self, thread: LoopThread, start: Callable[[], Any]) -> None:
        super().__init__()
        self._thread = thread
        self._start = start
        self._waiting: asyncio.Future[Any] | None = None
        self._is_withdrawn = False

    def answer(self, limit: float | None, what: str) -> Any:
        """Ask the loop and wait for the result, ``limit`` seconds at most; whoever stops waiting, also by Ctrl-C, cancels it.

        Raise CallTimeout, or what the loop has raised.
        """
        try:
            self._thread.post(self.begin)
            return self.result(limit)
        except TimeoutError:
            if self.cancel():
                raise CallTimeout(f"{what}: no answer within {limit:g} s") from None
            return self.result(0)  # an answer of that kind, or one that has just come
        except BaseException:
            self.cancel()
            raise
        finally:
            del self  # its exception has this frame in its traceback

    def cancel(self) -> bool:
        is_cancelled = super().cancel()
        if is_cancelled:
            self._thread.post(self._withdraw)
        return is_cancelled

    # -- in the loop

    def begin(self) -> None:
        """Do what is asked for."""
        if self.cancelled():
            return
        if self._thread.is_over:
            self._refuse(TransportLost("the session is closed"))
            return
        try:
            waiting = self._start()
            if asyncio.iscoroutine(waiting):
                waiting = self._thread.loop.create_task(waiting)
        except BaseException as exception:  # noqa: BLE001  # whatever it is, it is raised in the thread that waits
            self._refuse(exception)
            return
        if asyncio.isfuture(waiting):
            self._waiting = waiting
            waiting.add_done_callback(self._done)
        else:
            self._settle(waiting)

    def give_up(self, exception: BaseException) -> None:
        """Fail, and cancel what was begun."""
        self._refuse(exception)
        if self._waiting is not None:
            self._waiting.cancel()

    def _withdraw(self) -> None:
        if self._is_withdrawn:
            return
        self._is_withdrawn = True
        self.set_running_or_notify_cancel()  # for those who wait for several
        if self._waiting is not None and not self._thread.is_over:
            self._waiting.cancel()

    def _done(self, waiting: asyncio.Future[Any]) -> None:
        if waiting.cancelled():
            self._refuse(TransportLost("the session was closed"))
            return
        exception = waiting.exception()
        if exception is None:
            self._settle(waiting.result())
        else:
            self._refuse(exception)

    def _settle(self, value: Any) -> None:
        try:
            self.set_result(value)
        except InvalidStateError:
            pass  # cancelled in another thread

    def _refuse(self, exception: BaseException) -> None:
        try:
            self.set_exception(exception)
        except InvalidStateError:
            pass


def carried(start: Callable[[], Any]) -> Callable[[], Any]:
    """Return what does the same in the loop with the context of this thread, if there are traces, which are part of it.

    If not, without: tasks would keep what the application has in its contexts.
    """
    return start if Base._tracing is None else partial(copy_context().run, start)


class LoopThread:
    """A thread that runs an event loop until it is told to end. It never stops the interpreter from exiting."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.loop.thread = self
        self.is_over = False
        self._inbox: deque[Callable[[], None]] = deque()
        self._is_awake = False
        self._is_ending = False
        self._ending: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="wamp", daemon=True)
        _THREADS.add(self)
        self._thread.start()

    def is_inside(self) -> bool:
        """Tell whether this is the loop's own thread."""
        # Not by its number, which another thread may have had since this one ended.
        return threading.current_thread() is self._thread

    def post(self, action: Callable[[], None]) -> None:
        """Call ``action``, which must not raise, in the loop's thread; in any, if the loop has ended."""
        self._inbox.append(action)
        if self.is_over:
            self._take_out()
        elif not self._is_awake:
            try:
                self._is_awake = True
                self.loop.call_soon_threadsafe(self._take_out)
            except RuntimeError:  # closed at this very moment
                self._take_out()
            except BaseException:  # Ctrl-C: whoever comes next must wake the loop
                self._is_awake = False
                raise

    def ask(self, start: Callable[[], Any]) -> Reply:
        """Let the loop do something."""
        reply = Reply(self, start)
        self.post(reply.begin)
        return reply

    def wait(self, start: Callable[[], Any], limit: float | None, what: str) -> Any:
        """Let the loop do something, and wait for its result, ``limit`` seconds at most.

        Raise CallTimeout, what the loop has raised, or RuntimeError in the loop's own thread.
        """
        self.refuse_inside(what)
        return Reply(self, start).answer(limit, what)

    def refuse_inside(self, what: str) -> None:
        """Raise RuntimeError in the loop's own thread, which would wait for itself."""
        if self.is_inside():
            raise RuntimeError(
                f"{what}: a coroutine function runs in the event loop that would be waited for. "
                "Register a plain function, or use `session.client` and await"
            )

    def end(self, last: Callable[[], Any]) -> None:
        """Await what ``last`` returns, then end the loop. Again it does nothing. It takes no lock: it may be called by the garbage collector."""
        if not self._is_ending:
            self._is_ending = True
            self.post(lambda: self._begin_to_end(last))

    def join(self, limit: float) -> None:
        """Wait until the thread has ended, so many seconds at most."""
        self._thread.join(limit)

    # -- in the thread

    def _take_out(self) -> None:
        self._is_awake = False
        for _ in range(len(self._inbox)):
            try:
                action = self._inbox.popleft()
            except IndexError:  # another thread has it
                return
            action()

    def _begin_to_end(self, last: Callable[[], Any]) -> None:
        if not self.is_over:
            self._ending = self.loop.create_task(self._end(last))

    async def _end(self, last: Callable[[], Any]) -> None:
        try:
            await last()
        except Exception:  # noqa: BLE001  # nobody else would hear of it
            _log.failure("the session did not end as it should")
        for _ in range(3):
            await asyncio.sleep(0)  # whoever waited for the end is told before tasks are cancelled
        self.loop.stop()

    def _run(self) -> None:
        try:
            self.loop.run_forever()
            tidy(self.loop)
        finally:
            self.is_over = True
            self.loop.close()
            self._take_out()

    # -- after a fork

    def abandon(self) -> None:
        """Give up, in a child process, the copy of the parent's loop."""
        _ABANDONED.append(self)
        self.is_over = True
        self._inbox.clear()
        if self.loop.is_closed():
            return
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for descriptor in self.loop.descriptors():
            os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)


_THREADS: Final[WeakSet[LoopThread]] = WeakSet()
_ABANDONED: Final[list[LoopThread]] = []


def _abandon_all() -> None:
    for thread in list(_THREADS):
        thread.abandon()
    _THREADS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
