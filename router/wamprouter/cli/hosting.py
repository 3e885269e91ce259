"""`wamprouter run`: an application that was written down in a module, found and run.

It runs what the client library has: an ``App``, a ``Component``, or a session class, each on the event loop that it was made for.
Neither loop is imported for an application of the other.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final, NamedTuple

import click

from wamp.app import App
from wamp.auth import Authenticator
from wamp.exception import Error
from wamp.targets import target
from wamp.types import ComponentConfig
from wamp.urls import parse_url
from wamprouter.cli.connecting import tls_context
from wamprouter.cli.ending import fail, wrong_usage
from wamprouter.cli.login import authenticators
from wamprouter.cli.options import Connection, is_said

__all__ = ["NotFound", "Said", "found", "host"]

REFUSED: Final = 1  # as in wamprouter.cli
NOT_FOUND: Final = 2  # as wrong usage
_LOOPS: Final = ("asyncio", "twisted")


class NotFound(Exception):
    """There is no such application. The text is one line."""


class Said(NamedTuple):
    """What the user has said of the router. A component that says it itself is only told what was said."""

    connection: Connection
    has_url: bool
    has_realm: bool
    tls: Any
    ways: list[Authenticator]


def host(context: click.Context, name: str, log_level: str, connection: Connection) -> None:
    """Find an application and run it; exit with the status that says how it ended, unless it was good."""
    try:
        application, kind = found(name)
    except NotFound as problem:
        click.echo(problem, err=True)
        sys.exit(NOT_FOUND)
    except Exception as error:  # noqa: BLE001  (of whatever class the module raises)
        traceback.print_exception(error.with_traceback(_of_module(error.__traceback__)))
        sys.exit(REFUSED)
    with wrong_usage():
        parse_url(connection.url)
        if connection.wait is not None and kind.run is not _run_app:
            raise ValueError("--wait is for a wamp.App: a component and a session try for ever")
        ways = authenticators(connection, os.environ)
        said = Said(connection, is_said(context, "url"), is_said(context, "realm"), _tls(connection, kind.loop), ways)
    try:
        kind.run(application, said, log_level, kind.loop)
    except Error as error:
        fail(error, is_json=False)


# -- finding


class _Kind(NamedTuple):
    """What an application is: its event loop, asyncio or twisted, and what runs it."""

    loop: str
    run: Callable[[Any, Said, str, str], None]


def found(name: str) -> tuple[Any, _Kind]:
    """Return what ``MODULE:APP`` names, and what it is; modules of the current folder come first. Raise NotFound, or what the module raises."""
    module_name, separator, path = name.partition(":")
    if not separator or not module_name or not path:
        raise NotFound(f"{name!r}: expected MODULE:APP, such as service:app")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    found: Any = _module(module_name)
    for step in path.split("."):
        if not hasattr(found, step):
            raise NotFound(f"{name}: {module_name} has no {step}{_like(step, dir(found))}")
        found = getattr(found, step)
    kind = _kind(found)
    if kind is None:
        what = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise NotFound(f"{name} is {what}, expected a wamp.App, a Component, or a session class")
    return found, kind


def _module(name: str) -> ModuleType:
    if "" in name.split("."):
        raise NotFound(f"{name!r} is no name of a module, expected one such as service or shop.service")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise  # it is there, and imports what is not
        raise NotFound(f"{name}: there is no module {missing}, neither in {Path.cwd()} nor installed") from None


def _of_module(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from where it is the module's: who is writing it need not look for that."""
    ours = (__file__, importlib.__file__)
    while trace is not None and (
        (file := trace.tb_frame.f_code.co_filename) in ours or file.startswith("<frozen importlib")
    ):
        trace = trace.tb_next
    return trace


def _like(name: str, names: Any) -> str:
    close = get_close_matches(name, [each for each in names if not each.startswith("_")], 1)
    return f"; did you mean {close[0]}?" if close else ""


# -- running


def _kind(found: Any) -> _Kind | None:
    if isinstance(found, App):
        return _Kind("asyncio", _run_app)
    for loop in _LOOPS:
        component, session = _loaded(loop, "component", "Component"), _loaded(loop, "session", "ApplicationSession")
        if component is not None and isinstance(found, component):
            return _Kind(loop, _run_component)
        if session is not None and isinstance(found, type) and issubclass(found, session):
            return _Kind(loop, _run_session)
    return None


def _loaded(loop: str, module: str, name: str) -> Any:
    """Return a class of the library, if anybody has imported it."""
    return getattr(sys.modules.get(f"wamp.{loop}.{module}"), name, None)


def _run_app(app: App, said: Said, log_level: str, _: str) -> None:
    connection = said.connection
    app.run(
        connection.url,
        connection.realm,
        wait=math.inf if connection.wait is None else connection.wait,
        auth=said.ways,
        tls=said.tls,
        serializers=_serializers(connection),
        log_level=log_level,
    )


def _run_component(component: Any, said: Said, log_level: str, loop: str) -> None:
    """Run a component where it says, but for what the user has said."""
    connection = said.connection
    way = target(connection.url, serializers=_serializers(connection), tls=said.tls)
    component.redirect(
        ways=[way] if said.has_url else None,
        realm=connection.realm if said.has_realm else None,
        authentication={each.name: each for each in said.ways} or None,
    )
    importlib.import_module(f"wamp.{loop}").run(component, log_level=log_level)


def _run_session(session_class: Any, said: Said, log_level: str, loop: str) -> None:
    connection = said.connection

    def make(config: ComponentConfig) -> Any:
        session = session_class(config)
        for each in said.ways:
            session.add_authenticator(each)
        return session

    library: Any = importlib.import_module(f"wamp.{loop}")
    runner = library.ApplicationRunner(
        connection.url, connection.realm, serializers=_serializers(connection), ssl=said.tls
    )
    runner.run(make, auto_reconnect=True, log_level=log_level)


def _serializers(connection: Connection) -> list[str] | None:
    return [connection.serializer] if connection.serializer else None


def _tls(connection: Connection, loop: str) -> Any:
    """Return what an event loop takes for TLS; None if the platform's authorities decide."""
    context = tls_context(connection)  # reads and checks the files
    if context is None or loop == "asyncio":
        return context
    from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS, trustRootFromCertificates

    root = own = None
    if connection.ca is not None:
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509 import load_pem_x509_certificates

        authorities = load_pem_x509_certificates(connection.ca.read_bytes())
        root = trustRootFromCertificates([Certificate.loadPEM(each.public_bytes(Encoding.PEM)) for each in authorities])
    if connection.cert is not None:
        key = connection.cert_key.read_bytes() if connection.cert_key is not None else b""
        own = PrivateCertificate.loadPEM(connection.cert.read_bytes() + b"\n" + key)
    return optionsForClientTLS(parse_url(connection.url).host, root, own)
