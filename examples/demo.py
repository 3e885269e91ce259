"""A component that answers calls and publishes events: the Python side of the page that `make run` serves.

The router of config/router.json runs it inside itself. It runs as well in a process of its own, wherever the router is:

    python examples/demo.py ws://127.0.0.1:8080/ws
"""

from __future__ import annotations

import sys
from collections import deque
from datetime import UTC, datetime
from time import monotonic

from twisted.internet import reactor
from twisted.internet.task import LoopingCall, deferLater

import wamp
from wamp import ApplicationError, CallDetails, RegisterOptions, SessionDetails
from wamp.twisted import ApplicationRunner, ApplicationSession

DIVISION_BY_ZERO = "com.example.error.division_by_zero"


class Demo(ApplicationSession):
    """Procedures that are called from a page, and events that the page shows."""

    async def onJoin(self, details: SessionDetails) -> None:
        self.started = monotonic()
        self.said: deque[dict[str, str]] = deque(maxlen=20)
        await self.register(self)  # every method that is decorated below
        await self.subscribe(self)
        self.ticking = LoopingCall(self.tick)
        self.ticking.start(1.0)

    def onDisconnect(self) -> None:
        ticking = getattr(self, "ticking", None)
        if ticking is not None and ticking.running:
            ticking.stop()

    # -- procedures

    @wamp.register("com.example.add")
    def add(self, a: float, b: float) -> float:
        return a + b

    @wamp.register("com.example.divide")
    def divide(self, a: float, b: float) -> float:
        if b == 0:
            raise ApplicationError(DIVISION_BY_ZERO, f"cannot divide {a} by zero")
        return a / b

    @wamp.register("com.example.now")
    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="milliseconds")

    @wamp.register("com.example.countdown", options=RegisterOptions(details=True))
    async def countdown(self, start: int, details: CallDetails) -> str:
        """Take a while, and tell a caller who asks for progress how far it is."""
        if not 1 <= start <= 10:
            raise ApplicationError(
                ApplicationError.INVALID_ARGUMENT, f"cannot count down from {start}, only from 1 to 10"
            )
        for number in range(start, 0, -1):
            if details.progress:
                details.progress(number)
            await deferLater(reactor, 0.4)
        return "lift-off"

    # -- events

    def tick(self) -> None:
        """Tell everyone who listens that time passes."""
        self.publish("com.example.tick", time=self.now(), uptime=monotonic() - self.started)

    @wamp.subscribe("com.example.said")
    def remember(self, text: str, name: str = "somebody") -> None:
        """Keep what visitors say to each other, for those who come later."""
        self.said.append({"text": str(text)[:200], "name": str(name)[:40]})

    @wamp.register("com.example.history")
    def history(self) -> list[dict[str, str]]:
        return list(self.said)


if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8080/ws"
    ApplicationRunner(url, "realm1").run(Demo, auto_reconnect=True)
