"""The console's files, as they are served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from twisted.web.test.requesthelper import DummyRequest

import wamprouter.web.console
from wamprouter.web.console import console_files

FILES = Path(wamprouter.web.console.__file__).parent / "files"
OWN = sorted(path for path in FILES.rglob("*") if path.suffix in (".js", ".html") and "vendor" not in path.parts)


def answer(name: str) -> Any:
    """Return the request for a file, answered."""
    request = DummyRequest([])
    resource: Any = console_files("the-admins")
    for part in name.split("/"):
        resource = resource.getChildWithDefault(part.encode(), request)
    request.render(resource)
    return request


@pytest.mark.parametrize("name", ["app.js", "lib/link.js", "style/base.css"])
def test_a_file_may_do_nothing_but_what_the_console_needs(name: str) -> None:
    """The policy forbids everything, then allows the console's own files and connection."""
    [policy] = answer(name).responseHeaders.getRawHeaders("content-security-policy")
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_learns_which_realm_to_join() -> None:
    """The operator may have given the admin realm another name."""
    assert json.loads(b"".join(answer("settings.json").written)) == {"realm": "the-admins"}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_a_file_parses_no_html_and_has_nothing_inline(path: Path) -> None:
    """What comes from the network is text; the policy would forbid the rest anyway."""
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|<style|<script>|\sstyle=|\son\w+=\""
    assert re.findall(forbidden, path.read_text("utf-8")) == []
