"""Arguments and results that are checked against the type hints of a procedure."""

import asyncio
import enum
import inspect
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial, wraps
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NoReturn,
    Protocol,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from wamp.exception import ApplicationError, TypeCheckError
from wamp.hints import stream_parameter
from wamp.protocol.serializers import CBOR, JSON, MSGPACK
from wamp.typed import Typed, converted, typed
from wamp.types import CallResult

T = TypeVar("T")
UserId = NewType("UserId", int)
MISSING = ForwardRef("Missing")


class Color(enum.Enum):
    RED = "red"


@dataclass
class Line:
    item: str
    count: int = 1


@dataclass
class Order:
    number: int
    lines: list[Line] = field(default_factory=list)


class Point(msgspec.Struct):
    x: int
    y: int


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Options(TypedDict, total=False):
    deep: bool


class Pair(NamedTuple):
    left: int
    right: int


@attrs.define
class Box:
    width: int = attrs.field(validator=attrs.validators.gt(0))


class Model(pydantic.BaseModel):
    name: str
    size: int = pydantic.Field(default=1, ge=0, alias="Size")


@pydantic.dataclasses.dataclass
class Checked:
    size: pydantic.PositiveInt


class Opaque:
    pass


class Named(Protocol):
    name: str


@dataclass
class Holder:
    models: list[Model]
    opaque: Opaque | None = None


def taking(hint):
    """Return a procedure of one argument, which answers with what it got, unseen."""

    def procedure(value):
        return CallResult(got.append(value))

    got = []
    procedure.__annotations__ = {"value": hint}
    return typed(procedure), got


def giving(hint):
    """Return a procedure that returns its argument as its result."""

    def procedure(value):
        return value

    procedure.__annotations__ = {"return": hint}
    return typed(procedure)


def refusal_of(procedure, *args, **kwargs):
    with pytest.raises(ApplicationError) as caught:
        procedure(*args, **kwargs)
    assert caught.value.error == ApplicationError.INVALID_ARGUMENT
    (text,) = caught.value.args
    return text


# -- one argument -----------------------------------------------------------------------------------------------------

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UUID_TEXT = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("hint", "sent", "got"),
    [
        (int, 5, 5),
        (int, 2**70, 2**70),
        (float, 5, 5.0),
        (bool, True, True),
        (str, "x", "x"),
        (bytes, b"\xff", b"\xff"),
        (None, None, None),
        (Any, {"x": [1]}, {"x": [1]}),
        (object, "x", "x"),
        (T, "x", "x"),
        (UserId, 5, 5),
        (list[int], [1, 2], [1, 2]),
        (Sequence[int], [1], [1]),
        (set[int], [1, 1], {1}),
        (tuple[int, str], [1, "x"], (1, "x")),
        (dict[str, bytes], {"x": b"y"}, {"x": b"y"}),
        (dict[int, str], {"1": "x"}, {1: "x"}),
        (dict[int, str], {1: "x"}, {1: "x"}),
        (int | None, None, None),
        (int | str, "x", "x"),
        (Literal["up", "down"], "up", "up"),
        (Color, "red", Color.RED),
        (datetime, "2026-01-02T03:04:05Z", MOMENT),
        (datetime, MOMENT, MOMENT),
        (date, "2026-01-02", date(2026, 1, 2)),
        (UUID, UUID_TEXT, UUID(UUID_TEXT)),
        (Decimal, "1.50", Decimal("1.50")),
        (Options, {"deep": True}, {"deep": True}),
        (Pair, [1, 2], Pair(1, 2)),
        (Order, {"number": 1, "lines": [{"item": "x"}]}, Order(1, [Line("x", 1)])),
        (Point, {"x": 1, "y": 2}, Point(1, 2)),
        (Page[Point], {"items": [{"x": 1, "y": 2}]}, Page([Point(1, 2)])),
        (Box, {"width": 1}, Box(1)),
        (Annotated[int, msgspec.Meta(ge=0)], 0, 0),
        (Annotated[int, pydantic.Field(ge=0)], 0, 0),
        (list[pydantic.PositiveInt], [1], [1]),
        (Model, {"name": "x", "Size": 2}, Model(name="x", Size=2)),
        (Model | None, None, None),
        (list[Model], [{"name": "x"}], [Model(name="x")]),
        (Checked, {"size": 1}, Checked(1)),
        (Holder, {"models": [{"name": "x"}]}, Holder([Model(name="x")])),
        ("Order", {"number": 1}, Order(1)),
        ("list[Point]", [{"x": 1, "y": 2}], [Point(1, 2)]),
    ],
)
def test_an_argument_arrives_as_its_hint_says(hint, sent, got):
    procedure, arguments = taking(hint)
    procedure(sent)
    assert [got] == arguments
    assert type(got) is type(arguments[0])


@pytest.mark.parametrize(
    ("hint", "sent", "text"),
    [
        (int, "5", "Expected `int`, got `str`"),
        (int, 5.0, "Expected `int`, got `float`"),
        (int, True, "Expected `int`, got `bool`"),
        (int, None, "Expected `int`, got `null`"),
        (bytes, "eA==", "Expected `bytes`, got `str`"),
        (str, b"x", "Expected `str`, got `bytes`"),
        (list[int], [1, "x"], "Expected `int`, got `str` - at `$[1]`"),
        (int | None, "x", "Expected `int | null`, got `str`"),
        (Literal["up"], "down", "Invalid enum value 'down'"),
        (Color, "blue", "Invalid enum value 'blue'"),
        (datetime, "yesterday", "Invalid RFC3339 encoded datetime"),
        (
            Order,
            {"number": 1, "lines": [{"item": "x", "count": "2"}]},
            "Expected `int`, got `str` - at `$.lines[0].count`",
        ),
        (Point, {"x": 1}, "Object missing required field `y`"),
        (Box, {"width": 0}, "'width' must be > 0: 0"),
        (Annotated[int, msgspec.Meta(ge=0)], -1, "Expected `int` >= 0"),
        (Annotated[int, pydantic.Field(ge=0)], -1, "Input should be greater than or equal to 0, got `int`"),
        (Annotated[int, pydantic.Field(ge=0)], "5", "Expected `int`, got `str`"),
        (Model, {"name": 5}, "Input should be a valid string, got `int` - at `$.name`"),
        (Model, {}, "Field required - at `$.name`"),
        (list[Model], [{}, {}], "Field required - at `$[0].name` (and 1 more)"),
        (Checked, {"size": 0}, "Input should be greater than 0, got `int` - at `$.size`"),
        (Holder, {"models": [{}]}, "Field required - at `$.name` - at `$.models[0]`"),
        (Holder, {"models": [], "opaque": 5}, "Expected `Opaque`, got `int` - at `$.opaque`"),
        (Opaque, 5, "Expected `Opaque`, got `int`"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused_before_the_procedure_runs(hint, sent, text):
    procedure, arguments = taking(hint)
    assert f"procedure: argument 'value': {text}" == refusal_of(procedure, sent)
    assert [] == arguments


# -- all arguments ----------------------------------------------------------------------------------------------------


def every_kind(a: int, /, b: int, c: int = 3, *, d: int = 4):
    return [a, b, c, d]


def of_any_number(first: str, *more: int, **others: bool):
    return [first, more, others]


def same_name(a: int, /, **others: str):
    return [a, others]


def without_hints(a, b=2):
    return [a, b]


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "result"),
    [
        (every_kind, (1, 2), {}, [1, 2, 3, 4]),
        (every_kind, (1,), {"b": 2, "d": 5}, [1, 2, 3, 5]),
        (every_kind, (1, 2, 5), {"d": 6}, [1, 2, 5, 6]),
        (of_any_number, ("x",), {}, ["x", (), {}]),
        (of_any_number, ("x", 1, 2), {"y": True}, ["x", (1, 2), {"y": True}]),
        (same_name, (1,), {"a": "x"}, [1, {"a": "x"}]),
        (without_hints, ("x",), {}, ["x", 2]),
        (without_hints, (None,), {"b": b"x"}, [None, b"x"]),
    ],
)
def test_arguments_reach_their_parameters(function, args, kwargs, result):
    assert result == typed(function)(*args, **kwargs)


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "text"),
    [
        (every_kind, (1,), {}, "missing a required argument: 'b'"),
        (every_kind, (), {}, "missing a required positional-only argument: 'a'|missing a required argument: 'a'"),
        (every_kind, (1, 2, 3, 4), {}, "too many positional arguments"),
        (every_kind, (1, 2), {"e": 5}, "got an unexpected keyword argument 'e'"),
        (every_kind, (1, 2), {"b": 5}, "multiple values for argument 'b'"),
        (every_kind, (1, 2), {"d": "x"}, "argument 'd': Expected `int`, got `str`"),
        (of_any_number, ("x", 1, "y"), {}, "argument 'more': Expected `int`, got `str`"),
        (of_any_number, ("x",), {"y": 1}, "argument 'y': Expected `bool`, got `int`"),
        (same_name, (1,), {"a": 2}, "argument 'a': Expected `str`, got `int`"),
    ],
)
def test_arguments_without_a_parameter_and_parameters_without_an_argument_are_refused(function, args, kwargs, text):
    refusal = refusal_of(typed(function), *args, **kwargs)
    assert refusal in [f"{function.__name__}: {each}" for each in text.split("|")]


def test_a_required_keyword_argument_is_missed():
    def find(*, name: str):
        raise AssertionError

    # From Python 3.12 on it says what kind of argument.
    assert "find: missing a required argument: 'name'" == refusal_of(typed(find)).replace("keyword-only ", "")


# -- functions --------------------------------------------------------------------------------------------------------


class Shop:
    def buy(self, count: "int") -> "Point":
        return Point(count, 0)

    @classmethod
    def name(cls, suffix: str):
        return cls.__name__ + suffix

    @staticmethod
    def price(item: int):
        return item


class Adder:
    def __call__(self, a: int, b: "int"):
        return a + b


def decorated(function):
    @wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


def add(a: int, b: "int"):
    return a + b


@pytest.mark.parametrize(
    ("function", "args", "result", "name"),
    [
        (Shop().buy, (1,), {"x": 1, "y": 0}, "buy: argument 'count'"),
        (Shop.name, ("s",), "Shops", "name: argument 'suffix'"),
        (Shop.price, (1,), 1, "price: argument 'item'"),
        (Adder(), (1, 2), 3, "Adder: argument 'a'"),
        (partial(add, 1), (2,), 3, "add: argument 'b'"),
        (partial(Shop().buy), (1,), {"x": 1, "y": 0}, "buy: argument 'count'"),
        (partial(Adder(), 1), (1,), 2, "Adder: argument 'b'"),
        (decorated(add), (1, 2), 3, "add: argument 'a'"),
        (lambda a: a, ([1],), [1], None),
    ],
)
def test_every_callable_has_types(function, args, result, name):
    assert result == typed(function)(*args)
    if name:
        assert refusal_of(typed(function), *[Ellipsis for _ in args]).startswith(f"{name}: Expected")


def test_a_partial_gives_its_keyword_argument_unless_the_call_does():
    preset = typed(partial(add, b=5))
    assert [6, 3] == [preset(1), preset(1, b=2)]


def test_a_typed_function_looks_like_the_function():
    assert ("add", add, inspect.signature(add)) == (
        typed(add).__name__,
        typed(add).__wrapped__,
        inspect.signature(typed(add)),
    )


@pytest.mark.parametrize(
    ("annotations", "text"),
    [
        (
            {"value": "Missing"},
            "procedure: argument 'value': cannot resolve the type hint 'Missing': name 'Missing' is ",
        ),
        ({"return": "Missing"}, "procedure: result: cannot resolve the type hint 'Missing': name 'Missing' is "),
        ({"value": "1 +"}, "procedure: argument 'value': cannot resolve the type hint '1 +': "),
        ({"value": int | complex}, "procedure: argument 'value': Type unions containing a custom type may not "),
        ({"value": list[MISSING]}, "procedure: argument 'value': cannot resolve the type hint "),
        ({"value": Line | Order}, "procedure: argument 'value': Type unions may not contain more than one "),
        ({"value": Named}, "procedure: argument 'value': Instance and class checks can only be used with "),
        ({"value": Model | Opaque}, "procedure: argument 'value': Unable to generate pydantic-core schema"),
        ({"value": AsyncIterator[MISSING]}, "procedure: argument 'value': cannot resolve the type hint "),
    ],
)
def test_a_hint_that_cannot_be_checked_is_an_error_where_it_is_written(annotations, text):
    def procedure(value):
        raise AssertionError

    procedure.__annotations__ = annotations
    with pytest.raises(TypeError) as caught:
        typed(procedure)
    assert str(caught.value).startswith(text)


def test_a_builtin_without_a_signature_is_refused():
    with pytest.raises(TypeError, match="it has no readable type hints"):
        typed(max)


# -- details ----------------------------------------------------------------------------------------------------------


def test_details_are_passed_as_they_are_even_if_their_hint_cannot_be_resolved():
    def procedure(a: int, details: "Missing"):  # noqa: F821  (on purpose)
        return CallResult(seen.append((a, details)))

    seen, details = [], object()
    typed(procedure, details_arg="details")(1, details=details)
    assert [(1, details)] == seen


def test_details_are_passed_as_they_are_among_other_keyword_arguments():
    details = object()
    given = Typed(of_any_number, details_arg="details").arguments(["x"], {"y": True, "details": details})
    assert (["x"], {"y": True, "details": details}) == given


def test_details_need_a_parameter():
    with pytest.raises(TypeError, match="add: it has no parameter 'details' to take the details"):
        typed(add, details_arg="details")


# -- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "value", "sent"),
    [
        (int, 5, 5),
        (float, 5, 5),
        (None, None, None),
        (bytes, b"x", b"x"),
        (dict[str, bytes], {"x": b"y"}, {"x": b"y"}),
        (datetime, MOMENT, "2026-01-02T03:04:05Z"),
        (UUID, UUID(UUID_TEXT), UUID_TEXT),
        (Decimal, Decimal("1.50"), "1.50"),
        (Color, Color.RED, "red"),
        (set[int], {1}, [1]),
        (Order, Order(1, [Line("x")]), {"number": 1, "lines": [{"item": "x", "count": 1}]}),
        (Order, {"number": 1}, {"number": 1}),
        (list[Point], [Point(1, 2)], [{"x": 1, "y": 2}]),
        (Page[int], Page([1]), {"items": [1]}),
        (Box, Box(1), {"width": 1}),
        (Options, {"deep": True}, {"deep": True}),
        (Model, Model(name="x"), {"name": "x", "Size": 1}),
        (Model, {"name": "x"}, {"name": "x", "Size": 1}),
        (list[Model], [Model(name="x")], [{"name": "x", "Size": 1}]),
        (Holder, Holder([Model(name="x")]), {"models": [{"name": "x", "Size": 1}], "opaque": None}),
        (Checked, Checked(1), {"size": 1}),
        (
            Any,
            [Point(1, 2), Model(name="x"), MOMENT, b"x"],
            [{"x": 1, "y": 2}, {"name": "x", "Size": 1}, "2026-01-02T03:04:05Z", b"x"],
        ),
        (inspect.Signature.empty, Point(1, 2), {"x": 1, "y": 2}),
        (int | CallResult, 5, 5),
        (NoReturn, 5, 5),
        ("Point", Point(1, 2), {"x": 1, "y": 2}),
    ],
)
def test_a_result_is_sent_as_plain_values(hint, value, sent):
    result = giving(hint)(value)
    assert sent == result
    assert type(sent) is type(result)


@pytest.mark.parametrize("serializer", [JSON, MSGPACK, CBOR], ids=lambda each: each.name)
def test_what_is_sent_is_the_same_in_every_serializer(serializer):
    result = typed(lambda: [MOMENT, UUID(UUID_TEXT), Decimal(1), b"x", Color.RED, {1}, Order(1)])()
    assert result == serializer.unpack(serializer.pack(result))


@pytest.mark.parametrize(
    ("hint", "value", "text"),
    [
        (int, "5", "Expected `int`, got `str`"),
        (None, 5, "Expected `null`, got `int`"),
        (list[int], [1, None], "Expected `int`, got `null` - at `$[1]`"),
        (Point, Point("x", 2), "Expected `int`, got `str` - at `$.x`"),
        (Point, None, "Expected `object`, got `null`"),
        (Model, {"name": 5}, "Input should be a valid string, got `int` - at `$.name`"),
        (Annotated[int, msgspec.Meta(ge=0)], -1, "Expected `int` >= 0"),
        (Any, Opaque(), "objects of type Opaque cannot be sent"),
        (Any, [Opaque()], "objects of type Opaque cannot be sent"),
        (CallResult, 5, "Expected `CallResult`, got `int`"),
        (int | CallResult, "x", "Expected `int`, got `str`"),
    ],
)
def test_a_result_that_does_not_fit_is_a_bug_of_the_procedure(hint, value, text):
    with pytest.raises(TypeError) as caught:
        giving(hint)(value)
    assert f"procedure: result: {text}" == str(caught.value)


@pytest.mark.parametrize("hint", [Model, Any])
def test_a_model_that_was_spoilt_after_it_was_checked_is_no_result(hint):
    model = Model(name="x")
    model.name = 5
    with pytest.raises(TypeError) as caught:
        giving(hint)(model)
    assert "procedure: result: a model cannot be sent as its fields are declared" == str(caught.value)


@pytest.mark.parametrize("hint", [CallResult, int | CallResult, int, Any])
def test_the_parts_of_a_call_result_are_sent_as_plain_values(hint):
    given = CallResult(Point(1, 2), MOMENT, color=Color.RED)
    assert CallResult({"x": 1, "y": 2}, "2026-01-02T03:04:05Z", color="red") == giving(hint)(given)
    assert given.results[0] == Point(1, 2)


def test_a_call_result_with_a_part_that_cannot_be_sent_is_a_bug_of_the_procedure():
    with pytest.raises(TypeError, match="procedure: result: objects of type Opaque cannot be sent"):
        giving(CallResult)(CallResult(1, x=Opaque()))


# -- results that take time -------------------------------------------------------------------------------------------


async def double(a: int) -> list[int]:
    return (a, a) if a else None


class Doubler:
    async def __call__(self, a: int) -> list[int]:
        return await double(a)


def future(a: int) -> "asyncio.Future[list[int]]":
    return asyncio.ensure_future(double(a))


def awaitable(a: int) -> Awaitable[list[int]]:
    return double(a)


def coroutine(a: int) -> Coroutine[Any, Any, list[int]]:
    return double(a)


IN_TIME = pytest.mark.parametrize("function", [double, Doubler(), future, awaitable, coroutine])


def awaited(function, *args):
    async def run():
        return await function(*args)

    return asyncio.run(run())


@IN_TIME
def test_a_result_that_is_awaited_is_converted(function):
    assert (1, 1) == awaited(typed(function), 1)


@IN_TIME
def test_a_result_that_is_awaited_is_checked(function):
    with pytest.raises(TypeError, match="result: Expected `array`, got `null`"):
        awaited(typed(function), 0)


@IN_TIME
def test_arguments_of_what_takes_time_are_checked(function):
    with pytest.raises(ApplicationError, match="argument 'a': Expected `int`, got `str`"):
        awaited(typed(function), "x")


def deferred(a: int) -> Deferred[int]:
    return succeed(a if a else "none")


@inlineCallbacks
def inlined(a: int) -> Generator[Deferred[Any], Any, int]:
    result = yield deferred(a)
    return result


@pytest.mark.parametrize("function", [deferred, inlined])
def test_a_deferred_is_awaited_and_its_result_checked(function):
    results, failures = [], []
    for a in (1, 0):
        Deferred.fromCoroutine(typed(function)(a)).addCallbacks(results.append, failures.append)
    assert [1] == results
    assert [f"{function.__name__}: result: Expected `int`, got `str`"] == [str(each.value) for each in failures]


async def count(to: int) -> AsyncGenerator[Point, None]:
    try:
        for each in range(to):
            yield Point(each, 0 if each < 3 else None)
    finally:
        CLOSED.append(to)


def counter(to: int) -> AsyncIterator[Point]:
    return count(to)


class Counter:
    async def __call__(self, to: int) -> AsyncIterator[Point]:
        async for each in count(to):
            yield each


class PlainIterator:
    def __init__(self, to: int) -> None:
        self._items = iter(range(to))

    def __aiter__(self):
        return self

    async def __anext__(self) -> int:
        for each in self._items:
            return each
        raise StopAsyncIteration


CLOSED: list[int] = []
GENERATORS = pytest.mark.parametrize("function", [count, counter, Counter()])


async def collected(items):
    return [item async for item in items]


@GENERATORS
def test_each_item_of_a_generator_is_converted(function):
    assert [{"x": 0, "y": 0}, {"x": 1, "y": 0}] == asyncio.run(collected(typed(function)(2)))


@GENERATORS
def test_each_item_of_a_generator_is_checked(function):
    with pytest.raises(TypeError, match=r"result: Expected `int`, got `null` - at `\$\.y`"):
        asyncio.run(collected(typed(function)(4)))


@GENERATORS
def test_arguments_of_a_generator_are_checked_before_it_starts(function):
    with pytest.raises(ApplicationError, match="argument 'to': Expected `int`, got `str`"):
        asyncio.run(collected(typed(function)("x")))


@pytest.mark.parametrize("function", [count, counter])
def test_a_generator_is_closed_with_what_was_made_of_it(function):
    async def run():
        items = typed(function)(2)
        await anext(items)
        await items.aclose()

    CLOSED.clear()
    asyncio.run(run())
    assert [2] == CLOSED


def test_an_iterator_that_is_no_generator_is_converted():
    def procedure(to: int) -> AsyncIterator[int]:
        return PlainIterator(to)

    assert [0, 1] == asyncio.run(collected(typed(procedure)(2)))


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (count, inspect.isasyncgenfunction),
        (Counter(), inspect.isasyncgenfunction),
        (double, inspect.iscoroutinefunction),
        (Doubler(), inspect.iscoroutinefunction),
    ],
)
def test_a_typed_function_is_of_the_kind_of_the_function(function, kind):
    assert kind(typed(function))


# -- streams ----------------------------------------------------------------------------------------------------------


async def take_iterator(name: str, items: AsyncIterator[int]) -> list[int]:
    return [item async for item in items]


async def take_iterable(items: AsyncIterable[Point], /):
    return [item.x async for item in items]


async def take_generator(items: AsyncGenerator[str, None]):
    pass


async def take_text(items: "AsyncIterator[Order]"):
    pass


async def take_unknown(items: "collections.abc.AsyncIterator[Missing]"):  # noqa: F821  (on purpose)
    pass


async def take_bare(items: AsyncIterator):
    pass


async def take_none(items: list[int], *, later: AsyncIterator[int], **more: AsyncIterator[int]):
    pass


class Taker:
    async def take(self, items: AsyncIterator[int]):
        pass


@pytest.mark.parametrize(
    "function",
    [
        take_iterator,
        take_iterable,
        take_generator,
        take_text,
        take_unknown,
        take_bare,
        Taker().take,
        partial(take_iterator, "x"),
        typed(take_iterator),
    ],
)
def test_a_positional_parameter_that_is_iterated_asynchronously_takes_a_stream(function):
    found = stream_parameter(function)
    assert found is not None
    assert "items" == found[0] == list(inspect.signature(function).parameters)[found[1]]


@pytest.mark.parametrize("function", [take_none, add, lambda: None, max])
def test_other_parameters_take_none(function):
    assert stream_parameter(function) is None


def test_a_function_takes_one_stream_only():
    def procedure(first: AsyncIterator[int], second: AsyncIterator[int]):
        pass

    with pytest.raises(TypeError, match="procedure: a call brings one stream, but 'first' and 'second' are annotated"):
        stream_parameter(procedure)


async def stream(*items):
    for item in items:
        yield item


def test_items_of_a_stream_arrive_as_the_hint_says():
    assert [1, 2] == awaited(typed(take_iterable), stream({"x": 1, "y": 0}, {"x": 2, "y": 0}))


def test_items_of_a_stream_that_do_not_fit_are_refused():
    with pytest.raises(ApplicationError, match="take_iterator: argument 'items': Expected `int`, got `str`"):
        awaited(typed(take_iterator), "x", stream(1, "y"))


# -- callers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "value", "result"),
    [
        (int, 5, 5),
        (Point, {"x": 1, "y": 2}, Point(1, 2)),
        (list[Order], [{"number": 1}], [Order(1)]),
        (Model, {"name": "x"}, Model(name="x")),
        (Annotated[list[int], pydantic.Field(max_length=1)], [1], [1]),
        (None, None, None),
        (CallResult, CallResult(1, 2), CallResult(1, 2)),
    ],
)
def test_a_caller_gets_the_type_it_asks_for(hint, value, result):
    assert result == converted(value, hint)


@pytest.mark.parametrize(
    ("hint", "value", "text"),
    [
        (int, "5", "result: Expected `int`, got `str`"),
        (Point, {"x": 1}, "result: Object missing required field `y`"),
        (Model, {}, "result: Field required - at `$.name`"),
        (int, CallResult(1, 2), "result: Expected `int`, got `CallResult`"),
    ],
)
def test_a_result_of_another_type_is_an_error_of_the_caller(hint, value, text):
    with pytest.raises(TypeCheckError) as caught:
        converted(value, hint)
    assert (text,) == caught.value.args


def test_a_type_that_cannot_be_checked_is_a_type_error():
    with pytest.raises(TypeError, match="Type unions containing a custom type"):
        converted(5, int | complex)


# -- the module -------------------------------------------------------------------------------------------------------


def test_pydantic_is_not_imported():
    code = (
        "import sys\nfrom wamp.typed import typed\ndef add(a: int, b: int) -> int: return a + b\n"
        "assert typed(add)(1, 2) == 3\nassert not {'pydantic', 'asyncio', 'twisted'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
