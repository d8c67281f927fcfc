"""Each kind of fault, one at a time: found once, and repaired where that is safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from audit_sets import MAKERS, READERS, Breaker, changes_of, copy_clip, edit, info, label, picture, rows, train

from data_prep.audit import KINDS, audit
from data_prep.audit.command import main


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
