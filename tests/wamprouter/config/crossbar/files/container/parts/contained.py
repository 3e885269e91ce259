"""Components of a container worker, with Autobahn's class as Crossbar's users have it."""

from autobahn.twisted.wamp import ApplicationSession


class Service(ApplicationSession):
    def onJoin(self, details):
        return self.register(lambda: self.config.extra, "com.example.seven")


class Client(ApplicationSession):
    pass


def on_join(session, details):
    return session.register(lambda: details.authrole, "com.example.role")
