"""Programs and configurations on the how-to pages and in the reference work as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import wamp
from tests.docs.pages import DOCS, README, URL, block, blocks, configurations
from tests.docs.programs import Program, browse, needs_browser, node, router, web
from tests.docs.walk import is_program
from tests.support.certificates import Authority
from tests.support.process import ROOT, RouterProcess, config
from tests.support.raw import Client
from wamprouter.cli import main
from wamprouter.cli.explain import explain, question
from wamprouter.config import ConfigError, load, validate

HOWTO = DOCS / "howto"
PROGRAMS = [
    each
    for page in (*sorted(HOWTO.glob("*.md")), DOCS / "client.md")
    for each in blocks(page)
    if is_program(each) and page.name not in ("authenticate.md", "manage.md")  # which need a login
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Where a router is that all programs share; each registers under URIs of its own, or after the one before has left."""
    with RouterProcess(tmp_path_factory.mktemp("router"), config(web())) as running:
        yield running.url("ws")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.id)
def test_a_program_runs_and_ends(tmp_path, url, program):
    """Each does what it is for, prints what stands below it, and ends with status 0."""
    with Program(tmp_path, program.text, url) as run:
        status, output, log = run.end()
    assert 0 == status, log
    assert output
    shown = blocks(program.page)
    following = shown[shown.index(program) + 1 :][:1]
    if following and following[0].language == "text":
        assert following[0].text == output


def test_the_tests_that_are_shown_pass(tmp_path):
    """With pytest as a user starts it, and the fixtures that it finds by itself."""
    shown = [each for each in blocks(HOWTO / "test.md") if each.language == "python"]
    for each in shown:
        (tmp_path / each.name).write_text(each.text, "utf-8")
    paths = os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(each.name for each in shown)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert "3 passed" in ran.stdout, ran.stdout


VIEWS = """
import django
from django.conf import settings
from django.test import RequestFactory
settings.configure()
django.setup()
from shop import flask_app, views
print(views.price(RequestFactory().get("/"), "tea").content.decode())
answer = flask_app.app.test_client().get("/price/tea")
print(answer.status_code, answer.json)
"""


def test_views_call_as_shown(tmp_path):
    """Those of Django and of Flask, with the module that they share; and what they answer without a router."""
    (tmp_path / "shop").mkdir()
    with RouterProcess(tmp_path, config(web())) as running:
        url = running.url("ws")
        for each in blocks(HOWTO / "django-flask.md"):
            if each.name:
                (tmp_path / each.name).write_text(each.text.replace("ws://router:8080/ws", url), "utf-8")
        with wamp.connect(url) as service:
            service.register(len, "com.example.price")
            with Program(tmp_path, VIEWS, url) as run:
                assert (0, "{\"price\": 3}\n200 {'price': 3}\n", "") == run.end()
    with Program(tmp_path, VIEWS, url) as run:
        _, output, _ = run.end()
    text = "the price service cannot be reached"
    assert f"{{\"error\": \"{text}\"}}\n503 {{'error': '{text}'}}\n" == output


FRAGMENTS = [
    each
    for page, text in (
        ("tls.md", "ssl.create_default_context"),
        ("tls.md", "optionsForClientTLS"),
        ("credentials.md", "autobahn"),
        ("host-components.md", "async def on_join"),
    )
    for each in blocks(HOWTO / page)
    if each.language == "python" and text in each.text
]


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda each: each.id)
def test_a_part_of_a_program_runs(tmp_path, monkeypatch, fragment):
    """With the files that it reads."""
    monkeypatch.chdir(tmp_path)
    Authority(tmp_path).issue("client")
    (tmp_path / "sensor-7.key").write_text("ab" * 32)
    exec(compile(fragment.text, fragment.id, "exec"), {})


def test_a_hosted_component_answers(tmp_path):
    """The class is found in pythonpath, and gets what the configuration says as extra."""
    page = HOWTO / "host-components.md"
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/shop.py").write_text(block(page, "python").text, "utf-8")
    configuration = next(read for each, read in configurations() if each.page == page)
    with router(tmp_path, configuration) as running, Client(running.url("rs")) as client:
        client.call("com.example.price", "bread")
        assert ["5 EUR"] == client.args(client.receive())


def test_an_authorizer_decides_as_shown(tmp_path):
    """A customer gets a price and its own orders, and is refused somebody else's."""
    page = HOWTO / "authorize.md"
    (tmp_path / "shop.py").write_text(block(page, "python", "class Shop").text, "utf-8")
    configuration = next(read for each, read in configurations() if each.page == page and each.language == "json")
    program = block(page, "python", "class Customer").text
    with router(tmp_path, configuration) as running, Program(tmp_path, program, running.url("ws")) as run:
        status, output, log = run.end()
    assert 0 == status, log
    price, mine, yours = output.splitlines()
    assert "a price -> 5 EUR" == price
    assert mine.startswith("my orders -> Subscription(")
    assert "your orders -> wamp.error.not_authorized" == yours


def test_permissions_are_explained_as_shown(tmp_path):
    """Each command with its output."""
    page = HOWTO / "authorize.md"
    (tmp_path / "router.yaml").write_text(block(page, "yaml").text, "utf-8")
    commands = [each for each in blocks(page) if each.language == "console"]
    outputs = [each for each in blocks(page) if each.language == "text"]
    assert 2 == len(commands) == len(outputs)
    for command, output in zip(commands, outputs, strict=True):
        words = shlex.split(command.text.removeprefix("$ wamprouter "))
        words[-1] = str(tmp_path / words[-1])
        assert output.text == CliRunner().invoke(main, words).stdout


@pytest.mark.parametrize(
    ("action", "uri", "role", "status"),
    [
        ("call", "com.example.admin.version", "frontend", 0),
        ("call", "com.example.admin.kick", "frontend", 1),
        ("call", "com.example.price", "frontend", 0),
        ("subscribe", "com.shop.status", "frontend", 0),
        ("call", "org.example.price", "frontend", 1),
        ("subscribe", "com.example.user.*", "frontend", 0),
        ("subscribe", "com.example.*", "frontend", 1),
        ("call", "wamp.session.kill", "backend", 0),
        ("call", "wamp.session.kill", "frontend", 1),
    ],
)
def test_permissions_decide_as_told(action, uri, role, status):
    """What the page says that the roles of its first configuration may do."""
    page = HOWTO / "authorize.md"
    configuration = validate(next(read for each, read in configurations() if each.page == page), environ={})
    assert status == explain(configuration, question(action, uri, None, role, None))[0]


@pytest.mark.parametrize("found", configurations(), ids=lambda found: found[0].id)
def test_a_configuration_is_valid(tmp_path, found):
    """Whoever copies one from the documentation, and has the secrets it names, has one that starts."""
    each, document = found
    for name in re.findall(r"\$\{file:([\w/]+)\}", each.text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret\n")
    validate(document, folder=tmp_path, environ={})


def test_configurations_are_found():
    """The test above would also pass if the pages were read wrongly."""
    pages = {each.page.name for each, _ in configurations()}
    assert {README.name, "tutorial.md", "browser.md", "configure.md", "sockets.md", "conformance.md"} <= pages


def test_mistakes_are_told_as_the_page_says(tmp_path, monkeypatch):
    """The lines under "Mistakes" are the router's own, of the first configuration of the page with two mistakes in it."""
    page = HOWTO / "configure.md"
    monkeypatch.chdir(tmp_path)
    text = block(page, "yaml").text.replace("allow: all", "alow: all").replace("${PORT:-8080}", '"8080"')
    Path("router.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(Path("router.yaml"), environ={})
    assert block(page, "text").text.splitlines() == refused.value.problems


def demo(folder):
    """Return a configuration with the demonstration component, whose procedures the pages about browsers call."""
    component = {"type": "class", "classname": "demo.Demo", "realm": "realm1", "role": "anonymous"}
    return config(web(folder), pythonpath=[str(ROOT / "examples")], components=[component])


@pytest.mark.browser
def test_autobahn_js_connects_as_shown(tmp_path):
    """The page logs the sum and the tick of the demonstration component."""
    needs_browser()
    page = block(HOWTO / "browser.md", "html").text
    # Collects what the page logs, from its first line on.
    spy = "<script>const seen = []; console.log = (...words) => seen.push(words);</script>\n"
    (tmp_path / "index.html").write_text(page.replace("<script>\n", f"{spy}<script>\n"), "utf-8")
    (tmp_path / "vendor").symlink_to(ROOT / "examples/web/vendor")
    with RouterProcess(tmp_path, demo(tmp_path)) as running:
        seen = browse(
            tmp_path,
            running.url("http"),
            """
            await page.waitForFunction(() => ["sum", "tick"].every((word) => seen.some(([first]) => first === word)));
            return page.evaluate(() => seen);
            """,
        )
    assert ["sum", 5] in seen
    assert "uptime" in next(kwargs for word, kwargs in seen if word == "tick")


@pytest.mark.browser
def test_wampy_connects_as_shown(tmp_path):
    """The same from Node."""
    needs_browser()
    script = block(HOWTO / "browser.md", "js").text
    with RouterProcess(tmp_path, demo(None)) as running:
        file = tmp_path / "client.mjs"
        file.write_text(f"{script.replace(URL, running.url('ws'))}process.exit(0);\n", "utf-8")
        printed = node(file)
    assert "sum 5" in printed.splitlines()
