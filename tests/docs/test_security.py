"""What the page about security says is so: the defaults, the audit's table, and the configuration that passes the audit."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tests.docs.pages import DOCS, block, configurations, extension
from tests.support.certificates import Authority
from tests.support.process import RouterProcess
from wamprouter.cli import main
from wamprouter.cli.audit import report
from wamprouter.config import (
    NodeConfig,
    TcpEndpoint,
    auth,
    components,
    endpoints,
    limits,
    options,
    realms,
    transports,
    web,
)
from wamprouter.config.audit import WEAKNESSES
from wamprouter.config.loading import checked

PAGE = DOCS / "security.md"
MODULES = (auth, components, endpoints, limits, options, realms, transports, web)
ROWS = re.findall(r"^\| ((?:`\w+`(?:, )?)+)[^|]*\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
DEFAULTS = [(option, default) for names, default in ROWS for option in re.findall(r"`(\w+)`", names)]


def models() -> set[type[BaseModel]]:
    """Return every part of the configuration."""
    found = {
        one
        for module in MODULES
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, BaseModel)
    }
    return {NodeConfig, *found}


def defaults_of(option: str) -> list[Any]:
    """Return the defaults that an option of this name has, as the file would have them."""
    if option == "interface":
        return [TcpEndpoint(type="tcp", port=8080).interface]
    found = []
    for model in models():
        for name, field in model.model_fields.items():
            if option in (name, field.alias) and not field.is_required() and field.default is not PydanticUndefined:
                value = field.default
                plain = value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else value
                found.append(json.loads(json.dumps(plain)))
    return found


def test_defaults_are_found() -> None:
    """The test below would pass without any, too."""
    assert len(DEFAULTS) >= 40
    assert {"insecure", "tls", "allowed_origins", "message_rate", "permissions"} <= {option for option, _ in DEFAULTS}


@pytest.mark.parametrize(("option", "default"), DEFAULTS, ids=[option for option, _ in DEFAULTS])
def test_a_default_is_as_the_page_says(option: str, default: str) -> None:
    """An option that is renamed, or gets another default, changes its row."""
    assert json.loads(default) in defaults_of(option)


def files(folder: Path) -> None:
    """Put what the configuration of the page names where it is expected, as an operator would."""
    for name in ("tls", "web", "run"):
        (folder / name).mkdir(mode=0o750)
    authority = Authority(folder / "tls")
    issued = authority.issue()
    authority.file.rename(folder / "tls/services.pem")
    Path(issued["key"]).rename(folder / "tls/privkey.pem").chmod(0o640)
    Path(issued["certificate"]).rename(folder / "tls/fullchain.pem")


def audited(folder: Path, text: str, *arguments: str) -> tuple[int, list[str]]:
    """Audit a configuration; return the exit status and the lines."""
    file = folder / "router.yaml"
    file.write_text(text, "utf-8")
    file.chmod(0o640)
    result = CliRunner().invoke(main, ["check", "--config", "router.yaml", "--audit", *arguments])
    assert result.stderr == ""
    return result.exit_code, result.stdout.splitlines()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_audit_finds_nothing_in_the_hardened_configuration(folder: Path) -> None:
    """With the files that it names, looked at by the command itself."""
    status, lines = audited(folder, block(PAGE, "yaml").text)
    assert (status, lines[-1]) == (0, "router.yaml: no weak spots")


def test_the_line_that_the_page_shows_is_the_routers_own(folder: Path) -> None:
    """Found in the same configuration, with one word changed; and left out by its name."""
    text = block(PAGE, "yaml").text.replace("allow_null_origin: false", "allow_null_origin: true")
    status, lines = audited(folder, text)
    assert (status, lines[2:-1]) == (1, block(PAGE, "text", "null-origin").text.splitlines())
    assert audited(folder, text, "--accept", "null-origin")[0] == 0


def test_each_role_of_the_hardened_configuration_has_what_it_needs(folder: Path) -> None:
    """A configuration that permits nothing would pass the audit as well."""
    (folder / "router.yaml").write_text(block(PAGE, "yaml").text, "utf-8")
    for status, action, uri, role in (
        (0, "call", "com.example.public.price", "visitor"),
        (1, "call", "com.example.member.orders", "visitor"),
        (0, "call", "com.example.member.orders", "member"),
        (1, "call", "com.example.accounts.authenticate", "member"),
        (0, "register", "com.example.member.orders", "shop"),
        (1, "register", "com.example.accounts.authenticate", "shop"),
        (0, "register", "com.example.accounts.authenticate", "accounts"),
        (0, "call", "wamp.session.kill_by_authid", "admin"),
        (1, "call", "wamp.session.kill_all", "admin"),
    ):
        asked = ["explain", action, uri, "--role", role, "--config", "router.yaml"]
        assert status == CliRunner().invoke(main, asked).exit_code, asked


def test_a_router_starts_with_the_hardened_configuration(folder: Path) -> None:
    """On ports of this test, with everything else as it stands there."""
    document = yaml.safe_load(block(PAGE, "yaml").text)
    for transport in document["transports"][:2]:
        transport["endpoint"] |= {"port": 0, "interface": "127.0.0.1"}
    with RouterProcess(folder, document) as running:
        assert ["https", "wss", "rss", "rs+unix"] == [url.partition(":")[0] for url in running.urls]


@pytest.mark.parametrize("found", configurations(), ids=lambda found: found[0].id)
def test_every_configuration_of_the_documentation_can_be_audited(tmp_path: Path, found: tuple[Any, Any]) -> None:
    """Whatever it has, the audit gets to its end, and each of its lines is one."""
    each, document = found
    for name in re.findall(r"\$\{file:([\w/]+)\}", each.text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret\n")
    opened = checked(document, source="router.yaml", folder=tmp_path, environ={})
    _, lines = report(tmp_path / "router.yaml", opened)
    assert lines
    assert all(line.isprintable() for line in lines)


def test_the_table_of_the_audit_has_every_weakness() -> None:
    """With its severity; no cell breaks the table."""
    rows = extension("audit_reference").markdown().splitlines()[2:]
    assert [f"| `{each.name}` | {each.severity.value} |" for each in WEAKNESSES] == [
        " ".join(row.split()[:5]) for row in rows
    ]
    assert {5} == {row.count("|") for row in rows}
    assert "<!-- generated: audit -->" in PAGE.read_text("utf-8")
