"""Procedures as attributes: ``session.rpc.com.example.add2(2, 3)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

__all__ = ["Rpc"]


class Rpc:
    """A part of a URI, or all of it: then calling it calls the procedure.

    All arguments of such a call go to the procedure. Options are given before the first component:
    ``session.rpc(timeout=2).com.example.add2(2, 3)``. Components that are no Python names are given in brackets:
    ``session.rpc["com.example.add-2"](2, 3)``.
    """

    __slots__ = ("_call", "_how", "_uri")

    def __init__(self, call: Callable[..., Any], how: dict[str, Any] | None = None, uri: str | None = None) -> None:
        """``call(uri, args, kwargs, **how)`` calls a procedure."""
        self._call = call
        self._how = how or {}
        self._uri = uri

    def __getattr__(self, name: str) -> Self:
        # Python, debuggers and notebooks ask every object for names that begin so.
        if name.startswith("_"):
            raise AttributeError(f"{name!r} is not taken for a part of a URI: write rpc[{name!r}]")
        return self[name]

    def __getitem__(self, name: str) -> Self:
        return type(self)(self._call, self._how, name if self._uri is None else f"{self._uri}.{name}")

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if self._uri is not None:
            return self._call(self._uri, args, kwargs, **self._how)
        if args:
            raise TypeError("rpc(...) takes options by name: timeout=, options=, returns=")
        return type(self)(self._call, {**self._how, **kwargs})

    def __repr__(self) -> str:
        return f"<procedure {self._uri}>" if self._uri is not None else "<procedures by their URI>"
