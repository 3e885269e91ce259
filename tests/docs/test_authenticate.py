"""The page about logging in: each program logs in at the router that stands above it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ed25519
from jwt.algorithms import OKPAlgorithm

from tests.docs.pages import DOCS, URL, Block, block, blocks
from tests.docs.programs import NODE_MODULES, Program, browse, needs_browser, node, router
from tests.docs.walk import is_program
from tests.support.certificates import Authority
from tests.support.process import ROOT, RouterProcess

PAGE = DOCS / "howto/authenticate.md"
SAID = "joe is in as user"
CLIENT = block(PAGE, "python", "LOGIN = ")
[LINE] = [line for line in CLIENT.text.splitlines() if line.startswith("LOGIN = ")]
TLS_URL = "wss://localhost:8443/ws"


def with_configuration() -> Iterator[tuple[Block, str]]:
    """Yield each other block with the configuration that stands above it."""
    configuration = ""
    for each in blocks(PAGE):
        if each.language == "yaml":
            configuration = each.text
        else:
            yield each, configuration


def programs() -> Iterator[tuple[str, str, str]]:
    """Yield (language, program, configuration). What is no program goes in place of a line in the first one."""
    for each, configuration in with_configuration():
        text = each.text
        if "LOGIN = " in text and not is_program(each):
            text = CLIENT.text.replace(LINE, text)
        if "authenticator" in each.name or "logins" in each.name or each.language == "html":
            continue  # servers, and what a browser shows
        yield each.language, text, configuration


PROGRAMS = list(programs())


def prepared(folder: Path, configuration: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put what a configuration names into its folder; return it."""
    document: dict[str, Any] = yaml.safe_load(configuration)
    if "keys.json" in configuration:
        key = ed25519.Ed25519PrivateKey.generate()
        (folder / "keys.json").write_text(json.dumps({"keys": [json.loads(OKPAlgorithm.to_jwk(key.public_key()))]}))
        said = {"sub": "joe", "iss": "https://login.example.com", "aud": "wamp", "exp": time.time() + 60}
        monkeypatch.setenv("TOKEN", jwt.encode(said, key, "EdDSA"))
    if "ca.pem" in configuration:
        authority = Authority(folder)
        authority.issue("router")
        authority.issue("joe")
    return document


def run(folder: Path, language: str, text: str, running: RouterProcess) -> str:
    """Return what a program prints."""
    secure = [url for url in running.urls if url.startswith("wss")]
    if secure:
        text = text.replace(TLS_URL, secure[0].replace("127.0.0.1", "localhost"))
    if language == "js":
        file = folder / "client.mjs"
        file.write_text(text.replace(URL, running.url("ws")), "utf-8")
        return node(file)
    with Program(folder, text, "" if secure else running.url("ws")) as program:
        status, output, log = program.end()
    assert 0 == status, log
    return output


@pytest.mark.parametrize(
    ("language", "text", "configuration"),
    [
        pytest.param(
            *program,
            id=f"{number}-{program[0]}",
            marks=[pytest.mark.browser] if program[0] == "js" else [],
        )
        for number, program in enumerate(PROGRAMS)
    ],
)
def test_a_client_logs_in_as_shown(tmp_path, monkeypatch, language, text, configuration):
    """And says so in one line."""
    if language == "js" and (shutil.which("node") is None or not (NODE_MODULES / "wampy").is_dir()):
        pytest.skip("needs Node and the packages of tests/js")
    document = prepared(tmp_path, configuration, monkeypatch)
    with router(tmp_path, document) as running:
        printed = run(tmp_path, language, text, running)
    assert any(line.endswith(SAID) for line in printed.splitlines()), printed  # Autobahn puts the time in front


def test_every_program_is_found():
    """The test above would also pass if the page were read wrongly."""
    assert {"python": 13, "js": 5} == {
        language: [each for each, _, _ in PROGRAMS].count(language) for language in ("python", "js")
    }


def logs_in(folder: Path, running: RouterProcess, method: str, *, secret: str = "correct horse") -> bool:
    """Tell whether the first program gets in by another method."""
    field = "ticket" if method == "ticket" else "secret"
    text = CLIENT.text.replace(LINE, f"LOGIN = {{'{method}': {{'authid': 'joe', '{field}': '{secret}'}}}}")
    with Program(folder, text, running.url("ws")) as program:
        status, output, log = program.end()
    assert (status == 0) is (SAID in output), log
    return status == 0


def test_the_authenticator_decides_as_shown(tmp_path):
    """About tickets and secrets, in a process of its own."""
    [(authenticator, configuration)] = [pair for pair in with_configuration() if pair[0].name == "authenticator.py"]
    with (
        router(tmp_path, yaml.safe_load(configuration)) as running,
        Program(tmp_path, authenticator.text, running.url("ws")) as program,
    ):
        assert "ready" == program.line()
        assert logs_in(tmp_path, running, "ticket")
        assert logs_in(tmp_path, running, "wampcra")
        assert not logs_in(tmp_path, running, "ticket", secret="guess")
        assert not logs_in(tmp_path, running, "wampcra", secret="guess")


def test_the_function_decides_as_shown(tmp_path):
    """In the router's process."""
    [(function, configuration)] = [pair for pair in with_configuration() if pair[0].name == "logins.py"]
    (tmp_path / "logins.py").write_text(function.text, "utf-8")
    with router(tmp_path, yaml.safe_load(configuration)) as running:
        assert logs_in(tmp_path, running, "ticket")
        assert not logs_in(tmp_path, running, "ticket", secret="guess")


@pytest.mark.browser
def test_a_page_is_known_when_it_is_loaded_again(tmp_path):
    """It asks the first time, and not the second; after logging out it asks again."""
    needs_browser()
    [(page, configuration)] = [pair for pair in with_configuration() if pair[0].language == "html"]
    (tmp_path / "index.html").write_text(page.text, "utf-8")
    (tmp_path / "vendor").symlink_to(ROOT / "examples/web/vendor")
    document = yaml.safe_load(configuration)
    paths = document["transports"][0]["paths"]
    paths["/"]["directory"] = str(tmp_path)
    paths["ws"]["options"]["allowed_origins"].append("http://127.0.0.1:*")  # its port is another one each time
    with router(tmp_path, document) as running:
        seen = browse(
            tmp_path,
            running.url("http"),
            """
            let asked = 0;
            const ticket = "EwLFQbMqGrjb3pNzyxRsq2YmWfrCzWEi";
            // It fails if the page that asks is being left: the first one asks before it is looked at.
            page.on("dialog", (dialog) => { asked += 1; dialog.accept(ticket).catch(() => {}); });
            const seen = [];
            const look = async () => {
              await page.reload();
              await page.waitForFunction(() => document.title);
              seen.push(await page.title(), asked);
            };
            await look();
            await look();
            await page.evaluate(() => { logOut(); return new Promise((done) => { connection.onclose = done; }); });
            await look();
            return seen;
            """,
        )
    assert seen[1::2][1] == seen[1::2][0], "the second time, nobody was asked"
    assert ["joe by cookie"] == seen[2:3]
    assert ["joe by ticket", seen[3] + 1] == seen[4:]
