"""The computations of authentication, as pure functions for both ends: WAMP-CRA, SCRAM and cryptosign.

What is random or from the clock (nonces, challenges, timestamps) is an argument. Nobody is looked up here, and nothing is
remembered: the router and the client keep what they sent, and pass it in again.

One rule for malformed input everywhere. A function that *checks* what a peer sent (``verify…``) returns False or None for
whatever is not right, be it a wrong signature or no signature at all. A function that *reads* or *makes* something raises
ValueError. Nothing else is raised for any text.
"""
