"""autobahn-js and wampy.js log in by the methods that they have: ticket, WAMP-CRA and cryptosign."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.logins import EARLY, OTHER_KEY, PUBLIC, RIGHT, WRONG, admit_everybody, configuration, method_of
from tests.support.process import ROOT, RouterProcess
from wamp.protocol.auth.cryptosign import public_key

pytestmark = pytest.mark.browser

DENIED = "wamp.error.authentication_denied"
LIBRARIES = ("autobahn-js", "wampy.js")
NAMES = [name for name in RIGHT if name != "scram"]
OTHER_PUBLIC = public_key(bytes.fromhex(OTHER_KEY)).hex()


class Job(NamedTuple):
    """One login."""

    name: str
    serializer: str
    case: str

    @property
    def authid(self) -> str:
        return {"right": self.name, "first": f"{self.name}.guess"}.get(self.case, f"{self.name}.{self.case}")

    def told(self, url: str) -> dict[str, Any]:
        credentials = WRONG if self.case == "guess" else RIGHT
        return {
            "id": "-".join(self),
            "url": url,
            "serializer": self.serializer,
            "method": method_of(self.name),
            "how": {"authid": self.authid, **credentials[self.name]},
            "pubkey": OTHER_PUBLIC if self.case == "guess" else PUBLIC,
        }


def _jobs() -> Iterator[Job]:
    # Failures slow down who is not known at the address, so whoever guesses later logs in first, and strangers come last.
    for name in NAMES:
        for serializer in ("json", "msgpack"):
            yield Job(name, serializer, "right")
        if name != "cryptosign":  # where another name has another key
            yield Job(name, "json", "first")
        yield Job(name, "json", "guess")
    for name in ("ticket", "wampcra", "cryptosign"):
        yield Job(name, "json", "nobody")


JOBS = list(_jobs())
AUTHIDS = {name: [name, f"{name}.guess"] for name in RIGHT}


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node not found")
    if not (ROOT / "tests/js/node_modules/wampy").is_dir():
        pytest.skip("the npm packages of tests/js are not installed")
    return found


@pytest.fixture(scope="module")
def played(node: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, dict[str, Any]]]:
    """What came of all jobs of a library, at a router of its own."""

    @cache
    def played(library: str) -> dict[str, dict[str, Any]]:
        with RouterProcess(tmp_path_factory.mktemp("router"), configuration(AUTHIDS)) as router:
            jobs = [job.told(router.url("ws")) for job in JOBS]
            run = subprocess.run(
                [node, "login.cjs", library, json.dumps(jobs)],
                cwd=ROOT / "tests/js",
                capture_output=True,
                text=True,
                timeout=55,
                check=False,
            )
        assert "Traceback" not in router.log, router.log
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"id"')]
        assert len(JOBS) == len(lines), run.stderr[-3000:] + router.log
        return {line["id"]: line for line in lines}

    return played


@pytest.mark.parametrize("job", [job for job in JOBS if job.case in ("right", "first")], ids="-".join)
@pytest.mark.parametrize("library", LIBRARIES)
def test_who_has_the_credential_comes_in(played: Any, library: str, job: Job) -> None:
    """As who it is, and the session is good for something."""
    outcome = played(library)["-".join(job)]
    assert {
        "realm": "realm1",
        "authid": job.authid,
        "authrole": "user",
        "authmethod": method_of(job.name),
        "authprovider": "static",
        "call": "here",
    } == outcome.get("joined"), outcome


@pytest.mark.parametrize("job", [job for job in JOBS if job.case in ("guess", "nobody")], ids="-".join)
@pytest.mark.parametrize("library", LIBRARIES)
def test_who_has_not_is_told_so_once(played: Any, library: str, job: Job) -> None:
    """By a reason that does not tell which of both was wrong, and the library does not try again."""
    outcome = played(library)["-".join(job)]
    assert 1 == outcome["connections"]
    [closed] = outcome["closes"]
    assert (DENIED, False) == (closed["uri"], closed["returns"])


# An authenticator that is not there yet


@pytest.fixture
def early(tmp_path: Path) -> Iterator[RouterProcess]:
    """A router whose tickets are judged by a procedure that nobody has registered."""
    with RouterProcess(tmp_path, EARLY) as router:
        yield router
    assert "Traceback" not in router.log, router.log


@contextmanager
def running(node: str, library: str, job: dict[str, Any]) -> Iterator[Callable[[], dict[str, Any]]]:
    """Let a library log in; give what returns the next line that it prints."""
    process = subprocess.Popen(
        [node, "login.cjs", library, json.dumps([job])], cwd=ROOT / "tests/js", stdout=subprocess.PIPE, text=True
    )
    try:
        yield lambda: json.loads(process.stdout.readline())  # type: ignore[union-attr]  # a pipe
    finally:
        process.kill()
        process.communicate()


def test_autobahn_js_comes_back_until_the_authenticator_is_there(node: str, early: RouterProcess) -> None:
    """It is told 1013, "try again later", and not ABORT, at which it would have given up."""
    job = Job("ticket", "json", "right").told(early.urls[0])
    with running(node, "autobahn-js", {**job, "retries": 1000, "tells": True}) as hear:
        assert {"refused": job["id"]} == hear()
        with admit_everybody(early.urls[1]):
            outcome = hear()
    assert "ticket" == outcome["joined"]["authid"]
    assert all(closed["returns"] for closed in outcome["closes"])
    assert {None} == {closed["uri"] for closed in outcome["closes"]}


def test_wampy_leaves_coming_back_to_the_application(node: str, early: RouterProcess) -> None:
    """It comes back by itself only to a session that it has had; at first, only its onClose tells."""
    job = Job("ticket", "json", "right").told(early.urls[0])
    with running(node, "wampy.js", {**job, "retries": 5}) as hear:
        outcome = hear()
    assert (1, [1013]) == (outcome["connections"], [closed["code"] for closed in outcome["closes"]])
