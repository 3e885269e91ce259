"""Unchanged clients log in by every method that they have, with right and wrong credentials, on every transport."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.logins import EARLY, OTHER_KEY, PUBLIC, RIGHT, WRONG, admit_everybody, configuration, method_of
from tests.support.process import ROOT, RouterProcess
from wamp.protocol.auth.cryptosign import public_key

HERE = Path(__file__).parent / "python"
DENIED = "wamp.error.authentication_denied"
OTHER_PUBLIC = public_key(bytes.fromhex(OTHER_KEY)).hex()


class Job(NamedTuple):
    """One login."""

    library: str
    style: str
    scheme: str
    serializer: str
    name: str
    case: str
    """What is right or wrong: `right`, `nameless` (known by its key alone), `guess`, `nobody`."""

    @property
    def id(self) -> str:
        return "-".join(self)

    @property
    def authid(self) -> str | None:
        """Who logs in: for each wrong attempt somebody else, as failures slow down whom they concern."""
        if self.case in ("right", "nameless"):
            return self.name
        return f"{self.case}.{self.id}"

    def told(self, router: RouterProcess) -> dict[str, Any]:
        """Return the job as the program takes it."""
        how = WRONG[self.name] if self.case == "guess" else RIGHT[self.name]
        return {
            "id": self.id,
            "style": self.style,
            "url": router.url(self.scheme),
            "serializer": self.serializer,
            "method": method_of(self.name),
            "how": how if self.case == "nameless" else {"authid": self.authid, **how},
            "pubkey": PUBLIC if how is RIGHT[self.name] else OTHER_PUBLIC,
        }


def _jobs() -> Iterator[Job]:
    for library in ("autobahn_twisted", "autobahn_asyncio", "wamp_twisted"):
        for name in RIGHT:
            for scheme, serializer in (("ws", "json"), ("ws", "msgpack"), ("rs", "msgpack")):
                yield Job(library, "component", scheme, serializer, name, "right")
            if library != "wamp_twisted" and name != "scram":  # which nobody computes by hand
                yield Job(library, "session", "ws", "json", name, "right")
            for case in ("guess", "nobody"):
                # Not over TCP: there, failures slow down the address, which all have in common.
                yield Job(library, "component", "ws+unix", "json", name, case)
                yield Job(library, "component", "rs+unix", "msgpack", name, case)
        yield Job(library, "component", "ws", "json", "cryptosign", "nameless")


JOBS = list(_jobs())
AUTHIDS = {
    name: {name, *(job.authid for job in JOBS if job.name == name and job.case == "guess" and job.authid)}
    for name in RIGHT
}


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration(AUTHIDS)) as router:
        yield router
        assert router.process.poll() is None, router.log
    assert "Traceback" not in router.log, router.log


def play(library: str, jobs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what came of jobs, by their ids."""
    run = subprocess.run(
        [sys.executable, str(HERE / "login.py"), library, json.dumps(jobs)],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
    )
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"id"')]
    assert len(jobs) == len(lines), run.stderr[-3000:]
    return {line["id"]: line for line in lines}


@pytest.fixture(scope="module")
def played(router: RouterProcess) -> Callable[[str], dict[str, dict[str, Any]]]:
    """All of a library, one after the other."""

    @cache
    def played(library: str) -> dict[str, dict[str, Any]]:
        return play(library, [job.told(router) for job in JOBS if job.library == library])

    return played


@pytest.mark.slow
@pytest.mark.parametrize("job", [job for job in JOBS if job.case in ("right", "nameless")], ids=lambda job: job.id)
def test_who_has_the_credential_comes_in(played: Any, job: Job) -> None:
    """As who it is, by the method it chose; and the session is good for something."""
    outcome = played(job.library)[job.id]
    assert [] == outcome["failures"]
    [joined] = outcome["joined"]
    assert {
        "realm": "realm1",
        "authid": job.authid,
        "authrole": "user",
        "authmethod": method_of(job.name),
        "authprovider": "static",
        "call": "here",
    }.items() <= joined.items()


@pytest.mark.slow
@pytest.mark.parametrize("job", [job for job in JOBS if job.case in ("guess", "nobody")], ids=lambda job: job.id)
def test_who_has_not_is_told_so(played: Any, job: Job) -> None:
    """By a reason that does not tell which of both was wrong."""
    outcome = played(job.library)[job.id]
    assert ([], [DENIED]) == (outcome["joined"], outcome["failures"])


# What a client does about it


@pytest.fixture
def early(tmp_path: Path) -> Iterator[RouterProcess]:
    """A router whose tickets are judged by a procedure that nobody has registered."""
    with RouterProcess(tmp_path, EARLY) as router:
        yield router
    assert "Traceback" not in router.log, router.log


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["ws", "rs"])
@pytest.mark.parametrize("library", ["autobahn_twisted", "autobahn_asyncio"])
def test_a_component_comes_back_until_the_authenticator_is_there(
    early: RouterProcess, library: str, scheme: str
) -> None:
    """Its connection is closed without ABORT: 1013 on a WebSocket, just closed on a RawSocket."""
    job = {
        **Job(library, "component", scheme, "json", "ticket", "right").told(early),
        "url": early.urls[0] if scheme == "ws" else early.url("rs"),
        "retries": 1000,
        "tells": True,
    }
    process = subprocess.Popen(
        [sys.executable, str(HERE / "login.py"), library, json.dumps([job])],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
    )
    try:
        assert process.stdout is not None
        assert {"refused": job["id"]} == json.loads(process.stdout.readline())
        with admit_everybody(early.urls[1]):
            outcome = json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()
    assert ["ticket"] == [joined["authid"] for joined in outcome["joined"]]


@pytest.mark.slow
@pytest.mark.parametrize("library", ["autobahn_twisted", "autobahn_asyncio"])
def test_a_component_tries_a_refused_credential_as_often_as_it_is_told(router: RouterProcess, library: str) -> None:
    """To Autobahn|Python an ABORT is a failure as any other; ``max_retries`` or ``is_fatal`` end it."""
    job = Job(library, "component", "ws+unix", "json", "ticket", "nobody").told(router)
    jobs = [
        {
            **job,
            "retries": retries,
            "gives_up": gives_up,
            "id": name,
            "how": {**job["how"], "authid": f"{name}.{library}"},
        }
        for name, retries, gives_up in (("retrying", 2, False), ("giving up", 5, True))
    ]
    played = play(library, jobs)
    assert ([DENIED] * 3, [DENIED]) == (played["retrying"]["failures"], played["giving up"]["failures"])
