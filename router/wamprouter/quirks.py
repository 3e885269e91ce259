"""What clients in the field are known to have, or to lack, other than they announce.

A client is recognised by what its HELLO says; a later version that behaves says something else, or will be told apart here.
"""

from __future__ import annotations

from typing import Final

from wamp.protocol.roles import features

__all__ = ["gives_up_at_close", "is_autobahn_js", "is_autobahn_python", "meant"]

_AUTOBAHN_JS: Final = features(
    {
        "caller": {
            "features": dict.fromkeys(("caller_identification", "call_canceling", "progressive_call_results"), True)
        }
    }
)


def is_autobahn_js(agent: str | None, announced: frozenset[str]) -> bool:
    """Tell whether a client is autobahn-js, which takes the ERROR that answers its CANCEL for a protocol violation."""
    callers = frozenset(feature for feature in announced if feature.startswith("caller."))
    return agent is None and callers == _AUTOBAHN_JS


def is_autobahn_python(agent: str | None, announced: frozenset[str]) -> bool:
    """Tell whether a client is Autobahn|Python, which has no agent; ``payload_transparency`` is its own.

    It does not know RawSocket's PING: on asyncio it raises NotImplementedError, on Twisted it drops the connection.
    """
    return agent is None and any(feature.endswith(".payload_transparency") for feature in announced)


def gives_up_at_close(agent: str | None, announced: frozenset[str]) -> bool:
    """Tell whether a client takes a connection that is closed in order, before it has joined, for the end of its work.

    Autobahn|Python's Component does, with Twisted, whatever the close code, and comes back only if the connection is lost.
    """
    return is_autobahn_python(agent, announced)


def meant(agent: str | None, announced: frozenset[str]) -> frozenset[str]:
    """Return the features that a client has, whatever it announces.

    Autobahn|Python ends its connection at the first UNSUBSCRIBED that it has not asked for. wampy.js makes progressive calls
    to a router that announces them, and does not announce them itself.
    """
    if is_autobahn_python(agent, announced):
        return announced - {"subscriber.subscription_revocation"}
    if agent is not None and agent.startswith("Wampy.js"):
        return announced | {"caller.progressive_call_invocations"}
    return announced
