"""A tunnel through an HTTP proxy: RFC 9110, section 9.3.6, CONNECT."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

__all__ = ["tunnel"]

_LONGEST_ANSWER: Final = 16 * 1024


async def tunnel(loop: asyncio.AbstractEventLoop, proxy: dict[str, Any], host: str, port: int) -> socket.socket:
    """Return a socket that the proxy ``{"host": …, "port": …}`` has connected; raise ConnectionError if it has not."""
    [(family, kind, number, _, address), *_] = await loop.getaddrinfo(
        proxy["host"], proxy["port"], type=socket.SOCK_STREAM
    )
    sock = socket.socket(family, kind, number)
    sock.setblocking(False)
    try:
        await loop.sock_connect(sock, address)
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        await loop.sock_sendall(sock, f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
        answer = await _answer(loop, sock)
    except BaseException:
        sock.close()
        raise
    status = answer.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        sock.close()
        raise ConnectionError(f"the proxy refused the tunnel: {status}")
    return sock


async def _answer(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    """Return the head of the proxy's answer. Nothing comes behind it: the client speaks first."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = await loop.sock_recv(sock, 4096)
        if not part or len(answer) > _LONGEST_ANSWER:
            raise ConnectionError("the proxy closed the connection, or its answer does not end")
        answer += part
    return answer
