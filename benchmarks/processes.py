"""What /proc knows about a router: a tree of processes, their memory and processor time."""

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    try:
        tasks = [int(task) for task in os.listdir(f"/proc/{pid}/task")]
        children = [child for task in tasks for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(descendant for child in children for descendant in tree(int(child)))]


def resident(pid: int) -> int:
    """Return the resident memory of the tree in octets."""
    return sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) * _PAGE for each in tree(pid))


def processor_time(pid: int) -> float:
    """Return the processor time that the tree has used, in seconds."""
    ticks = 0
    for each in tree(pid):
        # The command's name, in parentheses, may contain anything.
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS
