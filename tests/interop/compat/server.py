"""Runs programs without starting Python for each: python server.py LIBRARY LOOP FOLDER.

Imports the library once, and then forks for each program. Takes what to run as a list of [name, file] in JSON from
standard input; leaves in FOLDER what each said (NAME.out) and logged (NAME.log), and prints a line of JSON with its
exit status when it ends.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).parent
LIMIT = 15
"""How long a program may take, in seconds."""
AT_A_TIME = 3

MODULES = {
    "autobahn": ("autobahn.{}.wamp", "autobahn.{}.component", "autobahn.wamp.auth", "autobahn.wamp.cryptosign"),
    "wamp": ("wamp.{}", "wamp.auth"),
}


def play(file: str, text: str, output: Path) -> NoReturn:
    """Become a program."""
    # The system ends it if it does not end itself, whatever it does meanwhile.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LIMIT)
    with output.with_suffix(".log").open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    import place

    status = 0
    with output.open("w") as place.output:
        try:
            exec(compile(text, file, "exec", dont_inherit=True), {"__name__": "__main__", "__file__": file})
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001  # as the interpreter reports it
            traceback.print_exc()
            status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    library, loop, folder = sys.argv[1:]
    from rewriting import rewritten

    for module in MODULES[library]:
        importlib.import_module(module.format(loop))
    importlib.import_module(f"loops.{loop}")
    # Each child has its own reactor, and no descriptor in common with the others.
    assert "twisted.internet.reactor" not in sys.modules
    waiting = json.load(sys.stdin)
    running: dict[int, str] = {}
    while waiting or running:
        while waiting and len(running) < AT_A_TIME:
            name, file = waiting.pop(0)
            text = rewritten(Path(file).read_text(), library, loop)
            pid = os.fork()
            if pid == 0:
                play(file, text, Path(folder, f"{name}.out"))
            running[pid] = name
        pid, status = os.wait()
        print(json.dumps([running.pop(pid), os.waitstatus_to_exitcode(status)]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
