"""Testaments: what a session wants to be published when it has gone, however it goes.

Advanced profile, "Session Testament". There are two ordered sets of them, ``detached`` and ``destroyed``. They differ only
for routers that let sessions be resumed; here the one follows on the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from wamp.protocol.errors import InvalidArgument, LimitExceeded, RequestError
from wamp.protocol.messages import ABSENT, Publish
from wamp.protocol.options import PublishOptions
from wamp.protocol.serializers import TranscodingError
from wamprouter.realm.passthru import FEATURE, is_passed_through

if TYPE_CHECKING:
    from wamprouter.realm.delivery import Delivery
    from wamprouter.session import Session

__all__ = ["SCOPES", "Refuse", "Scope", "Testaments"]

Scope: TypeAlias = Literal["detached", "destroyed"]
SCOPES: Final[tuple[Scope, ...]] = ("detached", "destroyed")
"""In the order in which they are published."""

Refuse: TypeAlias = Callable[["Session", Publish], RequestError | None]
"""Tells why a session may not publish something, or None."""


class Testaments:
    """The testaments of a realm's sessions, each kept by its session."""

    def __init__(
        self,
        *,
        limit: int,
        refuse: Refuse,
        publish: Callable[[Session, Publish], list[Delivery]],
    ) -> None:
        self.limit = limit
        self._refuse = refuse
        self._publish = publish

    def add(
        self,
        session: Session,
        scope: Scope,
        topic: str,
        args: list[Any],
        kwargs: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        """Keep a publication until the session has left.

        Raise what the same PUBLISH would be refused with now, InvalidArgument for options or arguments that have no
        form, and LimitExceeded beyond so many testaments of both scopes.
        """
        testament = self._publication(session, topic, args, kwargs, options)
        refusal = self._refuse(session, replace(testament))
        if refusal is not None:
            raise refusal
        if session.testaments is None:
            session.testaments = {scope: [] for scope in SCOPES}
        if sum(map(len, session.testaments.values())) >= self.limit:
            raise LimitExceeded(f"this session has {self.limit} testaments, as many as it may")
        session.testaments[scope].append(testament)

    @staticmethod
    def _publication(
        session: Session, topic: str, args: list[Any], kwargs: dict[str, Any], options: dict[str, Any]
    ) -> Publish:
        # Nobody is there any more to get a PUBLISHED.
        options = {
            name: _integral(value) for name, value in options.items() if value is not None and name != "acknowledge"
        }
        if is_passed_through(options) and f"publisher.{FEATURE}" not in session.features:
            raise InvalidArgument("payload passthru mode, which this publisher has not announced")
        pack = session.codec.serializer.pack
        try:
            msgspec.convert(options, PublishOptions)
            return Publish(
                1, options, topic, pack(args) if args or kwargs else ABSENT, pack(kwargs) if kwargs else ABSENT
            )
        except (msgspec.ValidationError, TranscodingError) as error:
            raise InvalidArgument(f"not a publication: {error}") from None

    def flush(self, session: Session, scope: Scope) -> int:
        """Forget the testaments of one scope; return how many there were."""
        if session.testaments is None:
            return 0
        forgotten = len(session.testaments[scope])
        session.testaments[scope] = []
        return forgotten

    def execute(self, session: Session) -> list[Delivery]:
        """Publish the testaments of a session that has left, as far as it still may, in their order."""
        deliveries: list[Delivery] = []
        if session.testaments is not None:
            for scope in SCOPES:
                for testament in session.testaments[scope]:
                    if self._refuse(session, testament) is None:
                        deliveries += self._publish(session, testament)
            session.testaments = None
        return deliveries


def _integral(value: Any) -> Any:
    """Take integral floats in lists for integers: so JavaScript's serializers write the ids of sessions."""
    if isinstance(value, list):
        return [int(item) if type(item) is float and item.is_integer() else item for item in value]
    return value
