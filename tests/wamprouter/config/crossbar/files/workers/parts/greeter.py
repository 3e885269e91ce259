"""A component beside a router worker, found by the worker's pythonpath."""

import os

from wamp.twisted import ApplicationSession


class Greeter(ApplicationSession):
    def onJoin(self, details):
        return self.register(lambda: os.environ["GREETING"], "com.example.greet")
