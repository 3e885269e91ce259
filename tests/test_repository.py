"""What must be true of the repository as a whole, and no tool of `make lint` sees."""

import ast
import configparser
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"wamp": ROOT / "client/wamp", "wamprouter": ROOT / "router/wamprouter"}
NODE_MODULES = ROOT / "tests/js/node_modules"

# Made by tools, not by us; see .gitignore.
GENERATED = {"node_modules", "__pycache__", "_build", "build", "dist", "htmlcov"}

# Only the test kit that the client library ships may import what the `test` extra brings.
EXTRAS_FOR_DEVELOPERS = {"test", "lint", "docs", "dev"}
TEST_KIT = ROOT / "client/wamp/testing/plugin.py"


def our_files() -> Iterator[Path]:
    """Every file of the project, without what tools generate."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in GENERATED and not name.endswith(".egg-info") and (name == ".ci" or not name.startswith("."))
        ]
        yield from (Path(folder, name) for name in names if not name.startswith(".coverage"))


def sources(package: Path) -> list[Path]:
    return sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)


def relative(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def canonical(distribution: str) -> str:
    """PEP 503: one spelling for zope.interface, zope-interface and Zope_Interface."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def lines_of(text: str) -> list[str]:
    """The entries of one of setup.cfg's lists."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def names_of(text: str) -> set[str]:
    return {canonical(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines_of(text)}


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"])
def test_a_newcomer_finds(name):
    """The files that everyone looks for first are there, and say something."""
    assert (ROOT / name).is_file()
    assert len((ROOT / name).read_text("utf-8")) > 200


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    """A clone works anywhere, so no file may point into somebody's home or checkout."""
    foreign = re.compile(rb"(?<![\w.~}])/(?:home|root|work|Users)/\w")
    here = os.fsencode(ROOT) + b"/"
    guilty = [path for path in our_files() if foreign.search(content := path.read_bytes()) or here in content]
    assert relative(guilty) == []


def test_every_package_introduces_itself():
    """Each folder of modules is a package, and its docstring tells what it owns."""
    folders = {path.parent for package in PACKAGES.values() for path in sources(package)}
    assert set(PACKAGES.values()) <= folders
    silent = [
        folder
        for folder in sorted(folders)
        if not (folder / "__init__.py").is_file()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    ]
    assert relative(silent) == []


def test_every_package_is_installed(setup_cfg):
    """A package missing from the list in setup.cfg works in a checkout, and is missing from the wheel."""
    there = {
        ".".join((name, *path.parent.relative_to(folder).parts))
        for name, folder in PACKAGES.items()
        for path in sources(folder)
    }
    assert sorted(there) == lines_of(setup_cfg["options"]["packages"])


def test_both_packages_are_typed():
    """PEP 561: without this file, a user's type checker ignores our types."""
    assert [name for name, folder in PACKAGES.items() if not (folder / "py.typed").is_file()] == []


def imported_packages(path: Path) -> set[str]:
    """The top-level names that a module imports, wherever in it the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - PACKAGES.keys()


def test_every_import_is_declared(setup_cfg):
    """What client/ and router/ import is asked for in setup.cfg, not got by luck through another dependency."""
    extras = setup_cfg["options.extras_require"]
    declared = names_of(setup_cfg["options"]["install_requires"]).union(
        *(names_of(extras[name]) for name in extras if name not in EXTRAS_FOR_DEVELOPERS)
    )
    for_tests = declared | names_of(extras["test"])
    provided_by = importlib.metadata.packages_distributions()  # import name -> distributions

    undeclared = []
    for path in (path for package in PACKAGES.values() for path in sources(package)):
        allowed = for_tests if path == TEST_KIT else declared
        for name in sorted(imported_packages(path)):
            if allowed.isdisjoint(map(canonical, provided_by.get(name, [name]))):
                undeclared.append(f"{path.relative_to(ROOT)}: {name}")
    assert undeclared == []


def test_dependencies_have_lower_bounds_only(setup_cfg):
    """An upper bound or a pin would break installations that we cannot see."""
    texts = [setup_cfg["options"]["install_requires"], *setup_cfg["options.extras_require"].values()]
    lines = [line for text in texts for line in lines_of(text) if not line.startswith("wamprouter[")]
    lower_bound = re.compile(r"[\w.-]+(\[\w+\])?>=[\d.]+")
    assert [line for line in lines if not lower_bound.fullmatch(line)] == []


def test_the_npm_lockfile_names_no_registry():
    """A lockfile that records addresses installs only where that very registry can be reached."""
    packages = json.loads((ROOT / "tests/js/package-lock.json").read_text("utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


@pytest.mark.browser
@pytest.mark.parametrize("name", ["autobahn.min.js", "LICENSE"])
@pytest.mark.parametrize("folder", ["examples/web/vendor", "router/wamprouter/web/console/files/vendor"])
def test_the_browser_library_is_the_one_from_npm(folder, name):
    """The committed copies, for machines without npm, are byte for byte the package's (`make vendor`)."""
    package = NODE_MODULES / "autobahn-browser"
    if not package.is_dir():
        pytest.skip("the npm packages of tests/js are not installed")
    assert (ROOT / folder / name).read_bytes() == (package / name).read_bytes()


SKIPPING = {
    "a browser test": """
        @pytest.mark.browser
        def test_page(): pytest.skip("no chromium")
    """,
    "a module": 'pytest.skip("no node", allow_module_level=True)',
    "another test": 'def test_page(): pytest.skip("not on this system")',
    "an expected failure": """
        @pytest.mark.browser
        @pytest.mark.xfail
        def test_page(): assert False
    """,
}


@pytest.mark.parametrize(
    ("what", "required", "failed"),
    [
        ("a browser test", "", False),
        ("a browser test", "1", True),
        ("a module", "1", True),
        ("another test", "1", False),
        ("an expected failure", "1", False),
    ],
)
def test_where_browsers_are_required_a_browser_test_may_not_skip(tmp_path, what, required, failed):
    """Otherwise CI would be green on a machine where no browser starts."""
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser: needs one\n", "utf-8")
    (tmp_path / "test_page.py").write_text("import pytest\n" + textwrap.dedent(SKIPPING[what]), "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tmp_path],
        env={**os.environ, "PYTEST_ADDOPTS": "", "WAMPROUTER_REQUIRE_BROWSER": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("must not skip" in run.stdout) is failed, run.stdout
    assert (run.returncode in (1, 2)) is failed, run.stdout
