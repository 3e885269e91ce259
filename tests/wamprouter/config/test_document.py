"""Files that are no document: one line with the place, told apart from invalid configurations."""

from pathlib import Path

import pytest

from wamprouter.config import ConfigError, UnreadableConfig, load

SYNTAX = [
    ("a.json", '{"version": 1 "a"}', "a.json:1:15: not valid JSON: Expecting ',' delimiter"),
    ("a.json", '{\n  "version" 1\n}', "a.json:2:13: not valid JSON: Expecting ':' delimiter"),
    ("a.json", "", "a.json:1:1: not valid JSON: Expecting value"),
    ("a.json", "[NaN]", "a.json:1:1: not valid JSON: NaN is not JSON"),
    ("a.json", "[" * 100_000, "a.json: nested too deeply"),
    ("a.yaml", "a: [1,\nb: }", "a.yaml:2:4: not valid YAML: expected the node content, but found '}'"),
    ("a.yml", "a:\n\tb: 1", "a.yml:2:1: not valid YAML: found character '\\t' that cannot start any token"),
    ("a.yaml", "a: \x07", "a.yaml:1:4: not valid YAML: special characters are not allowed"),
    (
        "a.yaml",
        "a: !!python/object:os.system x",
        "a.yaml:1:4: not valid YAML: could not determine a constructor for "
        "the tag 'tag:yaml.org,2002:python/object:os.system'",
    ),
    ("a.yaml", "a: 2024-99-99", "a.yaml:1:1: not valid YAML: month must be in 1..12"),
    ("a.yaml", "[" * 100_000, "a.yaml: nested too deeply"),
    ("a.toml", "version = 1\nrealms = [", "a.toml:2:11: not valid TOML: Invalid value"),
    ("a.toml", "version = = 1", "a.toml:1:11: not valid TOML: Invalid value"),
    ("a.ini", "", 'a.ini: unknown kind of file, expected a name that ends in ".json", ".yaml", ".yml" or ".toml"'),
    ("router", "{}", 'router: unknown kind of file, expected a name that ends in ".json", ".yaml", ".yml" or ".toml"'),
]


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "text", "line"), SYNTAX, ids=[line[:40] for _, _, line in SYNTAX])
def test_a_syntax_error_is_one_line_with_line_and_column(name: str, text: str, line: str) -> None:
    """The place is written as editors and terminals make a link of it: file:line:column."""
    Path(name).write_text(text)
    with pytest.raises(UnreadableConfig) as caught:
        load(Path(name))
    assert caught.value.problems == [line]


def test_a_number_of_thousands_of_digits_is_no_traceback() -> None:
    """Python refuses to read it, with an error of another kind than for syntax."""
    Path("a.json").write_text("9" * 5000)
    with pytest.raises(UnreadableConfig, match=r"^a.json:1:1: not valid JSON: Exceeds the limit"):
        load(Path("a.json"))


def test_a_file_that_is_not_utf8_is_told_with_line_and_column() -> None:
    """The place is that of the first octet that cannot be read."""
    Path("a.json").write_bytes(b'{\n  "\xff": 1}')
    with pytest.raises(UnreadableConfig, match=r"^a.json:2:4: not valid UTF-8$"):
        load(Path("a.json"))


def test_a_missing_file_is_told() -> None:
    """The line holds the name as it was given, and the system's reason."""
    with pytest.raises(UnreadableConfig, match=r"^none.json: cannot be read: No such file or directory$"):
        load(Path("none.json"))


def test_a_folder_is_told() -> None:
    """A folder may be called like a file."""
    Path("folder.json").mkdir()
    with pytest.raises(UnreadableConfig, match=r"^folder.json: cannot be read: Is a directory$"):
        load(Path("folder.json"))


def test_an_empty_yaml_file_is_a_document_without_content() -> None:
    """It can be read, so it is an invalid configuration and not an unreadable one."""
    Path("a.yaml").touch()
    with pytest.raises(ConfigError, match=r"^a.yaml:1:1: got null, expected an object$") as caught:
        load(Path("a.yaml"))
    assert not isinstance(caught.value, UnreadableConfig)


def test_a_byte_order_mark_is_passed_over() -> None:
    """Editors on Windows write one."""
    Path("a.json").write_bytes(b"\xef\xbb\xbf[]")
    with pytest.raises(ConfigError, match=r"^a.json:1:1: got \[\], expected an object$"):
        load(Path("a.json"))


def test_a_file_that_is_far_too_large_is_told() -> None:
    """A log or a disk image by mistake is not read into memory."""
    Path("a.json").write_bytes(b" " * (16 * 1024**2 + 1))
    with pytest.raises(UnreadableConfig, match=r"^a.json: larger than 16777216 bytes$"):
        load(Path("a.json"))


@pytest.mark.parametrize(
    ("name", "before", "after"), [("a.json", '{"x": ', "}"), ("a.yaml", "x: ", ""), ("a.toml", "x = ", "")]
)
def test_a_file_that_is_nested_too_deeply_is_told_at_its_place(name: str, before: str, after: str) -> None:
    """Deeper than any configuration, and not so deep that its parser gives up."""
    Path(name).write_text(before + "[" * 200 + "]" * 200 + after)
    with pytest.raises(ConfigError) as caught:
        load(Path(name))
    column = len(before) + 3
    assert f"{name}:1:{column}: x[0][0]: nested deeper than 64 levels" in caught.value.problems
    assert len([line for line in caught.value.problems if "nested" in line]) == 1
