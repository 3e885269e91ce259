"""The benchmark's table: medians, ratios, and what it warns about."""

from benchmarks.report import Sample, Samples, count, missed, table, warnings

NAMES = ["wamprouter", "Crossbar"]


def rates(subject: str, *values: float, scenario: str = "calls 4x32", figure: str = "rate") -> list[Sample]:
    return [Sample(subject, "json", scenario, figure, value) for value in values]


def line(text: str, title: str) -> list[str]:
    (found,) = (line for line in text.splitlines() if line.startswith(f"| {title} "))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_line_shows_medians_ratio_and_ceiling() -> None:
    """The figures of several rounds become one, and the ratio is that of the medians."""
    samples = Samples(
        rates("wamprouter", 90_000, 100_000, 500_000) + rates("Crossbar", 6_000, 5_000, 1) + rates("echo", 800_000)
    )
    assert line(table(samples, NAMES, ["json"]), "calls/s, 4 callers × 32 in flight") == [
        "calls/s, 4 callers × 32 in flight",
        "JSON",
        "100,000",
        "5,000",
        "20.0×",
        "800,000",
    ]


def test_one_router_has_no_ratio() -> None:
    """With one router the column is missing, and what was not measured is a dash."""
    text = table(Samples(rates("Crossbar", 6_000)), ["Crossbar"], ["json"])
    assert line(text, "calls/s, 4 callers × 32 in flight") == ["calls/s, 4 callers × 32 in flight", "JSON", "6,000", ""]
    assert "–" in line(text, "joins/s, 8 at a time")


def test_all_lines_have_the_same_columns() -> None:
    """The table is Markdown that can be copied."""
    lines = table(Samples([]), NAMES, ["json", "msgpack"]).splitlines()
    assert len({line.count("|") for line in lines}) == 1


def test_figure_near_the_ceiling_is_doubtful() -> None:
    """Above half of what the generator sustains, a warning says so."""
    samples = Samples(rates("wamprouter", 410_000) + rates("Crossbar", 6_000) + rates("echo", 800_000))
    (warning,) = warnings(samples, NAMES, ["json"])
    assert "wamprouter" in warning
    assert "51%" in warning


def test_router_without_a_core_is_doubtful() -> None:
    """A router that had to wait for the processor is named."""
    samples = Samples(rates("wamprouter", 1) + rates("echo", 800_000) + rates("wamprouter", 0.6, figure="router_busy"))
    (warning,) = warnings(samples, NAMES, ["json"])
    assert "wamprouter calls 4x32 JSON 60%" in warning


def test_missed_goals() -> None:
    """Goals are bounds of ratios, from below or from above."""
    samples = Samples(
        rates("wamprouter", 100_000)
        + rates("Crossbar", 5_000)
        + rates("wamprouter", 0.3, scenario="calls 1", figure="p50")
        + rates("Crossbar", 0.4, scenario="calls 1", figure="p50")
    )
    assert missed(samples, NAMES) == ["… p50 (calls 1): 0.75×, goal: at most 0.5×"]


def test_missed_goals_of_our_own() -> None:
    """Memory, time to start and packages have bounds of their own, whatever Crossbar's are."""
    samples = Samples(
        [
            Sample(name, "", "start", figure, value)
            for name, times in (("wamprouter", 1), ("Crossbar", 4))
            for figure, value in (("resident", 71e6 * times), ("seconds", 0.4 * times), ("packages", 29 * times))
        ]
    )
    assert missed(samples, NAMES) == ["resident memory when idle: 71 MB, goal: at most 70 MB"]


def test_count_shows_three_digits() -> None:
    """More digits than that are noise."""
    assert [count(each) for each in (260_843, 5_632, 863.4, 999.9)] == ["261,000", "5,630", "863", "1,000"]
