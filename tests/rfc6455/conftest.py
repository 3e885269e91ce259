"""Routers for the tests of WebSocket, as in the robustness tests."""

from tests.robustness.conftest import start, start_shared

__all__ = ["start", "start_shared"]
