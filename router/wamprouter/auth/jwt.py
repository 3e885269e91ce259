"""Tickets that are JSON Web Tokens: somebody who is trusted has signed who it is (RFC 7519)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Final

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK

from wamprouter.auth import Applicant, Challenge, Grant, Step
from wamprouter.auth.principals import Denied, mark
from wamprouter.auth.ticket import LONGEST

__all__ = ["JwtTickets", "read_keys"]


# What a key may sign with, where it does not say so itself: most of the keys in the field do not.
_ALGORITHMS: Final = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
_SHORTEST_RSA: Final = 2048  # bits (RFC 7518, section 3.3)

# What PyJWT raises for a token that is none; the last three for JSON that is deeper or has larger numbers than Python likes.
_UNUSABLE: Final = (jwt.PyJWTError, ValueError, RecursionError, OverflowError, TypeError)


class JwtTickets:
    """Checks tokens: signature, issuer, audience, expiry."""

    names: ClassVar[tuple[str, ...]] = ("ticket",)

    def __init__(
        self,
        keys: Sequence[PyJWK],  # one for each algorithm that it may sign with
        *,
        algorithms: Collection[str],
        issuer: str,
        audience: str,
        leeway: float,
        authid_claim: str,
        role_claim: str,
        roles: Sequence[str],
    ) -> None:
        self._keys = [key for key in keys if key.algorithm_name in algorithms]
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
            key = self._key(token)
            claims = self._claims(token, key)
        except _UNUSABLE as error:
            raise Denied(f"the token is not valid: {error}") from None
        authid = claims.get(self._authid_claim)
        if not isinstance(authid, str) or not authid:
            raise Denied(f"the token has no {self._authid_claim}")
        if asked is not None and asked != authid:
            raise Denied("the token is for another authid")
        expires = claims["exp"] + self._leeway
        return Grant(authid, self._role(claims), "ticket", "jwt", mark=self._mark(key), expires=expires)

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=self._issuer,
            audience=self._audience,
            leeway=self._leeway,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    def _key(self, token: str) -> PyJWK:
        header = jwt.get_unverified_header(token)
        kid, algorithm = header.get("kid"), header.get("alg")
        fitting = [key for key in self._keys if key.algorithm_name == algorithm and kid in (None, key.key_id)]
        if len(fitting) != 1:
            raise ValueError(f"{len(fitting)} keys fit it")
        return fitting[0]

    def _mark(self, key: PyJWK) -> str:
        return mark(self._issuer, self._audience, key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def _role(self, claims: dict[str, Any]) -> str:
        role = claims.get(self._role_claim)
        if role is None and len(self._roles) == 1:
            return self._roles[0]
        if not isinstance(role, str) or role not in self._roles:
            raise Denied(f"the token has no role that is offered, in {self._role_claim}")
        return role

    def still_admits(self, grant: Grant) -> bool:
        """Whoever has signed the token must still be trusted."""
        marks = {self._mark(key) for key in self._keys}
        return grant.authprovider == "jwt" and grant.role in self._roles and grant.mark in marks


def read_keys(text: str) -> list[PyJWK]:
    """Return the keys of a JWKS file (RFC 7517), one for each algorithm; raise ValueError if it has none that can be used."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON Web Key Set: {error}") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError('not a JSON Web Key Set: expected an object with "keys", a list')
    keys = [key for entry in entries if isinstance(entry, dict) for key in _usable(entry)]
    if not keys:
        raise ValueError("it has no public key to check signatures with")
    return keys


def _usable(entry: dict[str, Any]) -> Iterator[PyJWK]:
    """Yield what signatures can be checked with. Other keys may well be there, for other purposes."""
    if "d" in entry:
        raise ValueError("it has a private key, which belongs to nobody but the issuer")
    if entry.get("use", "sig") != "sig":
        return
    for algorithm in _ALGORITHMS.get((str(entry.get("kty")), entry.get("crv")), ()):
        if entry.get("alg") not in (None, algorithm):
            continue
        try:
            key = PyJWK(entry, algorithm)
        except _UNUSABLE:
            continue
        if entry["kty"] != "RSA" or key.key.key_size >= _SHORTEST_RSA:
            yield key
