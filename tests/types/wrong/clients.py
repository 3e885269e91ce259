"""What is wrong with ``connect``."""

from wamp import CallOptions
from wamp.asyncio import connect


def add(a: int, b: int) -> int:
    return a + b


async def main() -> None:
    connect(5)  # error: arg-type, reportArgumentType
    connect("ws://router/", timeout="3")  # error: arg-type, reportArgumentType
    connect("ws://router/", "realm1", retries=3)  # error: call-arg, reportCallIssue
    connect("ws://router/").call("com.add")  # error: attr-defined, reportAttributeAccessIssue
    async with connect("ws://router/", "realm1") as session:
        session.cal("com.add")  # error: attr-defined, reportAttributeAccessIssue
        text: str = await session.call("com.add", 2, 3, returns=int)  # error: reportAssignmentType
        await session.call("com.add", timeout="2")  # error: call-overload, reportArgumentType
        await session.call("com.add", options=3)  # error: call-overload, reportArgumentType
        await session.publish(3)  # error: arg-type, reportArgumentType
        session.register(add, "com.add")  # error: unused-coroutine, reportUnusedCoroutine
        await session.register("com.add", add)  # error: call-overload, reportCallIssue
        await session.register(add, "com.add", CallOptions())  # error: call-overload, reportCallIssue
        held = await session.subscribe(print, "com.news")
        await held.unsubscribe()  # error: attr-defined, reportAttributeAccessIssue
        for _ in session.stream("com.count"):  # error: attr-defined, reportGeneralTypeIssues
            print("never")
        async for part in session.stream("com.count", buffer="16"):  # error: arg-type, reportArgumentType
            print(part)
        await session.stream("com.count")  # error: misc, reportGeneralTypeIssues
        session.define(3)  # error: arg-type, reportArgumentType
        print(text, session.session_details.sesion)  # error: attr-defined, reportAttributeAccessIssue
    with connect("ws://router/"):  # error: attr-defined, reportGeneralTypeIssues
        print("never")
