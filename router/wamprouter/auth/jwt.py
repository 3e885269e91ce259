"""Tickets that are JSON Web Tokens: somebody who is trusted has signed who it is (RFC 7519)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import jwt
from jwt import PyJWK, PyJWKSet

from wamprouter.auth import Applicant, Challenge, Grant, Step
from wamprouter.auth.principals import Denied
from wamprouter.auth.ticket import LONGEST

__all__ = ["JwtTickets", "read_keys"]


class JwtTickets:
    """Checks tokens: signature, issuer, audience, expiry."""

    names: ClassVar[tuple[str, ...]] = ("ticket",)

    def __init__(
        self,
        keys: Sequence[PyJWK],
        *,
        algorithms: Collection[str],
        issuer: str,
        audience: str,
        leeway: float,
        authid_claim: str,
        role_claim: str,
        roles: Sequence[str],
    ) -> None:
        self._keys = keys
        self._algorithms = list(algorithms)
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._authid_claim = authid_claim
        self._role_claim = role_claim
        self._roles = roles

    def hello(self, applicant: Applicant, name: str) -> Step:
        return Challenge(name, {}, lambda signature, _extra: self._answer(applicant.details.authid, signature))

    def _answer(self, asked: str | None, token: str) -> Step:
        if len(token) > LONGEST:
            raise Denied("the token is too long")
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise Denied(f"the token is not valid: {error}") from None
        authid = claims.get(self._authid_claim)
        if not isinstance(authid, str) or not authid:
            raise Denied(f"the token has no {self._authid_claim}")
        if asked is not None and asked != authid:
            raise Denied("the token is for another authid")
        return Grant(authid, self._role(claims), "ticket", "jwt")

    def _claims(self, token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            self._key(token),
            algorithms=self._algorithms,
            issuer=self._issuer,
            audience=self._audience,
            leeway=self._leeway,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    def _key(self, token: str) -> PyJWK:
        kid = jwt.get_unverified_header(token).get("kid")
        fitting = [key for key in self._keys if kid is None or key.key_id == kid]
        if len(fitting) != 1:
            raise ValueError(f"{len(fitting)} keys fit it")
        return fitting[0]

    def _role(self, claims: dict[str, Any]) -> str:
        role = claims.get(self._role_claim)
        if role is None and len(self._roles) == 1:
            return self._roles[0]
        if not isinstance(role, str) or role not in self._roles:
            raise Denied(f"the token has no role that is offered, in {self._role_claim}")
        return role

    def still_admits(self, grant: Grant) -> bool:
        return grant.authprovider == "jwt" and grant.role in self._roles


def read_keys(text: str) -> list[PyJWK]:
    """Return the keys of a JWKS file (RFC 7517); raise ValueError if it has none that can be used."""
    try:
        keys = PyJWKSet.from_json(text).keys
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a JSON Web Key Set: {error}") from None
    public = [key for key in keys if key.key_type != "oct"]
    if not public:
        raise ValueError("it has no public key")
    return public
