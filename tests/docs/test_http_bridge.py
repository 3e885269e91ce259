"""What the page about the HTTP bridge shows works as it stands there: the sample, the commands, the page."""

import shutil
import subprocess

import pytest
import yaml

from tests.docs.pages import DOCS, ROOT, block, blocks, configurations
from tests.docs.programs import browse, needs_browser, router

PAGE = DOCS / "howto/http-bridge.md"
ADDRESS = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The router of the page, in a folder with the secrets."""
    folder = tmp_path_factory.mktemp("router")
    (folder / "secrets").mkdir()
    for name in ("bridge", "github"):
        (folder / "secrets" / name).write_text("kLm9_nobody_guesses_this\n")
    [shown] = (read for each, read in configurations() if each.page == PAGE)
    shown["pythonpath"] = [str(ROOT / "examples")]
    web = shown["transports"][0]["paths"]
    page = block(PAGE, "html").text
    (folder / "index.html").write_text(page, "utf-8")
    web["/"] = {"type": "static", "directory": str(folder)}
    with router(folder, shown) as running:
        yield running


def run(running, containing):
    """Return what the commands print that have a text in them."""
    base = running.url("http").rpartition("/")[0].removesuffix("/publish")
    address = "/".join(base.split("/")[:3])
    done = subprocess.run(
        ["sh", "-ec", block(PAGE, "sh", containing).text.replace(ADDRESS, address)],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=running.folder,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


needs_curl = pytest.mark.skipif(shutil.which("curl") is None or shutil.which("openssl") is None, reason="no curl")


def test_the_configuration_is_the_sample():
    """``config/bridge.yaml``, but for its first lines, and for where its secrets are."""
    [shown] = (read for each, read in configurations() if each.page == PAGE)
    text = (ROOT / "config/bridge.yaml").read_text("utf-8")
    for name in ("bridge", "github"):
        text = text.replace(f"${{{name.upper()}_SECRET}}", f"${{file:secrets/{name}}}")
    sample = yaml.safe_load(text)
    del sample["$schema"]
    assert sample == shown


@needs_curl
def test_a_procedure_is_called_as_shown(running):
    """With the answer below it."""
    assert block(PAGE, "text", "args").text.strip() == run(running, "/call").strip()


@needs_curl
def test_an_event_is_published_signed_as_shown(running):
    """With what openssl makes of it."""
    assert run(running, "/publish").startswith('{"id":')


@needs_curl
def test_addresses_answer_as_shown(running):
    """Line by line."""
    shown = block(PAGE, "text", "division_by_zero").text.splitlines()
    printed = run(running, "/api/sums").replace("}{", "}\n{").replace("5{", "5\n{").replace("}202", "}\n202")
    assert shown == printed.splitlines()


@needs_curl
def test_a_webhook_is_taken_as_shown(running):
    """With the signature of GitHub."""
    assert "OK" == run(running, "/github")


@needs_curl
def test_events_are_followed_as_shown(running):
    """The first lines of a stream."""
    lines = run(running, "/events").splitlines()
    assert "retry: 3000" == lines[0]
    assert lines[-1].startswith('data: {"topic":"com.example.tick"')


def test_all_commands_are_run():
    """None of the page's shell blocks is forgotten here."""
    assert 5 == len([each for each in blocks(PAGE) if each.language == "sh"])


@pytest.mark.browser
def test_a_page_hears_of_events_as_shown(running, tmp_path):
    """By the EventSource of a real browser."""
    needs_browser()
    script = 'await page.waitForSelector("li"); return page.evaluate(() => document.querySelector("li").textContent);'
    address = next(url for url in running.urls if url.endswith("/"))
    assert browse(tmp_path, address, script).startswith("com.example.tick: [] {")
