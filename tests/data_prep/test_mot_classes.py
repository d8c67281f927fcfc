"""Classes of MOT text: numbers from 0, CVAT's export, SportsMOT folders with balls; frames of CVAT tasks; advice."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from make_clips import jpeg, make_clip

from data_prep.audit.read_mot import read_clips
from data_prep.convert import command as convert
from data_prep.formats.motfolders import read_mot_folders
from data_prep.formats.sportsmot import read_sportsmot
from data_prep.sportsmot import command as sportsmot_command
from sportstrack import create_tracker
from sportstrack.errors import FormatError
from sportstrack.label.cvat import cvat_text
from sportstrack.label.table import LabelledVideo
from sportstrack.refine.table import TrackTable
from sportstrack.val.sweep import Advice
from sportstrack.val.table import tracker_command

FROM_0 = "1,1,5,5,10,20,1,0,1\n1,2,30,5,4,4,1,1,1\n2,1,6,5,10,20,1,0,1\n"
FROM_1 = "1,1,5,5,10,20,1,1,1\n1,2,30,5,4,4,1,2,1\n2,1,6,5,10,20,1,1,1\n"


def test_classes_that_count_from_0_are_refused_or_named(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip", FROM_0)
    with pytest.raises(FormatError, match=r"class 0 is there, .* with --class-names 0=player,1=ball"):
        read_mot_folders(tmp_path, class_names=("player", "ball"))
    with pytest.raises(FormatError, match="class 0 is there"):
        read_mot_folders(tmp_path)  # one class: 0 and 1 are two
    assert [found.kind for found in read_clips(tmp_path, class_names=("player", "ball")).found].count(
        "unknown class"
    ) == 2
    for table in (
        read_mot_folders(tmp_path, class_names=("0=player", "1=ball")),
        read_clips(tmp_path, class_names=("0=player", "1=ball")).table,
    ):
        assert table.classes == ("player", "ball")
        assert table.boxes.class_id.tolist() == [0, 1, 0]


@pytest.mark.parametrize("number", ["0", "1", "-1"])
def test_a_single_class_may_have_any_of_three_numbers(tmp_path: Path, number: str) -> None:
    make_clip(tmp_path / "clip", f"1,1,5,5,10,20,1,{number},1\n")
    assert read_mot_folders(tmp_path).boxes.class_id.tolist() == [0]
    assert not [f for f in read_clips(tmp_path).found if f.kind == "unknown class"]


def cvat_export(folder: Path, names: list[str], labels: str = "goalkeeper\nball\n") -> Path:
    (folder / "gt").mkdir(parents=True)
    (folder / "img1").mkdir()
    (folder / "gt/labels.txt").write_text(labels)
    (folder / "gt/gt.txt").write_text(FROM_1)
    for name in names:
        (folder / "img1" / name).write_bytes(jpeg())
    return folder


@pytest.mark.parametrize("step", [1, 5])
def test_an_export_of_cvat_has_its_labels_sizes_and_frames(tmp_path: Path, step: int) -> None:
    folder = cvat_export(tmp_path / "task", [f"frame_{step * i:06d}.jpg" for i in range(3)])
    table = read_mot_folders(folder)
    assert table.classes == ("goalkeeper", "ball")
    assert table.images.size.tolist() == [[64, 48]] * 3
    assert table.images.frame.tolist() == [0, 1, 2]
    assert table.images.name[table.boxes.image].tolist() == [
        "task/frame_000000.jpg", "task/frame_000000.jpg", f"task/frame_{step:06d}.jpg",
    ]  # fmt: skip
    assert convert.main([str(folder), str(tmp_path / "o"), "--from", "mot", "--to", "yolo", "--quiet"]) == 0


def test_a_sportsmot_folder_keeps_its_classes(tmp_path: Path) -> None:
    make_clip(tmp_path / "d/train/v_a_c001", FROM_1)
    with pytest.raises(FormatError, match=r"class 2, but the classes are player; name them all with --class-names"):
        read_sportsmot(tmp_path / "d")
    words = [str(tmp_path / "d"), str(tmp_path / "o"), "--to", "coco", "--quiet", "--class-names", "player,ball"]
    assert sportsmot_command.main(words) == 0
    (tmp_path / "d/train/v_a_c001/gt/labels.txt").write_text("player\nball\n")
    assert read_sportsmot(tmp_path / "d").boxes.class_id.tolist() == [0, 1, 0]


def test_frames_of_a_sequence_with_gaps_are_counted_as_a_task_counts_them() -> None:
    frames = np.array([0, 1, 2, 6, 7])
    boxes = TrackTable(
        frames, np.ones(5, np.int64), np.tile([1.0, 2, 3, 4], (5, 1)), np.ones(5), np.zeros(5, np.int64),
        np.zeros(5, np.int64), np.zeros(5, bool),
    )  # fmt: skip
    video = LabelledVideo("s", "s", 64, 48, 25.0, 8, frames, boxes, ("player",), read=frames)
    root = ElementTree.fromstring(cvat_text(video).partition("?>")[2])
    assert root.findtext("meta/task/size") == "5"
    assert root.findtext("meta/task/stop_frame") == "4"
    assert [box.get("frame") for box in root.iter("box")] == ["0", "1", "2", "3", "4"]
    assert not [box for box in root.iter("box") if box.get("outside") == "1"]


@pytest.mark.parametrize("tracker", ["sports", "bytetrack"])
@pytest.mark.parametrize("advice", [Advice(0.9, 0.1), Advice(0.45, 0.15), Advice(0.1, 0.1), Advice(0.15, 0.1)])
def test_recommended_thresholds_are_taken_by_the_tracker(tracker: str, advice: Advice) -> None:
    words = tracker_command(tracker, advice).split()
    assert words[:3] == ["sportstrack", "track", "VIDEO"]
    given = dict(word.split("=") for word in words if "=" in word)
    create_tracker(tracker, **{name: float(value) for name, value in given.items()})
