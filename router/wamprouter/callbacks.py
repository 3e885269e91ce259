"""A session made of functions: what a component of type "function" is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from wamp.twisted import ApplicationSession
from wamp.types import CloseDetails, SessionDetails

__all__ = ["session_class"]


def session_class(callbacks: Mapping[str, Callable[..., Any]]) -> type[ApplicationSession]:
    """Return a class whose sessions call these functions: ``join``, ``leave``, ``connect``, ``disconnect``.

    Each is called with the session first, as Crossbar calls them, and may be a coroutine function or return a Deferred.
    """

    async def tell(event: str, *arguments: Any, **more: Any) -> None:
        function = callbacks.get(event)
        result = None if function is None else function(*arguments, **more)
        if inspect.isawaitable(result):
            await result

    class FunctionSession(ApplicationSession):
        """Calls the functions of its component."""

        _was_clean = False

        async def onConnect(self) -> None:
            await tell("connect", self, self.transport)
            super().onConnect()

        async def onJoin(self, details: SessionDetails) -> None:
            await tell("join", self, details)

        async def onLeave(self, details: CloseDetails) -> None:
            try:
                await tell("leave", self, details)
            finally:
                super().onLeave(details)

        def onClose(self, wasClean: bool) -> None:
            self._was_clean = wasClean
            super().onClose(wasClean)

        async def onDisconnect(self) -> None:
            await tell("disconnect", self, was_clean=self._was_clean)

    return FunctionSession
