"""What can go wrong in a measurement. Nothing here is recovered from: a benchmark that lost something has no result."""


class BenchmarkError(Exception):
    """The measurement is void; the text says why."""


class FrameError(BenchmarkError):
    """The router sent something that is not an unmasked, unfragmented WebSocket frame."""


class Lost(BenchmarkError):
    """A call was not answered exactly once, or an event did not arrive exactly once."""
