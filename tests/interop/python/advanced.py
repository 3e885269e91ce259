"""The steps of the interop test that need the advanced profile: (library, our session, the other's name, a token)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from expect import BINARY, UNICODE, come, equal, refused, settle, until

META_TOPICS = {
    kind: [f"wamp.{kind}.on_{event}" for event in events]
    for kind, events in {
        "registration": ("create", "register", "unregister", "delete"),
        "subscription": ("create", "subscribe", "unsubscribe", "delete"),
    }.items()
}


LEFT_IN_ORDER = ("wamp.close.goodbye_and_out", "wamp.close.normal")


class Seen:
    """A handler that keeps the events of some topics, until it is told to stop."""

    def __init__(self, library: Any, me: Any) -> None:
        self.library = library
        self.me = me
        self.events: list[Any] = []  # of (topic, args, kwargs, details)
        self.subscriptions: list[Any] = []

    async def subscribe(self, topic: str, **options: Any) -> int:
        """Keep a topic's events; return the id of the subscription."""
        wanted = self.library.types.SubscribeOptions(details_arg="details", **options)
        self.subscriptions.append(await self.me.subscribe(self.take, topic, wanted))
        return int(self.subscriptions[-1].id)

    def take(self, *args: Any, details: Any, **kwargs: Any) -> None:
        self.events.append((details.topic, list(args), kwargs, details))

    def what(self) -> list[Any]:
        """Return what came, without its details."""
        return [event[:3] for event in self.events]

    async def stop(self) -> None:
        while self.subscriptions:
            await self.subscriptions.pop().unsubscribe()


# -- calls


async def pattern_registrations(library: Any, me: Any, other: str, token: str) -> None:
    """The procedure learns what was called; an exact registration goes before a prefix."""
    equal(await me.call(f"{other}.pattern.a.b"), f"{other}.pattern.a.b")
    equal(await me.call(f"{other}.some.thing.where"), f"{other}.some.thing.where")
    equal(await me.call(f"{other}.pattern.exact"), "exact")
    error = await refused(library, me.call(f"{other}.some.thing.where.else"))
    equal(error.error, "wamp.error.no_such_procedure")


async def cancel_modes(library: Any, me: Any, other: str, token: str) -> None:
    """``kill`` waits for what the callee says, the other modes do not, and ``skip`` leaves the callee alone."""
    for mode in ("kill", "killnowait", "skip"):
        for procedure in ("sleep", "insist"):
            job = f"{token}_{mode}_{procedure}"
            pending = me.call(f"{other}.{procedure}", job)
            request = library.newest_call(me)
            await until(me, f"{other}.is_sleeping", job)
            library.cancel(me, request, mode)
            if (mode, procedure) == ("kill", "insist"):
                equal(await pending, "insisted")
            else:
                error = await refused(library, pending)
                # `kill`: the callee's own word, and an interrupted Autobahn has this one for any exception.
                fallen = mode == "kill" and error.error == "wamp.error.runtime_error" and "autobahn" in other
                equal((mode, procedure, fallen or error.error == "wamp.error.canceled"), (mode, procedure, True))
            if mode == "skip":
                await settle(me, other)
                equal(await me.call(f"{other}.was_interrupted", job), False)
                await me.call(f"{other}.wake", job)  # its result comes too late, and troubles nobody
            else:
                await until(me, f"{other}.was_interrupted", job)


async def cancelling_what_is_over(library: Any, me: Any, other: str, token: str) -> None:
    """The CANCEL and the result have crossed."""
    pending = me.call(f"{other}.add", 1, 2)
    library.cancel(me, library.newest_call(me), "killnowait")
    try:
        equal(await pending, 3)
    except library.ApplicationError as error:
        equal(error.error, "wamp.error.canceled")
    equal(await me.call(f"{other}.add", 1, 2), 3)


async def timeouts(library: Any, me: Any, other: str, token: str) -> None:
    """Milliseconds; the callee is interrupted, and what it says all the same is not heard."""
    for procedure in ("sleep", "insist"):
        job = f"{token}_late_{procedure}"
        call = me.call(f"{other}.{procedure}", job, options=library.types.CallOptions(timeout=50))
        equal((await refused(library, call)).error, "wamp.error.timeout")
        await until(me, f"{other}.was_interrupted", job)
    equal(await me.call(f"{other}.add", 1, 2, options=library.types.CallOptions(timeout=60_000)), 3)


async def shared_registrations(library: Any, me: Any, other: str, token: str) -> None:
    options = library.types.RegisterOptions
    expected = {
        "roundrobin": [me.name, other] * 2,
        "first": [me.name] * 4,
        "last": [other] * 4,
    }
    for policy in ("roundrobin", "first", "last", "random"):
        procedure = f"com.shared.{token}.{policy}"
        mine = await me.register(lambda: me.name, procedure, options(invoke=policy))
        error = await refused(library, me.call(f"{other}.share", procedure))
        equal(error.error.startswith("wamp.error.procedure_"), True)
        await me.call(f"{other}.share", procedure, invoke=policy)
        called = [await me.call(procedure) for _ in range(4)]
        if policy in expected:
            equal((policy, called), (policy, expected[policy]))
        equal(set(called) <= {me.name, other}, True)
        await mine.unregister()
        equal([await me.call(procedure) for _ in range(2)], [other, other])
        await me.call(f"{other}.unshare", procedure)
        equal((await refused(library, me.call(procedure))).error, "wamp.error.no_such_procedure")


async def concurrency(library: Any, me: Any, other: str, token: str) -> None:
    """A callee gets no more calls at a time than it wants."""
    procedure = f"com.busy.{token}"
    registration = await me.register(me.sleep, procedure, library.types.RegisterOptions(concurrency=1))
    first = me.call(procedure, f"{token}_first")
    await until(me, f"{me.name}.is_sleeping", f"{token}_first")
    equal((await refused(library, me.call(procedure, f"{token}_second"))).error, "wamp.error.no_available_callee")
    me.wake(f"{token}_first")
    equal(await first, "woken")
    third = me.call(procedure, f"{token}_third")
    await until(me, f"{me.name}.is_sleeping", f"{token}_third")
    me.wake(f"{token}_third")
    equal(await third, "woken")
    await registration.unregister()


async def taken_registration(library: Any, me: Any, other: str, token: str) -> None:
    """Who may be thrown out of a registration is told so, and goes on; it may take the procedure back."""
    procedure = f"com.taken.{token}"
    forcing = library.types.RegisterOptions(force_reregister=True)
    for _ in range(2):
        await me.register(lambda: me.name, procedure, forcing)
        equal(await me.call(procedure), me.name)
        await me.call(f"{other}.share", procedure, force_reregister=True)
        equal(await me.call(procedure), other)
    await me.call(f"{other}.unshare", procedure)
    equal((await refused(library, me.call(procedure))).error, "wamp.error.no_such_procedure")


async def removed_registration(library: Any, me: Any, other: str, token: str) -> None:
    """The meta API takes a registration away."""
    procedure = f"com.removed.{token}"
    registration = await me.register(lambda: me.name, procedure)
    await me.call("wamp.registration.remove_callee", registration.id, me.id, reason="com.example.away")
    equal((await refused(library, me.call(procedure))).error, "wamp.error.no_such_procedure")


async def disclosed_caller(library: Any, me: Any, other: str, token: str) -> None:
    """Where the role's permissions say so, the callee is told, elsewhere only if the caller asks for it."""
    equal(await me.call(f"com.disclosed.{other}.who"), [me.id, "anonymous"])
    equal(await me.call(f"{other}.who"), [None, None])
    if library.CAN_DISCLOSE:
        options = library.types.CallOptions(disclose_me=True)
        equal(await me.call(f"{other}.who", options=options), [me.id, "anonymous"])


# -- events


async def disclosed_publisher(library: Any, me: Any, other: str, token: str) -> None:
    seen = Seen(library, me)
    for topic in (f"com.disclosed.{token}", f"com.secret.{token}"):
        await seen.subscribe(topic)
        await me.call(f"{other}.announce", topic, acknowledge=True)
    await come(me, other, seen.events, 2)
    publisher = await me.call(f"{other}.session")
    told = [(details.publisher, details.publisher_authrole) for *_, details in seen.events]
    equal(told, [(publisher, "anonymous"), (None, None)])
    await seen.stop()


async def black_and_whitelists(library: Any, me: Any, other: str, token: str) -> None:
    topic = f"com.lists.{token}"
    seen = Seen(library, me)
    await seen.subscribe(topic)
    stranger = me.id - 1 or 2
    wanted: dict[str, list[dict[str, Any]]] = {
        "for me": [{"eligible": [me.id]}, {"exclude": [stranger]}, {"eligible_authrole": ["anonymous"]}],
        "not for me": [
            {"eligible": []},
            {"eligible": [stranger]},
            {"exclude": [me.id]},
            {"exclude_authrole": ["anonymous"]},
            {"eligible": [me.id], "eligible_authid": ["nobody"]},
        ],
    }
    for text, lists in wanted.items():
        for each in lists:
            await me.call(f"{other}.announce", topic, text, acknowledge=True, wanted=each)
    await come(me, other, seen.events, 3)
    await settle(me, other)
    equal([args for _, args, *_ in seen.events], [["for me"]] * 3)
    await seen.stop()


async def retained_events(library: Any, me: Any, other: str, token: str) -> None:
    """They come to who asks for them, after SUBSCRIBED, marked, with their publication and the topic they have."""
    topic = f"com.retained.{token}"
    await me.call(f"{other}.announce", f"{topic}.a", "before", acknowledge=True, wanted={"retain": True})
    publication = await me.call(
        f"{other}.announce", f"{topic}.a", 1, BINARY, acknowledge=True, wanted={"retain": True}, word=UNICODE
    )
    seen = Seen(library, me)
    await seen.subscribe(f"{topic}.a")
    await settle(me, other)
    equal(seen.what(), [])
    await seen.stop()

    await seen.subscribe(f"{topic}.a", get_retained=True)
    await seen.subscribe(topic, match="prefix", get_retained=True)
    await come(me, other, seen.events, 2)
    equal(seen.what(), [(f"{topic}.a", [1, BINARY], {"word": UNICODE})] * 2)
    equal([(details.retained, details.publication) for *_, details in seen.events], [(True, publication)] * 2)
    seen.events.clear()
    await me.call(f"{other}.announce", f"{topic}.b", "live", acknowledge=True)
    await come(me, other, seen.events, 1)
    equal((seen.what(), bool(seen.events[0][3].retained)), ([(f"{topic}.b", ["live"], {})], False))
    await seen.stop()


async def pattern_subscriptions(library: Any, me: Any, other: str, token: str) -> None:
    """The handler learns the topic."""
    seen = Seen(library, me)
    topic = f"com.patterns.{token}"
    await seen.subscribe(topic, match="prefix")
    await seen.subscribe(f"{topic}..b", match="wildcard")
    await me.call(f"{other}.announce", f"{topic}.a.b", acknowledge=True)
    await come(me, other, seen.events, 2)
    equal([event[0] for event in seen.events], [f"{topic}.a.b"] * 2)
    await seen.stop()


async def testaments(library: Any, me: Any, other: str, token: str) -> None:
    """They are published when the connection is lost, in the order of their scopes, unless they were flushed."""
    topic = f"com.testament.{token}"
    seen = Seen(library, me)
    await seen.subscribe(topic)
    visitor = await me.config.extra["visit"]()
    add = "wamp.session.add_testament"
    await visitor.call(add, topic, ["destroyed", BINARY], {"word": UNICODE})
    await visitor.call(add, topic, ["detached"], {}, scope="detached", publish_options={"eligible": [me.id]})
    await visitor.call(add, topic, ["not for you"], {}, publish_options={"exclude": [me.id]})
    library.cut(visitor)
    await come(me, other, seen.events, 2)
    equal(
        [event[1:3] for event in seen.events],
        [(["detached"], {}), (["destroyed", BINARY], {"word": UNICODE})],
    )
    seen.events.clear()

    visitor = await me.config.extra["visit"]()
    await visitor.call(add, topic, ["flushed"], {})
    await visitor.call("wamp.session.flush_testaments")
    await visitor.call(add, topic, ["kept"], {})
    visitor.leave()
    await visitor.config.extra["left"]
    await come(me, other, seen.events, 1)
    equal([event[1] for event in seen.events], [["kept"]])
    await seen.stop()


# -- meta API


async def session_events(library: Any, me: Any, other: str, token: str) -> None:
    """Others that come and go are told of, too: only this visitor is looked for."""
    seen = Seen(library, me)
    await seen.subscribe("wamp.session.on_join")
    await seen.subscribe("wamp.session.on_leave")
    visitor = await me.config.extra["visit"]()
    number = visitor.id
    described = await me.call("wamp.session.get", number)
    visitor.leave()
    await visitor.config.extra["left"]
    left = [number, described["authid"], "anonymous"]
    for _ in range(200):
        if any(args[:1] == [number] for _, args, *_ in seen.events):
            break
        await me.call(f"{other}.nothing")
    told = [(topic, args) for topic, args, *_ in seen.events if number in (args[0], _session_of(args[0]))]
    equal(told, [("wamp.session.on_join", [described]), ("wamp.session.on_leave", left)])
    equal(described["session"], number)
    await seen.stop()


def _session_of(details: Any) -> Any:
    return details.get("session") if isinstance(details, dict) else None


async def registration_events(library: Any, me: Any, other: str, token: str) -> None:
    seen = Seen(library, me)
    for topic in META_TOPICS["registration"]:
        await seen.subscribe(topic)
    registration = await me.register(lambda: None, f"com.meta.{token}")
    await registration.unregister()
    await expect_life_of(seen, other, "registration", registration.id, f"com.meta.{token}")


async def subscription_events(library: Any, me: Any, other: str, token: str) -> None:
    seen = Seen(library, me)
    for topic in META_TOPICS["subscription"]:
        await seen.subscribe(topic)
    subscription = await me.subscribe(lambda: None, f"com.meta.{token}")
    number = subscription.id
    await subscription.unsubscribe()
    await expect_life_of(seen, other, "subscription", number, f"com.meta.{token}")


async def expect_life_of(seen: Seen, other: str, kind: str, number: int, uri: str) -> None:
    """Expect the four events that tell of a registration or subscription of ours, of one session."""
    created, *others = META_TOPICS[kind]
    wanted = [(created, [seen.me.id, uri])] + [(topic, [seen.me.id, number]) for topic in others]
    told: list[Any] = []
    for _ in range(200):
        told = [
            (topic, [session, subject["uri"] if isinstance(subject, dict) else subject])
            for topic, (session, subject), *_ in seen.events
            if number in (subject, subject.get("id") if isinstance(subject, dict) else None)
        ]
        if len(told) == len(wanted):
            break
        await seen.me.call(f"{other}.nothing")
    equal(told, wanted)
    await seen.stop()


async def session_procedures(library: Any, me: Any, other: str, token: str) -> None:
    session = await me.call(f"{other}.session")
    sessions = await me.call("wamp.session.list")
    equal({me.id, session} <= set(sessions), True)
    equal(await me.call("wamp.session.count") >= 2, True)
    equal(await me.call("wamp.session.count", ["nobody"]), 0)
    equal((await me.call("wamp.session.get", session))["authrole"], "anonymous")
    equal((await refused(library, me.call("wamp.session.get", 1))).error, "wamp.error.no_such_session")


async def registration_procedures(library: Any, me: Any, other: str, token: str) -> None:
    session = await me.call(f"{other}.session")
    exact = await me.call("wamp.registration.lookup", f"{other}.add")
    prefix = await me.call("wamp.registration.match", f"{other}.pattern.x")
    wildcard = await me.call("wamp.registration.lookup", f"{other}.some..where", {"match": "wildcard"})
    ids = await me.call("wamp.registration.list")
    for match, number in (("exact", exact), ("prefix", prefix), ("wildcard", wildcard)):
        described = await me.call("wamp.registration.get", number)
        equal((described["match"], described["invoke"], number in ids[match]), (match, "single", True))
        equal(await me.call("wamp.registration.list_callees", number), [session])
        equal(await me.call("wamp.registration.count_callees", number), 1)
    equal(await me.call("wamp.registration.lookup", f"{other}.nowhere"), None)
    equal((await refused(library, me.call("wamp.registration.get", 2**40))).error, "wamp.error.no_such_registration")


async def subscription_procedures(library: Any, me: Any, other: str, token: str) -> None:
    session = await me.call(f"{other}.session")
    number = await me.call("wamp.subscription.lookup", f"{other}.inbox", {"match": "prefix"})
    equal(number in await me.call("wamp.subscription.match", f"{other}.inbox.x"), True)
    equal(number in (await me.call("wamp.subscription.list"))["prefix"], True)
    equal((await me.call("wamp.subscription.get", number))["uri"], f"{other}.inbox")
    equal(await me.call("wamp.subscription.list_subscribers", number), [session])
    equal(await me.call("wamp.subscription.count_subscribers", number), 1)
    equal(await me.call("wamp.subscription.lookup", f"{other}.inbox.x"), None)


async def removed_subscription(library: Any, me: Any, other: str, token: str) -> None:
    """The meta API takes a subscription away; the session, here a visitor's, goes on without its events."""
    topic = f"com.removed.{token}"
    visitor = await me.config.extra["visit"]()
    seen = Seen(library, visitor)
    number = await seen.subscribe(topic)
    await me.call("wamp.subscription.remove_subscriber", number, visitor.id, reason="com.example.away")
    await me.call(f"{other}.announce", topic, acknowledge=True)
    await settle(visitor, other)
    equal(seen.what(), [])
    visitor.leave()
    equal(await visitor.config.extra["left"] in LEFT_IN_ORDER, True)


async def killed_session(library: Any, me: Any, other: str, token: str) -> None:
    """It learns why, and is out at once; nobody kills itself."""
    visitor = await me.config.extra["visit"]()
    number = visitor.id
    pending = visitor.call(f"{other}.sleep", f"{token}_killed")
    await until(me, f"{other}.is_sleeping", f"{token}_killed")
    await me.call("wamp.session.kill", number, reason="com.example.out", message="that is enough")
    equal((await refused(library, me.call("wamp.session.get", number))).error, "wamp.error.no_such_session")
    equal(await visitor.config.extra["left"], "com.example.out")
    with suppress(Exception):  # what the call ends with is the library's business: Autobahn on Twisted may say None
        await pending
    await until(me, f"{other}.was_interrupted", f"{token}_killed")
    equal((await refused(library, me.call("wamp.session.kill", me.id))).error, "wamp.error.no_such_session")
    error = await refused(library, me.call("wamp.session.kill", me.id + 1, reason="not a uri"))
    equal(error.error in ("wamp.error.invalid_uri", "wamp.error.no_such_session"), True)


STEPS: tuple[Callable[[Any, Any, str, str], Awaitable[None]], ...] = (
    pattern_registrations,
    cancel_modes,
    cancelling_what_is_over,
    timeouts,
    shared_registrations,
    concurrency,
    taken_registration,
    removed_registration,
    disclosed_caller,
    disclosed_publisher,
    black_and_whitelists,
    retained_events,
    pattern_subscriptions,
    testaments,
    session_events,
    registration_events,
    subscription_events,
    session_procedures,
    registration_procedures,
    subscription_procedures,
    removed_subscription,
    killed_session,
)
