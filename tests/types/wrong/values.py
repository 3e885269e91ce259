"""What is wrong with options, decorators, exceptions and authenticators."""

import wamp
from wamp import ApplicationError, CallOptions, PublishOptions, RegisterOptions
from wamp.auth import Authenticator, AuthTicket, create_authenticator
from wamp.testing import CallRecorder, Router
from wamp.typed import typed

CallOptions(timeout="1")  # error: arg-type, reportArgumentType
CallOptions(timout=1)  # error: call-arg, reportCallIssue
PublishOptions(exclude="joe")  # error: arg-type, reportArgumentType
RegisterOptions(concurrency="3")  # error: arg-type, reportArgumentType
ApplicationError()  # error: call-arg, reportCallIssue
ApplicationError(3)  # error: arg-type, reportArgumentType


@wamp.error("com.example.error")  # error: reportArgumentType
class NoException: ...  # error: type-var


@wamp.error(3)  # error: arg-type, reportArgumentType
class Failure(Exception): ...


@wamp.register(3)  # error: arg-type, reportArgumentType
def three() -> int:
    return 3


@wamp.register("com.add", match="prefix")  # error: call-arg, reportCallIssue
def add(a: int, b: int) -> int:
    return a + b


@wamp.subscribe("com.news")
async def news(text: str) -> None:
    print(text)


@typed
def area(width: float, height: float) -> float:
    return width * height


@typed
async def later(number: int) -> str:
    return str(number)


class Nameless:
    def on_welcome(self, session: object, authextra: object) -> None: ...


async def use() -> None:
    news("text")  # error: unused-coroutine, reportUnusedCoroutine
    await news(3)  # error: arg-type, reportArgumentType
    number: int = await later(3)  # error: assignment, reportAssignmentType
    print(number)


area("3", 2.0)  # error: arg-type, reportArgumentType
text: str = area(3.0, 2.0)  # error: assignment, reportAssignmentType
AuthTicket()  # error: call-arg, reportCallIssue
create_authenticator(3)  # error: arg-type, reportArgumentType
way: Authenticator = Nameless()  # error: assignment, reportAssignmentType


def test_price(wamp_router: Router, call_recorder: CallRecorder) -> None:
    wamp_router.advance("10")  # error: arg-type, reportArgumentType
    wamp_router.drop()  # error: call-arg, reportCallIssue
    call_recorder.replies("com.price", 3)  # error: attr-defined, reportAttributeAccessIssue
    call_recorder.reply(3)  # error: arg-type, reportArgumentType
    print(call_recorder.calls("com.price")[0].arguments)  # error: attr-defined, reportAttributeAccessIssue
