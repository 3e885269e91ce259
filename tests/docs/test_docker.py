"""The image and its sample, as far as that can be seen without Docker: what it is made of, what it runs, what it serves."""

import fnmatch
import json
import re
from pathlib import Path

import pytest
import yaml

import wamp
from tests.docs.pages import DOCS, ROOT
from tests.docs.programs import router
from wamprouter.cli import main
from wamprouter.cli.location import located

SAMPLE = ROOT / "examples/docker"
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$", re.DOTALL)


def instructions():
    """Return the instructions of the Dockerfile, each a word and the rest, in its stages."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n", "", text).splitlines() if line.strip()]
    stages = []
    for line in lines:
        word, rest = INSTRUCTION.match(line).groups()
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest))
    return stages


def last(word):
    """Return the rest of the last instruction of a kind in the stage that becomes the image."""
    return [rest for each, rest in instructions()[-1] if each == word][-1]


def test_the_image_runs_as_a_user_who_is_a_number():
    """So that orchestrators can see that it is not root's."""
    user, group = last("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


@pytest.mark.parametrize("kind", ["ENTRYPOINT", "CMD", "HEALTHCHECK"])
def test_commands_run_without_a_shell(kind):
    """Which would keep signals for itself."""
    words = json.loads(last(kind).partition("CMD ")[2] or last(kind))
    assert all(isinstance(word, str) for word in words)


@pytest.mark.parametrize("kind", ["CMD", "HEALTHCHECK"])
def test_commands_are_those_of_the_router(kind):
    """They exist, and know their options."""
    words = json.loads(last(kind).partition("CMD ")[2] or last(kind))
    command, *options = [word for word in words if word not in json.loads(last("ENTRYPOINT"))]
    main.commands[command].make_context(command, options)


def test_what_goes_into_the_image_is_not_ignored():
    """Each source is there, and .dockerignore lets it through."""
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    [copied] = [
        {name for rest in stage for name in rest.split()[:-1]}
        for stage in (
            [rest for word, rest in stage if word == "COPY" and "--from" not in rest] for stage in instructions()
        )
        if stage
    ]
    assert set(kept) == copied
    assert all((ROOT / name).exists() for name in kept)
    assert not any(fnmatch.fnmatch(name, "**/__pycache__") for name in kept)


def test_the_package_is_built_from_what_is_copied():
    """All that setup.cfg reads."""
    text = (ROOT / "setup.cfg").read_text("utf-8")
    named = re.findall(r"^(?:long_description = file: |license_files = )(\S+)$", text, re.MULTILINE)
    assert {"README.md", "LICENSE"} == set(named)


def compose():
    return yaml.safe_load((SAMPLE / "compose.yaml").read_text("utf-8"))


def test_the_sample_mounts_what_is_there():
    """The configuration where the image looks for it, and the secret where the configuration does."""
    service = compose()["services"]["router"]
    source, target, _ = service["volumes"][0].split(":")
    assert json.loads(last("CMD"))[-1] == target
    assert located(SAMPLE / source, None, {}) == SAMPLE / source / "router.yaml"
    [secret] = service["secrets"]
    assert (SAMPLE / compose()["secrets"][secret]["file"]).is_file()
    assert f"${{file:/run/secrets/{secret}}}" in (SAMPLE / source / "router.yaml").read_text("utf-8")


def test_the_sample_waits_longer_than_the_router_takes():
    """For calls in flight, by default 3 seconds, and four more."""
    assert "15s" == compose()["services"]["router"]["stop_grace_period"]


def test_the_sample_serves(tmp_path):
    """A service offers a procedure with the ticket, and a page calls it."""
    text = (SAMPLE / "config/router.yaml").read_text("utf-8").replace("/run/secrets", str(SAMPLE / "secrets"))
    configuration = yaml.safe_load(text.replace("0.0.0.0", "127.0.0.1"))
    ticket = (SAMPLE / "secrets/service_ticket").read_text("utf-8").strip()
    login = {"ticket": {"authid": "service", "ticket": ticket}}
    with router(tmp_path, configuration) as running, wamp.connect(running.url("ws"), auth=login) as service:
        service.register(len, "com.example.length")
        with wamp.connect(running.url("ws")) as page:
            assert 3 == page.call("com.example.length", "tea")
            with pytest.raises(wamp.ApplicationError, match="not_authorized"):
                page.register(len, "com.example.other")


def test_the_page_shows_the_sample():
    """The files themselves, so that they are what is tested here."""
    page = DOCS / "howto/docker.md"
    shown = re.findall(r"^```\{literalinclude\} (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    assert [SAMPLE / "compose.yaml", SAMPLE / "config/router.yaml"] == [
        Path(page.parent, name).resolve() for name in shown
    ]
