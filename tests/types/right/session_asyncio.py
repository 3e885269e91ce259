"""``ApplicationSession`` and ``ApplicationRunner`` on asyncio."""

import asyncio
from typing import Any, assert_type

import wamp
from wamp import (
    CallDetails,
    CallOptions,
    EventDetails,
    PublishOptions,
    RegisterOptions,
    SessionDetails,
    SubscribeOptions,
)
from wamp.asyncio import ApplicationRunner, ApplicationSession
from wamp.types import Challenge, CloseDetails, ComponentConfig, Publication, Registration, Subscription, Welcome


class Example(ApplicationSession):
    """Every hook, and each verb."""

    def __init__(self, config: ComponentConfig | None = None) -> None:
        super().__init__(config)
        self.totals: list[int] = []

    def onConnect(self) -> None:
        self.join("realm1", authmethods=["ticket"], authid="joe", authextra={"a": 1})

    def onChallenge(self, challenge: Challenge) -> str:
        assert_type(challenge.method, str)
        return "secret"

    def onWelcome(self, welcome: Welcome) -> str | None:
        return None if welcome.authid == "joe" else "somebody else"

    async def onJoin(self, details: SessionDetails) -> None:
        assert_type(details.session, int | None)
        assert_type(details.authid, str | None)
        registration = await self.register(self.sum, "com.example.sum", options=RegisterOptions(invoke="roundrobin"))
        assert_type(registration, Registration)
        assert_type(registration.procedure, str)
        registrations = await self.register(self)
        assert_type(registrations, list[Registration])
        subscription = await self.subscribe(self.done, "com.example.done", options=SubscribeOptions(match="prefix"))
        assert_type(subscription, Subscription)
        assert_type(await self.subscribe(self), list[Subscription])

        assert_type(self.call("com.example.sum", 1, 2), asyncio.Future[Any])
        total: int = await self.call("com.example.sum", 1, 2, options=CallOptions(timeout=1000), key="value")
        self.totals.append(total)
        publication = await self.publish("com.example.done", total, options=PublishOptions(acknowledge=True))
        assert_type(publication, Publication | None)
        self.publish("com.example.done", 1, word="two")
        await registration.unregister()
        left = await subscription.unsubscribe()
        print(left)
        await self.leave("wamp.close.normal", "done")

    def onLeave(self, details: CloseDetails) -> None:
        assert_type(details.reason, str | None)
        self.disconnect()

    def onDisconnect(self) -> None:
        asyncio.get_running_loop().stop()

    def onUserError(self, fail: Any, msg: str) -> None:
        self.log.error("{msg}", msg=msg)

    @wamp.register("com.example.sum")
    def sum(self, *numbers: int) -> int:
        return sum(numbers)

    @wamp.register(None, RegisterOptions(details=True))
    async def slow(self, details: CallDetails) -> str:
        if details.progress is not None:
            details.progress("half way", percent=50)
        assert_type(details.caller, int | None)
        return "done"

    @wamp.subscribe("com.example.done", options=SubscribeOptions(details=True))
    def done(self, total: int, details: EventDetails) -> None:
        assert_type(details.publication, int)
        assert_type(details.topic, str | None)


assert_type(Example().sum(1, 2), int)
session = Example(ComponentConfig("realm1", extra={"a": 1}))
assert_type(session.is_attached(), bool)
assert_type(session.session_id, int | None)
session.once("join", print)
ApplicationRunner("ws://127.0.0.1:8080/ws", "realm1", extra={"a": 1}, serializers=["json"]).run(Example)
ApplicationRunner("ws://127.0.0.1:8080/ws", "realm1").run(lambda config: Example(config), auto_reconnect=True)
ApplicationRunner("ws://127.0.0.1:8080/ws", "realm1").run(session, log_level=None)
