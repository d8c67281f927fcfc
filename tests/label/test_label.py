"""Pseudo-labels: what goes to YOLO, CVAT and Label Studio, read back as those programs document it."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import toy
from gappy import GAP, Gappy
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import call_word

from data_prep.formats.yolo_read import read_yolo
from sportstrack.errors import SettingError, SourceError
from sportstrack.label import LabelSettings, label_video, label_videos, write_cvat, write_labelstudio
from sportstrack.label.command import main
from sportstrack.label.keyframes import keyframes
from sportstrack.types import Detections

FRAMES = 15  # then two players touch, and the toy detector takes them for one


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4", FRAMES)


@pytest.fixture(scope="module")
def recording(match: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sportstrack import track_video

    folder = tmp_path_factory.mktemp("recorded")
    track_video(match, folder, detector=Gappy(), formats=["mot"], save_detections=True)
    return folder / "match.npz"


@pytest.fixture(scope="module")
def labelled(match: Path):
    return label_video(match, detector=Gappy())


def read_cvat(path: Path) -> dict[int, dict[int, tuple[np.ndarray, bool]]]:
    """As CVAT's importer: key frames alone, straight lines between them, nothing from an outside one on."""
    tracks: dict[int, dict[int, tuple[np.ndarray, bool]]] = {}
    for track in ElementTree.parse(path).getroot().iter("track"):
        keys = [box for box in track.iter("box") if box.attrib["keyframe"] == "1"]
        stop = int(ElementTree.parse(path).getroot().findtext("meta/task/stop_frame"))
        shown = tracks.setdefault(int(track.attrib["id"]), {})
        for i, box in enumerate(keys):
            if box.attrib["outside"] == "1":
                continue
            here = np.array([float(box.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr")])
            after = keys[i + 1] if i + 1 < len(keys) else None
            start, end = int(box.attrib["frame"]), stop + 1 if after is None else int(after.attrib["frame"])
            there = here
            if after is not None and after.attrib["outside"] == "0":
                there = np.array([float(after.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr")])
            for frame in range(start, end):
                share = (frame - start) / (end - start)
                shown[frame] = ((1 - share) * here + share * there, box.attrib["occluded"] == "1")
    return tracks


# --- which boxes -----------------------------------------------------------------------------------------------------


def test_tracks_fill_the_gaps_and_say_where(labelled) -> None:
    boxes = labelled.boxes
    assert labelled.classes == ("person", "sports ball")
    assert boxes.tracks == 3  # the low-score ghost is no label
    filled = boxes[boxes.filled]
    assert filled.frame.tolist() == list(GAP)
    for frame, box in zip(filled.frame.tolist(), filled.xyxy, strict=True):
        assert np.abs(box - toy.truth(frame)[0]).max() < 2


def test_a_causal_run_leaves_the_gaps(match: Path) -> None:
    video = label_video(match, detector=Gappy(), settings=LabelSettings(offline=False))
    assert video.filled == 0
    assert len(video.boxes) < len(label_video(match, detector=Gappy()).boxes)


def test_low_score_and_short_tracks_come_if_asked_for(match: Path) -> None:
    def tracks(least: float) -> int:
        wanted = LabelSettings(min_track_score=least, offline=False)
        video = label_video(match, detector=Gappy(), settings=wanted, tracker="bytetrack")
        return video.boxes.tracks

    assert (tracks(0.1), tracks(0.4), tracks(0.95)) == (4, 3, 0)
    none = label_video(match, detector=Gappy(), settings=LabelSettings(min_track_frames=FRAMES + 1))
    assert len(none.boxes) == 0
    assert len(none.frames) == FRAMES


def test_boxes_stay_inside_the_picture(labelled) -> None:
    assert labelled.boxes.xyxy.min() >= 0
    assert (labelled.boxes.xyxy <= [160, 120, 160, 120]).all()


def test_a_recording_gives_the_same_boxes_without_its_video(labelled, recording: Path) -> None:
    from_file = label_video(recording)
    assert not from_file.pictures
    np.testing.assert_array_equal(from_file.boxes.xyxy, labelled.boxes.xyxy)
    np.testing.assert_array_equal(from_file.boxes.filled, labelled.boxes.filled)


def test_names_change_and_join(match: Path) -> None:
    video = label_video(match, detector=Gappy(), settings=LabelSettings(rename={"person": "player"}))
    assert video.classes == ("player", "sports ball")
    joined = LabelSettings(rename={"person": "thing", "sports ball": "thing"})
    assert label_video(match, detector=Gappy(), settings=joined).classes == ("thing",)
    with pytest.raises(SettingError, match="no class 'persn'; did you mean 'person'"):
        label_video(match, detector=Gappy(), settings=LabelSettings(rename={"persn": "player"}))


def test_classes_are_those_that_were_asked_for(match: Path, recording: Path) -> None:
    ball = label_video(recording, classes=["sports ball"])
    assert (ball.classes, len(ball.boxes)) == (("sports ball",), 0)

    def many(frames: Sequence[np.ndarray]) -> list[Detections]:
        return [Detections.from_arrays(d.xyxy, d.score, [0, 0, 7]) for d in toy.find(frames)]

    many.names = {0: "person", 1: "car", 2: "sports ball", 7: "horse", 8: "kite"}
    assert label_video(match, detector=many).classes == ("person", "sports ball", "horse")


def test_slices_reach_the_detector(match: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    look = Gappy.__call__
    monkeypatch.setattr(
        Gappy, "__call__", lambda self, frames: seen.extend(f.shape for f in frames) or look(self, frames)
    )
    words = [str(match), "--detector", "gappy:Gappy", "--format", "cvat", "-o", str(tmp_path), "--quiet"]
    assert main(words) == 0
    height, width, _ = seen[0]
    seen.clear()
    assert main([*words, "--slices", "2x1", "--overwrite"]) == 0
    assert {shape[0] for shape in seen} == {height}
    assert all(width / 2 < shape[1] < width for shape in seen)


def test_two_videos_of_one_name_are_refused(match: Path) -> None:
    with pytest.raises(SettingError, match="two videos are called match"):
        label_videos([match, match.parent / "other" / "match.mp4"])


# --- key frames ------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=30),
    st.floats(0, 0.3),
)
def test_between_key_frames_every_box_is_near_its_line(rows: list, tolerance: float) -> None:
    frame = np.arange(len(rows)) * 2
    xyxy = np.array([[x, 0, x + 10, 20] for x, _ in rows], float)
    marked = np.array([flag for _, flag in rows])
    key = keyframes(frame, xyxy, marked, tolerance)
    at = np.flatnonzero(key)
    line = np.column_stack([np.interp(frame, frame[at], column) for column in xyxy[at].T])
    assert np.abs(line - xyxy).max() <= 20 * tolerance + 1e-9
    held = at[np.searchsorted(at, np.arange(len(rows)), side="right") - 1]
    np.testing.assert_array_equal(marked, marked[held])


def test_a_straight_walk_needs_two_key_frames() -> None:
    frame = np.arange(100)
    xyxy = frame[:, None] * [2.0, 0, 2, 0] + [0, 0, 10, 20]
    assert keyframes(frame, xyxy, np.zeros(100, bool), 0.01).sum() == 2


# --- CVAT ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 3])
def test_cvat_shows_every_box_where_it_was(match: Path, tmp_path: Path, every: int) -> None:
    video = label_video(match, detector=Gappy(), settings=LabelSettings(every=every))
    write_cvat(video, tmp_path / "match.xml", tolerance=0.02)
    shown = read_cvat(tmp_path / "match.xml")
    assert len(shown) == 3
    boxes, ids = video.boxes, np.unique(video.boxes.track_id).tolist()
    for row in range(len(boxes)):
        box, occluded = shown[ids.index(boxes.track_id[row])][int(boxes.frame[row])]
        assert np.abs(box - boxes.xyxy[row]).max() <= 0.02 * 18 + 0.01
        assert occluded == boxes.filled[row]
    if every == 1:
        assert sum(map(len, shown.values())) == len(boxes)  # nothing lingers after its track's end


def test_cvat_s_file_is_as_documented(labelled, tmp_path: Path) -> None:
    write_cvat(labelled, tmp_path / "match.xml")
    root = ElementTree.parse(tmp_path / "match.xml").getroot()
    assert root.tag == "annotations"
    assert root.findtext("version") == "1.1"
    assert root.findtext("meta/task/mode") == "interpolation"
    assert root.findtext("meta/task/size") == str(FRAMES)
    assert (root.findtext("meta/task/original_size/width"), root.findtext("meta/task/original_size/height")) == (
        "160",
        "120",
    )
    assert [label.findtext("name") for label in root.iter("label")] == ["person", "sports ball"]
    for track in root.iter("track"):
        assert track.attrib.keys() == {"id", "label", "source"}
        frames = [int(box.attrib["frame"]) for box in track]
        assert frames == sorted(set(frames))
        assert track[0].attrib["keyframe"] == "1"
        for box in track:
            assert box.attrib.keys() == {
                *("frame", "outside", "occluded", "keyframe", "xtl", "ytl", "xbr", "ybr", "z_order")
            }
            assert {box.attrib[flag] for flag in ("outside", "occluded", "keyframe")} <= {"0", "1"}
    away = [box for box in root.iter("box") if box.attrib["outside"] == "1"]
    assert all(box.attrib["keyframe"] == "1" for box in away)


def test_a_gap_that_is_not_filled_is_outside_in_cvat(match: Path, tmp_path: Path) -> None:
    video = label_video(match, detector=Gappy(), settings=LabelSettings(offline=False))
    write_cvat(video, tmp_path / "match.xml")
    shown = read_cvat(tmp_path / "match.xml")
    for frame in GAP:
        assert sum(frame in track for track in shown.values()) == 2


# --- Label Studio ----------------------------------------------------------------------------------------------------


def test_label_studio_gets_rectangles_in_per_cent(labelled, tmp_path: Path) -> None:
    write_labelstudio(labelled, tmp_path / "match.json", root="http://here/")
    tasks = json.loads((tmp_path / "match.json").read_text())
    assert [task["data"]["image"] for task in tasks[:2]] == [
        "http://here/match/000001.jpg",
        "http://here/match/000002.jpg",
    ]
    assert len(tasks) == FRAMES
    found, filled = 0, 0
    for frame, task in enumerate(tasks):
        (prediction,) = task["predictions"]
        for one in prediction["result"]:
            assert (one["type"], one["from_name"], one["to_name"]) == ("rectanglelabels", "label", "image")
            assert (one["original_width"], one["original_height"]) == (160, 120)
            value = one["value"]
            assert value["rectanglelabels"] == ["person"]
            left, top = value["x"] * 1.6, value["y"] * 1.2
            corners = [left, top, left + value["width"] * 1.6, top + value["height"] * 1.2]
            off = np.abs(np.array(corners) - toy.truth(frame).clip(0, [160, 120, 160, 120])).max(axis=1)
            assert off.min() < 2
            found += 1
            filled += "filled" in one["meta"]["text"]
        ids = [one["id"] for one in prediction["result"]]
        assert len(set(ids)) == len(ids)
    assert (found, filled) == (len(labelled.boxes), len(GAP))


# --- the command -----------------------------------------------------------------------------------------------------


def test_yolo_labels_load_in_ultralytics_and_come_back(match: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([str(match), "--detector", "gappy:Gappy", "--every", "4", "-o", str(out), "--quiet"]) == 0
    table = read_yolo(out)
    assert table.classes == ("person", "sports ball")
    assert table.images.name.tolist() == [f"match/{frame + 1:06d}.jpg" for frame in range(0, FRAMES, 4)]
    assert len(np.unique(table.boxes.track_id)) == 3
    for row, frame in enumerate(range(0, FRAMES, 4)):
        mine = table.boxes.xyxy[table.boxes.image == row]
        true = toy.truth(frame)
        assert all(np.abs(true - box).max(axis=1).min() < 2 for box in mine)
    from sportstrack.models.checkpoint import import_ultralytics

    import_ultralytics()
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    described = check_det_dataset(str(out / "data.yaml"), autodownload=False)
    data = YOLODataset(described["train"], data=described, imgsz=64, augment=False, task="detect")
    assert len(data) == 4
    assert sum(len(label["cls"]) for label in data.labels) == len(table.boxes)
    rows = list(csv.DictReader((out / "review.csv").read_text().splitlines()))
    assert len(rows) == 4
    assert rows[0]["picture"] == "match/000009.jpg"  # the one with a filled box comes first
    assert rows[0]["filled"] == "1"


def test_cvat_and_label_studio_from_the_command(match: Path, recording: Path, tmp_path: Path) -> None:
    assert main([str(recording), "--format", "cvat", "-o", str(tmp_path), "--quiet"]) == 0
    assert len(read_cvat(tmp_path / "match.xml")) == 3
    labels = json.loads((tmp_path / "labels.json").read_text())
    assert [label["name"] for label in labels] == ["person", "sports ball"]
    words = [str(match), "--detections", str(recording), "--format", "labelstudio", "--every", "6"]
    assert main([*words, "-o", str(tmp_path), "--quiet"]) == 0
    tasks = json.loads((tmp_path / "match.json").read_text())
    for task in tasks:
        picture = tmp_path / task["data"]["image"].partition("?d=")[2]
        assert picture.is_file(), picture
    interface = ElementTree.parse(tmp_path / "labelling-interface.xml").getroot()
    assert [label.attrib["value"] for label in interface.iter("Label")] == ["person", "sports ball"]


def test_a_recording_has_no_pictures_for_yolo(recording: Path, tmp_path: Path, capsys) -> None:
    assert main([str(recording), "-o", str(tmp_path / "out"), "--quiet"]) == 2
    assert "--format cvat" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_one_bad_video_does_not_cost_the_others(match: Path, tmp_path: Path, capsys) -> None:
    words = [str(match), str(tmp_path / "lost.mp4"), "--detector", "gappy:Gappy", "--format", "cvat"]
    assert main([*words, "-o", str(tmp_path / "out"), "--quiet"]) == 2
    assert "lost.mp4" in capsys.readouterr().err
    assert (tmp_path / "out" / "match.xml").is_file()


def test_what_cannot_be_is_said(match: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(SettingError, match="every: expected a whole number from 1"):
        LabelSettings(every=0)
    with pytest.raises(SystemExit):
        main([str(match), "--rename", "person", "-o", str(tmp_path)])
    assert "person=player" in capsys.readouterr().err
    with pytest.raises(SourceError):
        label_video(tmp_path / "nowhere.mp4", detector=Gappy())


def test_the_command_as_a_process(match: Path, tmp_path: Path) -> None:
    result = call_word("label", match, "--detector", "toy:find", "--format", "cvat", "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "3 tracks" in result.stdout
    assert len(read_cvat(tmp_path / "match.xml")) == 3
