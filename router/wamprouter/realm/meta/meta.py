"""The router's own session in a realm: it is called for the meta procedures and publishes the meta events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.codec import CODECS
from wamp.protocol.errors import InvalidArgument, RequestError
from wamp.protocol.messages import ABSENT, Error, Invocation, Publish, Register, Yield
from wamp.protocol.serializers import TranscodingError
from wamprouter.authz.roles import Role
from wamprouter.realm import facts
from wamprouter.realm.delivery import Delivery
from wamprouter.realm.meta.calling import Procedure, read_arguments
from wamprouter.realm.meta.events import EVENTS
from wamprouter.realm.meta.registrations import Registrations
from wamprouter.realm.meta.sessions import Sessions
from wamprouter.realm.meta.subscriptions import Subscriptions
from wamprouter.session import Session

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm
    from wamprouter.realm.registrations import Registration

__all__ = ["FEATURES", "Meta"]

FEATURES: Final[Mapping[str, tuple[str, ...]]] = {
    "broker": ("session_meta_api", "subscription_meta_api"),
    "dealer": ("registration_meta_api", "session_meta_api", "testament_meta_api"),
}
"""What is announced because of it, by role."""

NAME: Final = "wamp"
"""The session's authid and role. No permissions belong to the role: what the router does itself is not asked about."""

_CODEC: Final = CODECS["json"]
"""What events are in: most of those who hear them speak it, so that nothing is translated for them."""


class Meta:
    """The meta API of one realm. ``news`` is what has happened and was not published yet."""

    def __init__(self, realm: Realm, session_id: int) -> None:
        self._realm = realm
        self._effects: list[Delivery] = []  # of the procedure that is being called, for others than its caller
        self.news: list[facts.Fact] = []
        self.session = Session(
            session_id,
            realm=realm,
            role=Role(NAME, []),
            codec=_CODEC,
            link=None,  # type: ignore[arg-type]  # nothing is ever delivered to it: ``attend`` takes it before
            authid=NAME,
            authmethod="internal",
            authprovider="router",
        )
        self._registrations = Registrations(realm, self._effects)
        apis = (Sessions(realm, self._effects), self._registrations, Subscriptions(realm, self._effects))
        self._procedures: dict[str, Procedure] = {uri: at for api in apis for uri, at in api.procedures.items()}

    @property
    def registrations(self) -> Mapping[int, Registration]:
        """All registrations of the realm by their ids."""
        return self._registrations.by_id

    def register(self) -> None:
        """Register the procedures, as any callee does."""
        for request, uri in enumerate(self._procedures, 1):
            self._realm.dealer.register(self.session, Register(request, {}, uri))

    def note(self, fact: facts.Fact) -> None:
        """Take a fact, to tell it once the message that led to it is done."""
        kind = type(fact)
        if kind is facts.RegistrationCreated:
            registration = fact.registration  # type: ignore[attr-defined]  # it has one
            self._registrations.by_id[registration.id] = registration
        elif kind is facts.RegistrationDeleted:
            del self._registrations.by_id[fact.registration.id]  # type: ignore[attr-defined]  # it has one
        if kind in EVENTS:
            self.news.append(fact)

    def attend(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Answer what is addressed to this session, publish the news; return what there is to deliver now."""
        if self.session.invocations:
            deliveries = [found for delivery in deliveries for found in self._answered(delivery)]
        awaited: dict[str, bool] = {}  # topic -> whether anybody hears it; a session that leaves may be much news
        for fact in self.news:
            event = EVENTS[type(fact)]
            if event.topic not in awaited:
                awaited[event.topic] = self._realm.broker.is_awaited(event.topic)
            if awaited[event.topic]:
                deliveries += self._published(fact)
        self.news.clear()
        return deliveries

    # -- calls

    def _answered(self, delivery: Delivery) -> list[Delivery]:
        """Return a delivery to others as it is, and what an invocation leads to, for others and then for the caller."""
        if delivery.to[0] is not self.session:
            return [delivery]
        invocation: Any = delivery.message
        caller = self.session.invocations[invocation.request].caller
        # Speak the caller's own language, so that there is nothing to translate.
        self.session.codec = caller.codec
        answers = self._answer(caller, invocation)
        effects = [*self._effects, *answers]
        self._effects.clear()
        return effects

    def _answer(self, caller: Session, invocation: Invocation) -> list[Delivery]:
        serializer = caller.codec.serializer
        procedure = self._procedures[self.session.registrations[invocation.registration].procedure]
        try:
            arguments = read_arguments(procedure.arguments, serializer, invocation.args, invocation.kwargs)
            results = procedure.run(caller, arguments)
            args = serializer.pack(results) if results else ABSENT
        except TranscodingError as error:
            return self._refuse(invocation, InvalidArgument(f"the result cannot be delivered: {error}"))
        except RequestError as error:
            return self._refuse(invocation, error)
        self._realm.tally.own_yields += 1
        return self._realm.dealer.yield_(self.session, Yield(invocation.request, {}, args))

    def _refuse(self, invocation: Invocation, error: RequestError) -> list[Delivery]:
        args = self.session.codec.serializer.pack([str(error)])
        message = Error(Invocation.CODE, invocation.request, {}, error.uri, args)
        return self._realm.dealer.error(self.session, message)

    # -- events

    def _published(self, fact: facts.Fact) -> list[Delivery]:
        """Return the event that tells of a fact."""
        event = EVENTS[type(fact)]
        self.session.codec = _CODEC
        args = _CODEC.serializer.pack(event.arguments(fact))
        return self._realm.broker.publish(self.session, Publish(1, {}, event.topic, args))
