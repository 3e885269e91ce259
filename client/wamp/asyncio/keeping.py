"""What a client has registered and subscribed: asked for in each of its sessions, and again where a router refuses it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from wamp.asyncio.log import Log
from wamp.backoff import Backoff
from wamp.exception import TransportLost, in_brief
from wamp.kept import Kept
from wamp.shell import Shell

__all__ = ["Held", "Keeper"]

_log = Log()
T = TypeVar("T")


class Keeper:
    """The registrations and subscriptions of a client. ``sleep`` waits so many seconds of the connection's time."""

    def __init__(self, wanted: Iterable[Kept[Any, Any]], sleep: Callable[[float], Awaitable[None]]) -> None:
        self.kept: dict[Kept[Any, Any], None] = dict.fromkeys(wanted)
        self._sleep = sleep
        self._session: Shell | None = None
        self._insisting: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def add(self, session: Shell, wanted: Iterable[Kept[Any, Any]]) -> list[Kept[Any, Any]]:
        """Ask for what is wanted; keep what the router has granted, and raise its first refusal."""
        asking = self._task(_ask(session, list(wanted)))
        try:
            outcomes = await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._task(_return(asking))  # what is granted now, nobody could remove
            raise
        for kept, refusal in outcomes:
            if refusal is None:
                self.kept[kept] = None
        for _, refusal in outcomes:
            if refusal is not None:
                raise refusal
        return [kept for kept, _ in outcomes]

    async def drop(self, kept: Kept[Any, Any]) -> None:
        """Ask for it no more, and give it back if a session has it. Again it does nothing."""
        if kept not in self.kept:
            return
        del self.kept[kept]
        if kept.asked is not None:
            await asyncio.wait([kept.asked])  # until then it is not known what there is to give back
        await _give_back(kept)

    async def restore(self, session: Shell, *, is_first: bool) -> None:
        """Ask for everything in a new session. The first one ends with a refusal; in later ones it is asked for again.

        A router may still hold the session before, whose connection it does not know to be lost.
        """
        self._session = session
        for kept, refusal in await _ask(session, self.kept):
            if self._session is not session:
                return  # lost meanwhile: the next one is asked for everything
            if refusal is None:
                continue
            if is_first:
                raise refusal
            _log.warn("{uri}: {error}; it will be asked for again", uri=kept.uri, error=in_brief(refusal))
            self._insisting.add(task := self._task(self._insist(session, kept)))
            task.add_done_callback(self._insisting.discard)

    def lost(self) -> None:
        """Learn that there is no session: nobody can be asked any more."""
        self._session = None
        for task in self._insisting:
            task.cancel()

    async def _insist(self, session: Shell, kept: Kept[Any, Any]) -> None:
        backoff = Backoff()
        while True:
            await self._sleep(backoff.delay(random.random()) or 0.0)
            if kept not in self.kept:
                return
            [(_, refusal)] = await _ask(session, [kept])
            if refusal is None:
                _log.info("{uri} is registered again", uri=kept.uri)
                return
            _log.debug("{uri}: {error}", uri=kept.uri, error=in_brief(refusal))

    def _task(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


Outcomes = list[tuple[Kept[Any, Any], Exception | None]]


async def _ask(session: Shell, wanted: Iterable[Kept[Any, Any]]) -> Outcomes:
    """Ask a session for registrations and subscriptions, all at once; return each with its refusal, if it is refused."""
    each = list(wanted)
    return list(zip(each, await asyncio.gather(*(_asked(session, kept) for kept in each)), strict=True))


async def _asked(session: Shell, kept: Kept[Any, Any]) -> Exception | None:
    try:
        kept.asked = kept.ask(session)
        kept.held = await kept.asked
    except Exception as refusal:  # noqa: BLE001  # of whatever class the user has defined for it
        return refusal
    return None


async def _return(asking: asyncio.Task[Outcomes]) -> None:
    """Give back what a session grants to somebody who does not want it any more."""
    for kept, _ in await asking:
        await _give_back(kept)


async def _give_back(kept: Kept[Any, Any]) -> None:
    """Give something back, if a session has it."""
    try:
        waiting = kept.give_back()
        if waiting is not None:
            await waiting
    except TransportLost:
        pass  # it went with its session


class Held:
    """A registration or subscription that outlives connections."""

    __slots__ = ("_keeper", "_kept")

    def __init__(self, keeper: Keeper, kept: Kept[Any, Any]) -> None:
        self._keeper = keeper
        self._kept = kept

    @property
    def uri(self) -> str:
        """What it is for, as the router knows it."""
        return self._kept.uri

    @property
    def is_active(self) -> bool:
        """Whether calls or events arrive now: not while there is no connection."""
        return self._kept.is_active

    async def remove(self) -> None:
        """Withdraw it, for good. Again it does nothing."""
        await self._keeper.drop(self._kept)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri}>"
