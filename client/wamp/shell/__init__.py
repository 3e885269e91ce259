"""What the sessions of all event loops share: the pure session of ``wamp.session``, and the user's code around it.

``Shell`` carries out effects, runs hooks, procedures and handlers, and turns methods into messages. What is an event loop's
own (what a request returns, how one waits for it) is in the few methods that raise NotImplementedError here;
``wamp.twisted.session`` and ``wamp.asyncio.session`` fill them in. What happens once in a session is written as coroutines, which
either loop runs; what happens with each message is written without them.

Names, arguments and results are those of Autobahn's ``ApplicationSession``: methods in camelCase are called by the
transport, or are hooks of the application's. Every hook and handler may return a value or what its loop can await.
"""

from wamp.shell.base import Failure
from wamp.shell.hooks import Hooks
from wamp.shell.life import Shell

__all__ = ["Failure", "Hooks", "Shell"]
