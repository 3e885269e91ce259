"""A component tries its transports in turn, and tells of those that fail."""

from autobahn.asyncio.component import Component, run
from place import CLOSED_URL, REALM, URL, say

component = Component(
    transports=[
        {"type": "websocket", "url": CLOSED_URL, "max_retries": 0},
        {
            "type": "websocket",
            "url": URL,
            "initial_retry_delay": 0.01,
            "max_retry_delay": 0.05,
            "retry_delay_growth": 1.1,
            "retry_delay_jitter": 0.1,
            "serializers": ["cbor"],
            "options": {"open_handshake_timeout": 5, "autoPingInterval": 10, "auto_ping_timeout": 5},
        },
    ],
    realm=REALM,
)


@component.on_connectfailure
def failed(failed_component, error):
    say("connectfailure", failed_component is component, isinstance(error, Exception))


@component.on_join
async def joined(session, details):
    say("join", details.serializer)
    session.leave()


if __name__ == "__main__":
    run([component])
