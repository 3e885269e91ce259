"""What a party of the interop test does, whatever library it does it with.

Each session of a party offers procedures and an inbox under its own name, and goes through ``STEPS`` with other parties'
sessions. This is how applications are written: nothing here knows of the router, nor which of the libraries it is.
The library's module gives: ``ApplicationSession``, ``ApplicationError``, ``types``, ``future``, ``resolve``, ``connect``,
``read_line``, and what none of them offers by name: ``newest_call``, ``cancel``, ``cut``.
``CAN_DISCLOSE`` tells whether its callers can ask to be disclosed.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import advanced
from expect import BINARY, UNICODE, Expected, come, equal, refused, until

NESTED: dict[str, Any] = {
    "list": [1, -1, 2**53 - 1, 1.5, True, None, UNICODE, []],
    "dict": {"a": {"b": {"c": [[]]}}},
    "": "",
}
LARGE = "é✓𝄞" * 30_000  # 270 KB: fragments, compressed frames, several reads


def party(library: Any) -> type[Any]:
    """Return the session class, made of a library's ``ApplicationSession``."""
    types = library.types

    class Party(library.ApplicationSession):  # type: ignore[misc]  # which of them is known when it runs
        async def onJoin(self, details: Any) -> None:
            self.id = details.session
            try:
                if not self.config.extra["is_visitor"]:
                    await self.offer(self.config.extra["name"])
            except Exception as error:  # noqa: BLE001  # told to the test
                library.resolve(self.config.extra["joined"], repr(error))
            else:
                library.resolve(self.config.extra["joined"], self)

        def onLeave(self, details: Any) -> None:
            library.resolve(self.config.extra["left"], details.reason)
            super().onLeave(details)

        # -- what others call

        async def offer(self, name: str) -> None:
            self.name = name
            self.sleeping: dict[str, Any] = {}  # token -> what it waits for
            self.interrupted: set[str] = set()
            self.inbox: dict[str, list[Any]] = {}
            self.shared: dict[str, Any] = {}  # procedure -> its registration
            for procedure in (self.add, self.greet, self.nothing, self.fail, self.crash, self.echo, self.both):
                await self.register(procedure, f"{name}.{procedure.__name__}")
            for slow in (self.sleep, self.insist, self.is_sleeping, self.was_interrupted, self.wake):
                await self.register(slow, f"{name}.{slow.__name__}")
            for asking in (self.announce, self.received, self.share, self.unshare, self.session):
                await self.register(asking, f"{name}.{asking.__name__}")
            details = types.RegisterOptions(details_arg="details")
            await self.register(self.count, f"{name}.count", details)
            await self.register(self.who, f"{name}.who", details)
            await self.register(self.who, f"com.disclosed.{name}.who", details)
            prefix = types.RegisterOptions(match="prefix", details_arg="details")
            wildcard = types.RegisterOptions(match="wildcard", details_arg="details")
            await self.register(self.which, f"{name}.pattern", prefix)
            await self.register(self.which, f"{name}.some..where", wildcard)
            await self.register(lambda: "exact", f"{name}.pattern.exact")
            await self.subscribe(
                self.on_letter, f"{name}.inbox", types.SubscribeOptions(match="prefix", details_arg="details")
            )

        def add(self, a: int, b: int) -> int:
            return a + b

        async def greet(self, who: str, greeting: str = "Hello") -> str:
            return f"{greeting}, {who}!"

        def nothing(self) -> None:
            pass

        def fail(self, *args: Any, **kwargs: Any) -> None:
            raise library.ApplicationError("com.example.error.fail", *args, **kwargs)

        async def crash(self) -> None:
            raise ValueError("this went wrong")

        def echo(self, value: Any) -> Any:
            return value

        def both(self) -> Any:
            return types.CallResult(1, "two", three=[3])

        async def count(self, number: int, details: Any) -> Any:
            if details.progress is None:
                return "not asked for progress"
            for value in range(number):
                details.progress(value, word=UNICODE)
            return number

        def which(self, details: Any) -> Any:
            return details.procedure

        def who(self, details: Any) -> Any:
            return [details.caller, details.caller_authrole]

        def session(self) -> int:
            return int(self.id)

        async def sleep(self, token: str) -> Any:
            self.sleeping[token] = library.future()
            try:
                return await self.sleeping[token]
            except BaseException:
                self.interrupted.add(token)
                raise

        async def insist(self, token: str) -> Any:
            """Like sleep, but has a result even so."""
            try:
                return await self.sleep(token)
            except BaseException:  # noqa: BLE001  # CancelledError, of whichever loop
                return "insisted"

        def wake(self, token: str) -> None:
            library.resolve(self.sleeping[token], "woken")

        def is_sleeping(self, token: str) -> bool:
            return token in self.sleeping

        def was_interrupted(self, token: str) -> bool:
            return token in self.interrupted

        async def announce(
            self, topic: str, *args: Any, acknowledge: bool, wanted: dict[str, Any] | None = None, **kwargs: Any
        ) -> int | None:
            if not acknowledge:
                self.publish(topic, *args, **kwargs)
                return None
            options = types.PublishOptions(acknowledge=True, **wanted or {})
            publication = await self.publish(topic, *args, options=options, **kwargs)
            return int(publication.id)

        async def share(self, procedure: str, **wanted: Any) -> None:
            options = types.RegisterOptions(**wanted)
            self.shared[procedure] = await self.register(lambda: self.name, procedure, options)

        async def unshare(self, procedure: str) -> None:
            await self.shared.pop(procedure).unregister()

        def on_letter(self, *args: Any, details: Any, **kwargs: Any) -> None:
            self.inbox.setdefault(details.topic, []).append([list(args), kwargs])

        def received(self, topic: str) -> list[Any]:
            return self.inbox.pop(topic, [])

    return Party


# -- the steps: (library, our session, the other's name, a token of this pair)


async def plain_call(library: Any, me: Any, other: str, token: str) -> None:
    equal(await me.call(f"{other}.add", 2, 3), 5)
    equal(await me.call(f"{other}.nothing"), None)


async def keywords(library: Any, me: Any, other: str, token: str) -> None:
    equal(await me.call(f"{other}.greet", UNICODE), f"Hello, {UNICODE}!")
    equal(await me.call(f"{other}.greet", who="Jörg", greeting="Servus"), "Servus, Jörg!")


async def payloads(library: Any, me: Any, other: str, token: str) -> None:
    for value in (BINARY, b"", NESTED, UNICODE, "", 0, -(2**40), 1.25, True, None, [], {}, {"b": BINARY}, [b"\0"]):
        equal(await me.call(f"{other}.echo", value), value)


async def large_payload(library: Any, me: Any, other: str, token: str) -> None:
    equal(await me.call(f"{other}.echo", LARGE), LARGE)


async def several_results(library: Any, me: Any, other: str, token: str) -> None:
    result = await me.call(f"{other}.both")
    equal((list(result.results), result.kwresults), ([1, "two"], {"three": [3]}))


async def error_of_the_callee(library: Any, me: Any, other: str, token: str) -> None:
    error = await refused(library, me.call(f"{other}.fail", UNICODE, 2, code=BINARY))
    equal((error.error, list(error.args), error.kwargs), ("com.example.error.fail", [UNICODE, 2], {"code": BINARY}))


async def exception_of_the_callee(library: Any, me: Any, other: str, token: str) -> None:
    error = await refused(library, me.call(f"{other}.crash"))
    equal((error.error, "this went wrong" in str(error.args)), ("wamp.error.runtime_error", True))


async def wrong_arguments(library: Any, me: Any, other: str, token: str) -> None:
    error = await refused(library, me.call(f"{other}.add", 1))
    equal(error.error.startswith("wamp.error."), True)


async def error_of_the_router(library: Any, me: Any, other: str, token: str) -> None:
    error = await refused(library, me.call(f"{other}.nowhere"))
    equal(error.error, "wamp.error.no_such_procedure")
    error = await refused(library, me.register(lambda: None, f"{other}.add"))
    equal(error.error, "wamp.error.procedure_already_exists")


async def progressive_results(library: Any, me: Any, other: str, token: str) -> None:
    progress: list[Any] = []

    def on_progress(*args: Any, **kwargs: Any) -> None:
        progress.append((args, kwargs))

    result = await me.call(f"{other}.count", 5, options=library.types.CallOptions(on_progress=on_progress))
    equal((progress, result), ([((value,), {"word": UNICODE}) for value in range(5)], 5))
    equal(await me.call(f"{other}.count", 5), "not asked for progress")


async def cancellation(library: Any, me: Any, other: str, token: str) -> None:
    pending = me.call(f"{other}.sleep", token)
    await until(me, f"{other}.is_sleeping", token)
    pending.cancel()
    try:
        equal(await pending, "an error")
    except Expected:
        raise
    except BaseException as error:  # noqa: BLE001  # the libraries differ in what they raise
        equal(type(error).__name__ in ("CancelledError", "ApplicationError"), True)
    await until(me, f"{other}.was_interrupted", token)


async def subscriptions(library: Any, me: Any, other: str, token: str) -> None:
    """The event comes once for each subscription that matches, with what was published."""
    types = library.types
    seen: list[Any] = []

    def handler(kind: str) -> Callable[..., None]:
        def received(*args: Any, details: Any, **kwargs: Any) -> None:
            seen.append((kind, list(args), kwargs, details.publication))

        return received

    topic = f"com.topic.{token}"
    patterns = {"exact": f"{topic}.a.b", "prefix": topic, "wildcard": f"{topic}..b"}
    subscriptions = [
        await me.subscribe(handler(kind), uri, types.SubscribeOptions(match=kind, details_arg="details"))
        for kind, uri in patterns.items()
    ]
    publication = await me.call(f"{other}.announce", f"{topic}.a.b", 1, BINARY, acknowledge=True, word=UNICODE)
    await come(me, other, seen, 3)
    equal(sorted(event[0] for event in seen), ["exact", "prefix", "wildcard"])
    for _, args, kwargs, number in seen:
        equal((args, kwargs, number), ([1, BINARY], {"word": UNICODE}, publication))
    seen.clear()
    await me.call(f"{other}.announce", f"{topic}.c", acknowledge=False)
    await come(me, other, seen, 1)
    equal([event[:3] for event in seen], [("prefix", [], {})])
    seen.clear()
    for subscription in subscriptions:
        await subscription.unsubscribe()
    await me.call(f"{other}.announce", f"{topic}.a.b", acknowledge=True)
    await me.call(f"{other}.nothing")
    equal(seen, [])


async def publications(library: Any, me: Any, other: str, token: str) -> None:
    types = library.types
    topic = f"{other}.inbox.{token}"
    publication = await me.publish(topic, 1, word=UNICODE, options=types.PublishOptions(acknowledge=True))
    equal(publication.id > 0, True)
    me.publish(topic, BINARY, NESTED)
    me.publish(topic)
    letters: list[Any] = []
    for _ in range(200):
        letters += await me.call(f"{other}.received", topic)
        if len(letters) == 3:
            break
    equal(letters, [[[1], {"word": UNICODE}], [[BINARY, NESTED], {}], [[], {}]])


async def own_publications(library: Any, me: Any, other: str, token: str) -> None:
    types = library.types
    topic = f"com.own.{token}"
    seen: list[Any] = []
    subscription = await me.subscribe(seen.append, topic)
    await me.publish(topic, "not for me", options=types.PublishOptions(acknowledge=True))
    await me.publish(topic, "for me, too", options=types.PublishOptions(acknowledge=True, exclude_me=False))
    await come(me, other, seen, 1)
    equal(seen, ["for me, too"])
    await subscription.unsubscribe()


async def registrations(library: Any, me: Any, other: str, token: str) -> None:
    procedure = f"com.temporary.{token}"
    registration = await me.register(lambda: UNICODE, procedure)
    equal(await me.call(procedure), UNICODE)
    await registration.unregister()
    error = await refused(library, me.call(procedure))
    equal(error.error, "wamp.error.no_such_procedure")


STEPS: tuple[Callable[[Any, Any, str, str], Awaitable[None]], ...] = (
    plain_call,
    keywords,
    payloads,
    large_payload,
    several_results,
    error_of_the_callee,
    exception_of_the_callee,
    wrong_arguments,
    error_of_the_router,
    progressive_results,
    cancellation,
    subscriptions,
    publications,
    own_publications,
    registrations,
    *advanced.STEPS,
)


def say(value: Any) -> None:
    print(json.dumps(value), flush=True)  # noqa: T201  # what the test reads


async def join(library: Any, make: Any, place: dict[str, Any], *, is_visitor: bool = False) -> Any:
    """Return a new session; a visitor, which ``extra["visit"]`` makes another of, offers nothing."""
    extra = {
        "name": place["name"],
        "is_visitor": is_visitor,
        "joined": library.future(),
        "left": library.future(),
        "visit": lambda: join(library, make, place, is_visitor=True),
    }
    library.connect(make, place["url"], place["serializer"], extra)
    session = await extra["joined"]
    if isinstance(session, str):
        raise RuntimeError(f"{place['name']} could not join: {session}")
    return session


async def play(library: Any) -> None:
    """Join with all sessions, do what is asked, leave. Lines of JSON on standard input and output."""
    sessions: dict[str, Any] = {}
    leaving = []
    make = party(library)
    for place in json.loads(sys.argv[1]):
        session = await join(library, make, place)
        sessions[place["name"]] = session
        leaving.append((place["name"], session, session.config.extra["left"]))
    say({"joined": list(sessions)})

    for caller, callee in json.loads(await library.read_line()):
        me = sessions[caller]
        token = f"{caller}.{callee}".replace(".", "_")
        failures = {}
        for step in STEPS:
            try:
                await step(library, me, callee, token)
            except Exception:  # noqa: BLE001  # told to the test
                failures[step.__name__] = traceback.format_exc(limit=-3)
        say({"caller": caller, "callee": callee, "failures": failures})
    say({"done": True})

    await library.read_line()  # until everybody is done
    reasons = {}
    for name, session, left in leaving:
        session.leave()
        reasons[name] = await left
    say({"left": reasons})
