"""Open files, of which each connection is one: as many as the router may need, if the system lets it."""

from __future__ import annotations

__all__ = ["allow_open_files"]


def allow_open_files(wanted: int) -> int:
    """Raise the process's own limit of open files to ``wanted``, or as far as it may; return what it is then.

    The limit of 1024 that most processes begin with is for those who use ``select``, and far too low for a router.
    """
    import resource  # not on every platform; where it is not, there is no such limit

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed, soft)
