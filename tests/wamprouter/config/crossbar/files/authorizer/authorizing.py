"""Decides as Crossbar's documentation shows it."""

from wamp.twisted import ApplicationSession


class Authorizer(ApplicationSession):
    def onJoin(self, details):
        return self.register(self.authorize, "com.example.authorize")

    def authorize(self, session, uri, action, options):
        return {"allow": uri.startswith("com.example."), "cache": True, "disclose": False}
