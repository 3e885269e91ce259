"""What the README shows is what happens."""

import re

import pytest

from tests.docs.pages import README, ROOT, block, blocks
from tests.docs.programs import Program, browse, needs_browser, web
from tests.support.process import RouterProcess, config
from tests.support.raw import Client

COMPONENT = block(README, "python", "greet").text
PAGE = block(README, "html").text


def test_its_component_runs(tmp_path):
    """The greeter prints what the README says, answers other callers, and publishes that it did."""
    with RouterProcess(tmp_path, config(web())) as router, Program(tmp_path, COMPONENT, router.url("ws")) as program:
        assert "Hello, WAMP!" == program.line()
        with Client(router.url("ws")) as client:
            client.subscribe("com.example.greeted")
            client.call("com.example.greet", "Ada")
            answers = {type(message).__name__: client.args(message) for message in (client.receive(), client.receive())}
    assert {"Event": ["Ada"], "Result": ["Hello, Ada!"]} == answers


@pytest.mark.browser
def test_its_page_runs(tmp_path):
    """The page calls the Python method, and shows the event that this leads to."""
    needs_browser()
    folder = tmp_path / "web"
    (folder / "vendor").mkdir(parents=True)
    (folder / "greet.html").write_text(PAGE, "utf-8")
    (folder / "vendor/autobahn.min.js").symlink_to(ROOT / "examples/web/vendor/autobahn.min.js")
    with (
        RouterProcess(tmp_path, config(web(folder))) as router,
        Program(tmp_path, COMPONENT, router.url("ws")) as program,
    ):
        program.line()
        seen = browse(
            tmp_path,
            router.url("http") + "greet.html",
            """
            await page.waitForFunction(() => document.querySelector("button").onclick);
            await page.click("button");
            await page.waitForFunction(() => document.querySelector("ul").textContent);
            await page.waitForFunction(() => document.querySelector("output").value);
            return page.evaluate(() => [document.querySelector("output").value, document.querySelector("ul").textContent]);
            """,
        )
    assert ["Hello, Ada!", "Ada was greeted. "] == seen


def test_its_examples_are_short():
    """Twenty lines of Python and about as many of HTML are what one reads before deciding."""
    assert len(COMPONENT.splitlines()) <= 20
    assert len(PAGE.splitlines()) <= 17


def test_its_commands_exist():
    """Every `make` target and every command that it names is there."""
    from wamprouter.cli import main

    text = README.read_text("utf-8")
    shell = "\n".join(each.text for each in blocks(README) if each.language == "sh")
    targets = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", shell, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {"run", "test"} <= targets
    assert [] == [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)]
    assert set(re.findall(r"^wamprouter (\w+)", shell, re.MULTILINE)) <= main.commands.keys()


def test_it_has_a_place_for_the_benchmark():
    """`make bench` prints the table that stands between the two marks."""
    assert re.search(r"<!-- benchmark -->\n.*<!-- /benchmark -->", README.read_text("utf-8"), re.DOTALL)
