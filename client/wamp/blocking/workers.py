"""Threads in which plain functions of the user's run, while the event loop goes on.

Their number is bounded, and so is how many runs wait. Runs in the same lane come one after the other, in order.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, Final

from wamp.blocking.thread import Loop
from wamp.exception import ApplicationError

__all__ = ["UNAVAILABLE", "Job", "Lane", "Workers"]

UNAVAILABLE: Final = "wamp.error.unavailable"
_mine: Final = threading.local()


class Lane:
    """What runs one at a time."""

    __slots__ = ("is_busy", "jobs")

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self.is_busy = False


class Job(asyncio.Future[Any]):
    """One run of a function: a Future of the loop's. Cancelled before its turn it does not run; if it runs, its result is dropped."""

    def __init__(self, loop: Loop, run: Callable[[], Any], lane: Lane | None = None) -> None:
        super().__init__(loop=loop)
        self.lane = lane
        self._thread = loop.thread
        self._run = run
        self._context = copy_context()  # as asyncio.to_thread does: what is current here is so in the worker
        self._rest: asyncio.Future[Any] | None = None

    def cancel(self, msg: Any | None = None) -> bool:
        if self._rest is not None:
            self._rest.cancel(msg)
        return super().cancel(msg)

    # -- in a worker

    def work(self) -> None:
        """Run the function; the loop gets what comes of it."""
        if self.cancelled() or self._thread.is_over:
            return
        try:
            result = self._context.run(self._run)
        except BaseException as exception:  # noqa: BLE001  # the user's code: the caller is told
            self._thread.post(partial(self._failed, exception))
        else:
            self._thread.post(partial(self._finished, result))

    # -- in the loop

    def _finished(self, result: Any) -> None:
        if not asyncio.iscoroutine(result):
            if not self.done() and not self._thread.is_over:
                self.set_result(result)
        elif self.done() or self._thread.is_over:
            result.close()
        else:
            self._rest = self._thread.loop.create_task(result, context=self._context)
            self._rest.add_done_callback(self._rested)

    def _rested(self, rest: asyncio.Future[Any]) -> None:
        if self.done():
            return
        if rest.cancelled():
            super().cancel()
        elif (exception := rest.exception()) is not None:
            self.set_exception(exception)
        else:
            self.set_result(rest.result())

    def _failed(self, exception: BaseException) -> None:
        if self.done() or self._thread.is_over:
            return
        if isinstance(exception, StopIteration):  # a Future takes any but this one
            reason, exception = exception, RuntimeError(f"the function raised {exception!r}")
            exception.__cause__ = reason
        self.set_exception(exception)


class Workers:
    """At most ``count`` threads, which start when they are needed, and at most ``pending`` jobs that wait for one."""

    def __init__(self, count: int, pending: int) -> None:
        self._count = count
        self._pending = pending
        self._load = 0  # jobs that wait or run
        self._idle = 0
        self._queue: deque[Job] = deque()
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        self._era = 0  # threads of an earlier one end when they have nothing to do
        self._turn = threading.Condition()  # reentrant: the garbage collector may close it at any moment

    def run(self, function: Callable[[], Any], lane: Lane | None = None) -> Job:
        """Run a function for the loop whose thread this is; raise ApplicationError if there is no room for it."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)  # none but its client calls functions of a session
        job = Job(loop, function, lane)
        if not self._took(job):
            text = f"{self._count} calls and events are being handled, and {self._pending} wait already"
            raise ApplicationError(UNAVAILABLE, text)
        return job

    def _took(self, job: Job) -> bool:
        with self._turn:
            if self._is_closed or self._load >= self._count + self._pending:
                return False
            lane = job.lane
            if lane is not None and lane.is_busy:
                lane.jobs.append(job)
            elif self._has_thread():
                self._queue.append(job)
                self._turn.notify()
            else:
                return False
            if lane is not None:
                lane.is_busy = True
            self._load += 1
            return True

    def _has_thread(self) -> bool:
        """See to it that there is a thread for one more job; tell whether there is any."""
        if self._idle <= len(self._queue) and len(self._threads) < self._count:
            name = f"wamp-worker-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            try:
                thread.start()
            except RuntimeError:  # the interpreter exits
                self._threads.remove(thread)
                return bool(self._threads)
        return True

    def has_me(self) -> bool:
        """Tell whether the current thread is one of these."""
        return getattr(_mine, "workers", None) is self

    def close(self) -> None:
        """Take no more jobs, and drop those that wait."""
        with self._turn:
            self._is_closed = True
            self._queue.clear()
            self._turn.notify_all()

    def dismiss(self) -> None:
        """Let threads end that have nothing to do; others start when they are needed."""
        with self._turn:
            self._era += 1
            self._turn.notify_all()

    def join(self, limit: float) -> None:
        """Wait for the threads to end, so many seconds at most: a function that runs cannot be stopped."""
        until = time.monotonic() + limit
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(until - time.monotonic(), 0))

    # -- in a thread

    def _work(self) -> None:
        _mine.workers = self
        era = self._era
        while (job := self._next(era)) is not None:
            job.work()
            self._finished(job.lane)
            del job  # what the function was given is not kept until the next one comes

    def _next(self, era: int) -> Job | None:
        with self._turn:
            while not self._queue:
                if self._is_closed or era != self._era:
                    self._threads.remove(threading.current_thread())
                    return None
                self._idle += 1
                self._turn.wait()
                self._idle -= 1
            return self._queue.popleft()

    def _finished(self, lane: Lane | None) -> None:
        with self._turn:
            self._load -= 1
            if lane is None:
                return
            if lane.jobs and not self._is_closed:
                self._queue.append(lane.jobs.popleft())  # this thread is free for it
            else:
                lane.is_busy = False
