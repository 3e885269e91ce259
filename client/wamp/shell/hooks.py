"""Hooks in PEP 8 spelling."""

from __future__ import annotations

from typing import Any

from wamp.shell.life import Shell
from wamp.types import (
    CloseDetails,
    SessionDetails,
    Welcome,
)

__all__ = ["Hooks"]


class Hooks(Shell):
    """The hooks in PEP 8 spelling, as ``Session`` of Autobahn's has them."""

    def on_welcome(self, welcome: Welcome) -> Any:
        """Called when the router has accepted the session. Return a text to refuse it."""

    def on_join(self, details: SessionDetails) -> Any:
        """Called when the session is on the realm. An exception ends the session."""

    def on_leave(self, details: CloseDetails) -> Any:
        """Called when the session has ended or was refused. By default it closes the connection."""
        return super().onLeave(details)

    def on_connect(self) -> Any:
        """Called when the connection is open. By default it joins the realm of the configuration."""
        return super().onConnect()

    def on_disconnect(self) -> Any:
        """Called when the connection is closed."""

    def onWelcome(self, welcome: Welcome) -> Any:
        return self.on_welcome(welcome)

    def onJoin(self, details: SessionDetails) -> Any:
        return self.on_join(details)

    def onLeave(self, details: CloseDetails) -> Any:
        return self.on_leave(details)

    def onConnect(self) -> Any:
        return self.on_connect()

    def onDisconnect(self) -> Any:
        return self.on_disconnect()
