"""Decorators, ``wamp.typed`` and authenticators keep the types of what they are given."""

from collections.abc import AsyncIterator, Callable
from typing import Any, assert_type

import wamp
from wamp.auth import Authenticator, AuthTicket, CryptosignKey, compute_wcs, create_authenticator
from wamp.typed import typed
from wamp.types import Challenge


@wamp.register("com.example.add")
@wamp.register("com.example.plus", check_types=True)
def add(a: int, b: int) -> int:
    return a + b


@wamp.subscribe("com.example.<name>.news")
async def news(text: str, name: str) -> None:
    print(text, name)


@typed
def area(width: float, height: float) -> float:
    return width * height


@typed
async def name(number: int) -> str:
    return str(number)


@typed
async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


assert_type(add(1, b=2), int)
assert_type(area(1.0, height=2.0), float)
assert_type(numbers(3), AsyncIterator[int])


async def use() -> None:
    assert_type(await news("text", "name"), None)
    assert_type(await name(3), str)


checked: Callable[[int, int], int] = typed(add, details_arg=None)


class Own:
    """A way to log in that a user has written."""

    name = "own"
    authid = "joe"
    authrole: str | None = None

    @property
    def authextra(self) -> dict[str, Any]:
        return {"a": 1}

    def on_challenge(self, session: object, challenge: Challenge) -> str:
        return "signature"

    def on_welcome(self, session: object, authextra: dict[str, Any] | None) -> str | None:
        return None


ways: list[Authenticator] = [Own(), AuthTicket(ticket="secret", authid="joe"), create_authenticator("anonymous")]
assert_type(compute_wcs("key", "challenge"), bytes)
assert_type(CryptosignKey.from_bytes(b"\0" * 32).public_key(), str)
