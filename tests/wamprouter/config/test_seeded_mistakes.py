"""Forty mistakes in files of the kind that operators write: each is told by one line, at its line and column."""

from pathlib import Path

import pytest

from wamprouter.config import ConfigError, load

SEEDED = Path(__file__).parent / "seeded"
FILES = ("router.json", "router.yaml", "router.toml")
ENVIRON = {"PUBLIC_ORIGIN": "https://shop.example.com"}
PASSWORD = "hunter2"

# What stands in the file once, what is there instead, and what is told of it. The ¶ is not written: it says where the
# line must point to.
MISTAKES: dict[str, list[tuple[str, str, str]]] = {
    "router.json": [
        (
            '{\n  "$schema": "router.schema.json",\n  "version": 1,',
            '¶{\n  "$schema": "router.schema.json",',
            "version: missing, expected 1",
        ),
        ('"version": 1', '"version": ¶"1"', 'version: got "1", expected 1 (without quotes)'),
        ('"pythonpath": [', '¶"pythonpaths": [', 'pythonpaths: unknown field; did you mean "pythonpath"?'),
        (
            '"name": "com.example.shop"',
            '"name": ¶"com example"',
            'realms[0].name: got "com example", expected a realm name such as "realm1" or "com.example"',
        ),
        (
            '"allow": {"call": true}}',
            '"allow": {¶"cal": true}}',
            'realms[0].roles[0].permissions[1].allow.cal: unknown field; did you mean "call"?',
        ),
        (
            '"match": "prefix"',
            '"match": ¶"exact"',
            'realms[0].roles[1].permissions[0].match: got "exact", expected "prefix" or "wildcard": "com.example." is no '
            "complete URI",
        ),
        (
            '"max_calls": 500',
            '"max_calls": 500, ¶"max_calls": 100',
            "realms[0].options.max_calls: got it again (first in line 30), expected it once",
        ),
        (
            '"type": "web"',
            '"type": ¶"webb"',
            'transports[0].type: got "webb", expected "websocket", "rawsocket", "web", "universal" or "echo"; did you mean "web"?',
        ),
        (
            '"port": 8080',
            '"port": ¶80800',
            "transports[0].endpoint.port: got 80800, expected an integer from 0 to 65535",
        ),
        (
            '{"type": "tcp", "port": 8080, ',
            '¶{"type": "tcp", ',
            "transports[0].endpoint.port: missing, expected an integer from 0 to 65535",
        ),
        (
            '"ws": {\n',
            '¶"w s": {\n',
            'transports[0].paths: got the name "w s", expected "/", or letters, digits, - and _',
        ),
        (
            '["msgpack", "json"]',
            '["msgpack", ¶"jsn"]',
            'transports[0].paths.ws.serializers[1]: got "jsn", expected "json", "msgpack" or "cbor"; did you mean "json"?',
        ),
        (
            '"role": "visitor"}',
            '"role": ¶"visitors"}',
            'transports[0].paths.ws.auth.anonymous.role: got "visitors", expected a role of some realm ("service" or '
            '"visitor"); did you mean "visitor"?',
        ),
        (
            '"$PUBLIC_ORIGIN"',
            '¶"$PUBLIC_ORIGN"',
            "transports[0].paths.ws.options.allowed_origins[0]: the environment has no variable PUBLIC_ORIGN, expected one "
            "(or ${PUBLIC_ORIGN:-default}; $$PUBLIC_ORIGN for the text)",
        ),
        (
            '"auth": {"anonymous": {"type": "static", "role": "service"}}',
            '¶"auht": {"anonymous": {"type": "static", "role": "service"}}',
            'transports[1].auht: unknown field; did you mean "auth"?',
        ),
        (
            '"id": "services"',
            '"id": ¶"public"',
            'transports[1].id: got "public", expected another id than that of transports[0]',
        ),
        (
            '"extra": {"database": "postgres://shop:${file:secrets/database}@localhost/shop"}',
            '"extra": {"database": ¶"${file:secrets/databse}"}',
            'components[0].extra.database: the file "secrets/databse" is not there, expected it '
            "(or ${file:secrets/databse:-default})",
        ),
    ],
    "router.yaml": [
        ("version: 1", "version: ¶2", "version: got 2, expected 1"),
        (
            "    roles:\n      - name: visitor\n",
            "    ¶rolls:\n      - name: visitor\n",
            'realms[0].rolls: unknown field; did you mean "roles"?',
        ),
        (
            "              call: true\n",
            "              call: ¶yess\n",
            'realms[0].roles[0].permissions[1].allow.call: got "yess", expected true or false',
        ),
        (
            "uri: com.example.basket.add",
            "uri: ¶com.example.*.ad*",
            'realms[0].roles[0].permissions[1].uri: got "com.example.*.ad*", expected a URI such as "com.x.y", or, without '
            '"match", one such as "com.x.*", "com.*.y" or "*"',
        ),
        (
            "      - name: service\n",
            "      - name: ¶visitor\n      - name: service\n",
            'realms[0].roles[1].name: got "visitor", expected another name than that of realms[0].roles[0]',
        ),
        (
            "uri_check: strict",
            "uri_check: ¶strickt",
            'realms[0].options.uri_check: got "strickt", expected "strict" or "loose"; did you mean "strict"?',
        ),
        (
            '"${PORT:-8080}"',
            '¶"${PORT:-http}"',
            'transports[0].endpoint.port: got "http", expected an integer from 0 to 65535',
        ),
        (
            "      /:\n        type: static\n",
            "      /:\n        ¶typ: static\n",
            'transports[0].paths["/"].typ: unknown field; did you mean "type"?',
        ),
        (
            "cache_timeout: 300",
            "cache_timeout: ¶-1",
            'transports[0].paths["/"].options.cache_timeout: got -1, expected an integer from 0 to 31536000 (seconds)',
        ),
        (
            "      type: tcp\n      port: 8443\n",
            "      ¶port: 8443\n",
            'transports[1].endpoint.type: missing, expected "tcp" or "unix"',
        ),
        (
            "auth: *visitors",
            "auth: {¶anonymus: {role: visitor}}",
            'transports[1].auth.anonymus: unknown field; did you mean "anonymous"?',
        ),
        (
            "auto_ping_interval: 60000",
            "auto_ping_interval: ¶1 minute",
            'transports[1].options.auto_ping_interval: got "1 minute", expected an integer from 0 to 3600000 '
            "(milliseconds, 0 for never)",
        ),
        (
            "    classname: shop.Stock\n",
            "    classname: shop.Stock\n    ¶classname: shop.Cellar\n",
            "components[0].classname: got it again (first in line 58), expected it once",
        ),
        (
            "    role: service\n    extra",
            "    role: ¶1\n    extra",
            "components[0].role: got 1, expected a name without spaces (in quotes)",
        ),
    ],
    "router.toml": [
        ("pythonpath = [", 'pythonpath = ¶"../components" # [', 'pythonpath: got "../components", expected a list'),
        (
            'uri_check = "strict"',
            '¶uri_chek = "strict"',
            'realms[0].options.uri_chek: unknown field; did you mean "uri_check"?',
        ),
        (
            "allow.call = true",
            "allow.call = ¶1",
            "realms[0].roles[0].permissions[1].allow.call: got 1, expected true or false",
        ),
        (
            "disclose.publisher",
            "disclose.¶publishers",
            'realms[0].roles[1].permissions[0].disclose.publishers: unknown field; did you mean "publisher"?',
        ),
        (
            "port = 8080",
            'port = ¶"8080"',
            'transports[0].endpoint.port: got "8080", expected an integer from 0 to 65535 (without quotes)',
        ),
        (
            '[transports.paths."/"]\ntype = "static"\ndirectory = "web"\n',
            '¶[transports.paths."/"]\ntype = "static"\n',
            'transports[0].paths["/"]: got {"type": "static", "options": {"cache_timeout": 300}}, expected either "directory", or "package" and "resource"',
        ),
        (
            '  "${PUBLIC_ORIGIN}",',
            '  ¶"${PUBLIC_ORIGIN",',
            "transports[0].paths.ws.options.allowed_origins[0]: got ${PUBLIC_ORIGIN, expected ${NAME}, ${NAME:-default} or "
            "${file:PATH} ($${ for a literal ${)",
        ),
        (
            "max_message_size = 262_144",
            "max_message_size = ¶262.144",
            "transports[0].paths.ws.options.max_message_size: got 262.144, expected an integer from 512 to 67108864 (bytes)",
        ),
        (
            '[[transports]]\ntype = "rawsocket"\n',
            '[[transports]]\ntype = ¶"rawsock"\n',
            'transports[1].type: got "rawsock", expected "websocket", "rawsocket", "web", "universal" or "echo"; did you mean '
            '"rawsocket"?',
        ),
        (
            'role = "service"\n\n[[components]]',
            '¶rolle = "service"\n\n[[components]]',
            'transports[1].auth.anonymous.rolle: unknown field; did you mean "role"?',
        ),
        (
            'realm = "com.example.shop"',
            'realm = ¶"com.example.shops"',
            'components[0].realm: got "com.example.shops", expected a realm of this file ("com.example.shop"); did you mean '
            '"com.example.shop"?',
        ),
        (
            "[components.extra]",
            "[components.¶extras]",
            'components[0].extras: unknown field; did you mean "extra"?',
        ),
    ],
}
SEEDS = [(name, *seed) for name, seeds in MISTAKES.items() for seed in seeds]


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "database").write_text(f"{PASSWORD}\n")
    monkeypatch.chdir(tmp_path)


def original(name: str) -> str:
    return (SEEDED / name).read_text()


def refused(name: str, text: str) -> list[str]:
    Path(name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(Path(name), environ=ENVIRON)
    return caught.value.problems


def seeded(name: str, before: str, after: str) -> tuple[str, str]:
    """Return the text with a mistake, and where it is."""
    text = original(name)
    assert text.count(before) == 1, "it must be clear what is replaced"
    marked = text.replace(before, after)
    lines = marked.partition("¶")[0].split("\n")
    return marked.replace("¶", ""), f"{len(lines)}:{len(lines[-1]) + 1}"


@pytest.mark.parametrize("name", FILES)
def test_the_files_without_a_mistake_load(name: str) -> None:
    """What is told of the others is therefore told of the mistake."""
    Path(name).write_text(original(name))
    [component] = load(Path(name), environ=ENVIRON).components
    assert component.extra["database"] == f"postgres://shop:{PASSWORD}@localhost/shop"


def test_there_are_forty_mistakes() -> None:
    """In all three notations."""
    assert len(SEEDS) >= 40
    assert [name for name, seeds in MISTAKES.items() if len(seeds) < 10] == []


@pytest.mark.parametrize(("name", "before", "after", "told"), SEEDS, ids=[f"{s[0]} {s[3]:.60}" for s in SEEDS])
def test_a_seeded_mistake_is_told_by_one_line_at_its_place(name: str, before: str, after: str, told: str) -> None:
    """File, line, column, place, what was there, and what was expected."""
    text, at = seeded(name, before, after)
    assert refused(name, text) == [f"{name}:{at}: {told}"]


def test_all_mistakes_of_a_file_are_told_from_its_top_to_its_end() -> None:
    """Whatever finds them: the syntax, the environment, the fields or the names."""
    text = original("router.json")
    for before, after in (
        ('"components": [', '"components": [], "components": ['),
        ('"uri_check": "strict"', '"uri_check": "strct"'),
        ('"$PUBLIC_ORIGIN"', '"$NONE"'),
        ('"role": "service"}', '"role": "services"}'),
        ('"version": 1', '"version": 3'),
    ):
        text = text.replace(before, after)
    assert [line.split(": ")[:2] for line in refused("router.json", text)] == [
        ["router.json:3:14", "version"],
        ["router.json:29:22", "realms[0].options.uri_check"],
        ["router.json:46:33", "transports[0].paths.ws.options.allowed_origins[0]"],
        ["router.json:57:56", "transports[1].auth.anonymous.role"],
        ["router.json:60:21", "components"],
    ]


@pytest.mark.parametrize("name", FILES)
def test_the_lines_do_not_depend_on_how_lines_end(name: str) -> None:
    """A file from Windows has the same lines and columns."""
    text = original(name).replace("shop.Stock", "Stock")
    unix, windows = refused(name, text), refused(name, text.replace("\n", "\r\n"))
    assert unix == windows
    assert len(unix) == 1
