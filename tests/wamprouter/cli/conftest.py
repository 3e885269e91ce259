"""A router in a process of its own, and the command line as its client."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.logins import REALM as LOGGED_IN
from tests.support.logins import auth
from tests.support.process import EVERYTHING, RouterProcess, config, endpoint
from tests.wamprouter.cli.commands import Clients, Running


@pytest.fixture(scope="package")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    asking = authority.endpoint(ca_certificates=[str(authority.file)])
    by_certificate = {"tls": {"principals": {"joe": {"cn": "joe", "role": "user"}}}}
    configuration = config(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "websocket", "endpoint": endpoint(), "auth": auth()},
        {"type": "websocket", "endpoint": authority.endpoint()},
        {"type": "websocket", "endpoint": asking, "auth": by_certificate},
        realms=[
            {"name": "realm1", "roles": [{"name": "anonymous", "permissions": EVERYTHING}, *LOGGED_IN["roles"]]},
            {"name": "realm2", "roles": [{"name": "anonymous", "permissions": []}]},
        ],
    )
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration) as router:
        yield Clients(router, authority)


@pytest.fixture
def start(clients: Clients) -> Iterator[Callable[..., Running]]:
    """Start commands that are ended with the test."""
    started: list[Running] = []

    def begin(*words: str, **how: Any) -> Running:
        started.append(clients.start(*words, **how))
        return started[-1]

    yield begin
    for each in started:
        if each.poll() is None:
            each.kill()
        each.communicate()


@pytest.fixture(scope="package")
def echo(clients: Clients) -> Iterator[None]:
    """A procedure com.example.echo that returns its arguments."""
    running = clients.start("register", "com.example.echo", "--echo")
    yield
    running.kill()
    running.communicate()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Write a program; return the command that runs it."""

    def write(text: str) -> str:
        file = tmp_path / "program.py"
        file.write_text(text)
        return f"{sys.executable} {file}"

    return write
