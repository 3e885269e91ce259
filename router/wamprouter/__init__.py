"""A WAMP router: brokers calls and events between the sessions of a realm.

`wamprouter.config` reads what an operator wrote, `wamprouter.node` builds the router from it, `wamprouter.running` makes
it a process, `wamprouter.cli` is the command line. Importing this package imports none of them, so that `wamprouter --help` answers at once.
"""

__version__ = "0.1.0"
