"""Data sets of strangers: whatever stands in their files, readers return or say in one line which file is wrong."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_prep.audit.pixels import PixelSettings
from data_prep.audit.run import AuditSettings, audit
from data_prep.formats.coco import parse_coco, read_coco
from data_prep.formats.labelme import read_labelme
from data_prep.formats.motfolders import known_classes
from data_prep.formats.soccernet import read_roles
from data_prep.formats.voc import read_voc
from data_prep.formats.yolo_read import read_yolo
from data_prep.pictures import picture_size, read_picture, write_picture
from data_prep.storage import DiskStorage, ZipStorage
from sportstrack.errors import FormatError

CLIP = {
    "name": "c", "width": 64, "height": 48, "frame_rate": 25, "length": 1, "match": "m",
    "tracks": {"3": {"role": "player", "team": "", "number": "7"}}, "frames": {"c/1.png": [0, [3]]},
}  # fmt: skip


def yolo(folder: Path) -> Path:
    """One clip of one picture with one box, and its side file."""
    for path in ("images/train/c", "labels/train/c", "tracks/train"):
        (folder / path).mkdir(parents=True)
    write_picture(str(folder / "images/train/c/1.png"), np.full((48, 64, 3), 90, np.uint8))
    (folder / "labels/train/c/1.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "tracks/train/c.json").write_text(json.dumps(CLIP))
    (folder / "data.yaml").write_text("train: images/train\nval: images/train\nnames: [player]\n")
    return folder


def voc(folder: Path) -> Path:
    """Two XML files without pictures, listed for train."""
    (folder / "Annotations").mkdir(parents=True)
    (folder / "ImageSets/Main").mkdir(parents=True)
    for name in ("0", "1"):
        (folder / f"Annotations/{name}.xml").write_text(
            "<annotation><filename>a.jpg</filename><size><width>64</width><height>48</height></size></annotation>"
        )
    (folder / "ImageSets/Main/train.txt").write_text("0\n1\n")
    return folder


def refused(read: Callable[[Path], Any], root: Path, *words: str) -> None:
    """The reader names what is wrong, in one line."""
    with pytest.raises(FormatError) as caught:
        read(root)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def outcome(read: Callable[[], Any], otherwise: str) -> str:
    """Return the message of a refusal, or another word if there was none."""
    try:
        read()
    except FormatError as error:
        return str(error)
    return otherwise


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": ["c"]}, "name"), ({"width": 1e300}, "width"), ({"width": 10**30}, "width"), ({"height": 0}, "height"),
        ({"frame_rate": -1}, "frame_rate"), ({"frame_rate": "25"}, "frame_rate"), ({"length": True}, "length"),
        ({"match": None}, "match"), ({"tracks": []}, "tracks"), ({"tracks": {"x": {}}}, "role"),
        ({"tracks": {"9" * 5000: {"role": "", "team": "", "number": ""}}}, "is no whole number"),
        ({"frames": {"c/1.png": [0]}}, "frames"), ({"frames": {"c/1.png": ["0", [3]]}}, "frames"),
        ({"frames": {"c/1.png": [0, [10**30]]}}, "frames"), ({"frames": {"c/1.png": [0, "3"]}}, "frames"),
    ],
)  # fmt: skip
def test_side_files_of_clips_are_checked_key_by_key(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    root = yolo(tmp_path / "set")
    assert read_yolo(root).boxes.track_id.tolist() == [3]
    (root / "tracks/train/c.json").write_text(json.dumps(CLIP | change))
    refused(read_yolo, root, "c.json", word)
    assert [finding.kind for finding in audit(root).findings] == ["unreadable clip"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(CLIP)), json_values)
def test_any_value_in_a_side_file_is_read_or_refused(tmp_path: Path, key: str, value: Any) -> None:
    root = tmp_path / "set" if (tmp_path / "set").exists() else yolo(tmp_path / "set")
    (root / "tracks/train/c.json").write_text(json.dumps(CLIP | {key: value}))
    assert "c.json" in outcome(lambda: read_yolo(root), "c.json")
    audit(root, AuditSettings(pixels=None))


@pytest.mark.parametrize(
    "line", [b"images/train/c", b"\x00", b"\xff\xfe\xfa\xdb", b"x" * 5000, b"images/absent.png", b"[", b"/", b".."]
)
def test_a_line_of_a_list_that_names_no_picture_is_named(tmp_path: Path, line: bytes) -> None:
    root = yolo(tmp_path / "set")
    (root / "tracks/train/c.json").unlink()
    (root / "data.yaml").write_text("train: list.txt\nval: list.txt\nnames: [player]\n")
    (root / "list.txt").write_bytes(b"images/train/c/1.png\n" + line + b"\n")
    refused(read_yolo, root, "list.txt")
    audit(root)


@pytest.mark.parametrize(
    "text",
    [
        "names: {0: a, x: b}\ntrain: images\n", "names: [[a], {b: c}]\ntrain: images/train\n", "names: 7\ntrain: a\n",
        "names: [a]\ntrain: [[x], {y: 1}]\n", 'names: [a]\ntrain: "\\0"\n', f"names: [a]\ntrain: {'x' * 5000}\n",
        "a: &a [x]\nb: &b [*a, *a]\nnames: *b\ntrain: x\n", "names: [a]\ntrain: images/train\npath: [1, 2\n", "- 1\n",
    ],
)  # fmt: skip
def test_descriptions_of_any_kind_are_refused_by_name(tmp_path: Path, text: str) -> None:
    root = yolo(tmp_path / "set")
    (root / "data.yaml").write_text(text)
    refused(read_yolo, root, "data.yaml")
    refused(audit, root, "data.yaml")


def test_labels_in_utf_16_are_read(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set")
    label = root / "labels/train/c/1.txt"
    label.write_text("0 0.5 0.5 0.2 0.2\n", encoding="utf-16")
    np.testing.assert_allclose(read_yolo(root).boxes.xyxy, [[25.6, 19.2, 38.4, 28.8]])
    assert [finding.kind for finding in audit(root).findings] == ["one-frame track"]


def test_lists_of_voc_may_be_in_any_encoding_and_folders_are_none(tmp_path: Path) -> None:
    root = voc(tmp_path / "set")
    (root / "ImageSets/Main/val.txt").write_bytes("Köln\n".encode("cp1252"))
    refused(read_voc, root, "val.txt", "Köln")
    (root / "ImageSets/Main/val.txt").unlink()
    (root / "ImageSets/Main/test.txt").mkdir()
    assert len(read_voc(root).images) == 2
    assert audit(root).clean


@pytest.mark.parametrize("side", ["9" * 5000, "1e99", "inf", "-1", "70000", "x"])
def test_sizes_beyond_any_picture_are_refused(tmp_path: Path, side: str) -> None:
    root = voc(tmp_path / "set")
    file = root / "Annotations/1.xml"
    file.write_text(file.read_text().replace("<width>64", f"<width>{side}"))
    refused(read_voc, root, "1.xml", "size")
    audit(root)


def test_long_names_in_xml_belong_to_no_picture(tmp_path: Path) -> None:
    root = voc(tmp_path / "set")
    file = root / "Annotations/1.xml"
    file.write_text(file.read_text().replace("a.jpg", "a" * 5000 + ".jpg"))
    assert len(read_voc(root).images) == 2


@pytest.mark.parametrize(
    "text",
    ['{"images": [], "categories": [], "annotations": 7}', '{"images": [], "categories": [' + "9" * 5000 + "]}",
     "[" * 100_000, '{"images": 7, "categories": []}', "[]", "nul", '{"images": [7], "categories": []}',
     '{"images": [], "categories": [{"id": [1]}], "annotations": []}'],
)  # fmt: skip
def test_coco_files_of_any_kind_are_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    refused(read_coco, tmp_path / "a.json", "a.json")
    assert "a.json" in outcome(lambda: audit(tmp_path / "a.json"), "a.json")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["images", "categories", "annotations", "videos"]),
    st.sampled_from(
        [
            "id",
            "name",
            "supercategory",
            "file_name",
            "width",
            "bbox",
            "segmentation",
            "image_id",
            "category_id",
            "iscrowd",
            "track_id",
            "frame_id",
            "video_id",
            "score",
            "area",
        ]
    ),
    json_values,
)
def test_any_value_in_a_coco_record_is_read_or_refused(part: str, key: str, value: Any) -> None:
    data: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48, "video_id": 1, "frame_id": 0}],
        "categories": [{"id": 1, "name": "player", "supercategory": "none"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "segmentation": []}],
        "videos": [{"id": 1, "name": "v", "width": 64, "height": 48}],
    }
    data[part][0][key] = value
    assert outcome(lambda: parse_coco(data, "x.json"), "x.json").startswith("x.json")


def test_a_cache_of_strange_lines_is_not_believed(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set")
    cache = tmp_path / "cache.jsonl"
    wanted = AuditSettings(pixels=PixelSettings(cache=cache))
    audit(root, wanted)
    key, values = json.loads(cache.read_text())
    strange: list[dict[str, Any]] = [
        {"light": "x"}, {"light": {}}, {"sharp": [1]}, {"look": -1}, {"look": "7"}, {"look": 1 << 70}, {"width": 1e9},
        {"width": "64"}, {"error": 7}, {"digest": []}, {"light": float("nan")}, {"more": 1},
    ]  # fmt: skip
    for change in strange:
        cache.write_text(json.dumps([key, values | change]) + "\n" + "[" * 5000 + "\n[[1], {}]\n7\n")
        assert [finding.kind for finding in audit(root, wanted).findings] == ["one-frame track"], change


def test_a_picture_that_claims_gigabytes_is_not_decoded(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    write_picture(str(file), np.zeros((48, 64, 3), np.uint8))
    data = bytearray(file.read_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xf0\xff\xf0"
    file.write_bytes(data)
    for read in (picture_size, read_picture):
        with pytest.raises(FormatError, match=r"a\.jpg: .* pixels"):
            read(str(file))


def labelme(folder: Path, *shapes: Any, **change: Any) -> Path:
    """A picture and its LabelMe file."""
    folder.mkdir(exist_ok=True)
    write_picture(str(folder / "a.png"), np.zeros((48, 64, 3), np.uint8))
    data = {"imagePath": "..\\pictures\\a.png", "imageWidth": 64, "imageHeight": 48, "shapes": list(shapes)}
    (folder / "a.json").write_text(json.dumps(data | change))
    return folder


def shape(kind: str, points: Any, label: Any = "player", group: Any = None) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": group}


def test_labelme_polygons_stay_polygons_and_groups_are_one_box(tmp_path: Path) -> None:
    first, second = [[1, 2], [9, 2], [9, 12]], [[20, 2], [30, 2], [30, 30]]
    root = labelme(
        tmp_path / "a", shape("polygon", first, group=1), shape("rectangle", [[40, 30], [33, 5]], "ball"),
        shape("circle", [[1, 1], [2, 2]]), shape("polygon", second, group=1),
    )  # fmt: skip
    table = read_labelme(root)
    assert table.classes == ("ball", "player")
    assert table.boxes.xyxy.tolist() == [[1, 2, 30, 30], [33, 5, 40, 30]]
    assert table.boxes.polygons is not None
    assert [part.tolist() for part in table.boxes.polygons.of(0)] == [first, second]
    assert table.boxes.polygons.there.tolist() == [True, False]
    assert "1 shapes are neither rectangles nor polygons" in table.notes[0]


@pytest.mark.parametrize(
    "strange",
    [7, {}, shape("polygon", [[1, 2], [3, 4]]), shape("polygon", "abc"), shape("polygon", [[1, 2], [3, 4], [5]]),
     shape("rectangle", [[1, float("nan")], [3, 4]]), shape("rectangle", [[1, 2], [3, 4]], label=None),
     shape("rectangle", [[1, 10**400], [3, 4]]), shape(["x"], [])],
)  # fmt: skip
def test_a_strange_labelme_shape_is_named(tmp_path: Path, strange: Any) -> None:
    refused(read_labelme, labelme(tmp_path / "a", strange), "a.json", "shapes[0]")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["imagePath", "imageWidth", "imageHeight", "shapes"]), json_values)
def test_any_value_in_a_labelme_file_is_read_or_refused(tmp_path: Path, key: str, value: Any) -> None:
    root = labelme(tmp_path / "a", shape("rectangle", [[1, 2], [3, 4]]), **{key: value})
    assert "a.json" in outcome(lambda: read_labelme(root), "a.json")


def test_numbers_of_thousands_of_digits_in_gameinfo_are_no_tracks(tmp_path: Path) -> None:
    many = "9" * 5000
    (tmp_path / "gameinfo.ini").write_text(
        f"trackletID_7= player team left;10\ntrackletID_{many}= ball;1\nclass_{many}=x\n"
    )
    place = DiskStorage(tmp_path.parent)
    assert list(read_roles(place, tmp_path.name)[0]) == [7]
    assert known_classes(place, tmp_path.name) is None


@pytest.mark.parametrize("kind", ["unpacks to too much", "claims more than there is"])
def test_zip_members_that_claim_too_much_are_refused(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/gt.txt", b"0" * (1 << 25 if kind == "unpacks to too much" else 100))
    data = bytearray(file.read_bytes())
    if kind == "claims more than there is":
        at = data.index(b"PK\x01\x02") + 20
        data[at : at + 4] = b"\x00\x00\x00\x7f"
        file.write_bytes(data)
    refused(lambda path: ZipStorage(path).read("a/gt.txt"), file, "a.zip!a/gt.txt", "claims")
