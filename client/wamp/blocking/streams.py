"""Progressive results in the thread that waits for them: as an iterator, or passed to ``on_progress``."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

import msgspec

from wamp.blocking.thread import LoopThread, Reply, carried
from wamp.exception import BufferFull, CallTimeout, TransportLost
from wamp.streams import PARTS
from wamp.types import CallOptions

if TYPE_CHECKING:
    from wamp.streams import Stream

__all__ = ["BlockingStream", "call_with_progress"]


class BlockingStream:
    """The progressive results of a call, as they come; iterate once. A part is None, a value, or a ``CallResult``.

    ``result`` is the final result, once the iteration has ended. Use it as a block, or ``close`` it, to cancel the call when you leave
    early.
    """

    def __init__(self, thread: LoopThread, stream: Stream) -> None:
        self._thread = thread
        self._stream = stream

    @property
    def result(self) -> Any:
        """The final result; raise Error if it is not there yet."""
        return self._stream.result

    def close(self) -> None:
        """Cancel the call, unless it has ended. Again it does nothing."""
        try:
            self._thread.wait(self._stream.aclose, None, "stream.close")
        except TransportLost:
            pass  # the call has ended with the session

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            return self._thread.wait(partial(anext, self._stream), None, "stream")
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def call_with_progress(
    thread: LoopThread, call: Callable[..., Any], options: CallOptions, limit: float | None, what: str
) -> Any:
    """Make a call by ``call(options=…)``, and pass its progressive results to ``on_progress`` in the thread that waits."""
    on_progress = options.on_progress
    assert on_progress is not None  # or it would be a call as any other
    parts: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()

    def put(*args: Any, **kwargs: Any) -> None:
        if parts.qsize() < PARTS:
            parts.put(partial(on_progress, *args, **kwargs))
        else:
            reply.give_up(
                BufferFull(f"{what}: {PARTS} progressive results wait for on_progress, the call was cancelled")
            )

    reply = Reply(thread, carried(partial(call, options=msgspec.structs.replace(options, on_progress=put))))
    reply.add_done_callback(lambda _: parts.put(None))
    try:
        thread.refuse_inside(what)
        thread.post(reply.begin)
        _pass_on(parts, limit)
    except Empty:
        if reply.cancel():
            raise CallTimeout(f"{what}: no answer within {limit:g} s") from None
    except BaseException:
        reply.cancel()
        raise
    return _result(reply)


def _pass_on(parts: SimpleQueue[Callable[[], Any] | None], limit: float | None) -> None:
    """Do what comes until the end comes; raise Empty if it does not in time."""
    until = None if limit is None else time.monotonic() + limit
    while (part := parts.get(timeout=None if until is None else max(until - time.monotonic(), 0))) is not None:
        part()


def _result(reply: Reply) -> Any:
    try:
        return reply.result(0)
    finally:
        del reply  # its exception has this frame in its traceback
