"""What a user reads while long work goes on."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from sportstrack.cli import progress
from sportstrack.cli.progress import Bars, ProgressBar, say_beside_bars, shown


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


def test_true_shows_a_bar_false_and_none_nothing_and_a_function_is_called_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with shown(True, "match") as called:
        assert called is not None
        called(3, 4)
    assert "match:  75%" in capsys.readouterr().err
    for nothing in (False, None):
        with shown(nothing, "match") as called:
            assert called is None
    with shown(print, "match") as called:
        assert called is print
    assert capsys.readouterr().err == ""


def test_one_bar_follows_the_other(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Bars("picture") as bars:
        bars("detecting", 2, 2)
        bars("writing", 1, 1)
    err = capsys.readouterr().err
    assert "detecting: 100%" in err
    assert err.index("detecting") < err.index("writing: 100%")
    with Bars("picture", quiet=True) as bars:
        bars("detecting", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_notebook_has_a_bar_although_it_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernel))
    drawn: list[tuple[int, int | None]] = []
    monkeypatch.setattr(ProgressBar, "_draw", lambda self, done, expected: drawn.append((done, expected)))
    ProgressBar("match")(1, 2)
    assert drawn == [(1, 2)]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    ProgressBar("match")(2, 2)
    assert drawn == [(1, 2)]
