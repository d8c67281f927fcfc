"""Tables of scores in a terminal: no line is wider than it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from bench_files import RESULT, TRUTH, sequence
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.evaluate.command import main
from sportstrack.evaluate.fit import LEAST_FIRST, fitted
from sportstrack.score.table import MASK_SUMMARY, SUMMARY, render_trackers

ROWS = [("a sequence with a long name, c001", dict.fromkeys(SUMMARY, 0.5)), ("COMBINED", dict.fromkeys(SUMMARY, 0.25))]


@given(width=st.integers(30, 400), both=st.booleans())
def test_no_line_is_wider_than_the_terminal(width: int, both: bool) -> None:
    trackers = {"sort": ROWS, "bytetrack": ROWS[1:]} if both else {"sort": ROWS}
    text = fitted(trackers, SUMMARY, width)
    assert max(map(len, text.splitlines())) <= width
    assert "HOTA" in text
    full = render_trackers(trackers, "table", SUMMARY)
    if max(map(len, full.splitlines())) <= width:
        assert text == full
    else:
        assert "more columns with --wide" in text


def test_every_column_has_its_turn() -> None:
    assert set(LEAST_FIRST) | {"HOTA"} == {*SUMMARY, *MASK_SUMMARY}


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
@pytest.mark.parametrize("more", [[], ["--wide"], ["--columns", "HOTA,MOTA,IDF1,FAF"]])
def test_the_command_fits_its_terminal(bench: Path, more: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import pty

    reader, writer = pty.openpty()
    monkeypatch.setenv("COLUMNS", "60")
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["--truth", str(bench / "truth"), str(bench / "mine"), "--quiet", *more]) == 0
        terminal.flush()
        text = os.read(reader, 100_000).decode()
    os.close(reader)
    widest = max(map(len, text.splitlines()))
    assert (widest <= 60) == (more != ["--wide"])
    assert ("FAF" in text) == bool(more)


def test_results_are_listed_with_commas_or_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = sequence(tmp_path / "truth", "one", TRUTH)
    places = []
    for tracker in ("sort", "byte,track"):
        places.append(tmp_path / tracker)
        places[-1].mkdir()
        (places[-1] / "one.txt").write_text(RESULT)
    words = ["--truth", str(truth), "--columns", "HOTA", "--format", "csv", "--quiet"]
    said = []
    for results in (
        [*map(str, places)],
        ["--results", str(places[0]), "--results", str(places[1])],
        ["--results", str(places[0]), str(places[1])],
    ):
        assert main([*words, *results]) == 0
        said.append(sorted(capsys.readouterr().out.splitlines()))
    assert said[0] == said[1] == said[2]
    assert len(said[0]) == 3
    places[1].rename(tmp_path / "plain")
    assert main([*words, "--results", f"{places[0]},{tmp_path / 'plain'}"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(words) == 2
    assert "no results" in capsys.readouterr().err
