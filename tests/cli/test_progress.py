"""What a user reads while long work goes on."""

from __future__ import annotations

import io
import sys

import pytest

from sportstrack.cli import progress
from sportstrack.cli.progress import ProgressBar, say_beside_bars


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("first", "calls", "said"),
    [
        # (seconds since the first call, units done)
        (0, [(20, 100)], "work: 100/1000 (10 %) steps, 5.0 per second, 3 min left"),
        (500, [(50, 510)], "work: 510/1000 (51 %) steps, 5.0 s each, 41 min left"),
        (0, [(40, 2)], "work: 2/1000 (0 %) steps, 20.0 s each, 5 h 33 min left"),
        (0, [(3, 10), (9, 20)], ""),
        (0, [(11, 0)], "work: 0/1000 (0 %) steps"),
    ],
)
def test_a_log_says_how_long_it_will_take(
    first: int,
    calls: list[tuple[float, int]],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A resumed job's first units were done before: they say nothing of its pace."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with ProgressBar("work", "step") as bar:
        bar(first, 1000)
        for seconds, done in calls:
            now[0] = 1000.0 + seconds
            bar(done, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == bool(said)
    assert all(line.startswith(said) for line in lines)


def test_without_a_total_the_count_and_the_pace_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = ProgressBar("work")
    bar(0, None)
    now[0] += 10
    bar(30, None)
    assert capsys.readouterr().err == "work: 30 frames, 3.0 per second\n"


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with ProgressBar("work", quiet=True) as bar:
        bar(1, 2)
    assert capsys.readouterr().err == ""


def test_a_line_beside_a_bar_stands_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with ProgressBar("work", "step") as bar:
        bar(3, 10)
        say_beside_bars("epoch 1/2 is done")
        bar(4, 10)
    lines = screen.getvalue().replace("\r", "\n").splitlines()
    assert "epoch 1/2 is done" in lines
    assert any(line.startswith("work:  40%") and "4/10" in line for line in lines)
