"""Values from the environment, in any string of a configuration."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.wamprouter.config.documents import COMPONENT, WEB, changed, lines
from wamprouter.config import ClassComponent, ConfigError, WebSocketTransport, WebTransport, validate

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
        ("$NAME", {"NAME": "a"}, "a"),
        ("$NAME", {"NAME": "$NAME"}, "$NAME"),
        ("$$NAME", {"NAME": "a"}, "$NAME"),
        ("$$$NAME", {"NAME": "a"}, "$$$NAME"),
        ("$NAME ", {"NAME": "a"}, "$NAME "),
        ("pa$NAME", {"NAME": "a"}, "pa$NAME"),
        ("$", {}, "$"),
        ("$5", {}, "$5"),
        ("$scrypt$ln=15,r=8,p=1$c2FsdA$aGFzaA", {"scrypt": "a"}, "$scrypt$ln=15,r=8,p=1$c2FsdA$aGFzaA"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", {}, "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"),
        ("$2b$12$c2FsdA", {}, "$2b$12$c2FsdA"),
        ("${file:-b}", {"file": "a"}, "a"),
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
        (
            "$NAME",
            "the environment has no variable NAME, expected one (or ${NAME:-default}; $$NAME for the text)",
        ),
        ("${file:}", "got ${file:}, expected ${NAME}, ${NAME:-default} or ${file:PATH} ($${ for a literal ${)"),
        ("${1}", "got ${1}, expected ${NAME}, ${NAME:-default} or ${file:PATH} ($${ for a literal ${)"),
        ("${NAME", "got ${NAME, expected ${NAME}, ${NAME:-default} or ${file:PATH} ($${ for a literal ${)"),
        ("${NAME-x}", "got ${NAME-x}, expected ${NAME}, ${NAME:-default} or ${file:PATH} ($${ for a literal ${)"),
    ],
)
def test_a_variable_that_cannot_be_replaced_is_told_with_its_place(text: str, told: str) -> None:
    """The line names the place and the variable, and nothing else is said of that place."""
    document = changed(("components", [{**COMPONENT, "role": text}]))
    assert lines(document) == [f"router.json: components[0].role: {told}"]


def test_a_variable_in_crossbars_form_becomes_the_number_a_field_wants() -> None:
    """`"port": "$PORT"` is how Crossbar's files write it."""
    assert (
        validate(changed((PORT, "$PORT")), environ={"PORT": "9000"}).transports[0].endpoint.address == "127.0.0.1:9000"
    )


# -- files


def from_file(text: str, folder: Path) -> Any:
    document = changed(("components", [{**COMPONENT, "extra": text}]))
    return validate(document, folder=folder, environ={}).components[0].extra


def refused(text: str, folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        from_file(text, folder)
    return [line.removeprefix("configuration: components[0].extra: ") for line in caught.value.problems]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b"hunter2\n\n", "hunter2\n"),
        (b"\n", ""),
        (b"", ""),
        (" hunter2 é".encode(), " hunter2 é"),
        (b"\xef\xbb\xbfhunter2", "hunter2"),
        (b"$NAME ${NAME}", "$NAME ${NAME}"),
        (b"x" * 65536, "x" * 65536),
    ],
)
def test_a_file_is_what_it_holds_without_one_end_of_line(content: bytes, value: str, tmp_path: Path) -> None:
    """As Docker and Kubernetes mount a secret, and as an editor writes one."""
    (tmp_path / "secret").write_bytes(content)
    assert from_file("${file:secret}", tmp_path) == value
    assert type(from_file("${file:secret}", tmp_path)) is str
    assert from_file(f"<${{file:{tmp_path}/secret}}>", tmp_path / "elsewhere") == f"<{value}>"


def test_a_file_may_hold_the_number_that_a_field_wants(tmp_path: Path) -> None:
    """Like a variable of the environment."""
    (tmp_path / "port").write_text("9000\n")
    config = validate(changed((PORT, "${file:port}")), folder=tmp_path, environ={})
    assert config.transports[0].endpoint.address == "127.0.0.1:9000"


def test_a_default_replaces_only_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that is there and cannot be read is a mistake all the same."""
    assert from_file("${file:none:-b}", tmp_path) == "b"
    (tmp_path / "folder").mkdir()
    assert refused("${file:folder:-b}", tmp_path) == ['the file "folder" cannot be read: it is no file']


def test_a_file_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    """Missing, too large, of another kind, not UTF-8: the line has the path and nothing of what is in it."""
    (tmp_path / "large").write_text("hunter2" * 10_000)
    (tmp_path / "binary").write_bytes(b"hunter2\xff")
    os.mkfifo(tmp_path / "pipe")
    told = {
        "none": 'the file "none" is not there, expected it (or ${file:none:-default})',
        "large": 'the file "large" cannot be read: it is larger than 65536 bytes',
        "binary": 'the file "binary" is not UTF-8, expected text',
        "pipe": 'the file "pipe" cannot be read: it is no file',
        "large/x": 'the file "large/x" cannot be read: Not a directory',
        "a\0b": 'the file "a\\u0000b" cannot be read: its name has a NUL in it',
    }
    assert {name: refused(f"${{file:{name}}}", tmp_path) for name in told} == {
        name: [line] for name, line in told.items()
    }


@pytest.mark.parametrize("text", ["${file:secret}", "x${file:secret}"])
@pytest.mark.parametrize(
    "place",
    [
        PORT,
        "version",
        "realms.0.name",
        "realms.0.options.uri_check",
        "transports.0.type",
        "transports.0.endpoint",
        "transports.0.auth.anonymous.role",
        "realms.0.roles.0.permissions.0.allow",
    ],
)
def test_what_a_file_holds_is_shown_in_no_line(place: str, text: str, tmp_path: Path) -> None:
    """Whatever field it was put into by mistake."""
    (tmp_path / "secret").write_text("hunter 2")
    with pytest.raises(ConfigError) as caught:
        validate(changed((place, text)), folder=tmp_path, environ={})
    assert "got a secret, expected" in str(caught.value)
    assert "hunter" not in str(caught.value)


def test_a_check_that_compares_with_what_a_file_holds_does_not_show_it(tmp_path: Path) -> None:
    """A URI from a file, beside a match that does not fit it."""
    (tmp_path / "secret").write_text("com..hunter")
    permission = {"uri": "${file:secret}", "match": "exact"}
    with pytest.raises(ConfigError) as caught:
        validate(changed(("realms.0.roles.0.permissions.0", permission)), folder=tmp_path, environ={})
    assert caught.value.problems == [
        'configuration: realms[0].roles[0].permissions[0].match: got "exact", expected "exact", "prefix" or "wildcard" '
        "that fits the secret beside it"
    ]


# -- depth


def test_a_document_that_contains_itself_is_refused() -> None:
    """An alias in YAML may lead back to what contains it."""
    endless: list[object] = []
    endless.append(endless)
    document = changed(("components", [{**COMPONENT, "extra": endless}]))
    assert lines(document) == ["router.json: components[0].extra: nested deeper than 64 levels"]
