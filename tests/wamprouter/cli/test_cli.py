"""The command line, as its user sees it: what is printed where, and the exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from wamprouter import __version__
from wamprouter.cli import main
from wamprouter.config import NodeConfig, default, load, schema

INVALID = '{"version": 1, "realms": [{"name": "r", "roles": [{"name": "anonymous"}]}], "transports": [{"type": "web"}]}'


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


class Started:
    """What `wamprouter start` hands over to the node."""

    def __init__(self) -> None:
        self.config: NodeConfig | None = None
        self.loglevel = ""
        self.path: list[str] = []
        self.more: dict[str, Any] = {}

    def run(self, config: NodeConfig, *, loglevel: str = "info", **more: Any) -> int:
        self.config, self.loglevel, self.path, self.more = config, loglevel, list(sys.path), more
        return 3


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    node = ModuleType("wamprouter.running")
    record = Started()
    node.run = record.run  # type: ignore[attr-defined]  # a module is given its function
    monkeypatch.setitem(sys.modules, "wamprouter.running", node)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return record


def test_help_imports_neither_twisted_nor_pydantic() -> None:
    """`wamprouter --help` answers at once because what it imports is click."""
    probe = "import sys, wamprouter.cli; print(*{'twisted', 'pydantic', 'yaml', 'autobahn', 'msgspec', 'cryptography'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", probe], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=True
    )
    assert done.stdout.decode().split() == []


def test_the_package_can_be_run_as_a_module() -> None:
    """`python -m wamprouter` is the command, under the same name."""
    command = [sys.executable, "-m", "wamprouter", "--help"]
    done = subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=True)
    assert done.stdout.startswith(b"Usage: wamprouter [OPTIONS] COMMAND")


def test_version_prints_the_version() -> None:
    """Name and version, on one line."""
    assert run("version").output == run("--version").output == f"wamprouter {__version__}\n"


def test_schema_prints_the_schema() -> None:
    """It can be redirected into the file that editors read."""
    assert json.loads(run("schema").stdout) == schema()


def test_check_prints_ok_and_what_the_file_sets_up() -> None:
    """Exit status 0."""
    run("init")
    result = run("check", "--config", "router.json")
    assert (result.exit_code, result.stdout) == (
        0,
        "router.json: ok\n1 realm, 1 transport (web 127.0.0.1:8080), no components, admin 127.0.0.1:8090\n",
    )


def test_check_prints_every_problem_on_a_line_of_stderr() -> None:
    """Exit status 1, and nothing on standard output."""
    Path("router.json").write_text(INVALID)
    result = run("check", "--config", "router.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "router.json:1:92: transports[0].endpoint: missing, expected an object",
        "router.json:1:92: transports[0].paths: missing, expected an object with at least one path",
    ]


@pytest.mark.parametrize("command", ["check", "start"])
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("none.json", "none.json: cannot be read: No such file or directory"),
        ("syntax.json", "syntax.json:1:2: not valid JSON: Expecting property name enclosed in double quotes"),
        (
            "router.ini",
            'router.ini: unknown kind of file, expected a name that ends in ".json", ".yaml", ".yml" or ".toml"',
        ),
    ],
)
def test_a_file_that_is_no_document_is_one_line_and_status_2(command: str, name: str, line: str) -> None:
    """Unreadable, of unknown kind, or with a syntax error."""
    Path("syntax.json").write_text("{")
    result = run(command, "--config", name)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line + "\n")


def test_start_refuses_an_invalid_configuration_with_status_1(started: Started) -> None:
    """The node never sees it."""
    Path("router.json").write_text(INVALID)
    result = run("start", "--config", "router.json")
    assert result.exit_code == 1
    assert started.config is None


def test_start_runs_the_file_and_exits_with_the_nodes_status(started: Started) -> None:
    """The configuration and the log level are handed over."""
    run("init")
    result = run("start", "--config", "router.json", "--loglevel", "debug")
    assert result.exit_code == 3
    assert (started.config, started.loglevel) == (load(Path("router.json")), "debug")


def test_start_without_a_file_runs_the_default(started: Started) -> None:
    """At log level info."""
    run("start")
    assert (started.config, started.loglevel) == (default(), "info")


def test_components_are_found_beside_the_file_in_pythonpath_and_in_the_current_folder(
    started: Started, tmp_path: Path
) -> None:
    """In this order, before everything else."""
    (tmp_path / "etc").mkdir()
    run("init", "etc")
    document = json.loads(Path("etc/router.json").read_text())
    Path("etc/router.json").write_text(json.dumps({**document, "pythonpath": ["../src"]}))
    run("start", "--config", "etc/router.json")
    assert started.path[:3] == [str(tmp_path / "etc"), str(tmp_path / "src"), str(tmp_path)]


def test_an_unknown_log_level_is_wrong_usage() -> None:
    """Exit status 2, as click does it."""
    assert run("start", "--loglevel", "loud").exit_code == 2


def test_init_writes_a_file_that_check_accepts_and_says_what_to_do_next() -> None:
    """The folder is made if need be; the command in the text can be pasted."""
    result = run("init", "my router")
    assert result.exit_code == 0
    assert result.stdout.startswith("my router/router.json: written\n")
    assert "  wamprouter start --config 'my router/router.json'\n" in result.stdout
    assert run("check", "--config", "my router/router.json").exit_code == 0


def test_init_leaves_an_existing_file_alone() -> None:
    """Exit status 1, and the file is as it was."""
    Path("router.json").write_text("mine")
    result = run("init")
    assert (result.exit_code, result.stderr) == (1, "router.json: not written: File exists\n")
    assert Path("router.json").read_text() == "mine"


def test_init_into_what_is_no_folder_is_one_line() -> None:
    """Exit status 1."""
    Path("file").touch()
    result = run("init", "file/sub")
    assert (result.exit_code, result.stderr) == (1, "file/sub/router.json: not written: Not a directory\n")


SMALL_CROSSBAR = """{"version": 2, "workers": [{"type": "router", "options": {"env": {"vars": {"WAMPROUTER_TEST": "yes"}}},
    "realms": [{"name": "realm1", "roles": [{"name": "anonymous", "permissions": [{"uri": "com.*", "allow": {"call": true}}]}]}],
    "transports": [{"type": "websocket", "debug": true, "endpoint": {"type": "tcp", "port": 8080}}]}]}"""


def crossbar_folder(folder: str, name: str = "config.json") -> None:
    Path(folder).mkdir(parents=True)
    (Path(folder) / name).write_text(SMALL_CROSSBAR)


@pytest.mark.parametrize(
    "words",
    [
        ("--cbdir", "app/.crossbar"),
        ("--cbdir", "app"),
        ("--config", "app"),
        ("--config", "app/.crossbar"),
        ("--cbdir", "app/.crossbar", "--config", "config.json"),
    ],
)
def test_a_folder_stands_for_the_configuration_in_it(words: tuple[str, ...]) -> None:
    """As Crossbar's users write it."""
    crossbar_folder("app/.crossbar")
    result = run("check", *words)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "app/.crossbar/config.json: ok")


def test_a_folder_without_a_configuration_is_told() -> None:
    Path("empty").mkdir()
    result = run("start", "--cbdir", "empty")
    expected = "empty: no configuration in this folder, expected config.json, config.yaml, config.yml, router.json, router.yaml or router.toml\n"
    assert (result.exit_code, result.stderr) == (2, expected)


def test_start_without_a_file_takes_crossbars_folder(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of $CROSSBAR_DIR, else the one in the current folder."""
    crossbar_folder(".crossbar")
    run("start")
    assert started.config == load(Path(".crossbar/config.json"))
    crossbar_folder("elsewhere", "config.yaml")
    monkeypatch.setenv("CROSSBAR_DIR", "elsewhere")
    started.config = None
    run("start")
    assert started.config is not None
    assert started.more["warnings"][0].startswith("elsewhere/config.yaml:")


def test_start_takes_crossbars_options(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts that are made for Crossbar keep working."""
    monkeypatch.setenv("WAMPROUTER_TEST", "no")
    crossbar_folder(".crossbar")
    Path("logs").mkdir()
    words = "--cbdir .crossbar --loglevel trace --logformat syslogd --logdir logs --logtofile --color true --shutdownafter 5"
    assert run("start", *words.split()).exit_code == 3
    log = started.more["log"]
    assert (started.loglevel, started.more["logformat"], started.more["shutdown_after"]) == ("trace", "syslogd", 5.0)
    assert log.name == "logs/node.log"
    log.close()
    assert os.environ["WAMPROUTER_TEST"] == "yes"


def test_check_lists_what_differs_from_crossbar() -> None:
    crossbar_folder("app")
    result = run("check", "--cbdir", "app", "--from-crossbar")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()[2:]
    assert [line.partition(":")[0] for line in lines[:-1]] == ["app/config.json"] * (len(lines) - 1)
    assert any("transports[0].debug: ignored: there is no debugging of one transport" in line for line in lines)
    assert lines[-1] == "permissions: no difference found"


def test_check_from_crossbar_of_our_own_form_says_so() -> None:
    run("init")
    result = run("check", "--config", "router.json", "--from-crossbar")
    assert result.stdout.splitlines()[2:] == ["the file is not in Crossbar's form"]


@pytest.mark.parametrize("name", ["new.json", "new.yaml"])
def test_convert_writes_our_form(name: str) -> None:
    """The converted file is valid, and the same configuration."""
    crossbar_folder("app")
    result = run("convert", "app/config.json", "--output", f"app/{name}")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "there is no debugging of one transport" in result.stderr
    assert load(Path("app") / name) == load(Path("app/config.json"))


def test_convert_writes_json_to_the_screen_and_back_from_yaml() -> None:
    run("init")
    assert run("convert", "router.json", "--output", "router.yaml").exit_code == 0
    result = run("convert", "router.yaml")
    assert json.loads(result.stdout) == json.loads(Path("router.json").read_text())
    assert result.stderr == "router.yaml: comments, if it has any, are not in the converted file\n"


def test_convert_leaves_a_file_that_is_there_alone() -> None:
    run("init")
    Path("there.json").write_text("precious")
    result = run("convert", "router.json", "--output", "there.json")
    assert (result.exit_code, result.stderr) == (1, "there.json: not written: File exists\n")
    assert Path("there.json").read_text() == "precious"


def test_convert_writes_nothing_of_a_file_with_a_mistake() -> None:
    Path("config.json").write_text(SMALL_CROSSBAR.replace('"websocket"', '"mqtt"'))
    result = run("convert", "config.json", "--output", "new.json")
    assert result.exit_code == 1
    assert 'workers[0].transports[0].type: "mqtt" is not supported: ' in result.stderr
    assert not Path("new.json").exists()


def test_convert_shows_no_secret_of_a_file_or_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables stay as they are written."""
    monkeypatch.setenv("SECRET_PORT", "8123")
    Path("ticket").write_text("open sesame")
    ticket = '"auth": {"ticket": {"principals": {"joe": {"ticket": "${file:ticket}", "role": "anonymous"}}}}'
    text = SMALL_CROSSBAR.replace('"debug": true', ticket).replace("8080", '"$SECRET_PORT"')
    Path("config.json").write_text(text)
    result = run("convert", "config.json")
    assert result.exit_code == 0
    assert "open sesame" not in result.stdout + result.stderr
    (transport,) = json.loads(result.stdout)["transports"]
    assert transport["auth"]["ticket"]["principals"]["joe"]["ticket"] == "${file:ticket}"
    assert transport["endpoint"]["port"] == "$SECRET_PORT"


def test_convert_to_an_unknown_kind_of_file_is_told() -> None:
    run("init")
    result = run("convert", "router.json", "--output", "router.ini")
    assert result.exit_code == 2
    assert result.stderr == ".ini: unknown kind of file, expected .json, .yaml, .yml\n"


def test_convert_tells_that_relative_paths_move() -> None:
    crossbar_folder("app")
    assert "relative paths start at its folder" in run("convert", "app/config.json", "--output", "new.json").stderr
