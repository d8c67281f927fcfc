"""COCO files as many tools write them: types of values, splits, frames, categories, missing pictures and sizes."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_clips import jpeg, make_clip

from data_prep.audit.read_coco import read_coco_leniently
from data_prep.convert import command as convert
from data_prep.formats.coco import parse_coco, read_coco, to_coco, write_coco
from data_prep.formats.motfolders import read_mot_folders, write_mot_folders
from data_prep.names import split_word
from data_prep.output import WriteSettings
from data_prep.values import as_flag, as_id, as_number, as_whole
from sportstrack.errors import FormatError

LABELS = WriteSettings(pictures=False)


def coco(names: str = "a", **box: Any) -> dict[str, Any]:
    """One box a picture, of 64 × 48 pixels each."""
    return {
        "images": [{"id": i, "file_name": f"{n}.jpg", "width": 64, "height": 48} for i, n in enumerate(names, 1)],
        "categories": [{"id": 1, "name": "player"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [10, 5, 20, 30], "iscrowd": 0} | box
            for i in range(1, len(names) + 1)
        ],
    }


def save(folder: Path, data: dict[str, Any], name: str = "annotations/train.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


def pictures(folder: Path, *names: str, size: tuple[int, int] = (64, 48)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(jpeg(size))


# --- types of values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "crowd"),
    [("0", False), (0.0, False), (False, False), ("false", False), (None, False), ("", False), ("0.0", False),
     ("1", True), (1.0, True), (True, True), ("true", True), (1, True)],
)  # fmt: skip
def test_a_flag_means_the_same_in_every_spelling(tmp_path: Path, given: Any, crowd: bool) -> None:
    for key in ("iscrowd", "ignore"):
        data = coco(**{key: given})
        assert parse_coco(data, "x")[0].boxes.ignore.tolist() == [crowd]
        assert read_coco_leniently(save(tmp_path, data)).table.boxes.ignore.tolist() == [crowd]


def test_numbers_and_ids_written_as_text_are_read(tmp_path: Path) -> None:
    data = coco("ab", bbox=["10", "5.0", 20.0, "3e1"], category_id="1", track_id="7", score="0.5")
    data["images"] = [{**image, "id": str(image["id"]), "width": "64", "height": 48.0} for image in data["images"]]
    data["annotations"][1]["image_id"] = 2.0
    for table in (parse_coco(data, "x")[0], read_coco_leniently(save(tmp_path, data)).table):
        assert table.boxes.xyxy.tolist() == [[10, 5, 30, 35]] * 2
        assert table.boxes.image.tolist() == [0, 1]
        assert table.boxes.track_id.tolist() == [7, 7]
        assert table.images.size.tolist() == [[64, 48]] * 2
    assert parse_coco(data, "x")[0].boxes.score.tolist() == [0.5, 0.5]


def test_text_that_is_no_number_stays_an_id_of_its_own() -> None:
    data = coco("ab")
    data["images"][0]["id"] = data["annotations"][0]["image_id"] = "01"
    data["images"][1]["id"] = data["annotations"][1]["image_id"] = 1
    assert parse_coco(data, "x")[0].boxes.image.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ({"iscrowd": "perhaps"}, r"annotations\[0\]: iscrowd is 'perhaps'; expected 0 or 1"),
        ({"track_id": 1.5}, r"annotations\[0\]: track_id is 1.5; expected a whole number"),
        ({"track_id": True}, "track_id is True"),
        ({"image_id": True}, "image_id is True"),
        ({"category_id": [1]}, r"category_id is \[1\]"),
        ({"bbox": ["1", "2", "wide", "4"]}, "bbox is"),
        ({"bbox": [True, 2, 3, 4]}, "bbox is"),
        ({"score": "high"}, "score is 'high'; expected a number"),
    ],
)
def test_values_of_another_type_are_refused_with_their_place(box: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_coco(coco(**box), "x.json")


@given(st.one_of(st.integers(-(2**61), 2**61), st.floats(allow_nan=False), st.text(), st.booleans(), st.none()))
def test_readers_of_values_never_fail_and_agree(value: Any) -> None:
    whole, number = as_whole(value), as_number(value)
    if whole is not None:
        assert as_id(value) == whole or isinstance(value, str)
        assert number == pytest.approx(float(whole))
        assert as_flag(value) == (whole != 0)


@given(st.integers(-(2**53), 2**53))
def test_a_number_is_one_id_in_every_spelling(number: int) -> None:
    assert as_id(number) == as_id(str(number)) == as_id(float(number)) == number


# --- splits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("latest_export", None), ("interval", None), ("rival_clubs", None), ("fastest", None), ("contest", None),
        ("instances_default", None), ("trainer", None), ("instances_val2017", "val"), ("val", "val"),
        ("Test-dev", "test"), ("person_keypoints_train2017", "train"), ("valid", "val"), ("minival2014", "val"),
        ("test_project_train", "train"), ("Train1", "train"),
    ],
)  # fmt: skip
def test_a_split_is_a_whole_word(tmp_path: Path, name: str, split: str | None) -> None:
    assert split_word(name) == split
    save(tmp_path, coco(), f"annotations/{name}.json")
    assert read_coco(tmp_path).splits == (split or "train",)


def test_a_folder_of_annotations_is_a_split_by_its_own_name(tmp_path: Path) -> None:
    for folder in ("train", "valid", "interval"):
        data = coco()
        data["images"][0]["file_name"] = f"{folder}.jpg"
        save(tmp_path, data, f"{folder}/_annotations.coco.json")
    table = read_coco(tmp_path)
    assert dict(zip(table.images.name, table.images.split, strict=True)) == {
        "train.jpg": "train", "valid.jpg": "val", "interval.jpg": "train",
    }  # fmt: skip


# --- frames of clips -------------------------------------------------------------------------------------------------


def clip(frames: list[Any], names: list[str] | None = None) -> dict[str, Any]:
    """A clip of 64 × 48 pixels with one box of track 7 in each frame."""
    data = coco("x" * len(frames), track_id=7)
    data["videos"] = [{"id": 1, "file_name": "MATCH-01"}]
    for i, (image, frame) in enumerate(zip(data["images"], frames, strict=True)):
        image |= {"file_name": names[i] if names else f"{i + 1:06d}.jpg", "video_id": 1, "frame_id": frame}
    return data


@pytest.mark.parametrize(
    ("frames", "names", "expected"),
    [
        ([1, 2, 3], None, [0, 1, 2]),
        ([0, 1, 2], None, [0, 1, 2]),
        (["1", "2", 3.0], None, [0, 1, 2]),
        ([1, 2, 3], ["000002.jpg", "000003.jpg", "000004.jpg"], [1, 2, 3]),  # counts from 0, its first frame is gone
        ([1, 2, 3], ["000301.jpg", "000302.jpg", "000303.jpg"], [0, 1, 2]),  # the second half of a clip
        ([5, 7, 9], ["f5.jpg", "f7.jpg", "f9.jpg"], [4, 6, 8]),
        ([None, None, None], ["f10.jpg", "f9.jpg", "f2.jpg"], [2, 1, 0]),
    ],
)
def test_frames_count_from_0_whatever_the_file_counts_from(
    tmp_path: Path, frames: list[Any], names: list[str] | None, expected: list[int]
) -> None:
    data = clip(frames, names)
    for table in (parse_coco(data, "x")[0], read_coco_leniently(save(tmp_path, data)).table):
        assert table.images.frame.tolist() == expected
        assert table.sequences[0].name == "MATCH-01"


def test_coco_that_counts_from_1_becomes_a_mot_folder_that_starts_at_picture_1(tmp_path: Path) -> None:
    pictures(tmp_path / "d/images", "000001.jpg", "000002.jpg", "000003.jpg")
    save(tmp_path / "d", clip([1, 2, 3]))
    assert convert.main([str(tmp_path / "d"), str(tmp_path / "out"), "--from", "coco", "--to", "mot", "--quiet"]) == 0
    folder = tmp_path / "out/train/MATCH-01"
    assert sorted(path.name for path in (folder / "img1").iterdir()) == ["000001.jpg", "000002.jpg", "000003.jpg"]
    assert [line.split(",")[0] for line in (folder / "gt/gt.txt").read_text().splitlines()] == ["1", "2", "3"]
    assert "seqLength=3" in (folder / "seqinfo.ini").read_text()


def test_what_this_program_writes_keeps_its_frames_also_without_the_first(tmp_path: Path) -> None:
    make_clip(tmp_path / "mot/train/clip 1")
    table = read_mot_folders(tmp_path / "mot")
    for row, name in enumerate(("x", "y", "z")):
        table.images.name[row] = f"clip 1/{name}.jpg"  # names that say nothing
    part = table.select(np.array([1, 2]))
    again, _ = parse_coco(json.loads(json.dumps(to_coco(part))), "x")
    assert again.images.frame.tolist() == [1, 2]


def test_a_clip_without_a_list_of_videos_keeps_its_identities(tmp_path: Path) -> None:
    data = clip([0, 1])
    del data["videos"]
    table, _ = parse_coco(data, "x")
    assert [s.name for s in table.sequences] == ["1"]
    write_mot_folders(table, tmp_path / "out", LABELS)
    assert (tmp_path / "out/train/1/gt/gt.txt").is_file()


@pytest.mark.parametrize(
    ("frames", "message"),
    [([1, 1], r"images\[1\]: has the video_id and frame_id of images\[0\]"), ([0, -1], "frame_id is -1"),
     ([0, None], "frame_id is None"), (["x", 1], "frame_id is 'x'")],
)  # fmt: skip
def test_frames_that_are_no_order_are_refused(frames: list[Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_coco(clip(frames), "x.json")


# --- categories ------------------------------------------------------------------------------------------------------


def roboflow(heading: str, classes: list[str], used: int = 1) -> dict[str, Any]:
    data = coco(category_id=used)
    data["categories"] = [
        {"id": 0, "name": heading, "supercategory": "none"},
        *({"id": i, "name": name, "supercategory": heading} for i, name in enumerate(classes, 1)),
    ]
    return data


@pytest.mark.parametrize(
    ("data", "classes", "note"),
    [
        (roboflow("ball", ["ball"]), ("ball",), "the category 'ball' is the heading"),
        (roboflow("football", ["ball", "player"]), ("ball", "player"), "heading of the others; left out"),
        (roboflow("football", ["ball"], used=0), ("football", "ball"), None),
        (roboflow("ball", ["ball"], used=0), ("ball",), "two categories are called 'ball'; they are one class"),
    ],
)
def test_roboflows_heading_is_no_class(
    tmp_path: Path, data: dict[str, Any], classes: tuple[str, ...], note: str | None
) -> None:
    path = save(tmp_path, data)
    for table in (read_coco(path), read_coco_leniently(path).table):
        assert table.classes == classes
        assert len(table.boxes) == 1
        assert any(note in text for text in table.notes) if note else not table.notes


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["a", "b", "c"])
def test_a_missing_picture_is_counted_and_left_out_on_demand(
    tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "d", coco("abc"))
    pictures(tmp_path / "d/images", *(f"{name}.jpg" for name in "abc" if name != missing))
    words = [str(tmp_path / "d"), str(tmp_path / "out"), "--from", "coco", "--to", "yolo"]
    assert convert.main(words) == 2
    assert f"1 of the 3 pictures are nowhere, the first is {missing}.jpg" in capsys.readouterr().err
    assert convert.main([*words, "--skip-missing"]) == 0
    assert "left out with their 1 boxes" in capsys.readouterr().err
    assert {path.stem for path in (tmp_path / "out/images/train").iterdir()} == set("abc") - {missing}


def test_the_folder_with_most_of_the_pictures_is_theirs(tmp_path: Path) -> None:
    save(tmp_path, coco("abc"))
    pictures(tmp_path / "train", "b.jpg")
    pictures(tmp_path / "images", "b.jpg", "c.jpg")
    files = read_coco(tmp_path).images.file.tolist()
    assert files == [None, f"{tmp_path}/images/b.jpg", f"{tmp_path}/images/c.jpg"]


def test_names_in_another_form_of_unicode_are_found(tmp_path: Path) -> None:
    data = coco()
    data["images"][0]["file_name"] = unicodedata.normalize("NFC", "Köln/ä.jpg")
    save(tmp_path, data)
    apart = unicodedata.normalize("NFD", "Köln/ä.jpg")
    pictures(tmp_path / "images" / apart.split("/")[0], apart.split("/")[1])
    assert read_coco(tmp_path).images.file.tolist() == [f"{tmp_path}/images/{apart}"]
    assert not read_coco_leniently(tmp_path).missing.any()


@pytest.mark.parametrize("target", ["yolo", "voc", "coco"])
def test_the_size_of_every_picture_is_checked(tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "d", coco("abc"))
    pictures(tmp_path / "d/images", "a.jpg", "b.jpg")
    pictures(tmp_path / "d/images", "c.jpg", size=(32, 24))
    assert convert.main([str(tmp_path / "d"), str(tmp_path / "out"), "--from", "coco", "--to", target]) == 2
    assert "c.jpg: is 32x24, its labels are for 64x48" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_picture_that_was_scaled_down_already_serves_for_a_smaller_one(tmp_path: Path) -> None:
    save(tmp_path / "d", coco("ab"))
    pictures(tmp_path / "d/images", "a.jpg")
    pictures(tmp_path / "d/images", "b.jpg", size=(32, 24))
    table = read_coco(tmp_path / "d")
    write_coco(table, tmp_path / "out", WriteSettings(size=32))
    assert read_coco(tmp_path / "out").boxes.xyxy.tolist() == [[5, 2.5, 15, 17.5]] * 2
