import re
from datetime import datetime

import pytest

from lib import progress
from lib.progress import Work


@pytest.fixture
def clock(monkeypatch):
    """A time that only the test moves on."""

    class Clock:
        now = 1_000_000.0

    monkeypatch.setattr(progress.time, "time", lambda: Clock.now)
    return Clock


def test_a_line_every_ten_seconds(clock, capsys):
    with Work("train", 40, "steps") as work:
        for _ in range(25):
            clock.now += 1
            work.advance(1, "loss 2.000")
        lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "train: 10 of 40 steps (25 %), 30 s left, loss 2.000",
        "train: 20 of 40 steps (50 %), 20 s left, loss 2.000",
    ]


def test_without_a_total_there_is_a_rate(clock, capsys):
    with Work("read", unit="lines") as work:
        clock.now += 10
        work.advance(50)
    assert capsys.readouterr().err.startswith("read: 50 lines, 5 a second\n")


def test_the_last_line_gives_the_interval_of_the_work(clock, capsys):
    with Work("score"):
        clock.now += 2.5
    line = capsys.readouterr().err
    found = re.fullmatch(r"score: worked from (\S+) to (\S+) \(2\.5 s\)\n", line)
    start, end = map(datetime.fromisoformat, found.groups())
    assert (end - start).total_seconds() == 2.5
    assert start.timestamp() == 1_000_000


def test_failed_work_says_nothing(clock, capsys):
    with pytest.raises(RuntimeError), Work("score"):
        raise RuntimeError
    assert capsys.readouterr().err == ""
