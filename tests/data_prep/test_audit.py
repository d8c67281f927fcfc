"""The audit finds each fault of a data set once, with file and line, and repairs what is safe."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_clips import INFO

from data_prep.audit import KINDS, AuditSettings, PixelSettings, Thresholds, audit
from data_prep.audit.command import main
from data_prep.audit.page import audit_page
from data_prep.audit.rules import jumps, near_duplicates, pair_iou, repeated_ids
from data_prep.formats.coco import read_coco
from data_prep.formats.motfolders import read_mot_folders
from data_prep.formats.voc import read_voc
from data_prep.formats.yolo_read import read_yolo
from data_prep.table import Boxes, ImageTable, Table
from sportstrack.errors import FormatError, SettingError

SIZE = (96, 64)
FRAMES = 10
Breaker = Callable[[Path], object]

# --- sound data sets, to be broken -----------------------------------------------------------------------------------


@cache
def picture(seed: int, kind: str = "", size: tuple[int, int] = SIZE) -> bytes:
    """A picture of coarse patches and fine grain; no two seeds look alike."""
    import cv2

    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 226, (4, 6, 3), dtype=np.uint8)
    image = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(float) + rng.normal(0, 12, (*size[::-1], 1))
    image = 125 + (image - image.mean())
    if kind == "dark":
        image = image * 0.2
    elif kind == "blurred":
        image = cv2.GaussianBlur(image, (0, 0), 3)
    return np.asarray(cv2.imencode(".png", image.clip(0, 255).astype(np.uint8))[1]).tobytes()


def rows(frames: int = FRAMES, shift: int = 0) -> list[str]:
    """Two players who walk, a line each per frame."""
    lines = []
    for frame in range(1, frames + 1):
        lines += [f"{frame},0,{5 + shift + frame},10,12,30,1,1,1", f"{frame},1,{70 - shift - frame},20,10,24,1,1,1"]
    return lines


def make_clip(folder: Path, seed: int, shift: int) -> None:
    (folder / "gt").mkdir(parents=True)
    (folder / "img1").mkdir()
    info = INFO.format(name=folder.name, frames=FRAMES, width=SIZE[0], height=SIZE[1]).replace(".jpg", ".png")
    (folder / "seqinfo.ini").write_text(info)
    (folder / "gt/gt.txt").write_text("\n".join(rows(shift=shift)) + "\n")
    for frame in range(1, FRAMES + 1):
        (folder / f"img1/{frame:06d}.png").write_bytes(picture(seed + frame))


def make_mot(root: Path) -> Path:
    make_clip(root / "dataset/train/v_aaa_c001", 100, 0)
    make_clip(root / "dataset/val/v_bbb_c001", 200, 3)
    return root


def make_yolo(root: Path) -> Path:
    for split, seed in (("train", 1), ("val", 50)):
        (root / "images" / split).mkdir(parents=True)
        (root / "labels" / split).mkdir(parents=True)
        for i in range(4):
            (root / f"images/{split}/{i}.png").write_bytes(picture(seed + i))
            (root / f"labels/{split}/{i}.txt").write_text("0 0.3 0.4 0.2 0.5\n1 0.7 0.5 0.1 0.3\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [player, ball]\n")
    return root


def make_coco(root: Path) -> Path:
    (root / "annotations").mkdir(parents=True)
    (root / "val").mkdir()
    images = [{"id": i, "file_name": f"{i}.png", "width": SIZE[0], "height": SIZE[1]} for i in range(3)]
    for i in range(3):
        (root / f"val/{i}.png").write_bytes(picture(i))
    boxes = [{"id": i, "image_id": i, "category_id": 7, "bbox": [10, 10, 20, 30], "iscrowd": 0} for i in range(3)]
    data = {"images": images, "annotations": boxes, "categories": [{"id": 7, "name": "player"}]}
    (root / "annotations/instances_val.json").write_text(json.dumps(data))
    return root


def make_voc(root: Path) -> Path:
    (root / "Annotations").mkdir(parents=True)
    (root / "JPEGImages").mkdir()
    for i in range(3):
        (root / f"JPEGImages/{i}.png").write_bytes(picture(i))
        (root / f"Annotations/{i}.xml").write_text(
            f"<annotation><filename>{i}.png</filename>\n<size><width>{SIZE[0]}</width><height>{SIZE[1]}</height></size>"
            "\n<object><name>player</name><bndbox><xmin>11</xmin><ymin>11</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
            "</object>\n</annotation>\n"
        )
    return root


MAKERS = {"mot": make_mot, "yolo": make_yolo, "coco": make_coco, "voc": make_voc}
READERS = {
    "mot": lambda root: read_mot_folders(root), "yolo": read_yolo, "coco": read_coco, "voc": read_voc,
}  # fmt: skip


@pytest.mark.parametrize("layout", MAKERS)
def test_nothing_is_found_in_a_sound_data_set(layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = MAKERS[layout](tmp_path / "set")
    found = audit(root)
    assert found.source.layout == layout
    assert found.clean, found.findings
    assert len(found.measured) == len(found.source.table.images) > 0
    assert main([str(root)]) == 0
    assert "nothing found" in capsys.readouterr().out


# --- one fault at a time ---------------------------------------------------------------------------------------------


def train(root: Path) -> Path:
    return root / "dataset/train/v_aaa_c001"


def edit(line: int, new: str | None) -> Breaker:
    """Replace, or with None leave out, a line (from 1) of the train clip's truth; line 0 appends."""

    def do(root: Path) -> None:
        lines = rows()
        if line == 0:
            lines.append(str(new))
        else:
            lines[line - 1 : line] = [] if new is None else [new]
        (train(root) / "gt/gt.txt").write_text("\n".join(lines) + "\n")

    return do


def info(old: str, new: str) -> Breaker:
    def do(root: Path) -> None:
        path = train(root) / "seqinfo.ini"
        path.write_text(path.read_text().replace(old, new))

    return do


def put(path: str, data: bytes) -> Breaker:
    def do(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)

    return do


def remove(path: str) -> Breaker:
    return lambda root: (root / path).unlink()


def both(*breakers: Breaker) -> Breaker:
    def do(root: Path) -> None:
        for breaker in breakers:
            breaker(root)

    return do


def label(layout_path: str, text: str) -> Breaker:
    return lambda root: (root / layout_path).write_text(text)


def coco(change: Callable[[dict], object]) -> Breaker:
    def do(root: Path) -> None:
        path = root / "annotations/instances_val.json"
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return do


def voc(old: str, new: str) -> Breaker:
    def do(root: Path) -> None:
        path = root / "Annotations/1.xml"
        path.write_text(path.read_text().replace(old, new))

    return do


def copy_clip(name: str, shift: int) -> Breaker:
    """A clip of val in train as well: its pictures, and its boxes or (shift) others."""

    def do(root: Path) -> None:
        make_clip(root / "dataset/train" / name, 200 if shift == 3 else 300, shift)

    return do


def rewrite(change: Callable[[list[str]], list[str]]) -> Breaker:
    return lambda root: (train(root) / "gt/gt.txt").write_text("\n".join(change(rows())) + "\n")


IMG = "dataset/train/v_aaa_c001/img1"
GT = "dataset/train/v_aaa_c001/gt/gt.txt"
FIRST_LABEL = "labels/train/0.txt"
SECOND = "1 0.7 0.5 0.1 0.3\n"
THIRD = ("8,7,80,30,12,30,1,1,1", "9,7,84,30,12,30,1,1,1")


def annotation(**fields: object) -> Breaker:
    """The second annotation of the COCO file with other fields."""
    return coco(lambda data: data["annotations"][1].update(fields))


def changes_of(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "changes.csv").read_text(encoding="utf-8").splitlines()))


# (layout, kind, breaker, file's end, place, repaired)
CASES: list[tuple[str, str, Breaker, str, str, bool]] = [
    ("mot", "unreadable label", edit(3, "2,0,wide,10,12,30,1,1,1"), GT, "line 3", True),
    ("mot", "unreadable label", edit(3, "2,0,7"), GT, "line 3", True),
    ("mot", "unreadable label", edit(3, "2.5,0,7,10,12,30,1,1,1"), GT, "line 3", True),
    ("mot", "not finite", edit(3, "2,0,nan,10,12,30,1,1,1"), GT, "line 3", True),
    ("mot", "not finite", edit(3, "2,0,7,inf,12,30,1,1,1"), GT, "line 3", True),
    ("mot", "no size", edit(3, "2,0,7,10,0,30,1,1,1"), GT, "line 3", True),
    ("mot", "no size", edit(3, "2,0,7,10,12,-30,1,1,1"), GT, "line 3", True),
    ("mot", "outside picture", rewrite(lambda r: [*r, *THIRD, "10,7,96,30,12,30,1,1,1"]), GT, "line 23", True),
    ("mot", "beyond picture", edit(1, "1,0,-4,10,14,30,1,1,1"), GT, "line 1", True),
    ("mot", "frame out of range", edit(0, "11,0,7,10,12,30,1,1,1"), GT, "line 21", True),
    ("mot", "frame out of range", edit(0, "0,0,7,10,12,30,1,1,1"), GT, "line 21", True),
    ("mot", "unknown class", edit(3, "2,0,7,10,12,30,1,4,1"), GT, "line 3", True),
    ("mot", "duplicate id", edit(0, "4,1,66,20,10,24,1,1,1"), GT, "line 21", True),
    ("mot", "near-duplicate boxes", rewrite(lambda r: [*r, r[7].replace("4,1", "4,5"), "5,5,66,20,10,24,1,1,1"]), GT,
     "line 21", False),
    ("mot", "jump", rewrite(lambda r: [x.replace(",10,12,30", ",10,5,8") if x[:4] in ("9,0,", "10,0") else x for x in r]
                            [:18] + ["10,0,60,55,5,8,1,1,1"]), GT, "line 19", False),
    ("mot", "one-frame track", edit(0, "4,9,40,5,4,9,1,1,1"), GT, "line 21", False),
    ("mot", "missing picture", remove(f"{IMG}/000004.png"), f"{IMG}/000004.jpg", "", True),
    ("mot", "unreadable picture", put(f"{IMG}/000004.png", b"no picture"), f"{IMG}/000004.png", "", True),
    ("mot", "unreadable picture", put(f"{IMG}/000004.png", picture(104)[:-900]), f"{IMG}/000004.png", "", True),
    ("mot", "frame count", info("seqLength=10", "seqLength=12"), "v_aaa_c001/seqinfo.ini", "line 5", True),
    ("mot", "picture size", put(f"{IMG}/000004.png", picture(104, "", (48, 32))), f"{IMG}/000004.png", "", True),
    ("mot", "light outlier", put(f"{IMG}/000004.png", picture(104, "dark")), f"{IMG}/000004.png", "", False),
    ("mot", "blur outlier", put(f"{IMG}/000004.png", picture(104, "blurred")), f"{IMG}/000004.png", "", False),
    ("mot", "unreadable clip", remove("dataset/train/v_aaa_c001/seqinfo.ini"), "v_aaa_c001/seqinfo.ini", "", True),
    ("mot", "sequence in two splits", copy_clip("v_bbb_c001", 3), "dataset/val/v_bbb_c001", "", True),
    ("mot", "sequence in two splits", copy_clip("v_zzz_c001", 3), "dataset/val/v_bbb_c001", "", True),
    ("mot", "match in two splits", copy_clip("v_bbb_c002", 5), "", "", False),
    ("mot", "same picture in two splits",
     put(f"{IMG}/000004.png", picture(207)), "v_bbb_c001/img1/000007.png", "", True),
    ("mot", "near-identical pictures in two splits",
     put(f"{IMG}/000004.png", picture(207) + b"more"), "v_bbb_c001/img1/000007.png", "", False),
    ("yolo", "unreadable label", label(FIRST_LABEL, f"0 0.3 x 0.2 0.5\n{SECOND}"), FIRST_LABEL, "line 1", True),
    ("yolo", "unreadable label", label(FIRST_LABEL, f"0 0.3 0.4\n{SECOND}"), FIRST_LABEL, "line 1", True),
    ("yolo", "unknown class", label(FIRST_LABEL, f"{SECOND}2 0.3 0.4 0.2 0.5\n"), FIRST_LABEL, "line 2", True),
    ("yolo", "not finite", label(FIRST_LABEL, f"{SECOND}\n0 nan 0.4 0.2 0.5\n"), FIRST_LABEL, "line 3", True),
    ("yolo", "no size", label(FIRST_LABEL, f"{SECOND}0 0.3 0.4 -0.2 0.5\n"), FIRST_LABEL, "line 2", True),
    ("yolo", "outside picture", label(FIRST_LABEL, f"{SECOND}0 640 360 32 80\n"), FIRST_LABEL, "line 2", True),
    ("yolo", "beyond picture", label(FIRST_LABEL, f"{SECOND}0 0.95 0.4 0.2 0.5\n"), FIRST_LABEL, "line 2", True),
    ("yolo", "near-duplicate boxes", label(FIRST_LABEL, f"{SECOND}{SECOND}"), FIRST_LABEL, "line 2", True),
    ("yolo", "label without picture", label("labels/train/x.txt", SECOND), "labels/train/x.txt", "", True),
    ("yolo", "unreadable picture", put("images/train/2.png", b""), "images/train/2.png", "", True),
    ("yolo", "missing picture",
     both(label("data.yaml", "train: list.txt\nval: images/val\nnames: [player, ball]\n"),
          label("list.txt", "".join(f"images/train/{i}.png\n" for i in range(5)))), "images/train/4.png", "", True),
    ("yolo", "class imbalance",
     label("data.yaml", "train: images/train\nval: images/val\nnames: [player, ball, referee]\n"), "", "", False),
    ("coco", "unreadable label", annotation(bbox=[1, 2]), ".json", "annotations[1]", True),
    ("coco", "unreadable polygon", annotation(segmentation=[[1, 2, 3]]), ".json", "annotations[1]", True),
    ("coco", "unknown class", annotation(category_id=1), ".json", "annotations[1]", True),
    ("coco", "frame out of range", annotation(image_id=9), ".json", "annotations[1]", True),
    ("coco", "not finite", annotation(bbox=[1, 2, None, 3]), ".json", "annotations[1]", True),
    ("coco", "no size", annotation(bbox=[1, 2, 0, 3]), ".json", "annotations[1]", True),
    ("coco", "picture size", coco(lambda d: d["images"][1].update(width=192)), "val/1.png", "", True),
    ("coco", "missing picture", remove("val/1.png"), "val/1.png", "", True),
    ("voc", "unreadable label", voc("<xmin>11", "<xmin>left"), "Annotations/1.xml", "line 3", True),
    ("voc", "unreadable label", voc("</annotation>", ""), "Annotations/1.xml", "", True),
    ("voc", "no size", voc("<xmax>30", "<xmax>10"), "Annotations/1.xml", "line 3", True),
    ("voc", "not finite", voc("<xmax>30", "<xmax>inf"), "Annotations/1.xml", "line 3", True),
    ("voc", "beyond picture", voc("<xmax>30", "<xmax>130"), "Annotations/1.xml", "line 3", True),
    ("voc", "same picture in two splits",
     both(put("ImageSets/Main/train.txt", b"0\n1\n"), put("ImageSets/Main/val.txt", b"1\n2\n")),
     "ImageSets/Main/train.txt", "line 2", True),
    ("voc", "missing picture", remove("JPEGImages/1.png"), "JPEGImages/1.png", "", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "kind", "breaker", "file", "place", "repaired"),
    CASES,
    ids=[f"{case[0]}-{case[1].replace(' ', '-')}-{i}" for i, case in enumerate(CASES)],
)
def test_each_fault_is_found_once_and_repaired_if_that_is_safe(
    layout: str, kind: str, breaker: Breaker, file: str, place: str, repaired: bool, tmp_path: Path
) -> None:
    root, out = MAKERS[layout](tmp_path / "set"), tmp_path / "mended"
    breaker(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    found = audit(root)
    assert found.counts() == {kind: 1}, found.findings
    finding = found.findings[0]
    assert finding.file.endswith(file), finding
    assert finding.place == place, finding
    assert main([str(root), "--fix", str(out), "--quiet"]) == 1
    assert bool(KINDS[kind].fix) or not repaired
    again = audit(out)
    assert again.clean == repaired, again.findings
    READERS[layout](out)  # the strict reader takes it
    changes = changes_of(out)
    assert bool(changes) == repaired
    assert {change["kind"] for change in changes} <= {kind, "missing picture"}  # frames are numbered anew
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_every_kind_is_tried_somewhere() -> None:
    assert {case[1] for case in CASES} | {"same truth twice"} == set(KINDS)


CELLS = st.sampled_from(
    [
        "1",
        "2",
        "0",
        "-1",
        "3.5",
        "nan",
        "inf",
        "-inf",
        "1e308",
        "1e400",
        "9999999999",
        "x",
        "",
        " 7",
        "40",
        "1_0",
        "-1e308",
    ]
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=11).map(",".join), max_size=12).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(text=ROWS)
def test_any_rows_are_audited_and_what_is_repaired_can_be_read(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "set/v_x_c001")
        (clip / "gt").mkdir(parents=True)
        (clip / "gt/gt.txt").write_text(text, encoding="utf-8")
        (clip / "seqinfo.ini").write_text(INFO.format(name="v_x_c001", frames=5, width=64, height=48))
        found = audit(clip.parent)
        lines = [line for line in text.split("\n") if line.strip()]
        rejected = [f for f in found.source.found if f.file.endswith("gt.txt")]
        assert len(found.source.table.boxes) + len(rejected) == len(lines)
        audit_page(found)
        json.dumps(found.record())
        assert main([str(clip.parent), "--fix", f"{folder}/out", "--quiet"]) == (0 if found.clean else 1)
        left = {"jump", "one-frame track", "near-duplicate boxes"}
        assert set(audit(f"{folder}/out").counts()) <= left
        if (audit(f"{folder}/out").source.table.boxes.track_id >= 0).all():
            read_mot_folders(f"{folder}/out")


@settings(max_examples=60, deadline=None)
@given(text=ROWS.map(lambda text: text.replace(",", " ")))
def test_any_labels_are_audited_and_what_is_repaired_can_be_read(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "set")
        (root / "images/train").mkdir(parents=True)
        (root / "labels/train").mkdir(parents=True)
        (root / "images/train/0.png").write_bytes(picture(0))
        (root / "labels/train/0.txt").write_text(text)
        (root / "data.yaml").write_text("train: images/train\nnames: [player, ball]\n")
        found = audit(root)
        audit_page(found)
        assert main([str(root), "--fix", f"{folder}/out", "--quiet"]) == (0 if found.clean else 1)
        read_yolo(f"{folder}/out")
        assert set(audit(f"{folder}/out").counts()) <= {"class imbalance"}


# --- repairs in detail -----------------------------------------------------------------------------------------------


def test_second_boxes_of_an_identity_become_another_one(tmp_path: Path) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    (train(root) / "gt/gt.txt").write_text("\n".join([*rows(), "4,1,40,4,8,9,1,1,1", "5,1,41,4,8,9,1,1,1"]) + "\n")
    assert audit(root).counts() == {"duplicate id": 2}
    assert main([str(root), "--fix", str(out), "--quiet"]) == 1
    assert audit(out).clean
    table = read_mot_folders(out / "train")
    assert np.unique(table.boxes.track_id, return_counts=True)[1].tolist() == [10, 10, 2]
    changes = changes_of(out)
    assert [c["what"] for c in changes] == ["track 1 becomes 2"] * 2
    assert [(c["action"], c["place"], c["frame"], c["track"]) for c in changes] == [
        ("re-number", "line 21", "4", "1"), ("re-number", "line 22", "5", "1"),
    ]  # fmt: skip


def test_frames_are_numbered_anew_after_a_hole(tmp_path: Path) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    (train(root) / "img1/000004.png").unlink()
    assert main([str(root), "--fix", str(out), "--quiet", "--changes", str(tmp_path / "c.json")]) == 1
    clip = out / "train/v_aaa_c001"
    assert len(list((clip / "img1").iterdir())) == FRAMES - 1
    assert (clip / "img1/000004.png").read_bytes() == (train(root) / "img1/000005.png").read_bytes()
    assert f"seqLength={FRAMES - 1}" in (clip / "seqinfo.ini").read_text()
    texts = [change["what"] for change in json.loads((tmp_path / "c.json").read_text())]
    assert texts == ["the frame and its boxes", "frames 5 to 10 become 4 to 9"]


def test_a_clip_s_size_is_restated_if_its_boxes_fit_the_pictures(tmp_path: Path) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    info("imWidth=96", "imWidth=80")(root)
    assert audit(root).counts() == {"picture size": FRAMES}
    main([str(root), "--fix", str(out), "--quiet"])
    assert "imWidth=96" in (out / "train/v_aaa_c001/seqinfo.ini").read_text()
    assert audit(out).clean


def test_the_copy_in_train_goes_and_that_in_val_stays(tmp_path: Path) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    copy_clip("v_bbb_c001", 3)(root)
    main([str(root), "--fix", str(out), "--quiet"])
    assert sorted(p.relative_to(out).as_posix() for p in out.glob("*/v_*")) == ["train/v_aaa_c001", "val/v_bbb_c001"]


def test_another_repair_replaces_the_first_one_only_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    edit(3, "2,0,nan,10,12,30,1,1,1")(root)
    arguments = [str(root), "--fix", str(out), "--quiet"]
    assert main(arguments) == main(arguments) == 1  # the very same again is no harm
    edit(5, "3,0,nan,10,12,30,1,1,1")(root)
    assert main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 1
    assert [change["place"] for change in changes_of(out)] == ["line 5"]


def test_kinds_that_are_ignored_are_left_alone(tmp_path: Path) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    edit(1, "1,0,-4,10,14,30,1,1,1")(root)
    assert main([str(root), "--ignore", "beyond-picture", "--quiet", "--fix", str(out)]) == 0
    assert (out / "train/v_aaa_c001/gt/gt.txt").read_text().startswith("1,0,-4,10,14,30")


# --- lists, one truth twice, rules -----------------------------------------------------------------------------------


def test_a_clip_in_two_of_sportsmot_s_lists(tmp_path: Path) -> None:
    root = make_mot(tmp_path / "set")
    (root / "splits_txt").mkdir()
    (root / "splits_txt/train.txt").write_text("v_aaa_c001\n")
    (root / "splits_txt/val.txt").write_text("v_bbb_c001\nv_aaa_c001\n")
    found = audit(root)
    assert found.counts() == {"sequence in two splits": 1}
    assert found.findings[0].where().endswith("splits_txt/val.txt, line 2")


def test_one_truth_in_two_clips_of_a_split(tmp_path: Path) -> None:
    root = make_mot(tmp_path / "set")
    make_clip(root / "dataset/train/v_ddd_c001", 400, 0)
    assert audit(root).counts() == {"same truth twice": 1}


def test_a_ball_may_move_a_player_s_height_but_not_two() -> None:
    """Its own few pixels say nothing about how fast it may be."""
    for step, found in ((20, 0), (70, 5)):
        xyxy = [
            box for i in range(6) for box in ([i, 0, i + 12, 30], [i, 40, i + 12, 70], [step * i, 9, step * i + 4, 13])
        ]
        images = ImageTable.make([str(i) for i in range(6)], size=(640, 80), sequence=0, frame=range(6))
        boxes = Boxes.make(np.repeat(np.arange(6), 3), xyxy, [0, 0, 1] * 6, track_id=[1, 2, 3] * 6)
        assert len(jumps(Table(("player", "ball"), (), images, boxes), 1.0)[0]) == found


def test_rules_equal_plain_loops() -> None:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 12, (300, 2))
    xyxy = np.hstack([low, low + rng.integers(4, 7, (300, 2))]).astype(float)
    images = ImageTable.make([str(i) for i in range(20)], size=(64, 64))
    boxes = Boxes.make(rng.integers(0, 20, 300), xyxy, rng.integers(0, 2, 300), track_id=rng.integers(-1, 12, 300))
    table = Table(("a", "b"), (), images, boxes)
    repeated, near = [], []
    for j in range(300):
        before = [i for i in range(j) if boxes.image[i] == boxes.image[j]]
        same = [i for i in before if boxes.track_id[i] == boxes.track_id[j] >= 0]
        if same:
            repeated.append([same[0], j])
        for i in before:
            other = boxes.class_id[i] == boxes.class_id[j] and i not in same
            if other and pair_iou(boxes.xyxy[[i]], boxes.xyxy[[j]])[0] >= 0.6:
                near.append(j)
    assert repeated_ids(table).tolist() == repeated
    assert near_duplicates(table, 0.6)[:, 1].tolist() == sorted(set(near))
    assert repeated
    assert near


# --- output, speed-ups, errors ---------------------------------------------------------------------------------------


def test_reports_name_the_place_and_need_nothing_from_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_mot(tmp_path / "set<b>")
    edit(3, "2,0,nan,10,12,30,1,1,1")(root)
    (train(root) / "img1/000005.png").write_bytes(picture(104, "dark"))
    page, data = tmp_path / "audit.html", tmp_path / "audit.json"
    assert main([str(root), "--html", str(page), "--json", str(data)]) == 1
    out = capsys.readouterr().out
    assert "not finite" in out
    assert f"{train(root)}/gt/gt.txt, line 3, frame 2: corners nan, 10, nan, 40" in out
    record = json.loads(data.read_text(encoding="utf-8"))
    assert record["counts"] == {"not finite": 1, "light outlier": 1}
    assert record["statistics"]["splits"]["train"] == {"pictures": 10, "labelled": 10, "clips": 1, "boxes": 20}
    assert sum(record["statistics"]["track_length"]["counts"]) == 4
    assert sum(map(sum, record["statistics"]["positions"])) == 39
    text = page.read_text(encoding="utf-8")
    assert "set&lt;b&gt;" in text
    assert text.count("data:image/jpeg;base64,") == 2
    assert "http" not in text
    assert "<script" not in text
    assert text.count("<svg") >= 5


def test_workers_give_the_same_answer_and_every_looks_at_fewer(tmp_path: Path) -> None:
    root = make_mot(tmp_path / "set")
    (train(root) / "img1/000004.png").write_bytes(b"")
    one, four = audit(root), audit(root, AuditSettings(pixels=PixelSettings(workers=4)))
    assert one.findings == four.findings
    assert one.measured == four.measured
    thinned = audit(root, AuditSettings(pixels=PixelSettings(every=5)))
    assert len(thinned.measured) == 4
    assert thinned.clean


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    root, cache = make_mot(tmp_path / "set"), tmp_path / "pixels.jsonl"

    def stop(done: int, expected: int | None) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(root, AuditSettings(pixels=PixelSettings(cache=cache, progress=stop)))
    with cache.open("a") as file:
        file.write('["half a li')
    steps: list[int] = []
    again = audit(root, AuditSettings(pixels=PixelSettings(cache=cache, progress=lambda done, _: steps.append(done))))
    assert steps == list(range(8, 21))
    assert again.measured == audit(root).measured


def test_labels_without_any_picture_lack_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_mot(tmp_path / "set")
    for path in root.rglob("*.png"):
        path.unlink()
    assert main([str(root)]) == 0
    assert "labels alone" in capsys.readouterr().out


def test_a_zip_is_read_without_unpacking(tmp_path: Path) -> None:
    import shutil

    root = make_mot(tmp_path / "set")
    edit(3, "2,0,nan,10,12,30,1,1,1")(root)
    archive = shutil.make_archive(str(tmp_path / "clips"), "zip", root)
    found = audit(archive)
    assert found.counts() == {"not finite": 1}
    assert len(found.measured) == 20


def test_roles_without_a_track_are_unknown(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for i, clip in enumerate((root / "train/SNMOT-060", root / "val/SNMOT-061")):
        make_clip(clip, 100 * i, i)
        (clip / "gameinfo.ini").write_text("[Sequence]\ntrackletID_0= player team left;7\ntrackletID_1= ball;1\n")
    with (root / "train/SNMOT-060/gt/gt.txt").open("a") as file:
        file.write("4,9,40,5,4,9,1,1,1\n")
    found = audit(root, AuditSettings(ignore=("class imbalance",)))
    assert found.counts() == {"unknown class": 1}
    assert found.source.table.counts()["val"] == {"player": 10, "goalkeeper": 0, "referee": 0, "ball": 10, "other": 0}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "no such file or folder"),
        (["."], "no data set recognised"),
        (["set", "--ignore", "jumps"], "did you mean 'jump'"),
        (["set", "--from", "coco"], "no COCO JSON found"),
        (["set", "--json", "no/folder/x.json"], "cannot be written"),
        (["set", "--cache", "no/folder/x.jsonl"], "cannot be written"),
        (["set", "--fix", "set"], "holds files that are no data set of this program"),
    ],
)
def test_bad_input_ends_with_status_2_and_one_line(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "set":
        make_mot(tmp_path / "set")
    assert main([*arguments, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_without_imagehash_everything_else_is_still_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_mot(tmp_path / "set")
    monkeypatch.setitem(sys.modules, "imagehash", None)
    assert main([str(root), "--quiet"]) == 2
    assert "pip install imagehash" in capsys.readouterr().err
    assert main([str(root), "--quiet", "--ignore", "near-identical-pictures-in-two-splits"]) == 0


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match="--blur"):
        Thresholds(blur=2)
    with pytest.raises(FormatError):
        audit("nowhere")


def test_help_tells_the_exit_status_of_findings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "exit status: 0 nothing found, 1 something found" in capsys.readouterr().out


def test_the_real_sequences_of_sportsmot(shared_data: Path) -> None:
    folder = shared_data / "sportsmot"
    if not folder.is_dir():
        pytest.skip("SportsMOT is not there")
    found = audit(folder)
    assert len(found.source.table.boxes) == 312_579
    assert len(found.source.table.images) == 28_574
    assert found.counts() == {"near-duplicate boxes": 1, "jump": 9}
