"""HTTP to others: events become requests, and procedures are answered by web services.

It is a session like any other component. ``templates``, ``signatures`` and ``retries`` decide, ``requests`` sends one request,
``couriers`` have the events that wait, ``session`` puts these together.
"""
