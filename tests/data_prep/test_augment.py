"""Augmented pictures keep true labels: objects are found again by their colour and compared with the boxes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_clips import files_below
from painted import COLOURS, GREY, SIZE, make_set, paint

from data_prep.audit import AuditSettings, audit
from data_prep.augment import OPERATIONS, Sample, augment_image
from data_prep.augment.command import main
from data_prep.augment.players import free_boxes
from data_prep.augment.run import AugmentSettings, choose
from data_prep.augment.sample import covered_share
from data_prep.formats.yolo_read import read_yolo
from sportstrack.errors import SettingError

PICTURE_ONLY = ("brightness", "contrast", "colour", "blur", "motion_blur", "noise", "jpeg")
GEOMETRY = ("flip", "rotate", "resize")
SEEDS = st.integers(0, 2**32 - 1)


def find(image: Any, kind: int) -> Any:
    """The box around the pixels of a colour: nearer to it than to anything else, in continuous pixels."""
    every = np.array([*COLOURS, (GREY,) * 3, (114,) * 3], float)
    distance = np.linalg.norm(image[:, :, None].astype(float) - every, axis=3)
    y, x = np.nonzero(distance.argmin(axis=2) == kind)
    return np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], float) if len(x) else None


@st.composite
def scenes(draw: st.DrawFn) -> np.ndarray:
    """Up to five boxes, each in its own column of the picture, so that none hides another."""
    count = draw(st.integers(1, len(COLOURS)))
    boxes = []
    for i in range(count):
        width, height = draw(st.integers(12, 36)), draw(st.integers(16, 70))
        left, top = 48 * i + draw(st.integers(0, 47 - width)), draw(st.integers(0, SIZE[1] - height))
        boxes.append([left, top, left + width, top + height])
    return np.array(boxes, float)


# --- labels are true -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", GEOMETRY)
@settings(max_examples=12, deadline=None)
@given(boxes=scenes(), seed=SEEDS)
def test_objects_are_where_the_moved_boxes_say(operation: str, boxes: np.ndarray, seed: int) -> None:
    kinds = np.arange(len(boxes))
    image, moved, classes, record = augment_image(paint(boxes), boxes, kinds, [operation], seed, least_visible=0.01)
    assert len(moved) + record["dropped"] == len(boxes)
    assert (moved >= 0).all()
    assert (moved[:, 2:] <= image.shape[1::-1]).all()
    for box, kind in zip(moved, classes.tolist(), strict=True):
        found = find(image, kind)
        if (box[2:] - box[:2]).min() < 4:
            continue  # too thin a rest to have a colour of its own
        # a turned corner ends in a tip thinner than a pixel; a box cut by the edge may have lost its tip beyond it
        cut = (box <= 0) | (box >= np.tile(image.shape[1::-1], 2))
        slack = np.where(cut.any(), 7.0, 2.5) if operation == "rotate" else 1.0
        assert np.abs(found - box).max() <= slack, (found, box, record)


@pytest.mark.parametrize("operation", PICTURE_ONLY)
@settings(max_examples=6, deadline=None)
@given(boxes=scenes(), seed=SEEDS)
def test_light_blur_and_codec_leave_boxes_in_place(operation: str, boxes: np.ndarray, seed: int) -> None:
    picture = paint(boxes)
    image, moved, classes, _ = augment_image(picture, boxes, np.arange(len(boxes)), [operation], seed)
    assert moved.tolist() == boxes.tolist()
    assert classes.tolist() == list(range(len(boxes)))
    assert image.shape == picture.shape
    assert (image != picture).any()
    # What differs from the ground is still centred in its box: nothing has drifted.
    shift = np.abs(image.astype(int) - np.median(image, axis=(0, 1))).sum(axis=2)
    for x1, y1, x2, y2 in boxes.astype(int).tolist():
        part = np.where(shift > 60, 1.0, 0.0)[max(0, y1 - 8) : y2 + 8, max(0, x1 - 5) : x2 + 5]
        y, x = np.nonzero(part)
        if not len(x):
            assert operation == "contrast" or len(boxes) > 3
            continue
        middle = np.array([x.mean() + max(0, x1 - 5) + 0.5, y.mean() + max(0, y1 - 8) + 0.5])
        assert np.abs(middle - [(x1 + x2) / 2, (y1 + y2) / 2]).max() < 4


@settings(max_examples=12, deadline=None)
@given(boxes=scenes(), seed=SEEDS)
def test_hidden_boxes_stay_whole_and_lost_ones_go(boxes: np.ndarray, seed: int) -> None:
    kinds = np.arange(len(boxes))
    image, kept, classes, record = augment_image(paint(boxes), boxes, kinds, ["cutout"], seed, least_visible=0.6)
    assert 1 <= len(record["operations"][0]["holes"]) <= 3
    for kind, box in enumerate(boxes):
        x1, y1, x2, y2 = box.astype(int).tolist()
        left = float((image[y1:y2, x1:x2] == COLOURS[kind]).all(axis=2).mean())
        assert (kind in classes.tolist()) == (left >= 0.6 - 1e-9)
    assert kept.tolist() == boxes[classes].tolist()
    assert record["dropped"] == len(boxes) - len(kept)


@settings(max_examples=12, deadline=None)
@given(boxes=scenes(), seed=SEEDS)
def test_pasted_players_are_where_their_new_boxes_say(boxes: np.ndarray, seed: int) -> None:
    donor = (np.full((SIZE[1], SIZE[0], 3), 250, np.uint8), [[30, 30, 54, 90]], [3])
    donor[0][30:90, 30:54] = (0, 0, 0)
    picture = paint(boxes)
    image, moved, classes, record = augment_image(
        picture, boxes, np.arange(len(boxes)), ["copy_paste"], seed, donors=[donor]
    )
    pasted = np.array(record["source"]) < 0
    assert classes[pasted].tolist() == [3] * pasted.sum()
    black = (image < 5).all(axis=2)
    inside = np.zeros_like(black)
    for x1, y1, x2, y2 in moved[pasted].astype(int).tolist():
        inside[y1:y2, x1:x2] = True
        y, x = np.nonzero(black[y1:y2, x1:x2])
        if pasted.sum() == 1:
            assert (x.min(), y.min(), x.max() + 1, y.max() + 1) == (0, 0, x2 - x1, y2 - y1)
    assert not (black & ~inside).any() or len(record["operations"][0]["pasted"]) > pasted.sum()
    assert (image[~black] == picture[~black]).all()


def test_turning_loses_what_it_turns_out_of_the_picture() -> None:
    boxes = np.array([[0, 0, 4, 40], [110, 70, 130, 90]], float)
    dropped = set()
    for seed in range(12):
        _, _, classes, record = augment_image(paint(boxes), boxes, [0, 1], ["rotate"], seed, least_visible=0.5)
        dropped.add(record["dropped"])
        assert 1 in classes
        assert record["source"] == classes.tolist()
    assert dropped == {0, 1}


def test_what_sticks_out_from_the_start_is_no_loss() -> None:
    _, moved, _, record = augment_image(paint([]), [[-30, 10, 10, 50]], [0], ["flip"], 0)
    assert moved.tolist() == [[230, 10, 240, 50]]
    assert record["dropped"] == 0


def test_rules_for_donors() -> None:
    sample = Sample.make(paint([]), [[0, 0, 20, 40], [10, 0, 30, 40], [50, 0, 70, 40], [220, 0, 250, 40]], [0] * 4)
    assert free_boxes(sample).tolist() == [2]
    mask = np.zeros((160, 240), bool)
    mask[0:20, 50:70] = True
    assert covered_share(mask, sample.xyxy[2]) == 0.5


# --- seeds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_seed_gives_the_same_bytes(operation: str) -> None:
    boxes = np.array([[20, 20, 50, 90], [120, 30, 150, 100]], float)
    picture = paint(boxes)
    first, second, other = (augment_image(picture, boxes, [0, 1], [operation], seed) for seed in (5, 5, 6))
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tolist() == second[1].tolist()
    assert first[3] == second[3]
    assert operation == "flip" or first[0].tobytes() != other[0].tobytes()
    assert (picture == paint(boxes)).all()
    assert json.loads(json.dumps(first[3])) == first[3]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_pictures_without_boxes_and_tiny_ones_pass(operation: str) -> None:
    for shape in ((2, 3, 3), (40, 60, 3)):
        image, boxes, classes, record = augment_image(np.full(shape, 7, np.uint8), np.empty((0, 4)), [], [operation], 1)
        assert image.ndim == 3
        assert boxes.shape == (0, 4)
        assert len(classes) == record["dropped"] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ops": ["blurr"]}, "did you mean 'blur'"),
        ({"image": np.zeros((4, 4), np.uint8)}, r"image: expected \(H, W, 3\) uint8"),
        ({"classes": [0, 1]}, r"expected \(N, 4\) boxes"),
        ({"boxes": [[0, 0, np.nan, 5]]}, "NaN"),
    ],
)
def test_wrong_arguments_are_refused(change: dict[str, Any], reason: str) -> None:
    given: dict[str, Any] = {"image": paint([]), "boxes": [[0, 0, 9, 9]], "classes": [0], "ops": ["blur"], "seed": 0}
    with pytest.raises(SettingError, match=reason):
        augment_image(**(given | change))


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_the_new_data_set_holds_the_old_one_and_reads_and_audits_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = make_set(tmp_path / "set"), tmp_path / "out"
    assert run(root, out, "--per-image", 2, "--seed", 3, "--ops", ",".join(OPERATIONS)) == 0
    assert "16 new pictures" in capsys.readouterr().out
    table = read_yolo(out)
    names = [n for n, s in zip(table.images.name, table.images.split, strict=True) if s == "train"]
    assert len(names) == 24
    assert {"a/0.jpg", "a/0-aug1.jpg", "a/0-aug2.jpg"} <= set(names)
    assert (out / "images/train/a/0.jpg").samefile(root / "images/train/a/0.jpg")
    assert (table.images.split == "val").sum() == 4
    found = audit(out, AuditSettings(ignore=("light outlier", "blur outlier", "class imbalance")))
    assert set(found.counts()) <= {"same picture in two splits", "near-identical pictures in two splits"}  # as painted
    records = [json.loads(line) for line in (out / "augmented.jsonl").read_text().splitlines()]
    assert [r["picture"] for r in records[:2]] == ["images/train/a/0-aug1.jpg", "images/train/a/0-aug2.jpg"]
    assert all(len(r["operations"]) == 2 for r in records)
    counts = json.loads((out / "manifest.json").read_text())
    assert counts["augmented"]["images"] == 16
    assert counts["augmented"]["boxes"] == sum(r["boxes"] for r in records)
    assert counts["splits"]["train"]["images"] == 8
    assert (out / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert not (out / "augmented").exists()


def test_written_labels_are_those_of_the_picture(tmp_path: Path) -> None:
    root, out = make_set(tmp_path / "set", suffix=".png"), tmp_path / "out"
    assert run(root, out, "--ops", "flip,resize", "--pick", 0, "--quiet") == 0
    import cv2

    image = cv2.imread(str(out / "images/train/a/0-aug1.png"))
    table = read_yolo(out)
    row = table.images.name.tolist().index("a/0-aug1.png")
    boxes = table.boxes[table.starts[row] : table.starts[row + 1]]
    assert table.images.size[row].tolist() == list(image.shape[1::-1])
    for kind, box in zip(boxes.class_id.tolist(), boxes.xyxy, strict=True):
        assert np.abs(find(image, kind) - box).max() <= 1


def digest(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files_below(folder).items()}


def test_workers_and_the_order_of_files_change_nothing(tmp_path: Path) -> None:
    root = make_set(tmp_path / "set")
    assert run(root, tmp_path / "one", "--quiet") == 0
    assert run(root, tmp_path / "four", "--workers", 4, "--quiet") == 0
    assert digest(tmp_path / "one") == digest(tmp_path / "four")
    (tmp_path / "list.txt").write_text("images/train/b/2.jpg\n")
    assert run(root, tmp_path / "single", "--list", tmp_path / "list.txt", "--only-new", "--quiet") == 0
    single, whole = digest(tmp_path / "single"), digest(tmp_path / "one")
    made = [name for name in single if "-aug" in name]
    assert made == ["images/train/b/2-aug1.jpg", "labels/train/b/2-aug1.txt"]
    assert all(single[name] == whole[name] for name in made)
    assert not any("train/a" in name for name in single)


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import data_prep.augment.run as module

    root, made = make_set(tmp_path / "set"), []
    real = module.write_image

    def write(path: Path, image: Any) -> None:
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(path.name)
        real(path, image)

    monkeypatch.setattr(module, "write_image", write)
    assert run(root, tmp_path / "out", "--quiet") == 130
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(module, "write_image", lambda path, image: (made.append(path.name), real(path, image)))
    assert run(root, tmp_path / "out", "--quiet") == 0
    assert len(made) == 8
    monkeypatch.undo()
    assert run(root, tmp_path / "whole", "--quiet") == 0
    assert digest(tmp_path / "out") == digest(tmp_path / "whole")
    assert run(root, tmp_path / "out", "--quiet") == 0  # done already


def test_a_share_is_drawn_by_the_seed_and_not_by_place(tmp_path: Path) -> None:
    table = read_yolo(make_set(tmp_path / "set", 20))
    rows = [choose(table, AugmentSettings(share=0.25, seed=seed)) for seed in (0, 0, 1)]
    assert rows[0].tolist() == rows[1].tolist() != rows[2].tolist()
    assert len(rows[0]) == 10
    fewer = table.select(np.arange(len(table.images)) % 2 == 0)
    kept = set(fewer.images.name[choose(fewer, AugmentSettings(share=0.2))].tolist())
    assert kept <= set(table.images.name[choose(table, AugmentSettings(share=0.4))].tolist())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ops": ()}, "ops: expected at least one operation"),
        ({"share": 0.0}, "share: expected a number above 0 and at most 1, got 0"),
        ({"least_visible": 2.0}, "least_visible: expected a number above 0"),
        ({"per_image": 0}, "per_image: expected a whole number from 1 to 1000, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingError, match=reason):
        AugmentSettings(**values)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--ops", "flipp"], "did you mean 'flip'"),
        (["--splits", "trian"], "no split 'trian'; did you mean 'train'"),
        (["--list", "nowhere.txt"], "nowhere.txt: cannot be read"),
        (["--list", "list.txt"], "could be any of 2 pictures"),
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
    make_set(tmp_path / "set", 1)
    Path("list.txt").write_text("0.jpg\n")
    assert run("set", "out", *arguments, "--quiet") == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert not Path("out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_augmenting_twice_and_over_other_things_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = make_set(tmp_path / "set", 1), tmp_path / "out"
    assert run(root, out, "--quiet", "--sheet", 0) == 0
    assert not (out / "sheet.png").exists()
    assert run(out, tmp_path / "again", "--quiet") == 2
    assert "augmented before" in capsys.readouterr().err
    assert run(root, out, "--quiet", "--seed", 1) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run(root, out, "--quiet", "--seed", 1, "--overwrite") == 0
    assert run(root, tmp_path / "dry", "--dry-run", "--per-image", 3) == 0
    assert capsys.readouterr().out == "2 pictures, 6 new ones would be made\n"
    assert not (tmp_path / "dry").exists()


def test_help_names_every_operation(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"operations: {' '.join(OPERATIONS)} (" in " ".join(capsys.readouterr().out.split())
