"""Results of long matches are read in parts and kept in few columns: the same tables, and the same messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sportstrack.draw import results
from sportstrack.draw.packed import PackedTracks
from sportstrack.draw.results import read_result
from sportstrack.errors import FormatError

ROWS = [
    f"{frame},{track},{10 * track + frame / 7:.2f},{frame / 3:.2f},20.25,41.5,0.{track}7,1,1,1\n"
    for frame in range(1, 40)
    for track in (3, 1, 2)
]


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LONG", 10)
    monkeypatch.setattr(results, "PART", 100)


def test_the_tables_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "match.txt"
    file.write_text("".join(ROWS[60:] + ROWS[:60]), encoding="utf-8")  # not in order
    whole = read_result(file)
    monkeypatch.setattr(results, "LONG", 10)
    monkeypatch.setattr(results, "PART", 100)
    parts = read_result(file)
    assert isinstance(parts.tracks, PackedTracks)
    assert list(parts.tracks) == sorted(whole.tracks)
    assert (parts.last, parts.every) == (whole.last, whole.every)
    for frame, tracks in whole.tracks.items():
        for name in ("xyxy", "score", "class_id", "track_id", "detection"):
            np.testing.assert_array_equal(getattr(parts.tracks[frame], name), getattr(tracks, name))
    with pytest.raises(KeyError):
        parts.tracks[100]


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("wrong", ["7,1,nan,2,3,4,1,1,1,1\n", "39,2,1,2,3,4,1,1,1,1\n", "words\n"])
def test_a_fault_names_its_line(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "match.txt"
    file.write_text("".join(ROWS) + wrong, encoding="utf-8")
    with pytest.raises(FormatError, match=f"line {len(ROWS) + 1}"):
        read_result(file)


@pytest.mark.usefixtures("in_parts")
def test_another_video_is_told(tmp_path: Path) -> None:
    file = tmp_path / "match.txt"
    file.write_text("".join(ROWS), encoding="utf-8")
    with pytest.raises(Exception, match="outside the 20x20 picture"):
        read_result(file).check_video("other.mp4", 20, 20, None)
