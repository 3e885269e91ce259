"""Cookies: whoever has authenticated in this browser before need not do so again.

A cookie is made anew in each handshake that brings none that is known, and is worth nothing until its client has
authenticated by another method. Then it stands for that principal and for no other, ever: a cookie that was there before
may be one that somebody has planted in another's browser, to share what that one will be.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar, Protocol

from msgspec.structs import replace

from wamprouter.auth import Applicant, Grant, Step

__all__ = ["CookieMethod", "CookieStore", "digest"]


class CookieStore(Protocol):
    """Remembers what cookies stand for. Keys are digests: who reads the store cannot use it."""

    def get(self, key: str) -> Grant | None: ...
    def put(self, key: str, grant: Grant) -> None: ...
    def discard(self, key: str) -> None: ...


class CookieMethod:
    """Admits who has a cookie that is known."""

    names: ClassVar[tuple[str, ...]] = ("cookie",)

    def __init__(self, store: CookieStore) -> None:
        self._store = store

    def remembered(self, cookie: str | None) -> Grant | None:
        """Return what a cookie stands for."""
        return None if cookie is None else self._store.get(digest(cookie))

    def remember(self, cookie: str, grant: Grant, *, is_new: bool) -> None:
        """Let a cookie stand for what was granted by another method, if nobody else can have it."""
        remembered = replace(grant, authmethod="cookie", learnt_by=grant.authmethod)
        if is_new:
            self._store.put(digest(cookie), remembered)
            return
        before = self._store.get(digest(cookie))
        if before is not None and _principal(before) == _principal(grant):
            self._store.put(digest(cookie), remembered)
        else:
            self._store.discard(digest(cookie))

    def forget(self, cookie: str | None) -> None:
        if cookie is not None:
            self._store.discard(digest(cookie))

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        return self.remembered(applicant.cookie)

    def still_admits(self, grant: Grant) -> bool:
        """What a cookie stands for is asked of the method that it was learnt by."""
        return False


def _principal(grant: Grant) -> tuple[str, str, str | None]:
    return grant.authid, grant.role, grant.realm


def digest(cookie: str) -> str:
    """Return the key of a cookie in the store."""
    return hashlib.sha256(cookie.encode()).hexdigest()
