"""``Component`` and ``run`` on asyncio."""

import asyncio
from typing import assert_type

from wamp import CallDetails, RegisterOptions, SessionDetails
from wamp.asyncio import Component, Session, run
from wamp.types import CloseDetails, ComponentConfig

component = Component(
    transports=[
        {"type": "websocket", "url": "ws://127.0.0.1:8080/ws", "max_retries": 3},
        "rs://127.0.0.1:8081",
    ],
    realm="realm1",
    authentication={"ticket": {"authid": "joe", "ticket": "secret"}},
    is_fatal=lambda exception: isinstance(exception, OSError),
)


@component.register("com.example.add", RegisterOptions(details=True))
def add(a: int, b: int, details: CallDetails) -> int:
    return a + b


@component.subscribe("com.example.news", check_types=True)
async def news(text: str) -> None:
    print(text)


@component.on_join
async def joined(session: Session, details: SessionDetails) -> None:
    answer: int = await session.call("com.example.add", 2, 3)
    await session.publish("com.example.news", str(answer))


@component.on_leave
def left(session: Session, details: CloseDetails) -> None:
    print(details.reason)


@component.on_connectfailure
def failed(component: Component, exception: Exception) -> None:
    print(exception)


async def main(loop: asyncio.AbstractEventLoop, session: Session) -> None:
    await session.call("com.example.add", 1, 2)


class Own(Session):
    def __init__(self, config: ComponentConfig) -> None:
        super().__init__(config)
        self.answer = 42


assert_type(add(1, 2, CallDetails(None)), int)  # type: ignore[arg-type]  # pyright: ignore  (the details are the library's to make)
assert_type(component.start(), asyncio.Future[None])
assert_type(component.stop(), asyncio.Future[None])
run([component, Component(main=main), Component(session_factory=Own)], log_level=None)
run(component)
