"""What is wrong with sessions, on either event loop."""

import wamp.asyncio
import wamp.twisted
from wamp import CallDetails, CallOptions, CallResult, PublishOptions, RegisterOptions, SessionDetails, SubscribeOptions
from wamp.types import Registration


def add(a: int, b: int) -> int:
    return a + b


class Asyncio(wamp.asyncio.ApplicationSession):
    async def onJoin(self, details: SessionDetails) -> None:
        await self.call(123)  # error: arg-type, reportArgumentType
        await self.call()  # error: call-arg, reportCallIssue
        await self.call("com.add", options={"timeout": 1})  # error: arg-type, reportArgumentType
        await self.call("com.add", options=PublishOptions())  # error: arg-type, reportArgumentType
        await self.publish("com.news", options=CallOptions())  # error: arg-type, reportArgumentType
        await self.register("com.add", add)  # error: call-overload, reportCallIssue
        await self.register(add, 3)  # error: call-overload, reportCallIssue
        await self.register(add, "com.add", option=RegisterOptions())  # error: call-overload, reportCallIssue
        await self.subscribe(print, "com.news", options=RegisterOptions())  # error: call-overload, reportCallIssue
        one: Registration = await self.register(self)  # error: assignment, reportAssignmentType
        many: list[Registration] = await self.register(add, "com.add")  # error: assignment, reportAssignmentType
        print(one, many, details.session + 1, details.sesion)  # error: attr-defined, operator, reportOptionalOperand
        self.join(7)  # error: arg-type, reportArgumentType
        await self.fire(3)  # error: arg-type, reportArgumentType

    def details(self, details: CallDetails) -> None:
        details.progress("half way")  # error: misc, reportOptionalCall


class Twisted(wamp.twisted.ApplicationSession):
    async def onJoin(self, details: SessionDetails) -> None:
        await self.call(123)  # error: arg-type, reportArgumentType
        await self.subscribe("com.news", print)  # error: call-overload, reportCallIssue
        one: Registration = await self.register(self)  # error: assignment, reportAssignmentType
        print(one)
        self.call("com.add").addCallbacks(3)  # error: arg-type, reportArgumentType

    def onLeave(self) -> None:  # error: override, reportIncompatibleMethodOverride
        self.disconect()  # error: attr-defined, reportAttributeAccessIssue


class Hooked(wamp.asyncio.Session):
    def on_join(self) -> None:  # error: override, reportIncompatibleMethodOverride
        print(self.session_id + 1)  # error: operator, reportOptionalOperand


wamp.asyncio.ApplicationRunner("ws://router/", "realm1").run(3)  # error: arg-type, reportArgumentType
wamp.twisted.ApplicationRunner("ws://router/", relm="realm1")  # error: call-arg, reportCallIssue
wamp.twisted.ApplicationRunner("ws://router/").run(Asyncio)  # error: arg-type, reportArgumentType
print(CallResult(1).result)  # error: attr-defined, reportAttributeAccessIssue
SubscribeOptions(match=3)  # error: arg-type, reportArgumentType
