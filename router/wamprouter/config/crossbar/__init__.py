"""Crossbar's configuration, version 2, taken as it is.

``lower`` turns a document of Crossbar's into one of ours. Every field it may have is in the tables of ``policy``. The rest
of the configuration only sees our own form, and never learns where it came from.
"""

from wamprouter.config.crossbar.node import Lowered, lower
from wamprouter.config.crossbar.notes import Kind, Note, once

__all__ = ["Kind", "Lowered", "Note", "lower", "once"]
