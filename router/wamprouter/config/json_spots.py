"""Where the values of a JSON text stand. The text has been read already, so nothing is checked here."""

import json
import re

from wamprouter.config.positions import Spot

# One value, key or sign of punctuation. Colons and commas say nothing that the order does not say.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s\[\]{},:"]+')


def spots(text: str) -> Spot:
    """Return the spots of a valid JSON text. Its depth costs no recursion."""
    root = Spot(0)
    around: list[Spot] = []  # the containers that are open, and whether each is an object
    objects: list[bool] = []
    key: tuple[str, int] | None = None
    for token in _TOKEN.finditer(text):
        sign, offset = token[0], token.start()
        if sign in ("]", "}"):
            around.pop()
            objects.pop()
            continue
        if objects and objects[-1] and key is None:
            key = json.loads(sign), offset
            continue
        spot = Spot(offset)
        if not around:
            root = spot
        elif key is not None and objects[-1]:
            around[-1].put(key[0], spot, key[1])
            key = None
        else:
            around[-1].below[len(around[-1].below)] = spot
        if sign in ("[", "{"):
            around.append(spot)
            objects.append(sign == "{")
    return root
