"""Start and stop what is measured: both routers in the same way, and the echo.

Each runs as the leader of a process group of its own, so that all that it has started can be ended with it, and nothing else.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.sockets import HOST
from benchmarks.vocabulary import REALM
from benchmarks.watcher import SECTION

ROOT = Path(__file__).resolve().parent.parent
CROSSBAR = ROOT / ".bench" / "crossbar"
STARTING = 60.0  # the first start of a fresh installation compiles its modules
STOPPING = 10.0

# One configuration, in the words that both routers share.
ROLES = [
    {
        "name": "anonymous",
        "permissions": [
            {
                "uri": "",
                "match": "prefix",
                "allow": {"call": True, "register": True, "publish": True, "subscribe": True},
                "cache": True,
            }
        ],
    }
]
REALMS = [{"name": REALM, "roles": ROLES}]


def transport(port: int) -> dict[str, object]:
    """Return the one transport's configuration, the same for both."""
    return {
        "type": "websocket",
        "id": "bench",
        "endpoint": {"type": "tcp", "port": port, "interface": HOST},
        "serializers": ["json", "msgpack"],
        "options": {"auto_ping_interval": 10000, "auto_ping_timeout": 5000},
    }


@dataclass(frozen=True)
class Router:
    """One of the two: what it is called, its version, and how to start it."""

    name: str
    version: str
    packages: int
    """How many distributions an installation has because of it, itself included."""
    prepare: Callable[[Path, int], list[str]]  # working directory, port -> command


@dataclass(frozen=True)
class Running:
    """A started process that listens."""

    name: str
    port: int
    pid: int
    seconds_to_listen: float = 0.0
    resident: int = 0


def wamprouter(*, watched: bool = False) -> Router:
    """Return ours, as installed for this Python; ``watched`` has a section "admin" on the port above the router's."""

    def prepare(directory: Path, port: int) -> list[str]:
        config = directory / "router.json"
        document: dict[str, Any] = {"version": 1, "realms": REALMS, "transports": [transport(port)]}
        if watched:
            document["admin"] = {**SECTION, "endpoint": {"type": "tcp", "port": port + 1, "interface": HOST}}
        config.write_text(json.dumps(document))
        return [sys.executable, "-m", "wamprouter", "start", "--config", str(config)]

    return Router("wamprouter", *installed(Path(sys.executable), "wamprouter"), prepare)


def crossbar(environment: Path | None) -> Router:
    """Return Crossbar from a virtual environment, by default one of our own that is made when missing."""
    directory = environment or installed_crossbar()
    python = directory / "bin" / "python"

    def prepare(directory: Path, port: int) -> list[str]:
        home = directory / ".crossbar"
        home.mkdir()
        worker = {"type": "router", "realms": REALMS, "transports": [transport(port)]}
        (home / "config.json").write_text(json.dumps({"version": 2, "controller": {}, "workers": [worker]}))
        command = [str(python.with_name("crossbar")), "start", "--cbdir", str(home)]
        return [*command, "--loglevel", "warn", "--color", "false"]

    return Router("Crossbar", *installed(python, "crossbar"), prepare)


def installed_crossbar() -> Path:
    """Install Crossbar into a virtual environment under the checkout, once."""
    done = CROSSBAR / "installed"
    if not done.exists():
        CROSSBAR.parent.mkdir(exist_ok=True)
        (CROSSBAR.parent / ".gitignore").write_text("*\n")
        print(f"installing Crossbar into {CROSSBAR} (once, takes a minute or two)", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(CROSSBAR)], check=True)
        pip = [str(CROSSBAR / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "crossbar"], check=True)
        done.touch()
    return CROSSBAR


_INSTALLED = """
import importlib.metadata, json, sys
from packaging.requirements import Requirement

found, wanted = {}, [Requirement(sys.argv[1])]
while wanted:
    requirement = wanted.pop()
    key = requirement.name.lower().replace("_", "-").replace(".", "-"), *sorted(requirement.extras)
    if key not in found:
        distribution = importlib.metadata.distribution(requirement.name)
        found[key] = distribution.version
        for text in distribution.requires or ():
            needed = Requirement(text)
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in requirement.extras or [""]):
                wanted.append(needed)
print(json.dumps([importlib.metadata.version(sys.argv[1]), len({name for name, *_ in found})]))
"""


def installed(python: Path, package: str) -> tuple[str, int]:
    """Return the version of a package as the environment of that interpreter has it, and how many it takes with itself."""
    found = subprocess.run([python, "-c", _INSTALLED, package], capture_output=True, text=True, check=False)
    if found.returncode:
        raise BenchmarkError(f"{package} is not installed for {python}: {found.stderr.strip()[-200:]}")
    version, packages = json.loads(found.stdout)
    return version, packages


@contextmanager
def running(router: Router, cpus: set[int]) -> Iterator[Running]:
    """Start a router on a free port, wait until it listens, and end it in the end."""
    with TemporaryDirectory(prefix="wamprouter-bench-") as name:
        directory = Path(name)
        port = free_port()
        command = router.prepare(directory, port)
        output = directory / "output"
        with output.open("wb") as log, affinity(cpus):
            started = perf_counter()
            process = subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            while not listens(port):
                if process.poll() is not None or perf_counter() - started > STARTING:
                    raise BenchmarkError(
                        f"{router.name} has not started:\n{output.read_text(errors='replace')[-2000:]}"
                    )
                sleep(0.005)
            seconds = perf_counter() - started
            sleep(1.0)  # Crossbar's node goes on working for a moment
            yield Running(router.name, port, process.pid, seconds, processes.resident(process.pid))
        except BenchmarkError:
            sys.stderr.write(output.read_text(errors="replace")[-2000:])
            raise
        finally:
            end(process)


@contextmanager
def watching(router: Running, cpus: set[int]) -> Iterator[None]:
    """Have a router watched until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.watcher", str(router.port + 1)]
    with affinity(cpus):
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise BenchmarkError("the watcher has not started")
        yield
        if process.poll() is not None:
            raise BenchmarkError("the watcher has ended")
    finally:
        _close(process)


@contextmanager
def echo(cpus: set[int]) -> Iterator[Running]:
    """Start the echo, which ends with its standard input."""
    command = [sys.executable, "-m", "benchmarks.echo"]
    with affinity(cpus):
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
    try:
        assert process.stdout is not None
        yield Running("echo", int(process.stdout.readline()), process.pid)
    finally:
        _close(process)


def _close(process: subprocess.Popen[str]) -> None:
    """End a process that is spoken to by pipes, and would end with its input."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    end(process)


def end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process that we have started, and whatever it has started."""
    process.terminate()
    try:
        process.wait(STOPPING)
    except subprocess.TimeoutExpired:
        print(f"{process.args!r} ignores SIGTERM", file=sys.stderr)
    # The group has the leader's id. Its children may outlive it, though they should not.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def affinity(cpus: set[int]) -> Iterator[None]:
    """Let what is started meanwhile run on these processors only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Say whether something accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
