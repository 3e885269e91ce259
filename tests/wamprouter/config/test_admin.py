"""The section "admin", as it is checked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.process import config
from wamprouter.config import validate


def logins(role: str) -> dict[str, Any]:
    return {"ticket": {"principals": {"ada": {"ticket": "secret", "role": role}}}}


@pytest.mark.parametrize("section", [{"auth": logins("admin")}, {"role": "operator", "auth": logins("operator")}])
def test_logins_may_have_the_role_that_the_section_brings(section: dict[str, Any]) -> None:
    """No realm of the file needs to define it."""
    transport = {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0}}
    found = validate(config(transport, admin=section), environ={})
    assert found.admin is not None
    assert found.admin.auth is not None
