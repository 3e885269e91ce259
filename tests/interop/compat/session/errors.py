"""Errors go from a procedure to its caller: as ApplicationError, or as the class that stands for the URI."""

from autobahn import wamp
from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from loops.asyncio import stop
from place import REALM, URL, say


@wamp.error("com.errors.too_small")
class TooSmall(Exception):
    def __init__(self, value, limit=None):
        Exception.__init__(self, value, limit)
        self.value = value
        self.limit = limit


class Unlucky(Exception):
    pass


def fail_generally(text):
    raise ValueError(text, 13)


async def fail_with_uri():
    raise ApplicationError("com.errors.custom", "text", 1, key="value")


def fail_small(value):
    raise TooSmall(value, 10)


def fail_unlucky():
    raise Unlucky("not today")


def fail_unknown():
    raise ApplicationError("com.errors.nobody_knows")


class Errors(ApplicationSession):
    async def attempt(self, name, *args, **kwargs):
        try:
            say(name, "gave", await self.call(f"com.errors.{name}", *args, **kwargs))
        except ApplicationError as error:
            say(name, error.error, error.args, sorted(error.kwargs.items()))
        except TooSmall as error:
            say(name, "TooSmall", error.value, error.limit)
        except Unlucky as error:
            say(name, "Unlucky", error.args)

    async def onJoin(self, details):
        for function in (fail_generally, fail_with_uri, fail_small, fail_unlucky, fail_unknown):
            await self.register(function, f"com.errors.{function.__name__}")
        await self.attempt("fail_generally", "text")
        await self.attempt("fail_with_uri")
        await self.attempt("fail_unlucky")
        await self.attempt("fail_unknown")

        self.define(TooSmall)
        self.define(Unlucky, "com.errors.unlucky")
        await self.attempt("fail_small", 3)
        await self.attempt("fail_unlucky")
        await self.attempt("fail_with_uri")

        try:
            await self.call("com.errors.missing")
        except ApplicationError as error:
            say(error.error == ApplicationError.NO_SUCH_PROCEDURE, error.error)
        try:
            await self.register(fail_small, "com.errors.fail_small")
        except ApplicationError as error:
            say(error.error == ApplicationError.PROCEDURE_ALREADY_EXISTS, error.error)
        say(isinstance(ApplicationError("com.errors.x"), wamp.Error))
        self.leave()

    def onUserError(self, fail, msg):
        """Autobahn tells the session what its procedures raised, which is in the log otherwise."""
        say("onUserError", type(fail.value).__name__)

    def onDisconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Errors)
