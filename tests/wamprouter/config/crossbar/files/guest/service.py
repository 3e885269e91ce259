"""A service in a process of its own: joins the router that has started it, and says what it was told."""

import json
import os
import sys

from tests.support.raw import Client
from wamp.protocol.messages import Invocation

told = json.load(sys.stdin)
with Client(f"rs+unix://{os.path.abspath(sys.argv[1])}") as client:
    client.register("com.example.answer")
    sys.stdout.write(f"the question is {told['question']}\n")
    sys.stderr.write("no escapes: \x1b[2J\n")
    client.answer(client.expect(Invocation).request, os.environ["ANSWER"], "LEFT_OUT" in os.environ)
    client.closing()
