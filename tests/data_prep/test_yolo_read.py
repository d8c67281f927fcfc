"""YOLO data sets of other tools: key points, splits that are not there or shared, lists, files of the system."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_clips import jpeg, make_clip

from data_prep.audit.read_yolo import read_yolo_leniently
from data_prep.convert import command as convert
from data_prep.formats.motfolders import read_mot_folders
from data_prep.formats.yolo import write_yolo
from data_prep.formats.yolo_read import parse_labels, read_yolo
from data_prep.output import WriteSettings
from sportstrack.errors import FormatError
from sportstrack.mine.source import read_source
from sportstrack.train.data import check_data
from sportstrack.val.truth import read_test_set

BOX = "0 0.5 0.5 0.25 0.5"  # 24 12 40 36 in a picture of 64 × 48
XYXY = [[24, 12, 40, 36]]


def data_set(folder: Path, yaml: str, splits: dict[str, str], row: str = BOX) -> Path:
    """A data set with one picture and one label row per split; ``splits`` is split → folder."""
    (folder / "data.yaml").parent.mkdir(parents=True, exist_ok=True)
    (folder / "data.yaml").write_text(yaml)
    for split, place in splits.items():
        picture = folder / place / f"{split}.jpg"
        label = Path(str(picture.with_suffix(".txt")).replace("images", "labels"))
        for path in (picture, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(jpeg())
        label.write_text(f"{row}\n")
    return folder


def pose(folder: Path, points: int, sides: int) -> Path:
    point = " 0.9 0.1" + " 2" * (sides - 2)
    yaml = f"train: images/train\nval: images/train\nkpt_shape: [{points}, {sides}]\nnames: [person]\n"
    return data_set(folder, yaml, {"train": "images/train"}, BOX + point * points)


# --- key points ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("points", "sides"), [(17, 2), (17, 3), (32, 3), (1, 2), (2, 2), (4, 3)])
def test_key_points_are_no_polygon(tmp_path: Path, points: int, sides: int) -> None:
    folder = pose(tmp_path / "d", points, sides)
    table = read_yolo(folder)
    assert table.boxes.xyxy.tolist() == XYXY
    assert any("key points (kpt_shape)" in note for note in table.notes)
    source = read_yolo_leniently(folder)
    assert source.table.boxes.xyxy.tolist() == XYXY
    assert not source.found
    assert any("key points (kpt_shape)" in note for note in source.table.notes)
    assert read_test_set(folder, "train").boxes[0].xyxy.tolist() == XYXY
    assert read_source(folder, "train").test.boxes[0].xyxy.tolist() == XYXY


def test_a_box_without_key_points_is_one_too_and_other_lengths_are_refused(tmp_path: Path) -> None:
    label = pose(tmp_path / "d", 3, 2) / "labels/train/train.txt"
    label.write_text(BOX + "\n")
    assert read_yolo(tmp_path / "d").boxes.xyxy.tolist() == XYXY
    label.write_text(BOX + " 0.1 0.1 0.2 0.2\n")  # a polygon's length
    with pytest.raises(FormatError, match=r"train.txt, line 1: 9 numbers; expected class cx cy w h, perhaps with 6 "):
        read_yolo(tmp_path / "d")
    assert [found.kind for found in read_yolo_leniently(tmp_path / "d").found] == ["unreadable label"]


def test_a_label_that_is_no_text_is_reported_once(tmp_path: Path) -> None:
    label = pose(tmp_path / "d", 3, 2) / "labels/train/train.txt"
    label.write_bytes(b"\xff\xfe0")  # half a character of UTF-16
    with pytest.raises(FormatError, match=r"^[^:]*train.txt, line 1: is no UTF-16-LE text; save it as UTF-8$"):
        read_yolo(tmp_path / "d")
    (found,) = read_yolo_leniently(tmp_path / "d").found
    assert (found.kind, "no UTF-16-LE text" in found.message) == ("unreadable label", True)


@pytest.mark.parametrize("shape", ["17", "[17]", "[17, 4]", "[0, 2]", "[a, 2]", "[17.5, 2]", "{}"])
def test_a_kpt_shape_that_is_none_is_refused(tmp_path: Path, shape: str) -> None:
    yaml = f"train: images/train\nkpt_shape: {shape}\nnames: [person]\n"
    with pytest.raises(FormatError, match=r"data.yaml: kpt_shape: expected \[points, 2\] or \[points, 3\]"):
        read_yolo(data_set(tmp_path, yaml, {"train": "images/train"}))


def test_training_on_key_points_as_polygons_is_refused_with_the_cure(tmp_path: Path) -> None:
    folder = pose(tmp_path / "d", 17, 3)
    with pytest.raises(FormatError, match=r"sportstrack convert .*data.yaml OUT --from yolo --to yolo"):
        check_data(folder)
    assert convert.main([str(folder / "data.yaml"), str(tmp_path / "o"), "--from", "yolo", "--to", "yolo"]) == 0
    assert check_data(tmp_path / "o").boxes == {"person": 1}


@given(st.integers(1, 40), st.sampled_from([2, 3]), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_the_box_is_what_the_row_says(points: int, sides: int, box: list[float]) -> None:
    row = " ".join(map(repr, [0, *box, *([0.0] * points * sides)]))
    for ending in ("\n", "\n\n", "\n\n\n"):
        found, _ = parse_labels((row + ending).encode(), "a.txt", 1, points * sides)
        np.testing.assert_array_equal(found, [[0, *box]])


# --- splits ----------------------------------------------------------------------------------------------------------

ROBOFLOW = "names:\n- player\nnc: 1\ntest: ../test/images\ntrain: ../train/images\nval: ../valid/images\n"
FOLDERS = {"train": "train/images", "val": "valid/images", "test": "test/images"}


@pytest.mark.parametrize("missing", ["test", "val"])
def test_a_split_that_is_not_there_is_noted(tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    there = {split: place for split, place in FOLDERS.items() if split != missing}
    folder = data_set(tmp_path / "rf", ROBOFLOW, there)
    for notes in (read_yolo(folder).notes, read_yolo_leniently(folder).table.notes, check_data(folder).notes):
        assert any(f"{missing}: " in note and "is not there; left out" in note for note in notes)
    assert set(read_yolo(folder).splits) == set(there)
    assert convert.main([str(folder), str(tmp_path / "o"), "--from", "yolo", "--to", "coco"]) == 0
    assert f"{missing}: " in capsys.readouterr().err
    assert len(read_test_set(folder, "train")) == len(read_source(folder, "train").test) == 1


def test_a_split_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    folder = data_set(tmp_path / "rf", ROBOFLOW, {"val": "valid/images"})
    for read in (lambda: read_yolo(folder), lambda: check_data(folder), lambda: read_test_set(folder, "train")):
        with pytest.raises(FormatError, match=r"data.yaml: train: .*images is not there"):
            read()
    with pytest.raises(FormatError, match=r"test: .*is not there"):
        read_test_set(folder, "test")
    assert len(read_test_set(folder, "val")) == 1
    words = [str(folder), str(tmp_path / "o"), "--from", "yolo", "--to", "coco"]
    assert convert.main(words) == 2
    assert convert.main([*words, "--only", "test"]) == 2
    assert convert.main([*words, "--only", "val"]) == 0


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_data_set_of_one_split_keeps_its_identities(tmp_path: Path, split: str) -> None:
    make_clip(tmp_path / "mot" / split / "clip 1")
    first = read_mot_folders(tmp_path / "mot")
    write_yolo(first, tmp_path / "yolo")
    words = [str(tmp_path / "yolo"), str(tmp_path / "out"), "--from", "yolo", "--to", "mot", "--quiet"]
    assert convert.main(words) == 0
    again = read_mot_folders(tmp_path / "out")
    assert again.splits == (split,)
    assert again.boxes.track_id.tolist() == first.boxes.track_id.tolist()
    checked = check_data(tmp_path / "yolo")
    assert len(checked.pictures["train"]) == len(checked.pictures["val"]) == 3
    assert sum(checked.boxes.values()) == len(first.boxes)


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", ["._train.jpg", ".DS_Store", "Thumbs.db", ".hidden.png"])
def test_files_of_the_system_are_no_pictures(tmp_path: Path, junk: str) -> None:
    folder = data_set(tmp_path, "train: images/train\nnames: [p]\n", {"train": "images/train"})
    (folder / "images/train" / junk).write_bytes(b"\0\5\26\7mac")
    (folder / "labels/train" / f"{Path(junk).stem}.txt").write_bytes(b"\0\5\26\7mac")
    assert read_yolo(folder).images.name.tolist() == ["train.jpg"]
    assert check_data(folder).boxes == {"p": 1}
    source = read_yolo_leniently(folder)
    assert source.table.images.name.tolist() == ["train.jpg"]
    assert not [found for found in source.found if Path(found.file).name.startswith(".")]


def test_a_list_may_name_a_picture_that_is_not_there_if_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data_set(tmp_path / "d", "train: train.txt\nnames: [p]\n", {"train": "images/train"})
    (folder / "train.txt").write_text("images/train/gone.jpg\nimages/train/train.jpg\n")
    words = [str(folder), str(tmp_path / "o"), "--from", "yolo", "--to", "coco"]
    assert convert.main(words) == 2
    assert "train.txt: names" in capsys.readouterr().err
    assert convert.main([*words, "--skip-missing"]) == 0
    assert "1 of its pictures are not there" in capsys.readouterr().err
    found = json.loads((tmp_path / "o/annotations/instances_train.json").read_text())
    assert [image["file_name"] for image in found["images"]] == ["train.jpg"]


def test_pictures_that_were_scaled_since_are_refused(tmp_path: Path) -> None:
    make_clip(tmp_path / "mot/val/clip 1")
    write_yolo(read_mot_folders(tmp_path / "mot"), tmp_path / "yolo", WriteSettings(copy=True))
    (tmp_path / "yolo/images/val/clip 1/000003.jpg").write_bytes(jpeg((32, 24)))
    with pytest.raises(FormatError, match=r"000003.jpg: is 32x24, its labels are for 64x48"):
        list(read_test_set(tmp_path / "yolo").pictures())
    with pytest.raises(FormatError, match=r"000003.jpg: is 32x24, its labels are for 64x48"):
        write_yolo(read_yolo(tmp_path / "yolo"), tmp_path / "again")
