"""Who a command is at the router: from options, files and the environment to what answers the router's challenges."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from wamp.auth import Authenticator, AuthTicket, ChallengedSession, CryptosignKey, compute_totp, create_authenticator
from wamp.types import Challenge
from wamprouter.cli.options import Connection

__all__ = ["authenticators"]

_BY_SECRET: Final = {"totp": "secret", "wampcra": "secret", "scram": "password", "wamp-scram": "password"}
"""Method -> what its authenticator calls the secret."""


def authenticators(who: Connection, environ: Mapping[str, str], *, may_ask: bool = True) -> list[Authenticator]:
    """Return the ways to log in; raise ValueError for what is missing or contradicts itself.

    Without a method it is the one that there are credentials for. Secrets that are missing are asked for at a terminal, if
    ``may_ask``.
    """
    method = who.authmethod or _method(who, environ)
    if method == "anonymous" and who.authmethod is who.authid is who.authrole is who.channel_binding is None:
        return []  # nothing to say of ourselves
    if who.channel_binding and method != "cryptosign":
        raise ValueError(f"--channel-binding is for cryptosign, and the method is {method}")
    return [_authenticator(method, who, _Secrets(environ, may_ask))]


def _method(who: Connection, environ: Mapping[str, str]) -> str:
    """Return the one method that there are credentials for."""
    given = {
        "ticket": who.ticket_file or environ.get("WAMP_TICKET"),
        "wampcra": who.secret_file or environ.get("WAMP_SECRET"),
        "cryptosign": who.key_file,
    }
    methods = [method for method, credential in given.items() if credential]
    if len(methods) > 1:
        raise ValueError(f"there are credentials for {' and '.join(methods)}: choose with --authmethod")
    return methods[0] if methods else "tls" if who.cert else "anonymous"


def _authenticator(method: str, who: Connection, secrets: _Secrets) -> Authenticator:
    if method not in ("anonymous", "cryptosign", "tls") and who.authid is None:
        raise ValueError(f"{method} needs --authid")
    extra = {"channel_binding": who.channel_binding} if who.channel_binding else None
    more = {"authid": who.authid, "authrole": who.authrole, "authextra": extra, **_credential(method, who, secrets)}
    return _Totp(**more) if method == "totp" else create_authenticator(method, **more)


def _credential(method: str, who: Connection, secrets: _Secrets) -> dict[str, Any]:
    """Return what proves who we are, as the method's authenticator takes it."""
    if method == "ticket":
        return {"ticket": secrets.find("ticket", who.ticket_file, "WAMP_TICKET")}
    if method in _BY_SECRET:
        return {_BY_SECRET[method]: secrets.find("secret", who.secret_file, "WAMP_SECRET")}
    if method != "cryptosign":
        return {}
    if who.key_file is None:
        raise ValueError("cryptosign needs --key-file")
    return {"privkey": _key(who.key_file)}


class _Secrets(NamedTuple):
    """Where secrets may come from."""

    environ: Mapping[str, str]
    may_ask: bool

    def find(self, what: str, file: Path | None, variable: str) -> str:
        """Return a secret: from a file without the line end at its end, a variable, or whoever sits at the terminal."""
        if file is not None:
            return _text(file).removesuffix("\n").removesuffix("\r")
        if variable in self.environ:
            return self.environ[variable]
        if not self.may_ask or not sys.stdin.isatty():
            raise ValueError(f"no {what}: expected --{what}-file, ${variable}, or a terminal to ask at")
        secret: str = click.prompt(what.capitalize(), hide_input=True, err=True)
        return secret


def _key(file: Path) -> CryptosignKey:
    """Read a key in any of the forms that it may have."""
    try:
        start = file.read_bytes()[:200]
        if start.startswith(b"-----BEGIN"):
            key = CryptosignKey.from_ssh_file(file)
        elif b"\n\n" in start or b"\r\n\r\n" in start:
            key = CryptosignKey.from_keyfile(file)
        else:
            key = CryptosignKey.from_file(file)
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}") from None
    if not key.can_sign:
        raise ValueError(f"{file}: a public key, expected a private one")
    return key


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file}: not UTF-8") from None


class _Totp(AuthTicket):
    """A ticket of digits that change with the time: those of the moment in which the router asks."""

    def __init__(self, *, secret: str, **who: Any) -> None:
        super().__init__(ticket=compute_totp(secret), **who)  # raises if it is no secret
        self._secret = secret

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str:
        self._check_method(challenge)
        return compute_totp(self._secret)
