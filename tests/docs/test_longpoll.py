"""What the page about long-poll shows works as it stands there: the configuration, the commands, the page."""

import shutil
import subprocess

import pytest

from tests.docs.pages import DOCS, ROOT, block, configurations
from tests.docs.programs import browse, needs_browser, router
from tests.support.process import RouterProcess, config, endpoint

PAGE = DOCS / "howto/longpoll.md"
HEARD = ["[2,", "[33,1,1]", '"hello"']


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_take_part_in_a_realm(tmp_path):
    """With the configuration above them: WELCOME, SUBSCRIBED, EVENT."""
    (shown,) = (each for found, each in configurations() if found.page == PAGE)
    commands = block(PAGE, "sh").text
    with router(tmp_path, shown) as running:
        longpoll = running.urls[1]
        assert "http://127.0.0.1:8080/lp" in commands
        done = subprocess.run(
            ["sh", "-ec", commands.replace("http://127.0.0.1:8080/lp", longpoll)],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    heard = done.stdout.replace("]", "]\n").replace("[2,", "[2,\n").split()
    assert all(any(word in line for line in heard) for word in HEARD), done.stdout


@pytest.mark.browser
def test_autobahn_js_falls_back_to_longpoll(tmp_path):
    """Where there is no WebSocket."""
    needs_browser()
    spy = "<script>const seen = []; console.log = (...words) => seen.push(words);</script>\n"
    (tmp_path / "index.html").write_text(block(PAGE, "html").text.replace("<script>\n", f"{spy}<script>\n"), "utf-8")
    (tmp_path / "vendor").symlink_to(ROOT / "examples/web/vendor")
    paths = {"/": {"type": "static", "directory": str(tmp_path)}, "lp": {"type": "longpoll"}}
    component = {"type": "class", "classname": "demo.Demo", "realm": "realm1", "role": "anonymous"}
    web = {"type": "web", "endpoint": endpoint(), "paths": paths}
    with RouterProcess(tmp_path, config(web, pythonpath=[str(ROOT / "examples")], components=[component])) as running:
        script = "await page.waitForFunction(() => seen.length); return page.evaluate(() => seen);"
        assert [["sum", 5]] == browse(tmp_path, running.url("http"), script)
