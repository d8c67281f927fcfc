"""Benchmark layouts and the attributes of sequences, on small files made by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.sot.evaluate.attributes import attributes, mean_grey
from sportstrack.sot.evaluate.layouts import ObjectSequence, corners_to_box, find_sequences


def images(folder: Path, count: int, size: tuple[int, int] = (40, 30), first: int = 1) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        cv2.imwrite(str(folder / f"{number:04}.png"), np.full((size[1], size[0], 3), number % 256, np.uint8))


def only(folder: Path, **words: object) -> ObjectSequence:
    found = find_sequences(folder, **words)
    assert len(found) == 1
    return next(iter(found.values()))


@pytest.mark.parametrize(
    "text",
    ["1\t2\t3\t4\n5\t6\t7\t8\n", "1,2,3,4\r\n5,6,7,8\r\n", "\ufeff1 2 3 4\n\n5  6 7 8", "1, 2, 3, 4,\n5,6,7,8\n"],
)
def test_otb_in_all_its_separators(tmp_path: Path, text: str) -> None:
    images(tmp_path / "Toy" / "img", 2)
    (tmp_path / "Toy" / "groundtruth_rect.txt").write_text(text, encoding="utf-8", newline="")
    toy = only(tmp_path)
    assert (toy.name, toy.layout) == ("Toy", "otb")
    np.testing.assert_array_equal(toy.boxes, [[1, 2, 4, 6], [5, 6, 12, 14]])
    assert [image[0, 0, 0] for image in toy.frames()] == [1, 2]


def test_otb_sequences_of_two_objects_and_of_part_of_the_images(tmp_path: Path) -> None:
    images(tmp_path / "Jogging" / "img", 5)
    for number in (1, 2):
        (tmp_path / "Jogging" / f"groundtruth_rect.{number}.txt").write_text("1,2,3,4\n" * 3)
    images(tmp_path / "David" / "img", 303)
    (tmp_path / "David" / "groundtruth_rect.txt").write_text("1,2,3,4\n" * 4)
    found = find_sequences(tmp_path)
    assert list(found) == ["David", "Jogging-1", "Jogging-2"]
    assert [len(one.images) for one in found.values()] == [4, 3, 3]
    assert found["David"].images[0].name == "0300.png"


def test_vot_polygons_become_upright_boxes(tmp_path: Path) -> None:
    # A square of side √50 standing on its corner, then an upright rectangle, then a frame without the object.
    (tmp_path / "groundtruth.txt").write_text("5,0,10,5,5,10,0,5\n2,3,12,3,12,8,2,8\n" + ",".join(["nan"] * 8))
    images(tmp_path, 3)
    (tmp_path / "occlusion.tag").write_text("0\n1\n")  # VOT's own files may be short
    toy = only(tmp_path)
    assert toy.layout == "vot"
    np.testing.assert_array_equal(toy.boxes[:2], [[0, 0, 10, 10], [2, 3, 12, 8]])
    assert np.isnan(toy.boxes[2]).all()
    assert toy.flags["occlusion"].tolist() == [False, True, False]
    half = only(tmp_path, polygons="area").boxes
    np.testing.assert_allclose(half[0], [5 - 12.5**0.5, 5 - 12.5**0.5, 5 + 12.5**0.5, 5 + 12.5**0.5])
    np.testing.assert_allclose(half[1], [2, 3, 12, 8])


@given(st.lists(st.floats(0, 100), min_size=8, max_size=8))
def test_an_upright_box_keeps_the_area_or_the_extent(corners: list[float]) -> None:
    x, y = np.array(corners).reshape(4, 2).T
    box = corners_to_box(np.array([corners]))[0]
    assert box.tolist() == [x.min(), y.min(), x.max(), y.max()]
    small = corners_to_box(np.array([corners]), "area")[0]
    assert (small[2:] - small[:2] <= box[2:] - box[:2] + 1e-9).all()


def test_got10k_leaves_out_absent_frames_and_knows_cover(tmp_path: Path) -> None:
    folder = tmp_path / "GOT-10k_Val_000001"
    images(folder, 4)
    (folder / "groundtruth.txt").write_text("1,2,3,4\n" * 4)
    (folder / "meta_info.ini").write_text("[METAINFO]\nurl: x\nresolution: (1920, 1080)\n")
    (folder / "cover.label").write_text("8\n6\n0\n8\n")
    (folder / "absence.label").write_text("0\n0\n0\n1\n")
    toy = only(tmp_path)
    assert (toy.layout, toy.size) == ("got10k", (1920, 1080))
    assert np.isnan(toy.boxes[:, 0]).tolist() == [False, False, True, True]
    assert toy.flags["occlusion"].tolist() == [False, True, True, False]


def test_got10k_keeps_the_truth_of_its_test_set(tmp_path: Path) -> None:
    images(tmp_path, 3)
    (tmp_path / "groundtruth.txt").write_text("1,2,3,4\n")
    with pytest.raises(FormatError, match="only its server can score"):
        find_sequences(tmp_path, layout="got10k")


def test_lasot_flags_stand_in_one_line_and_folders_in_categories(tmp_path: Path) -> None:
    folder = tmp_path / "person" / "person-1"
    images(folder / "img", 4)
    (folder / "groundtruth.txt").write_text("1,2,3,4\n1,2,3,4\n0,0,0,0\n1,2,3,4\n")
    (folder / "full_occlusion.txt").write_text("0,1,0,0")
    (folder / "out_of_view.txt").write_text("0,0,1,0")
    toy = only(tmp_path)
    assert (toy.name, toy.layout) == ("person-1", "lasot")
    assert np.isnan(toy.boxes[:, 0]).tolist() == [False, True, True, False]
    assert attributes(toy)["out of view"].tolist() == [False, False, True, False]


def test_each_track_of_a_mot_sequence_is_an_object(tmp_path: Path) -> None:
    folder = tmp_path / "match"
    images(folder / "img1", 6)
    (folder / "gt").mkdir()
    rows = ["2, 7, 1, 2, 3, 4, 1, 1, 1", "5, 7, 9, 2, 3, 4, 1, 1, 0.5", "1, 0, 5, 5, 5, 5, 1, 1, 1"]
    (folder / "gt" / "gt.txt").write_text("\n".join([*rows, "1, 3, 5, 5, 5, 5, 0, 1, 1"]))
    (folder / "seqinfo.ini").write_text("[Sequence]\nseqLength=6\nimWidth=40\nimHeight=30\nimDir=img1\n")
    found = find_sequences(folder)
    assert list(found) == ["match-id0", "match-id7"]  # 3 is not to be considered
    seven = found["match-id7"]
    assert np.isnan(seven.boxes[:, 0]).tolist() == [False, True, True, False]
    assert [path.name for path in seven.images] == ["0002.png", "0003.png", "0004.png", "0005.png"]
    assert seven.flags["occlusion"].tolist() == [False, False, False, True]
    assert seven.size == (40, 30)
    assert "occlusion" not in found["match-id0"].flags


@pytest.mark.parametrize(
    ("text", "count", "words"),
    [
        ("1,2,3,4\n1,2,x,4\n", 2, "line 2: expected numbers"),
        ("1,2,3,4\n1,2,3\n", 2, "line 2: expected 4 numbers, got 3"),
        ("", 0, "is empty"),
        ("1,2,3,4\n1,2,3,4\n1,2,3,4\n", 2, "3 boxes, but 2 images"),
        ("0,0,0,0\n1,2,3,4\n", 2, "first frame"),
        ("1,2,-3,4\n", 1, "below 0"),
        ("m12,3,4\n", 1, "masks cannot be read"),
    ],
)
def test_broken_truth_is_refused_with_its_file(tmp_path: Path, text: str, count: int, words: str) -> None:
    (tmp_path / "groundtruth.txt").write_text(text)
    images(tmp_path, count)
    with pytest.raises(FormatError, match=words) as raised:
        find_sequences(tmp_path)
    assert str(tmp_path / "groundtruth.txt") in str(raised.value)


def test_flags_of_another_length_are_refused(tmp_path: Path) -> None:
    images(tmp_path / "img", 2)
    (tmp_path / "groundtruth.txt").write_text("1,2,3,4\n" * 2)
    (tmp_path / "out_of_view.txt").write_text("0,0,1")
    with pytest.raises(FormatError, match=r"out_of_view\.txt: 3 values for 2 frames"):
        find_sequences(tmp_path)


def test_wrong_folders_and_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no such folder"):
        find_sequences(tmp_path / "nothing")
    with pytest.raises(SettingError, match="no sequence found; looked for"):
        find_sequences(tmp_path)
    with pytest.raises(SettingError, match="did you mean 'otb'"):
        find_sequences(tmp_path, layout="otbb")
    (tmp_path / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    with pytest.raises(SettingError, match="laid out as otb, not mot"):
        find_sequences(tmp_path, layout="mot")
    with pytest.raises(SourceError, match="no images"):
        list(only(tmp_path).frames())


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    images(tmp_path / "img", 2)
    (tmp_path / "img" / "0002.png").write_bytes(b"no picture")
    (tmp_path / "groundtruth_rect.txt").write_text("1,2,3,4\n" * 2)
    with pytest.raises(SourceError, match=r"0002\.png: not a readable picture"):
        list(only(tmp_path).frames())


# --- attributes ------------------------------------------------------------------------------------------------------


def test_attributes_by_hand() -> None:
    boxes = np.array(
        [
            [100, 100, 120, 140],  # 800 pixels
            [100, 100, 141, 140],  # 2.05 times the area; the centre moved by 10.5
            [100, 100, 119, 120],  # 380 pixels: low resolution, less than half the area
            [120, 100, 140, 140],  # moved by 22.9
            [np.nan] * 4,
            [300, 100, 320, 140],  # far, but not from the frame before
            [310, 100, 330, 140],  # reaches 10 pixels beyond the picture
        ]
    )
    found = attributes(
        ObjectSequence("toy", boxes, size=(320, 240)), grey=np.array([100, 124, 126, 74, np.nan, 100, 75])
    )
    truth = {
        "scale variation": [1, 2],
        "fast motion": [3],
        "light change": [2, 3],
        "low resolution": [2],
        "out of view": [6],
    }
    assert {name: np.flatnonzero(frames).tolist() for name, frames in found.items()} == truth
    assert set(attributes(ObjectSequence("toy", boxes))) == {"scale variation", "fast motion", "low resolution"}


def test_the_light_is_read_inside_the_box(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    for number, level in enumerate((100, 200), 1):
        image = np.zeros((30, 40, 3), np.uint8)
        image[5:15, 10:20] = level
        cv2.imwrite(str(tmp_path / "img" / f"{number}.png"), image)
    (tmp_path / "groundtruth_rect.txt").write_text("10,5,10,10\n" * 2)
    np.testing.assert_allclose(mean_grey(only(tmp_path)), [100, 200])
