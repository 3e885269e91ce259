"""The reference of the client library has every public name, and each says what it is."""

import importlib
import inspect
import pkgutil
import re

import pytest

from tests.docs.pages import DOCS

REFERENCE = DOCS / "reference"
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function|exception|data):: wamp\.([\w.]+)", re.MULTILINE)
ALIASES = {"auth.Auth"}  # whose docstrings stand below them, and are seen by Sphinx alone
NAMED = sorted({name for page in REFERENCE.glob("*.md") for name in DIRECTIVE.findall(page.read_text("utf-8"))})
MODULES = (
    "wamp",
    "wamp.asyncio",
    "wamp.twisted",
    "wamp.blocking",
    "wamp.auth",
    "wamp.typed",
    "wamp.tracing",
    "wamp.testing",
    "wamp.testing.plugin",
)


def looked_up(name):
    return pkgutil.resolve_name(f"wamp.{name}")


def own_docstring(value):
    """Return what a class or function says itself; that of a base class says nothing of it."""
    return vars(value).get("__doc__") if isinstance(value, type) else inspect.getdoc(value)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference(module):
    """Under that name, or under another one of the same."""
    imported = importlib.import_module(module)
    described = {id(looked_up(name)) for name in NAMED}
    assert [] == [name for name in imported.__all__ if id(getattr(imported, name)) not in described]


def test_everything_in_the_reference_has_a_docstring():
    assert len(NAMED) > 60
    assert [] == [name for name in NAMED if name not in ALIASES and not own_docstring(looked_up(name))]


def test_every_public_method_has_a_docstring():
    """Or inherits one. A method without would be left out of the reference."""
    classes = {name: looked_up(name) for name in NAMED if isinstance(looked_up(name), type)}
    methods = [
        f"{name}.{method}"
        for name, described in classes.items()
        for method in vars(described)
        if not method.startswith("_") and callable(getattr(described, method))
    ]
    assert len(methods) > 60
    assert [] == [method for method in methods if not inspect.getdoc(looked_up(method))]
