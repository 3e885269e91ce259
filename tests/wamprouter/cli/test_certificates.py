"""`wamprouter check` looks at the TLS files as a start does."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.certificates import Authority
from tests.support.process import REALM
from wamprouter.cli import main


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*tls: dict[str, Any]) -> Result:
    """Check a file with a transport for each of these."""
    transports = [{"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0, "tls": each}} for each in tls]
    Path("router.json").write_text(json.dumps({"version": 1, "realms": [REALM], "transports": transports}))
    return CliRunner().invoke(main, ["check", "--config", "router.json"])


def test_files_in_order_are_ok(tmp_path: Path) -> None:
    """Exit status 0."""
    result = check(Authority(tmp_path).issue())
    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout.startswith("router.json: ok\n")


def test_every_problem_of_every_transport_is_a_line(tmp_path: Path) -> None:
    """With its place in the configuration and the name of the file; exit status 1."""
    files = Authority(tmp_path).issue()
    result = check({**files, "key": "missing.pem"}, files, {"key": files["certificate"], "certificate": files["key"]})
    assert (1, "") == (result.exit_code, result.stdout)
    assert [
        f"router.json: transports[0].endpoint.tls: TLS key {tmp_path / 'missing.pem'}: cannot be read: "
        "No such file or directory",
        f"router.json: transports[2].endpoint.tls: TLS key {files['certificate']}: it holds no private key in PEM form",
        f"router.json: transports[2].endpoint.tls: TLS certificate {files['key']}: it holds no certificate in PEM form",
    ] == result.stderr.splitlines()


def test_an_expired_certificate_is_a_warning(tmp_path: Path) -> None:
    """The router would start with it: exit status 0."""
    old = Authority(tmp_path).issue("old", not_before=datetime(2020, 1, 1), not_after=datetime(2021, 2, 3))
    result = check(old)
    assert 0 == result.exit_code
    assert [
        f"router.json: transports[0].endpoint.tls: TLS certificate {old['certificate']}: it expired on 2021-02-03, "
        "clients will refuse it"
    ] == result.stderr.splitlines()
