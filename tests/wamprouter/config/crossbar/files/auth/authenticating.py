"""Authenticators as Crossbar's documentation shows them."""

from wamp.twisted import ApplicationSession


class Authenticator(ApplicationSession):
    def onJoin(self, details):
        return self.register(self.authenticate, "com.example.authenticate")

    def authenticate(self, realm, authid, details):
        return {"role": "backend", "ticket": "open sesame"} if details.get("ticket") == "open sesame" else "public"


def create(config, controller=None):
    def authenticate(realm, authid, details):
        return {"role": "backend", "secret": "secret of " + authid}

    return authenticate
