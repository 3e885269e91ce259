"""Certificates made for a test: an authority of its own, the files that a router reads, and the other end's context."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import trustme

__all__ = ["Authority"]


class Authority:
    """Signs certificates. ``folder`` is where its files go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = trustme.CA()
        self.file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str = "router", **how: Any) -> dict[str, str]:
        """Write a new key and certificate for this machine; return them as an endpoint's ``tls`` has them."""
        made = self.ca.issue_cert("localhost", "127.0.0.1", common_name=name, **how)
        files = {"key": self.folder / f"{name}.key", "certificate": self.folder / f"{name}.pem"}
        made.private_key_pem.write_to_path(str(files["key"]))
        files["certificate"].write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        return {what: str(path) for what, path in files.items()}

    def endpoint(self, **more: Any) -> dict[str, Any]:
        """Return an endpoint with TLS, on a port that the system chooses."""
        return {"type": "tcp", "port": 0, "tls": {**self.issue(), **more}}

    def trusting(self, certificate: dict[str, str] | None = None) -> ssl.SSLContext:
        """Return the context of a client that trusts this authority, with a certificate of its own if there is one."""
        context = ssl.create_default_context(cafile=str(self.file))
        if certificate is not None:
            context.load_cert_chain(certificate["certificate"], certificate["key"])
        return context
