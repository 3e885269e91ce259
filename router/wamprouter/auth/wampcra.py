"""Challenge and response with a shared secret (advanced profile, "Challenge Response Authentication")."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from msgspec.structs import replace

from wamp.protocol.auth import cra
from wamp.protocol.auth.cra import Salting
from wamp.protocol.auth.encoding import placeholder_text
from wamprouter.auth import Applicant, Challenge, Grant, InThread, Step
from wamprouter.auth.principals import Denied, Principal, Principals, Unknown, grant, mark, still_admits

__all__ = ["CraMethod", "CraUser"]

_NOBODY: Final = "nobody"  # the secret of those whom nobody knows, where nobody is known


class CraUser(Principal, kw_only=True):
    """Somebody who shares a secret. With a salt, ``secret`` is the derived key in base64, or the password."""

    secret: str
    salt: str | None = None
    iterations: int = 1000
    keylen: int = 32

    @property
    def salting(self) -> Salting | None:
        return None if self.salt is None else Salting(self.salt, self.iterations, self.keylen)


class CraMethod:
    """WAMP-CRA.

    Somebody whom nobody knows is challenged all the same, with a salt if the one that it is like has one: always the same for
    an authid, made with ``key``, and of the same form.
    """

    names: ClassVar[tuple[str, ...]] = ("wampcra",)

    def __init__(
        self,
        principals: Principals,
        nonce: Callable[[], str],
        timestamp: Callable[[], str],
        key: bytes,
        in_thread: InThread,
    ) -> None:
        self._principals = principals
        self._nonce = nonce
        self._timestamp = timestamp
        self._key = key
        self._in_thread = in_thread

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        authid = applicant.details.authid
        if authid is None:
            return None
        return self._principals.find(applicant, authid, {}, lambda record: self._challenge(applicant, authid, record))

    def _challenge(self, applicant: Applicant, authid: str, record: CraUser | Unknown) -> Step:
        secret, salting = self._secret(authid, record)
        text = cra.challenge_text(
            authid=authid,
            # What role it would get is not told before it has authenticated.
            authrole=applicant.details.authrole or "",
            authprovider=self._principals.provider,
            nonce=self._nonce(),
            timestamp=self._timestamp(),
            session=applicant.session,
        )

        def decide(is_right: bool) -> Step:
            if isinstance(record, Unknown):
                raise Denied(record)
            if not is_right:
                raise Denied("wrong signature")
            return grant(record, authid, "wampcra", self._principals.provider, mark=_mark(record))

        def answer(signature: str, _extra: object) -> Step:
            def verify() -> bool:
                return cra.verify(cra.keys(secret, salting), text, signature)

            # Deriving the key takes its time, also for those whom nobody knows.
            return decide(verify()) if salting is None else self._in_thread(verify, decide)

        return Challenge("wampcra", cra.Challenge(text, salting).extra(), answer)

    def _secret(self, authid: str, record: CraUser | Unknown) -> tuple[str, Salting | None]:
        """Return what an answer is checked with; ValueError if the record has no possible salting."""
        if not isinstance(record, Unknown):
            return record.secret, record.salting
        like: CraUser | None = record.like
        if like is None:
            return _NOBODY, None
        salting = like.salting
        if salting is None:
            return like.secret, None
        return like.secret, replace(salting, salt=placeholder_text(self._key, authid, salting.salt))

    def still_admits(self, grant: Grant) -> bool:
        return still_admits(self._principals, grant, _mark)


def _mark(user: CraUser) -> str:
    return mark(user.secret, user.salt)
