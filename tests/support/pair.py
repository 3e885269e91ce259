"""A well-behaved pair of clients that goes on while others attack, and knows whether it was served."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Final, Self

from tests.support.raw import Client
from wamp.protocol.messages import ABSENT, Call, Event, Invocation, Message, Publish, Published, Result, Yield

__all__ = ["PROCEDURE", "TOPIC", "Pair"]

PROCEDURE: Final = "com.pair.add"
TOPIC: Final = "com.pair.news"

_PACE: Final = 0.002  # seconds between two requests: they are clients, and no flood


class Pair:
    """A callee, and a caller that also hears its own events. Each of its requests must be answered, and rightly.

    They speak different serializers, so that payloads are translated. ``seconds`` has how long each call took.
    """

    def __init__(self, callee_url: str, caller_url: str) -> None:
        self.seconds: list[float] = []
        self.failure: BaseException | None = None
        self._rounds = 0
        self._progress = threading.Condition()
        self._stopped = threading.Event()
        self._callee = Client(callee_url, "msgpack")
        self._callee.register(PROCEDURE)
        self._caller = Client(caller_url, "json")
        self._caller.subscribe(TOPIC)
        self._threads = [
            threading.Thread(target=self._run, args=[each], daemon=True) for each in (self._serve, self._ask)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, work: Any) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001  # it is raised again in the test's own thread
            if not self._stopped.is_set():
                self.failure = failure
        with self._progress:
            self._progress.notify_all()

    def _serve(self) -> None:
        callee = self._callee
        while True:
            message = callee.receive()
            assert isinstance(message, Invocation), message
            first, second = callee.args(message)
            callee.send(Yield(message.request, {}, callee.pack([first + second])))

    def _ask(self) -> None:
        caller = self._caller
        number = 0
        while not self._stopped.wait(_PACE):
            number += 1
            began = time.perf_counter()
            caller.send(Call(caller.next_request(), {}, PROCEDURE, caller.pack([number, 1])))
            result = caller.expect(Result)
            self.seconds.append(time.perf_counter() - began)
            assert (caller.requests, [number + 1]) == (result.request, caller.args(result)), result
            options = {"acknowledge": True, "exclude_me": False}
            caller.send(Publish(caller.next_request(), options, TOPIC, caller.pack([number])))
            answers: list[Message] = [caller.receive(), caller.receive()]
            event, published = sorted(answers, key=lambda answer: isinstance(answer, Published))
            assert isinstance(event, Event), event
            assert isinstance(published, Published), published
            assert event.args is not ABSENT
            assert ([number], caller.requests) == (caller.args(event), published.request)
            with self._progress:
                self._rounds += 1
                self._progress.notify_all()

    def go_on(self, rounds: int = 3) -> None:
        """Wait until it has been served that many times more; raise what went wrong, at any time."""
        with self._progress:
            wanted = self._rounds + rounds
            self._progress.wait_for(lambda: self._rounds >= wanted or self.failure is not None, timeout=30)
            served = self._rounds >= wanted
        if self.failure is not None:
            raise self.failure
        assert served, "the pair is not served any more"

    def stop(self) -> None:
        """End it."""
        self._stopped.set()
        for client in (self._caller, self._callee):
            try:
                client.stream.shut_down()
            except OSError:
                pass  # the router has closed it
        for thread in self._threads:
            thread.join(5)
        self._caller.close()
        self._callee.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
