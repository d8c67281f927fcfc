"""Tables as records, pandas frames, supervision's tables and lines; MOT text written from Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from sportstrack import (
    Detections,
    MotTable,
    Recording,
    SportstrackError,
    Summary,
    Tracks,
    TrackTable,
    create_tracker,
    read_mot,
    write_mot,
)
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter

NAMES = {0: "player", 32: "ball"}
FOUND = Detections.from_arrays([[0, 1, 10, 21], [5, 5, 9, 9.5]], [0.75, 0.5], [0, 32])
TRACKS = Tracks(FOUND.xyxy, FOUND.score, FOUND.class_id, np.array([3, 7]), np.array([0, 1]))
SECOND = TRACKS[[1]]
MOT = MotTable.from_tracks([TRACKS, Tracks.empty(), SECOND])


def test_records_are_plain_values() -> None:
    rows = FOUND.to_records(NAMES)
    assert rows[1] == {
        "class_id": 32, "class_name": "ball", "x1": 5.0, "y1": 5.0, "x2": 9.0, "y2": 9.5, "score": 0.5,
    }  # fmt: skip
    assert json.loads(json.dumps(TRACKS.to_records()))[0] == {
        "track_id": 3, "class_id": 0, "x1": 0.0, "y1": 1.0, "x2": 10.0, "y2": 21.0, "score": 0.75, "detection": 0,
    }  # fmt: skip
    assert Detections.empty().to_records() == []


def test_pandas_frames_have_the_rows_of_the_table() -> None:
    frame = TRACKS.to_pandas(NAMES)
    assert frame.loc[frame.class_name == "ball", "track_id"].tolist() == [7]
    np.testing.assert_array_equal(frame[["x1", "y1", "x2", "y2"]], TRACKS.xyxy)
    assert len(Tracks.empty().to_pandas()) == 0


@pytest.mark.parametrize("table", [MOT, TrackTable.from_mot(MOT)])
def test_results_count_classes_as_the_detector_does(table: MotTable | TrackTable) -> None:
    frame = table.to_pandas(NAMES)
    assert frame.groupby("track_id").frame.apply(list).to_dict() == {3: [0], 7: [0, 2]}
    assert set(zip(frame.class_id, frame.class_name, strict=True)) == {(0, "player"), (32, "ball")}
    unknown = TrackTable.of([0], [1], [[0, 0, 1, 1]]).to_records(NAMES)[0]
    assert (unknown["class_id"], unknown["class_name"]) == (-1, "-1")


@pytest.mark.parametrize("table", [MOT, TrackTable.from_mot(MOT)])
def test_results_become_supervision_s_tables_frame_by_frame(table: MotTable | TrackTable) -> None:
    first, none, last = table.to_supervision(NAMES)
    assert first.tracker_id.tolist() == [3, 7]
    assert len(none) == 0
    assert last.data["class_name"].tolist() == ["ball"]
    again = Tracks.from_supervision(first)
    np.testing.assert_array_equal(again.xyxy, TRACKS.xyxy)
    np.testing.assert_array_equal(again.class_id, TRACKS.class_id)


def test_recordings_convert(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "match.npz", RecordingInfo("match", 100, 50, 25.0, NAMES))
    writer.write(RecordedFrame(0, 0.0, FOUND, tracks=TRACKS))
    writer.write(RecordedFrame(1, 0.04, FOUND[[0]], tracks=SECOND))
    writer.close()
    recording = Recording(tmp_path / "match.npz")
    assert repr(recording) == "<Recording match.npz: 2 frames of match, 100x50 at 25 frames/s>"
    frame = recording.to_pandas()
    assert frame.frame.tolist() == [0, 0, 1]
    assert frame.to_dict("records") == recording.to_records()
    assert recording.to_pandas(tracks=True).track_id.tolist() == [3, 7, 7]
    assert [len(one) for one in recording.to_supervision()] == [2, 1]
    assert [one.tracker_id.tolist() for one in recording.to_supervision(tracks=True)] == [[3, 7], [7]]


def test_a_recording_without_tracks_says_so(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "match.npz", RecordingInfo("match", 100, 50, 25.0, NAMES))
    writer.write(RecordedFrame(0, 0.0, FOUND))
    writer.close()
    with pytest.raises(SportstrackError, match=r"match\.npz: holds no tracks"):
        Recording(tmp_path / "match.npz").to_records(tracks=True)


def test_without_pandas_a_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SportstrackError, match=r"Tracks\.to_pandas\(\) needs pandas: pip install pandas"):
        TRACKS.to_pandas()


@pytest.mark.parametrize("result", [MOT, TrackTable.from_mot(MOT), [TRACKS, Tracks.empty(), SECOND]])
def test_mot_text_is_read_as_it_was_written(tmp_path: Path, result: object) -> None:
    write_mot(tmp_path / "match.txt", result)
    table = read_mot(tmp_path / "match.txt")
    for name in ("frame", "track_id", "xyxy", "score", "class_id"):
        order = np.lexsort((table.track_id, table.frame))
        np.testing.assert_array_equal(getattr(table, name)[order], getattr(MOT, name), err_msg=name)
    assert [path.name for path in tmp_path.iterdir()] == ["match.txt"]


def test_mot_text_without_classes_and_from_zero(tmp_path: Path) -> None:
    write_mot(tmp_path / "match.txt", [TRACKS], zero_based=True, with_class=False)
    assert (tmp_path / "match.txt").read_text().splitlines()[0] == "0,3,0.00,1.00,10.00,20.00,0.75,-1,-1,-1"
    write_mot(tmp_path / "match.txt", [])
    assert len(read_mot(tmp_path / "match.txt")) == 0


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SportstrackError, match="expected a MotTable, a TrackTable or a list of Tracks, got Detections"):
        write_mot(tmp_path / "match.txt", FOUND)
    with pytest.raises(SportstrackError, match="nowhere"):
        write_mot(tmp_path / "nowhere" / "match.txt", MOT)


def test_a_whole_table_of_a_detector_is_taken_by_name_alone() -> None:
    six = np.array([[0, 1, 10, 21, 0.75, 0], [5, 5, 9, 9.5, 0.5, 32]])
    with pytest.raises(SportstrackError, match=r"from_table\(table\)"):
        Detections.from_arrays(six)
    found = Detections.from_table(six)
    assert found.to_records() == FOUND.to_records()
    assert Detections.from_table(six[:, :5]).class_id.tolist() == [0, 0]
    assert len(Detections.from_table(np.empty((0, 6)))) == 0
    for wrong in (six[:, :4], np.hstack([six, six[:, :1]]), six[0], six[:, [0, 1, 2, 3, 5, 4]]):
        with pytest.raises(SportstrackError, match="from_table"):
            Detections.from_table(wrong)


def test_tables_tell_what_they_hold() -> None:
    assert repr(FOUND) == "<Detections: 2 boxes, scores 0.50 to 0.75, classes {0: 1, 32: 1}>"
    assert repr(TRACKS) == "<Tracks: 2 boxes of 2 tracks, scores 0.50 to 0.75, classes {0: 1, 32: 1}>"
    assert repr(MOT).startswith("<MotTable: 3 boxes of 2 tracks, frames 0 to 2, scores")
    assert repr(Tracks.empty()) == "<Tracks: 0 boxes of 0 tracks>"
    rich = Detections(FOUND.xyxy, FOUND.score, FOUND.class_id, np.eye(2, 4, dtype="f4"), np.zeros((2, 5, 5), bool))
    assert repr(rich).endswith("embeddings of 4, masks>")


def test_trackers_and_summaries_tell_how_they_are() -> None:
    tracker = create_tracker("sort", frame_rate=50, max_age=5, coasting=True)
    tracker.update(FOUND)
    assert repr(tracker) == "<SORT: 2 tracks at 50 frames/s, max_age=5, coasting=True>"
    both = create_tracker("sports", ball=[32])
    assert repr(both) == "<ByClass: <SportsTrack: 0 tracks at 25 frames/s>, <Ball: 0 tracks at 25 frames/s>>"
    summary = Summary("match.mp4", name="match", frames=100, seconds=4.0, tracks=7, boxes=1234)
    assert repr(summary) == "<Summary of match: 100 frames, 7 tracks, 1,234 boxes, 25.0 frames/s, not complete>"
    assert str(summary) == summary.as_text()
