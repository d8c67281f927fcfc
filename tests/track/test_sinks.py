"""The text outputs hold what was tracked."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sportstrack.track.frames import TrackedFrame
from sportstrack.track.sinks import TEXT_SINKS
from sportstrack.types import Detections, Tracks

TRACKS = Tracks(
    np.array([[1.0, 2.0, 11.0, 22.0], [5.0, 5.0, 6.5, 8.25]]),
    np.array([0.5, 0.75]),
    np.array([0, 1]),
    np.array([4, 9]),
    np.array([1, -1]),
)
FRAME = TrackedFrame(7, 0.28, Detections.from_arrays([[0, 0, 1, 1], [1, 2, 11, 22]]), tracks=TRACKS)


def written(kind: str, folder: Path, names: dict[int, str], frame: TrackedFrame = FRAME) -> str:
    sink = TEXT_SINKS[kind](folder / f"out{TEXT_SINKS[kind].suffix}", names)
    sink.write(frame)
    sink.finish()
    assert not sink.path.exists(), "the name is given when all files of a run are complete"
    return sink.file.part.read_text(encoding="utf-8")


def test_mot_text_counts_frames_from_one_and_writes_tlwh(tmp_path: Path) -> None:
    row = written("mot", tmp_path, {}).splitlines()[0].split(",")
    assert [float(v) for v in row] == [8, 4, 1, 2, 10, 20, 0.5, 1, -1, -1]


def test_csv_has_a_header_and_quotes_names(tmp_path: Path) -> None:
    text = written("csv", tmp_path, {0: 'left, "home"', 1: "ball"})
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["class"] for row in rows] == ['left, "home"', "ball"]
    assert (rows[0]["frame"], rows[0]["track_id"], rows[0]["x2"], rows[1]["detection"]) == ("7", "4", "11.00", "-1")


def test_json_lines_hold_one_object_per_frame(tmp_path: Path) -> None:
    (line,) = written("jsonl", tmp_path, {0: "jugador ñ"}).splitlines()
    record = json.loads(line)
    assert (record["frame"], record["time"]) == (7, 0.28)
    assert record["tracks"][0]["class"] == "jugador ñ"
    assert record["tracks"][1]["class"] == "1"
    assert record["tracks"][1]["box"] == [5.0, 5.0, 6.5, 8.25]


@pytest.mark.parametrize("kind", sorted(set(TEXT_SINKS) - {"mots"}))  # which holds masks and no boxes
def test_text_holds_the_smoothed_boxes_where_there_are_any(kind: str, tmp_path: Path) -> None:
    boxes = TRACKS.xyxy + 0.25
    smoothed = replace(FRAME, tracks=replace(TRACKS, smoothed=boxes))
    moved = replace(FRAME, tracks=replace(TRACKS, xyxy=boxes))
    text = []
    for number, frame in enumerate((smoothed, moved, FRAME)):
        folder = tmp_path / str(number)
        folder.mkdir()
        text.append(written(kind, folder, {}, frame))
    assert text[0] == text[1] != text[2]
