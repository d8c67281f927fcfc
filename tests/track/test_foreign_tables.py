"""Tables of other libraries: shapes that are mistaken for boxes, ids of any kind, frames of py-motmetrics' loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st

from sportstrack import Detections, Tracks, score_tracks
from sportstrack.checks import NO_IDENTITY, as_identities
from sportstrack.errors import FormatError, SettingError

BOXES = np.array([[50.0, 100, 90, 200], [150, 100, 190, 200]])
WHOLE = np.hstack([BOXES, [[0.9, 0], [0.8, 1]]])  # x1 y1 x2 y2 score class


# --- shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            WHOLE,
            r"expected shape \(N, 4\), got \(2, 6\); Detections.from_table\(table\) takes a detector's whole table",
        ),
        (WHOLE[:1], r"got \(1, 6\)"),
        (np.tile(WHOLE[:, :5], (2, 1)), r"got \(4, 5\); Detections.from_table"),
        (WHOLE[:, :5], r"got \(2, 5\)"),
        (np.tile(BOXES, (4, 1)).T, r"got \(4, 8\); are these columns"),
        (BOXES[None], r"got \(1, 2, 4\); one table holds one frame"),
        (BOXES.reshape(-1), r"got \(8,\)"),
        (BOXES[:, :3], r"got \(2, 3\)"),
        ([[1, 2, 3, 4], [1, 2, 3]], "expected an array of numbers"),
        ([["a", "b", "c", "d"]], "expected an array of numbers"),
    ],
)
def test_what_is_no_table_of_boxes_is_refused(table: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        Detections.from_arrays(table)


@pytest.mark.parametrize("empty", [[], np.empty((0, 4)), np.empty((0, 6)), np.empty(0)])
def test_a_table_without_rows_has_no_boxes(empty: Any) -> None:
    assert len(Detections.from_arrays(empty, [], [])) == 0


def test_one_box_may_be_four_numbers() -> None:
    assert Detections.from_arrays([1, 2, 3, 4]).xyxy.tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("classes", [[0.5, 1], [np.nan, 1], ["a", "b"], [np.inf, 0]])
def test_classes_are_whole_numbers(classes: Any) -> None:
    with pytest.raises(SettingError, match="class_id: expected"):
        Detections.from_arrays(BOXES, None, classes)


@pytest.mark.parametrize("column", ["xyxy", "score", "class_id", "track_id"])
def test_rows_of_unequal_length_are_refused(column: str) -> None:
    columns: dict[str, Any] = {
        "xyxy": BOXES, "score": np.ones(2), "class_id": np.zeros(2, int), "track_id": np.arange(2),
        "detection": np.arange(2),
    }  # fmt: skip
    with pytest.raises(SettingError, match=f"Tracks.{column}: expected an array"):
        Tracks(**columns | {column: [[1, 2], [3]]})


# --- ids -------------------------------------------------------------------------------------------------------------


def frames_of(ids: list[Any]) -> list[sv.Detections]:
    """Two players over three frames, as supervision has them."""
    found = []
    for frame in range(3):
        detections = sv.Detections(xyxy=BOXES + 3 * frame, confidence=np.ones(2), class_id=np.zeros(2, int))
        detections.tracker_id = np.array(ids)
        found.append(detections)
    return found


def truth() -> np.ndarray:
    rows = [(t + 1, i + 1, *(BOXES[i, :2] + 3 * t), 40, 100) for t in range(3) for i in range(2)]
    return np.array(rows)


KINDS = [[0, 1], [-2, -7], [5, 2**60], [2**63 + 5, 7], [1.0, 2.0], [0.5, 1.5], ["a", "b"], ["0", "1"], [True, False]]


@pytest.mark.parametrize("ids", KINDS, ids=str)
def test_ids_of_any_kind_are_followed(ids: list[Any]) -> None:
    tables = [Tracks.from_supervision(frame) for frame in frames_of(ids)]
    assert all(table.track_id.tolist() == tables[0].track_id.tolist() for table in tables)
    assert [len(table) for table in tables] == [2, 2, 2]
    assert score_tracks(truth(), tables).MOTA == 1
    frame = pd.DataFrame(truth(), columns=["frame", "id", "left", "top", "width", "height"])
    frame["id"] = pd.Series(ids * 3, dtype=object)
    assert score_tracks(truth(), frame).MOTA == 1
    rows = truth().astype(object)
    rows[:, 1] = ids * 3
    assert score_tracks(truth(), rows).MOTA == 1


@pytest.mark.parametrize("ids", [[0, -1], [7.0, np.nan], [None, "a"]])
def test_a_row_without_identity_is_no_track(ids: list[Any]) -> None:
    tables = [Tracks.from_supervision(frame) for frame in frames_of(ids)]
    assert [len(table) for table in tables] == [1, 1, 1]
    assert score_tracks(truth(), tables).MOTA == 0.5


@given(st.lists(st.integers(-(2**70), 2**70) | st.text() | st.floats(allow_nan=False), unique=True, max_size=20))
def test_different_ids_stay_different(ids: list[Any]) -> None:
    found = as_identities(np.array([*ids, None], object))
    assert found[-1] == NO_IDENTITY
    assert len(set(found[:-1].tolist())) == len({repr(i) if isinstance(i, str) else i for i in ids})
    assert (found.astype(np.float64).astype(np.int64) == found).all()
    small = [i for i in ids if isinstance(i, int) and abs(i) < 2**52]
    assert as_identities(np.array(small, np.int64)).tolist() == small


def test_tracks_that_go_to_supervision_and_back_keep_their_ids() -> None:
    there = Tracks(BOXES, np.ones(2), np.zeros(2, int), np.array([0, 12]), np.arange(2)).to_supervision()
    assert Tracks.from_supervision(there).track_id.tolist() == [0, 12]


# --- py-motmetrics ---------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Operation with tuple is deprecated")  # in motmetrics
def test_frames_of_motmetrics_loader_score_as_their_file(tmp_path: Path) -> None:
    motmetrics = pytest.importorskip("motmetrics")
    text = "".join(f"{t},1,{10 * t},20,6,9,1,-1,-1,-1\n" for t in (1, 2, 3))
    (tmp_path / "r.txt").write_text(text)
    moved = text.replace(",20,6,9,", ",22,6,9,")
    (tmp_path / "t.txt").write_text(moved)
    expected = score_tracks(tmp_path / "t.txt", tmp_path / "r.txt")
    frame = motmetrics.io.loadtxt(str(tmp_path / "r.txt"), fmt="mot15-2D")
    for one in (frame, frame.reset_index()):
        assert score_tracks(tmp_path / "t.txt", one).HOTA == expected.HOTA
    other = motmetrics.io.loadtxt(str(tmp_path / "t.txt"), fmt="mot15-2D")
    assert score_tracks(other, frame).HOTA == expected.HOTA


def test_half_of_motmetrics_columns_are_refused_and_other_names_taken_as_they_are() -> None:
    rows = pd.DataFrame(truth(), columns=["FrameId", "Id", "X", "Y", "Width", "Height"])
    with pytest.raises(FormatError, match="py-motmetrics', whose loader takes 1 pixel off"):
        score_tracks(truth(), rows)
    named = rows.set_axis(["frame", "id", "left", "top", "width", "height"], axis=1)
    assert score_tracks(truth(), named).LocA == 1
    assert score_tracks(truth(), named.set_index(["frame", "id"])).LocA == 1


def test_text_in_a_column_of_numbers_is_refused_by_name() -> None:
    rows = pd.DataFrame(truth(), columns=["frame", "id", "left", "top", "width", "height"]).astype(object)
    rows.loc[1, "left"] = "wide"
    with pytest.raises(FormatError, match="column left: expected numbers"):
        score_tracks(truth(), rows)
    with pytest.raises(FormatError, match="expected an array of numbers"):
        score_tracks(truth(), rows.to_numpy())
