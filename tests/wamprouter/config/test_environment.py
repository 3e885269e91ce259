"""Values from the environment, in any string of a configuration."""

import pytest

from tests.wamprouter.config.documents import COMPONENT, WEB, changed, lines
from wamprouter.config import ClassComponent, WebSocketTransport, WebTransport, validate

PORT = "transports.0.endpoint.port"


def component(extra: object, environ: dict[str, str]) -> ClassComponent:
    document = changed(("components", [{**COMPONENT, "extra": extra}]))
    return validate(document, environ=environ).components[0]


@pytest.mark.parametrize(
    ("text", "environ", "value"),
    [
        ("${NAME}", {"NAME": "a"}, "a"),
        ("${NAME:-b}", {"NAME": "a"}, "a"),
        ("${NAME:-b}", {}, "b"),
        ("${NAME:-b}", {"NAME": ""}, "b"),
        ("${NAME:-}", {}, ""),
        ("${NAME}", {"NAME": ""}, ""),
        ("<${A}-${B:-2}>", {"A": "1"}, "<1-2>"),
        ("${A}", {"A": "${B}"}, "${B}"),
        ("$${NAME}", {}, "${NAME}"),
        ("costs $5 or $NAME", {"NAME": "a"}, "costs $5 or $NAME"),
    ],
)
def test_a_variable_is_replaced(text: str, environ: dict[str, str], value: str) -> None:
    """Set, unset, empty, several in one string, not again in what was inserted, and escaped."""
    assert component([{"key": text}], environ).extra == [{"key": value}]


def test_extra_holds_plain_strings() -> None:
    """What a component gets is a str, which every serializer knows, and no subclass of it."""
    assert type(component(["${NAME}"], {"NAME": "a"}).extra[0]) is str


def test_a_string_that_is_one_variable_becomes_the_number_a_field_wants() -> None:
    """`"port": "${PORT}"` is a number, with its bounds."""
    config = validate(changed((PORT, "${PORT:-9000}")), environ={})
    assert config.transports[0].endpoint.address == "127.0.0.1:9000"
    assert lines(changed((PORT, "${PORT}")), {"PORT": "70000"}) == [
        'router.json: transports[0].endpoint.port: got "70000", expected an integer from 0 to 65535'
    ]


@pytest.mark.parametrize("digits", ["", "x", "-1", "1.5", "٣", "9" * 5000])
def test_a_variable_that_is_no_number_is_told(digits: str) -> None:
    """A wrong number from the environment is one line like any other."""
    [line] = lines(changed((PORT, "${PORT}")), {"PORT": digits})
    assert line.endswith("expected an integer from 0 to 65535")


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("Yes", True), ("1", True), ("off", False), ("0", False)])
def test_a_string_that_is_one_variable_becomes_the_flag_a_field_wants(text: str, flag: bool) -> None:
    """Flags are written in the ways that are usual in environments."""
    document = changed(("transports.0.options", {"fail_by_drop": "${DROP}"}))
    [transport] = validate(document, environ={"DROP": text}).transports
    assert isinstance(transport, WebSocketTransport)
    assert transport.options.fail_by_drop is flag


def test_a_variable_may_choose_a_type_and_a_path(tmp_path: object) -> None:
    """Variables are replaced before anything looks at the document."""
    web = {**WEB, "type": "${TYPE:-web}"}
    [transport] = validate(changed(("transports", [web])), environ={}).transports
    assert isinstance(transport, WebTransport)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("${NAME}", "the environment has no variable NAME, expected one (or ${NAME:-default})"),
        ("${1}", "got ${1}, expected ${NAME} or ${NAME:-default} ($${ for a literal ${)"),
        ("${NAME", "got ${NAME, expected ${NAME} or ${NAME:-default} ($${ for a literal ${)"),
        ("${NAME-x}", "got ${NAME-x}, expected ${NAME} or ${NAME:-default} ($${ for a literal ${)"),
    ],
)
def test_a_variable_that_cannot_be_replaced_is_told_with_its_place(text: str, told: str) -> None:
    """The line names the place and the variable, and nothing else is said of that place."""
    document = changed(("components", [{**COMPONENT, "role": text}]))
    assert lines(document) == [f"router.json: components[0].role: {told}"]


def test_a_document_that_contains_itself_is_refused() -> None:
    """An alias in YAML may lead back to what contains it."""
    endless: list[object] = []
    endless.append(endless)
    document = changed(("components", [{**COMPONENT, "extra": endless}]))
    assert lines(document) == ["router.json: components[0].extra: nested deeper than 64 levels"]
