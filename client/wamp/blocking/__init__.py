"""WAMP for programs without an event loop: ``wamp.connect``, whose methods return results.

An event loop of its own runs ``wamp.asyncio`` in a thread; here is what leads there and back, and what a ``fork`` means for it.
"""

from wamp.blocking.connecting import connect
from wamp.blocking.session import BlockingHeld, BlockingSession
from wamp.blocking.streams import BlockingStream

__all__ = ["BlockingHeld", "BlockingSession", "BlockingStream", "connect"]
