"""Ed25519 keys, of which the router knows the public ones (advanced profile, "Cryptosign-based Authentication")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from wamp.protocol.auth import cryptosign
from wamp.protocol.errors import AuthenticationFailed
from wamprouter.auth import Applicant, Challenge, Grant, Step
from wamprouter.auth.principals import Denied, Principal, Principals, Static, Unknown, grant, still_admits

__all__ = ["CryptosignMethod", "CryptosignPrincipal"]


class CryptosignPrincipal(Principal, kw_only=True):
    """Somebody whose public keys are known, in hexadecimal. Authenticators outside may name a single ``pubkey``."""

    authorized_keys: tuple[str, ...] = ()
    pubkey: str | None = None

    @property
    def keys(self) -> set[str]:
        return {key.lower() for key in (*self.authorized_keys, *([self.pubkey] if self.pubkey else []))}


class CryptosignMethod:
    """Cryptosign, with or without channel binding."""

    names: ClassVar[tuple[str, ...]] = ("cryptosign",)

    def __init__(
        self, principals: Principals, challenge: Callable[[], bytes], *, requires_binding: bool = False
    ) -> None:
        """``challenge`` returns 32 random octets."""
        self._principals = principals
        self._new_challenge = challenge
        self._requires_binding = requires_binding
        # Public key -> authid, for clients that are known by their key alone; None if several have it.
        self._authids: dict[str, str | None] = {}
        for authid, record in principals.records.items() if isinstance(principals, Static) else ():
            for key in record.keys:
                self._authids[key] = None if key in self._authids else authid

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        extra = applicant.details.authextra
        if "pubkey" not in extra:
            return None
        try:
            public = cryptosign.read_key(extra["pubkey"])
        except (ValueError, TypeError):
            raise AuthenticationFailed("authextra.pubkey is not 64 hexadecimal digits") from None
        binding = extra.get("channel_binding")
        channel = None if binding is None else self._channel_id(applicant, binding)
        if binding is None and self._requires_binding:
            raise AuthenticationFailed("channel binding is required here")
        authid = applicant.details.authid or self._authids.get(public.hex())

        return self._principals.find(
            applicant, authid, {}, lambda record: self._challenge(record, authid, public, binding, channel)
        )

    @staticmethod
    def _channel_id(applicant: Applicant, binding: object) -> bytes:
        is_known = isinstance(binding, str) and binding in cryptosign.BINDINGS
        channel = applicant.channel_binding(binding) if is_known else None  # type: ignore[arg-type]  # a str then
        if channel is None:
            raise AuthenticationFailed("this connection has no such channel binding")
        return channel

    def _challenge(
        self,
        record: CryptosignPrincipal | Unknown,
        authid: str | None,
        public: bytes,
        binding: str | None,
        channel: bytes | None,
    ) -> Step:
        challenge = self._new_challenge()

        def answer(signature: str, _extra: object) -> Step:
            is_right = cryptosign.verify(public, challenge, signature, channel)
            if isinstance(record, Unknown):
                raise Denied(record)
            if public.hex() not in record.keys:
                raise Denied("this is not a key of that principal")
            if not is_right:
                raise Denied("wrong signature")
            return grant(record, authid, "cryptosign", self._principals.provider, mark=public.hex())

        extra: dict[str, Any] = {"challenge": challenge.hex(), "channel_binding": binding}
        return Challenge("cryptosign", extra, answer)

    def still_admits(self, granted: Grant) -> bool:
        """The key that was used must still be one of the principal's; others may have come or gone."""
        return still_admits(
            self._principals, granted, lambda record: granted.mark if granted.mark in record.keys else ""
        )
