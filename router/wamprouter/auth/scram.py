"""A password of which the router knows only a derived key (advanced profile, "WAMP-SCRAM")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from wamp.protocol.auth import scram
from wamp.protocol.auth.scram import Credential, Exchange
from wamp.protocol.errors import AuthenticationFailed
from wamprouter.auth import Applicant, Challenge, Grant, Step
from wamprouter.auth.principals import Denied, Principal, Principals, Unknown, grant, mark, still_admits

__all__ = ["ScramMethod", "ScramPrincipal"]

_BINDINGS: Final = ("tls-unique", "tls-exporter", "tls-server-end-point")


class ScramPrincipal(Principal, kw_only=True, rename="kebab"):
    """Somebody whose derived keys are known; as in the configuration, bytes are in hexadecimal."""

    kdf: str
    iterations: int
    salt: str
    stored_key: str
    server_key: str
    memory: int | None = None

    def credential(self) -> Credential:
        """Return the keys; raise ValueError if they are none, as only those of an authenticator outside can be."""
        return Credential.read(msgspec.to_builtins(self))


class ScramMethod:
    """WAMP-SCRAM.

    Somebody whom nobody knows is challenged all the same, with a salt that is always the same for an authid, made with
    ``key``.
    """

    names: ClassVar[tuple[str, ...]] = scram.METHODS

    def __init__(self, principals: Principals, nonce: Callable[[], str], key: bytes, nobody: Credential) -> None:
        """``nobody`` is a credential whose cost is shown for those whom nobody knows, where nobody is known."""
        self._principals = principals
        self._nonce = nonce
        self._key = key
        self._nobody = nobody

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        details = applicant.details
        if details.authid is None or "nonce" not in details.authextra:
            return None
        authid = details.authid
        try:
            nonce = scram.read_client_nonce(details.authextra)
        except ValueError as error:
            raise AuthenticationFailed(str(error)) from None
        binding = details.authextra.get("channel_binding")
        data = None if binding is None else self._channel_data(applicant, binding)
        return self._principals.find(
            applicant, authid, {}, lambda record: self._challenge(name, record, authid, nonce, binding, data)
        )

    @staticmethod
    def _channel_data(applicant: Applicant, binding: object) -> bytes:
        data = applicant.channel_binding(binding) if isinstance(binding, str) and binding in _BINDINGS else None
        if data is None:
            raise AuthenticationFailed("this connection has no such channel binding")
        return data

    def _challenge(
        self,
        name: str,
        record: ScramPrincipal | Unknown,
        authid: str,
        client_nonce: str,
        binding: str | None,
        data: bytes | None,
    ) -> Step:
        if isinstance(record, Unknown):
            like = self._nobody if record.like is None else record.like.credential()
            credential = scram.placeholder(authid, self._key, like=like)
        else:
            credential = record.credential()
        first = credential.challenge(client_nonce + self._nonce())
        exchange = Exchange(authid, client_nonce, first, binding, data)

        def answer(signature: str, extra: Mapping[str, Any]) -> Step:
            proven = scram.verify(credential, exchange, signature, dict(extra))
            if isinstance(record, Unknown):
                raise Denied(record)
            if proven is None:
                raise Denied("wrong proof")
            provider = self._principals.provider
            return grant(record, authid, name, provider, mark=_mark(record), extra=scram.welcome_extra(proven))

        return Challenge(name, first.extra(), answer)

    def still_admits(self, grant: Grant) -> bool:
        return still_admits(self._principals, grant, _mark)


def _mark(principal: ScramPrincipal) -> str:
    return mark(principal.stored_key, principal.salt)
