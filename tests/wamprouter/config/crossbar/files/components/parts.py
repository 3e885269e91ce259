"""Components of a router worker."""

from autobahn.twisted.wamp import ApplicationSession as OnAutobahn

from wamp.twisted import ApplicationSession


class Adder(OnAutobahn):
    def onJoin(self, details):
        return self.register(lambda a, b: a + b + self.config.extra["offset"], "com.example.add2")


class Powerful(ApplicationSession):
    def onJoin(self, details):
        return self.register(lambda: self.authrole, "org.example.role")


def on_join(session, details):
    return session.register(lambda: session.config.extra, "com.example.extra")
