"""What a realm routes: registrations, subscriptions, and the calls that are in flight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.uris import is_reserved
from wamprouter.management.desk import Caller, Offer
from wamprouter.management.finding import Page, best, matching, realms, sliced
from wamprouter.realm.meta.calling import Arguments
from wamprouter.statistics.tally import Label

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.realm.broker import Subscription
    from wamprouter.realm.calls import InFlight
    from wamprouter.realm.realm import Realm
    from wamprouter.realm.registrations import Registration
    from wamprouter.session import Session
    from wamprouter.statistics.timing import Timing

__all__ = ["offers"]

_MOST_LOOKED_AT: Final = 20_000
"""Calls in flight of which one list tells: looking at more would keep the others waiting for more than some milliseconds."""


class _Nothing(Arguments):
    pass


class _Registrations(Page):
    reserved: bool = True
    """Whether those of the router itself are wanted too."""


def offers(node: Node) -> Mapping[str, Offer]:
    """Return the procedures by their URIs."""
    return {
        "router.realm.list": Offer(_Nothing, partial(_list_realms, node)),
        "router.registration.list": Offer(_Registrations, partial(_list_registrations, node)),
        "router.subscription.list": Offer(Page, partial(_list_subscriptions, node)),
        "router.call.list": Offer(Page, partial(_list_calls, node)),
    }


def _list_realms(node: Node, _caller: Caller, _arguments: _Nothing) -> list[dict[str, Any]]:
    return [
        {
            "name": realm.name,
            "is_on_demand": node.realms.is_on_demand(realm),
            "sessions": len(realm.sessions),
            "registrations": len(realm.registrations),
            "subscriptions": len(realm.broker.subscriptions),
            "calls_in_flight": sum(len(session.invocations) for session in realm.sessions.values()),
        }
        for realm in node.realms
    ]


# -- registrations


def _list_registrations(node: Node, _caller: Caller, wanted: _Registrations) -> dict[str, Any]:
    chosen = realms(node, wanted.realm)
    total = sum(len(realm.registrations) for realm in chosen)
    found: Iterable[tuple[Realm, Registration]] = (
        (realm, registration) for realm in chosen for registration in realm.registrations.values()
    )
    if not wanted.reserved:
        found = (entry for entry in found if not _is_own(node, entry[1]))
    if wanted.search or not wanted.reserved:
        found = [*matching(found, wanted.search, lambda entry: entry[1].procedure)]
        total = len(found)
    page = [*sliced(found, wanted.offset, wanted.limit)]
    in_flight = _in_flight(registration for _, registration in page)
    apart = dict(node.statistics.procedures)
    return {"total": total, "registrations": [_registration(*entry, in_flight, apart) for entry in page]}


def _is_own(node: Node, registration: Registration) -> bool:
    return is_reserved(registration.procedure) or node.desk in registration.callees


def _in_flight(registrations: Iterable[Registration]) -> Mapping[Registration, int]:
    """Count the calls in flight: once for each callee, however many of the registrations it has."""
    callees = {callee for registration in registrations for callee in registration.callees}
    calls = chain.from_iterable(callee.invocations.values() for callee in callees)
    return Counter(call.registration for call in islice(calls, _MOST_LOOKED_AT))


def _registration(
    realm: Realm, registration: Registration, in_flight: Mapping[Registration, int], apart: Mapping[Label, Timing]
) -> dict[str, Any]:
    """Return what is told of a registration. How often it was called is known of those only whose calls are counted apart."""
    label = Label(realm.tally.realm, registration.procedure, registration.match.value)
    is_apart = apart.get(label) is registration.timing
    return {
        "registration": registration.id,
        "realm": realm.name,
        "procedure": registration.procedure,
        "match": registration.match.value,
        "invoke": registration.invoke,
        "callees": len(registration.endpoints),
        "created_at": registration.created,
        "calls": registration.timing.count if is_apart else None,
        "in_flight": in_flight.get(registration, 0),
    }


# -- subscriptions


def _list_subscriptions(node: Node, _caller: Caller, wanted: Page) -> dict[str, Any]:
    chosen = realms(node, wanted.realm)
    total = sum(len(realm.broker.subscriptions) for realm in chosen)
    found: Iterable[tuple[Realm, Subscription]] = (
        (realm, subscription) for realm in chosen for subscription in realm.broker.subscriptions.values()
    )
    if wanted.search:
        found = [*matching(found, wanted.search, lambda entry: entry[1].topic)]
        total = len(found)
    page = sliced(found, wanted.offset, wanted.limit)
    return {"total": total, "subscriptions": [_subscription(*entry) for entry in page]}


def _subscription(realm: Realm, subscription: Subscription) -> dict[str, Any]:
    return {
        "subscription": subscription.id,
        "realm": realm.name,
        "topic": subscription.topic,
        "match": subscription.match.value,
        "subscribers": len(subscription.subscribers),
        "created_at": subscription.created,
    }


# -- calls in flight


def _list_calls(node: Node, _caller: Caller, wanted: Page) -> dict[str, Any]:
    """List calls, the oldest first, without those that the management itself answers, as this one."""
    desk = node.desk
    sessions = [
        session for realm in realms(node, wanted.realm) for session in realm.sessions.values() if session.invocations
    ]
    if desk in sessions:
        sessions.remove(desk)
    total = sum(len(session.invocations) for session in sessions)
    found: Iterable[InFlight] = islice(_calls_of(sessions), _MOST_LOOKED_AT)
    if wanted.search:
        found = [*matching(found, wanted.search, _procedure)]
        total = len(found)
    page = best(found, _since, wanted.offset, wanted.limit, descending=False)
    return {"total": total, "calls": [_call(call, node.now()) for call in page]}


def _calls_of(callees: Iterable[Session]) -> Iterator[InFlight]:
    return chain.from_iterable(callee.invocations.values() for callee in callees)


def _procedure(call: InFlight) -> str:
    return call.registration.procedure if call.plan is None else call.plan.procedure


def _since(call: InFlight) -> float:
    return call.since


def _call(call: InFlight, now: float) -> dict[str, Any]:
    return {
        "realm": call.callee.realm.name,
        "procedure": _procedure(call),
        "registration": call.registration.id,
        "caller": call.caller.id,
        "caller_authid": call.caller.authid,
        "callee": call.callee.id,
        "callee_authid": call.callee.authid,
        "request": call.request,
        "age_ms": round(max(0.0, now - call.since) * 1000, 3),
        "state": call.state.name.lower(),
    }
