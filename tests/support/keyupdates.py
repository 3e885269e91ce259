"""A TLS 1.3 client that asks for new keys, which no Python library can: the system's own OpenSSL, with buffers in memory.

It has the few methods of pyOpenSSL's ``Connection`` that a test needs.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from OpenSSL import SSL

__all__ = ["KeyUpdates"]

_UPDATE_REQUESTED = 1  # SSL_KEY_UPDATE_REQUESTED: the other end must answer with one of its own


def _libraries() -> tuple[ctypes.CDLL, ctypes.CDLL] | None:
    names = ctypes.util.find_library("ssl"), ctypes.util.find_library("crypto")
    try:
        ssl, crypto = (ctypes.CDLL(name) for name in names if name)
        ssl.SSL_key_update  # noqa: B018  # not there before OpenSSL 1.1.1
    except (ValueError, OSError, AttributeError):
        return None
    return ssl, crypto


class KeyUpdates:
    """One connection."""

    @staticmethod
    def is_possible() -> bool:
        return _libraries() is not None

    def __init__(self) -> None:
        libraries = _libraries()
        assert libraries is not None
        self._ssl, self._crypto = libraries
        context = self._new(self._ssl, "SSL_CTX_new", self._new(self._ssl, "TLS_client_method"))
        self._connection = self._new(self._ssl, "SSL_new", context)
        memory = self._new(self._crypto, "BIO_s_mem")
        self._in, self._out = (self._new(self._crypto, "BIO_new", memory) for _ in range(2))
        self._ssl.SSL_set_bio(self._connection, self._in, self._out)

    @staticmethod
    def _new(library: ctypes.CDLL, name: str, *arguments: Any) -> ctypes.c_void_p:
        function = getattr(library, name)
        function.restype = ctypes.c_void_p
        return ctypes.c_void_p(function(*arguments))

    def set_connect_state(self) -> None:
        self._ssl.SSL_set_connect_state(self._connection)

    def do_handshake(self) -> None:
        self._ssl.SSL_do_handshake(self._connection)

    def is_shaken(self) -> bool:
        return bool(self._ssl.SSL_is_init_finished(self._connection))

    def update_keys(self) -> None:
        self._ssl.SSL_key_update(self._connection, _UPDATE_REQUESTED)
        self._ssl.SSL_do_handshake(self._connection)

    def bio_read(self, count: int) -> bytes:
        buffer = ctypes.create_string_buffer(min(count, 1 << 14))
        length = self._crypto.BIO_read(self._out, buffer, len(buffer))
        if length <= 0:
            raise SSL.WantReadError
        return buffer.raw[:length]

    def bio_write(self, data: bytes) -> None:
        self._crypto.BIO_write(self._in, data, len(data))
