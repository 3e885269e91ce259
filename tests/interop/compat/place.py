"""Where a program of this folder is: the router's addresses, the realm, and what it says things to."""

from __future__ import annotations

import os
import sys

URL = os.environ["WAMP_URL"]
RAWSOCKET_URL = os.environ["WAMP_RAWSOCKET_URL"]
LOGIN_URL = os.environ["WAMP_LOGIN_URL"]
"""Where nobody is anonymous."""
CLOSED_URL = os.environ["WAMP_CLOSED_URL"]
"""Where nobody listens."""
REALM = os.environ["WAMP_REALM"]

# Kept from before Autobahn's `run`, which on Twisted takes what is printed for itself.
output = sys.stdout


def say(*values: object) -> None:
    """Print a line."""
    print(*values, file=output, flush=True)
