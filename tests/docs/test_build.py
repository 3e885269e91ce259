"""`make docs` succeeds."""

import importlib.util
import subprocess
import sys

import pytest

from tests.docs.pages import DOCS


def test_the_pages_build_without_a_warning(tmp_path):
    """A warning is a link that leads nowhere, or a page that nobody finds."""
    missing = [name for name in ("sphinx", "furo", "myst_parser") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (make docs installs them)")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (built.returncode, built.stderr)
    page = (tmp_path / "html/configuration.html").read_text("utf-8")
    assert 'id="field-websocket-options-max-message-size"' in page
