"""`wamprouter keygen` and `wamprouter credential`: secrets made, and the configuration entries that let them in.

The entry goes to standard output, as JSON ready to paste; what a person must know goes to standard error, so that the
output can be redirected. A secret is shown once, where it was made here, and never where it was typed.
"""

from __future__ import annotations

import json
import os
import secrets
import string
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

__all__ = ["credential", "keygen"]

REFUSED = 1  # as in wamprouter.cli

SALT_BYTES = 16  # 128 bits, as SCRAM and Argon2 recommend
SECRET_LENGTH = 32  # letters and digits, which no shell and no double click cuts; 190 bits

# What OWASP recommends for PBKDF2 with SHA-256. Passwords of WAMP-CRA are derived by JavaScript in browsers, some of which
# would take seconds for it.
SCRAM_ITERATIONS = 600_000
CRA_ITERATIONS = 100_000
# RFC 9106, section 4, the second recommendation, with the one lane that SCRAM has. A quarter of a second on a desktop.
ARGON2_ITERATIONS = 3
ARGON2_MEMORY = 64 * 1024

METHODS = ("ticket", "wampcra", "scram", "cryptosign")
HASHES = ("scrypt", "sha256", "argon2id", "none")  # wamprouter.auth.hashes, which is imported when it is used
KDFS = ("argon2id-13", "argon2id13", "pbkdf2")  # wamp.protocol.auth.scram

# Which option belongs to which methods: the others would ignore it, and whoever gave it would not know.
BELONGS_TO = {
    "hash": ("ticket",),
    "kdf": ("scram",),
    "iterations": ("wampcra", "scram"),
    "memory": ("scram",),
    "public_key": ("cryptosign",),
}


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the private key into a new file that only you can read, and do not show it.",
)
@click.option("--authid", metavar="NAME", default="joe", show_default=True, help="Who the key belongs to.")
@click.option("--role", metavar="ROLE", default="user", show_default=True, help="The role that the key gives.")
def keygen(out: Path | None, authid: str, role: str) -> None:
    """Make a key pair for cryptosign authentication.

    Prints the keys in hexadecimal and the entry for the router's configuration. The private key belongs to the client.
    """
    private, public = _new_key()
    entry = _entry("cryptosign", authid, {"authorized_keys": [public], "role": role})
    if out is not None:
        _write_secret(out, private)
    click.echo(f"public key:  {public}")
    click.echo(f"private key: {private if out is None else f'in {out}'}")
    click.echo("")
    click.echo(entry)


@click.command()
@click.argument("method", type=click.Choice(METHODS), metavar="METHOD")
@click.argument("authid", metavar="AUTHID")
@click.option("--role", metavar="ROLE", default="user", show_default=True, help="The role that the session gets.")
@click.option("--generate", is_flag=True, help="Make a random secret, or a new key pair, and show it once.")
@click.option("--password-stdin", is_flag=True, help="Read the secret from standard input instead of asking for it.")
@click.option(
    "--hash",
    type=click.Choice(HASHES),
    help="ticket: how it is stored. Default: sha256 with --generate, otherwise scrypt.",
)
@click.option(
    "--kdf",
    type=click.Choice(KDFS),
    help="scram: argon2id-13 for Autobahn, argon2id13 or pbkdf2 for the WAMP specification. Default: argon2id-13.",
)
@click.option("--iterations", type=click.IntRange(1), metavar="N", help="wampcra, scram: rounds of key derivation.")
@click.option("--memory", type=click.IntRange(8), metavar="KIB", help="scram with Argon2: memory to fill.")
@click.option("--public-key", metavar="KEY", help='cryptosign: 64 hexadecimal digits, or a line "ssh-ed25519 …".')
def credential(
    method: str, authid: str, role: str, generate: bool, password_stdin: bool, public_key: str | None, **options: Any
) -> None:
    """Make a credential for the router's configuration.

    METHOD is ticket, wampcra, scram or cryptosign; AUTHID is the name that the client logs in with. Asks for the secret
    without showing it, and prints the entry, in which it is hashed or derived.
    """
    given = {**options, "public_key": public_key}
    for name, methods in BELONGS_TO.items():
        if given[name] is not None and method not in methods:
            raise click.UsageError(f"--{name.replace('_', '-')} is for {' and '.join(methods)}, not for {method}")
    if not authid:
        raise click.UsageError("AUTHID is empty, expected the name that the client logs in with")
    if method == "cryptosign":
        entry = _authorized_key(public_key, generate=generate, password_stdin=password_stdin)
    else:
        secret = _secret(method, generate=generate, password_stdin=password_stdin)
        try:
            entry = _MAKE[method](secret, authid, generate=generate, **options)
        except (ValueError, RuntimeError) as error:
            _refuse(f"{method} credential for {authid}: {error}")
    click.echo(_entry(method, authid, {**entry, "role": role}))


# -- what is stored


def _ticket(secret: str, authid: str, *, generate: bool, hash: str | None, **_: Any) -> dict[str, Any]:
    from wamprouter.auth.hashes import make

    # A random ticket cannot be guessed, however fast its hash is, and the router has other things to do.
    algorithm = hash or ("sha256" if generate else "scrypt")
    if algorithm == "none":
        if secret.startswith("$"):
            raise ValueError("a ticket that begins with $ must be hashed: choose a --hash")
        return {"ticket": secret}
    return {"ticket": make(secret, algorithm, secrets.token_bytes(SALT_BYTES))}


def _wampcra(secret: str, authid: str, *, iterations: int | None, **_: Any) -> dict[str, Any]:
    from wamp.protocol.auth.cra import Salting, derive_key

    salting = Salting(secrets.token_hex(SALT_BYTES), iterations or CRA_ITERATIONS, 32)
    return {
        "secret": derive_key(secret, salting),
        "salt": salting.salt,
        "iterations": salting.iterations,
        "keylen": salting.keylen,
    }


def _scram(
    secret: str, authid: str, *, kdf: str | None, iterations: int | None, memory: int | None, **_: Any
) -> dict[str, Any]:
    from wamp.protocol.auth.saslprep import saslprep
    from wamp.protocol.auth.scram import PBKDF2, derive_credential

    saslprep(authid)  # both ends prepare the name, so one that cannot be prepared cannot log in
    kdf = kdf or KDFS[0]
    if kdf == PBKDF2:
        if memory is not None:
            raise ValueError("--memory is for Argon2, not for pbkdf2")
        iterations = iterations or SCRAM_ITERATIONS
    else:
        iterations, memory = iterations or ARGON2_ITERATIONS, memory or ARGON2_MEMORY
    salt = secrets.token_bytes(SALT_BYTES)
    return derive_credential(secret, salt, kdf, iterations=iterations, memory=memory).entry()


_MAKE: dict[str, Callable[..., dict[str, Any]]] = {"ticket": _ticket, "wampcra": _wampcra, "scram": _scram}


def _authorized_key(public_key: str | None, *, generate: bool, password_stdin: bool) -> dict[str, Any]:
    if password_stdin:
        raise click.UsageError("--password-stdin: cryptosign has no password, give --public-key or --generate")
    if generate:
        if public_key is not None:
            raise click.UsageError("--public-key and --generate: give one of them")
        private, public = _new_key()
        _show_once("private key", private)
    else:
        public = _read_public_key(public_key or click.prompt("Public key", err=True))
    return {"authorized_keys": [public]}


def _read_public_key(text: str) -> str:
    """Return the hexadecimal form of a public key, which may be OpenSSH's line."""
    from wamp.auth import CryptosignKey
    from wamp.protocol.auth.cryptosign import read_key

    text = text.strip()
    try:
        if text.startswith("ssh-"):
            public: str = CryptosignKey.from_ssh_bytes(text).public_key()
            return public
        return read_key(text).hex()
    except ValueError as error:
        _refuse(f"not a public key: {error}")


def _new_key() -> tuple[str, str]:
    """Return a private key and its public key."""
    from wamp.protocol.auth.cryptosign import public_key

    private = secrets.token_bytes(32)
    return private.hex(), public_key(private).hex()


# -- the secret


def _secret(method: str, *, generate: bool, password_stdin: bool) -> str:
    what = "ticket" if method == "ticket" else "password"
    if generate and password_stdin:
        raise click.UsageError("--generate and --password-stdin: give one of them")
    if generate:
        secret = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(SECRET_LENGTH))
        _show_once(what, secret)
        return secret
    if password_stdin:
        try:
            secret = sys.stdin.buffer.read().decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            _refuse(f"the {what} on standard input is not UTF-8")
    else:
        secret = click.prompt(what.capitalize(), hide_input=True, confirmation_prompt=True, err=True)
    if not secret:
        _refuse(f"the {what} is empty")
    return secret


def _show_once(what: str, secret: str) -> None:
    click.echo(f"{what}: {secret}", err=True)
    click.echo(f"Give it to the client now: the {what} is not shown again.", err=True)


def _write_secret(file: Path, secret: str) -> None:
    """Write into a file that was not there before, and that nobody else can read at any moment."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as new:
            new.write(f"{secret}\n")
    except OSError as error:
        _refuse(f"{file}: not written: {error.strerror}")


# -- the output


def _entry(method: str, authid: str, principal: dict[str, Any]) -> str:
    """Return the entry for a transport of the configuration, in Crossbar's form."""
    principals = "users" if method == "wampcra" else "principals"
    auth = {"auth": {method: {"type": "static", principals: {authid: principal}}}}
    text = json.dumps(auth, indent=2, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse("the authid or the role is not UTF-8")
    return text


def _refuse(line: str) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(REFUSED)
