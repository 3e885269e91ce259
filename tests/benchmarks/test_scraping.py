"""The benchmark of being watched runs, and says what it has measured."""

from benchmarks.scraping import main


def test_it_says_what_an_answer_took_and_what_calls_took(capsys):
    assert 0 == main(["--sessions", "5", "--seconds", "0.2", "--rounds", "1", "--bound", "5000"])
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("5 sessions; /metrics: ")
    assert ["meanwhile", "nothing", "scraped each second"] == [row[:20].strip() for row in rows]
