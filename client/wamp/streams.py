"""What is sent in parts, as asynchronous iterators: progressive results, and the parts of a progressive call.

It knows no event loop: how to wait it is told by the session. A buffer between network and reader has a bound, because a peer
cannot be asked to send one call's parts more slowly (WAMP advanced profile, "Progressive Call Results" and "Progressive
Call Invocations").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, Self

import msgspec

from wamp.exception import BufferFull, Error
from wamp.request import Place
from wamp.types import CallOptions, CallResult

__all__ = ["PARTS", "Buffer", "Stream", "place_of"]

PARTS: Final = 1024
"""How many parts wait for who reads them, unless said otherwise."""


class Waits(Protocol):
    """How a session waits."""

    def _reply(self) -> Any: ...
    def _settle(self, reply: Any, value: Any) -> None: ...
    def _when(self, promise: Any, then: Callable[..., None], otherwise: Callable[..., None], *args: Any) -> None: ...


class Buffer:
    """Items for one reader, who iterates over them; whoever has some puts them."""

    def __init__(self, session: Waits, limit: int) -> None:
        self._session = session
        self._limit = limit
        self._items: deque[Any] = deque()
        self._waiter: Any = None
        self._is_over = False
        self._failure: BaseException | None = None

    def put(self, item: Any) -> bool:
        """Add an item; False if there is no room. After the end it is dropped."""
        if self._is_over:
            return True
        if len(self._items) >= self._limit:
            return False
        self._items.append(item)
        self._wake()
        return True

    def end(self, failure: BaseException | None = None) -> None:
        """Let the iteration end behind what is there, with an exception if one is given. The first end counts."""
        if not self._is_over:
            self._is_over = True
            self._failure = failure
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._session._settle(waiter, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._items:
            if self._is_over:
                failure, self._failure = self._failure, None
                raise StopAsyncIteration if failure is None else failure
            if self._waiter is not None:
                raise RuntimeError("somebody else waits for the next part already")
            self._waiter = waiter = self._session._reply()
            try:
                await waiter
            finally:
                if self._waiter is waiter:  # it was cancelled
                    self._waiter = None
        return self._items.popleft()


class Stream:
    """The progressive results of a call, as they come; iterate once. A part is None, a value, or a ``CallResult``.

    ``result`` is the final result, once the iteration has ended. Use it as a block (``async with``), or ``aclose`` it, to cancel the call
    when you leave early.
    """

    def __init__(self, session: Waits, limit: int = PARTS) -> None:
        if limit < 1:
            raise ValueError(f"a buffer of {limit} parts, expected 1 or more")
        self._session = session
        self._limit = limit
        self._parts = Buffer(session, limit)
        self._reply: Any = None
        self._is_over = False
        self._result: Any = None

    # -- for the session

    def options(self, options: CallOptions | None) -> CallOptions:
        """Return the options of a call whose progressive results come here."""
        if options is None:
            return CallOptions(on_progress=self._progressed)
        if options.on_progress is not None:
            raise ValueError("a stream is what gets progressive results: on_progress cannot be given")
        return msgspec.structs.replace(options, on_progress=self._progressed)

    def begin(self, reply: Any) -> None:
        """Learn what the call has returned."""
        self._reply = reply
        self._session._when(reply, self._succeeded, self._failed)

    def _progressed(self, *args: Any, **kwargs: Any) -> None:
        is_plain = len(args) <= 1 and not kwargs
        part = (args[0] if args else None) if is_plain else CallResult(*args, **kwargs)
        if not self._parts.put(part):
            self._parts.end(BufferFull(f"{self._limit} progressive results wait to be read, the call was cancelled"))
            self._reply.cancel()

    def _succeeded(self, value: Any) -> None:
        self._is_over = True
        self._result = value
        self._parts.end()

    def _failed(self, failure: Any) -> None:
        self._is_over = True
        self._parts.end(failure.value)

    # -- for who reads

    @property
    def result(self) -> Any:
        """The final result; raise Error if it is not there yet."""
        if not self._is_over:
            raise Error("the call has not ended yet")
        return self._result

    async def aclose(self) -> None:
        """Cancel the call, unless it has ended. Again it does nothing."""
        self._parts.end()
        if not self._is_over:
            self._reply.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return await anext(self._parts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def place_of(function: Callable[..., Any]) -> Place | None:
    """Return the parameter of a procedure that takes a progressive call, or None. Raise TypeError if there are several."""
    from wamp.hints import stream_parameter

    found = stream_parameter(function)
    return None if found is None else Place(*found)
