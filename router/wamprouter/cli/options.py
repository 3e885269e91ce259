"""The options that all commands of a client share: where the router is, and who we are there.

Like everything that `wamprouter --help` imports, this is click and nothing else. No option takes a secret, because everybody on a
machine can read what programs were started with: secrets come from the environment, from files, or from whoever is asked.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

import click
from click.core import ParameterSource

__all__ = [
    "INTERRUPTED",
    "PROCEDURES",
    "TOPICS",
    "ArgumentsCommand",
    "ClientCommand",
    "Connection",
    "Number",
    "Place",
    "Seconds",
    "connection_options",
    "is_said",
    "json_option",
    "management_options",
    "match_option",
    "payload_arguments",
    "words_of",
]

INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as a shell has it

METHODS: Final = ("anonymous", "ticket", "totp", "wampcra", "scram", "wamp-scram", "cryptosign", "tls")
SERIALIZERS: Final = ("msgpack", "json", "cbor")  # wamp.targets.SERIALIZERS
BINDINGS: Final = ("tls-exporter", "tls-unique")  # wamp.protocol.auth.cryptosign.BINDINGS

_FILE: Final = click.Path(path_type=Path)
_F = TypeVar("_F", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A time."""

    name = "number of seconds"  # click would say to users what it is to programmers


class Number(click.IntRange):
    """How many of something."""

    name = "whole number"


class Connection(NamedTuple):
    """What the shared options say."""

    url: str
    realm: str
    wait: float | None
    serializer: str | None
    ca: Path | None
    cert: Path | None
    cert_key: Path | None
    authmethod: str | None
    authid: str | None
    authrole: str | None
    ticket_file: Path | None
    secret_file: Path | None
    key_file: Path | None
    channel_binding: str | None


def _option(*names: str, variable: str | None = None, **more: Any) -> Callable[[_F], _F]:
    return click.option(*names, envvar=variable, show_envvar=variable is not None, **more)


_CONNECTION: Final = (
    _option(
        "--url",
        variable="WAMP_URL",
        default="ws://127.0.0.1:8080/ws",
        show_default=True,
        metavar="URL",
        help="The router: ws://, wss://, rs://, rss:// or unix://.",
    ),
    _option("--realm", variable="WAMP_REALM", default="realm1", show_default=True, metavar="REALM", help="The realm."),
    _option(
        "--wait",
        type=Seconds(min=0),
        metavar="SECONDS",
        help="Try for so long to connect, if there is no router yet. Default: once, and `run` for ever.",
    ),
    _option(
        "--serializer",
        variable="WAMP_SERIALIZER",
        type=click.Choice(SERIALIZERS),
        help="How messages are written. Default: what the router prefers of these.",
    ),
    _option("--ca", variable="WAMP_CA", type=_FILE, metavar="FILE", help="PEM: trust these certificates alone."),
    _option("--cert", variable="WAMP_CERT", type=_FILE, metavar="FILE", help="PEM: our own certificate, for TLS."),
    _option(
        "--cert-key", variable="WAMP_CERT_KEY", type=_FILE, metavar="FILE", help="PEM: its key, if it is not in --cert."
    ),
    _option(
        "--authmethod",
        variable="WAMP_AUTHMETHOD",
        type=click.Choice(METHODS),
        help="How to log in. Default: what there are credentials for, ticket, wampcra or cryptosign, or else anonymous.",
    ),
    _option("--authid", variable="WAMP_AUTHID", metavar="NAME", help="Who to log in as."),
    _option("--authrole", variable="WAMP_AUTHROLE", metavar="ROLE", help="The role to ask for."),
    _option(
        "--ticket-file",
        variable="WAMP_TICKET_FILE",
        type=_FILE,
        metavar="FILE",
        help="Where the ticket is. Or the ticket itself in $WAMP_TICKET.",
    ),
    _option(
        "--secret-file",
        variable="WAMP_SECRET_FILE",
        type=_FILE,
        metavar="FILE",
        help="Where the secret of wampcra, scram or totp is. Or the secret itself in $WAMP_SECRET.",
    ),
    _option(
        "--key-file",
        variable="WAMP_KEY_FILE",
        type=_FILE,
        metavar="FILE",
        help="The private key of cryptosign: of `wamprouter keygen --out`, or of OpenSSH without passphrase.",
    ),
    _option(
        "--channel-binding",
        type=click.Choice(BINDINGS),
        help="Sign with cryptosign for this TLS connection alone.",
    ),
)


def connection_options(function: _F) -> _F:
    """Give a command the shared options; it gets them as its argument ``connection``."""

    def collected(*args: Any, **kwargs: Any) -> Any:
        connection = Connection(**{name: kwargs.pop(name) for name in Connection._fields})
        return function(*args, connection=connection, **kwargs)

    command: Any = update_wrapper(collected, function)
    for option in reversed(_CONNECTION):
        command = option(command)
    return command  # type: ignore[no-any-return]  # what it was, with more options


_MANAGEMENT: Final = (
    click.option(
        "--config", "config", type=_FILE, metavar="FILE", help="The configuration of the running router, or its folder."
    ),
    click.option("--cbdir", type=_FILE, metavar="DIR", help="The folder of the configuration, as for start."),
    # Not by a variable: that of other clients leads to a realm of applications.
    click.option(
        "--url",
        metavar="URL",
        help="The management of a router elsewhere, such as wss://router.example:8090/ws, with the options below to log in.",
    ),
    click.option(
        "--admin-realm",
        metavar="REALM",
        help="The realm of the management. Default: what the running router says, or admin.",
    ),
    *_CONNECTION[2:],
)


class Place(NamedTuple):
    """Where a router's management is to be found: by its configuration, or by a URL."""

    config: Path | None
    cbdir: Path | None
    url: str | None
    admin_realm: str | None
    connection: Connection


def management_options(function: _F) -> _F:
    """Give a command the options that say which router is meant; it gets them as its argument ``place``."""

    def collected(*args: Any, **kwargs: Any) -> Any:
        config, cbdir, url, realm = (kwargs.pop(name) for name in ("config", "cbdir", "url", "admin_realm"))
        more = {name: kwargs.pop(name) for name in Connection._fields if name not in ("url", "realm")}
        connection = Connection(url=url or "", realm=realm or "admin", **more)
        return function(*args, place=Place(config, cbdir, url, realm, connection), **kwargs)

    command: Any = update_wrapper(collected, function)
    for option in reversed(_MANAGEMENT):
        command = option(command)
    return command  # type: ignore[no-any-return]  # what it was, with more options


def is_said(context: click.Context, name: str) -> bool:
    """Tell whether a shared option was given, as a word or by its variable."""
    return context.get_parameter_source(name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def words_of(context: click.Context) -> list[str]:
    """Return the shared options that were given as words, for another process with our environment."""
    words: list[str] = []
    for name in Connection._fields:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += [f"--{name.replace('_', '-')}", str(context.params[name])]
    return words


json_option: Final = click.option(
    "--json", "is_json", is_flag=True, help="Print JSON, one value on a line; errors as well, to standard error."
)


def match_option(what: str) -> Callable[[_F], _F]:
    """Return the option that says how a URI matches."""
    return click.option("--match", type=click.Choice(("exact", "prefix", "wildcard")), help=f"How {what} matches.")


# -- URIs, as far as a router tells which there are


def _complete(
    kind: Literal["registration", "subscription"],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        if "WAMP_URL" not in os.environ:  # whoever has set it expects connections to it
            return []
        from wamprouter.cli.completion import known_uris

        return [uri for uri in known_uris(kind, ctx.params) if uri.startswith(incomplete)]

    return complete


PROCEDURES: Final = _complete("registration")
TOPICS: Final = _complete("subscription")
"""What ``shell_complete=`` of an argument takes."""


# -- arguments of a call or an event

_NEGATIVE: Final = re.compile(r"-\d")
_TEXT, _VALUE = "\0t", "\0v"  # TEXT and VALUE of wamprouter.cli.arguments


class ClientCommand(click.Command):
    """A command that Ctrl-C ends quietly, also while it is still importing what it needs."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


class ArgumentsCommand(ClientCommand):
    """A command whose words are values: ``-1`` is a number, and what follows ``--str`` is text in its place among the others."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(self._marked(args)))

    def _marked(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the words, marked where click would mistake them for options or forget where they stood."""
        with_value = {
            name for each in self.params if isinstance(each, click.Option) and not each.is_flag for name in each.opts
        }
        rest = iter(words)
        for word in rest:
            if word == "--":
                yield word
                yield from rest
            elif word.startswith("--str="):
                yield _TEXT + word.removeprefix("--str=")
            elif word == "--str" and (text := next(rest, None)) is not None:
                yield _TEXT + text
            elif word in with_value:
                yield word
                yield from islice(rest, 1)
            else:
                yield _VALUE + word if _NEGATIVE.match(word) else word


def payload_arguments(function: _F) -> _F:
    """Give an ``ArgumentsCommand`` the words of a payload, as its arguments ``words`` and ``texts``."""
    words = click.argument("words", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
    # Taken out of the words before click sees them: here for --help, and for a --str that nothing follows.
    as_text = click.option(
        "--str", "_text", metavar="TEXT", expose_value=False, help="An argument that is text, whatever it looks like."
    )
    texts = click.option(
        "--str-key",
        "texts",
        metavar="KEY=TEXT",
        multiple=True,
        help="A keyword argument that is text, whatever it looks like.",
    )
    return words(as_text(texts(function)))
