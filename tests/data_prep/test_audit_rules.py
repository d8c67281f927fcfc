"""Rows and labels of any kind, and repairs in detail."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from audit_sets import FRAMES, changes_of, copy_clip, edit, info, make_clip, make_mot, picture, rows, train
from hypothesis import given, settings
from hypothesis import strategies as st
from make_clips import INFO

from data_prep.audit import audit
from data_prep.audit.command import main
from data_prep.audit.page import audit_page
from data_prep.audit.rules import jumps, near_duplicates, pair_iou, repeated_ids
from data_prep.formats.motfolders import read_mot_folders
from data_prep.formats.yolo_read import read_yolo
from data_prep.table import Boxes, ImageTable, Table

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


def test_the_same_repair_is_made_anew_but_nothing_that_was_edited_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = make_mot(tmp_path / "set"), tmp_path / "mended"
    edit(3, "2,0,nan,10,12,30,1,1,1")(root)
    arguments = [str(root), "--fix", str(out), "--quiet"]
    assert main(arguments) == main(arguments) == 1  # the very same again is no harm
    edit(5, "3,0,nan,10,12,30,1,1,1")(root)
    assert main(arguments) == 1
    assert [change["place"] for change in changes_of(out)] == ["line 5"]
    (out / "changes.csv").write_text("mine\n", encoding="utf-8")
    assert main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 1


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
