"""The WAMP protocol, shared by client and router: messages, serializers, framing, URIs, ids, errors.

No I/O, no clock, no randomness: everything here is a function of its arguments.
"""
