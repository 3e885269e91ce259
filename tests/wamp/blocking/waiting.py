"""Waiting for what other threads and processes do."""

import os
import select
import signal
import threading
import time
import traceback

PATIENCE = 20.0


def threads():
    """Return the threads of sessions that run."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("wamp")}


def until(condition):
    """Return as soon as a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it has not come about"
        threading.Event().wait(0.002)


def in_child(work):
    """Run ``work()`` in a child process, which ends without a word; return the text that it returned, or its traceback."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))
        try:
            text = str(work())
        except BaseException:  # noqa: BLE001  # it is told to the parent
            text = traceback.format_exc()
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    return Child(child, reading)


class Child:
    """A child process, and what it has to say."""

    def __init__(self, number, reading):
        self.number = number
        self._reading = reading

    def result(self):
        """Return what it has returned; it has ended then."""
        with open(self._reading, "rb") as file:
            assert select.select([file], [], [], PATIENCE)[0], "the child says nothing"
            text = file.read().decode()
        os.waitpid(self.number, 0)
        return text
