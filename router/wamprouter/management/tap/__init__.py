"""Taps: the messages of chosen sessions or URIs, shown to somebody who runs the router, while they happen.

``wamprouter.management.tap.taps`` has the procedures and the life of a tap, ``wamprouter.management.tap.tap`` decides what one shows,
``wamprouter.management.tap.watch`` looks at a session's messages, and ``wamprouter.management.tap.records`` says what is told of one.
"""

from wamprouter.management.tap.taps import Taps

__all__ = ["Taps"]
