"""Files: the samples in config/, the default, the schema, and what relative paths mean."""

import json
from pathlib import Path

import pytest

from tests.wamprouter.config.documents import SMALLEST
from wamprouter.config import StaticPath, UnixEndpoint, WebSocketPath, WebTransport, default, load, schema
from wamprouter.config.document import read

CONFIG = Path(__file__).parents[3] / "config"
SAMPLES = sorted(path for path in CONFIG.iterdir() if path.suffix in {".json", ".yaml", ".yml", ".toml"})
SCHEMA = CONFIG / "router.schema.json"

# What a sample wants from the environment.
ENVIRON = {
    "BRIDGE_SECRET": "kLm9_nobody_guesses_this",
    "GITHUB_SECRET": "kLm9_nobody_guesses_this",
    "HOOK_SECRET": "kLm9_nobody_guesses_this",
    "SHOP_TICKET": "correct horse battery staple",
    "ORDERS_TICKET": "correct horse battery staple",
    "PUBLIC_ORIGIN": "https://app.example.com",
    "TLS_KEY": "privkey.pem",
    "TLS_CERTIFICATE": "fullchain.pem",
    "TLS_CLIENT_CA": "services.pem",
}

YAML = """\
version: 1
realms:
  - name: realm1
    roles:
      - name: anonymous
        permissions: [{uri: "*", allow: all}]
transports:
  - type: websocket
    endpoint: {type: tcp, port: 8080}
"""


@pytest.mark.parametrize("path", [path for path in SAMPLES if path != SCHEMA], ids=lambda path: path.name)
def test_a_sample_loads(path: Path) -> None:
    """Every sample is a valid configuration."""
    load(path, environ=ENVIRON)


def test_the_schema_file_is_what_the_models_say() -> None:
    """`make schema` writes it anew."""
    assert json.loads(SCHEMA.read_text()) == schema()


@pytest.mark.parametrize("path", [path for path in SAMPLES if path != SCHEMA], ids=lambda path: path.name)
def test_a_sample_is_valid_by_the_schema(path: Path) -> None:
    """Editors accept what the router accepts: Crossbar's schema refuses Crossbar's own starter."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs the package jsonschema")
    assert [error.message for error in jsonschema.Draft202012Validator(schema()).iter_errors(read(path).document)] == []


def test_every_field_of_the_schema_is_described() -> None:
    """The reference in the documentation is made of these texts."""
    named = [schema(), *schema()["$defs"].values()]
    undescribed = [
        (model["title"], name)
        for model in named
        for name, field in model.get("properties", {}).items()
        if "description" not in field and name != "type"
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", ["minimal.json", "minimal.toml"])
def test_the_smallest_samples_mean_the_same(name: str) -> None:
    """One in each notation."""
    assert load(CONFIG / name).model_dump() == load(CONFIG / "minimal.json").model_dump()


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML"])
def test_yaml_means_the_same_as_json(suffix: str, tmp_path: Path) -> None:
    """The suffix chooses the parser."""
    (tmp_path / f"router{suffix}").write_text(YAML)
    (tmp_path / "router.json").write_text(json.dumps(SMALLEST))
    assert load(tmp_path / f"router{suffix}") == load(tmp_path / "router.json")


def test_relative_paths_start_at_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the folder from which the router is started."""
    document = {
        **SMALLEST,
        "pythonpath": ["../src", "/opt/components"],
        "transports": [
            {
                "type": "web",
                "endpoint": {"type": "unix", "path": "web.sock"},
                "paths": {"/": {"type": "static", "directory": "../web"}},
            }
        ],
    }
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "router.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    config = load(Path("etc/router.json"))
    [transport] = config.transports
    assert isinstance(transport, WebTransport)
    assert isinstance(transport.endpoint, UnixEndpoint)
    root = transport.paths["/"]
    assert isinstance(root, StaticPath)
    assert [*config.pythonpath, transport.endpoint.path, root.directory] == [
        tmp_path / "src",
        Path("/opt/components"),
        tmp_path / "etc" / "web.sock",
        tmp_path / "web",
    ]


def test_the_default_lets_anyone_on_this_machine_do_everything_in_realm1() -> None:
    """No configuration means loopback only, at the address that the README tells."""
    config = default()
    [realm] = config.realms
    [role] = realm.roles
    [permission] = role.permissions
    assert (realm.name, role.name) == ("realm1", "anonymous")
    assert (permission.uri, permission.match, len(permission.allow.actions)) == ("", "prefix", 4)
    [transport] = config.transports
    assert isinstance(transport, WebTransport)
    assert transport.endpoint.address == "127.0.0.1:8080"
    assert isinstance(transport.paths["ws"], WebSocketPath)


def test_make_run_listens_on_loopback_only() -> None:
    """config/router.json is what a newcomer starts, who has not thought about networks yet."""
    config = load(CONFIG / "router.json")
    assert config.admin is not None
    addresses = [transport.endpoint.address for transport in (*config.transports, config.admin)]
    assert addresses == ["127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8090"]
