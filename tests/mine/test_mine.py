"""Hard-example mining: the loss by hand, the ranking, the report, the contact sheet and what is trained on next."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import toy
from clumsy import CALLS
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import call_word

from data_prep.formats.yolo import write_yolo
from data_prep.formats.yolo_read import read_yolo
from data_prep.table import Boxes, ImageTable, Table
from sportstrack.boxes import iou
from sportstrack.engines.report import EngineReport
from sportstrack.errors import FormatError, OutputError, SettingError, WeightsError
from sportstrack.mine import LossWeights, MineSettings, image_loss, mine_hard_examples, pair, pick, sequence_of
from sportstrack.mine.command import main
from sportstrack.mine.loss import FLOOR, confusions
from sportstrack.types import Detections

FRAMES = 16


@pytest.fixture(scope="module")
def football(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of three players for training, one for validation; there is a class referee without boxes."""
    folder = tmp_path_factory.mktemp("football")
    names, files, splits, image, boxes = [], [], [], [], []
    for clip, split in (("one", "train"), ("two", "train"), ("three", "val")):
        for frame in range(FRAMES if split == "train" else 3):
            files.append(str(folder / "src" / clip / f"{frame + 1:06d}.png"))
            Path(files[-1]).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(files[-1], toy.picture(frame if clip != "two" else 0))
            names.append(f"{clip}/{frame + 1:06d}.png")
            splits.append(split)
            for box in toy.truth(frame if clip != "two" else 0):
                image.append(len(names) - 1)
                boxes.append(box)
    images = ImageTable.make(names, size=toy.SIZE, file=files, split=splits)
    table = Table(("player", "referee"), (), images, Boxes.make(image, np.array(boxes)))
    write_yolo(table, folder / "data")
    return folder / "data" / "data.yaml"


@pytest.fixture(scope="module")
def mined(football: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    folder = tmp_path_factory.mktemp("mined")
    wanted = MineSettings(top=6, per_sequence=2, gap=4, augment=("flip", "brightness"), keep="all")
    return folder, mine_hard_examples("clumsy:Clumsy", football, folder, settings=wanted)


# --- the loss --------------------------------------------------------------------------------------------------------

TRUTH = Detections.from_arrays([[0, 0, 10, 20], [50, 0, 60, 20], [90, 0, 100, 20]], None, [0, 1, 0])


def test_the_loss_of_a_picture_is_what_one_counts_by_hand() -> None:
    boxes = [[0, 0, 10, 10], [50, 0, 60, 20], [200, 0, 210, 20]]
    loss = image_loss(TRUTH, Detections.from_arrays(boxes, [0.8, 0.7, 0.4], [0, 0, 0]))
    assert loss.box == pytest.approx(0.5)
    assert loss.cls == pytest.approx(-math.log(0.8) - math.log(FLOOR) - math.log(0.3))
    assert loss.miss == pytest.approx(-math.log(FLOOR))
    assert loss.false == pytest.approx(-math.log(0.6))
    assert (loss.truth, loss.pairs, loss.wrong, loss.alone) == (3, 2, 1, 1)
    assert loss.total(LossWeights(box=6, cls=0, miss=0, false=0)) == pytest.approx(1.0)
    assert loss.total(LossWeights()) == pytest.approx((loss.box + loss.cls + loss.miss + loss.false) / 3)


def test_a_perfect_detector_costs_next_to_nothing_and_an_empty_picture_only_false_boxes() -> None:
    perfect = image_loss(TRUTH, TRUTH).total(LossWeights())
    assert perfect == pytest.approx(-math.log(1 - FLOOR))
    empty = Detections.empty()
    assert image_loss(empty, empty).total(LossWeights()) == 0
    one = Detections.from_arrays([[0, 0, 5, 5]], [0.9])
    assert image_loss(empty, one).total(LossWeights()) == pytest.approx(-math.log(0.1))


def test_the_right_class_wins_over_a_stronger_wrong_one() -> None:
    found = Detections.from_arrays([[50, 0, 60, 20], [50, 0, 60, 19]], [0.9, 0.4], [0, 1])
    pairs = pair(TRUTH, found)
    assert (pairs.truth.tolist(), pairs.found.tolist(), pairs.alone.tolist()) == ([1], [1], [0])


def test_a_broken_box_costs_nothing_and_breaks_nothing() -> None:
    found = Detections.from_arrays([[np.nan, 0, 5, 5], [0, 0, 10, 20]], [0.9, 0.9])
    assert image_loss(TRUTH, found).alone == 0
    assert image_loss(TRUTH, found).pairs == 1


box = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 20), st.integers(1, 20))
tables = st.lists(st.tuples(box, st.integers(0, 2), st.floats(0.01, 1)), max_size=7)


def table(rows: list) -> Detections:
    corners = [[x, y, x + w, y + h] for (x, y, w, h), _, _ in rows]
    return Detections.from_arrays(
        np.array(corners, float).reshape(-1, 4), [s for *_, s in rows], [c for _, c, _ in rows]
    )


@settings(max_examples=100, deadline=None)
@given(tables, tables)
def test_every_box_is_paired_once_or_left_and_nothing_that_fits_is_left(true: list, given: list) -> None:
    truth, found = table(true), table(given)
    pairs = pair(truth, found)
    assert sorted([*pairs.truth, *pairs.missed]) == list(range(len(truth)))
    assert sorted([*pairs.found, *pairs.alone]) == list(range(len(found)))
    assert (pairs.overlap >= 0.5).all()
    left = iou(truth.xyxy[pairs.missed], found.xyxy[pairs.alone])
    assert (left < 0.5).all()
    counts = confusions(truth, found, 0.0, 3)
    assert counts[:3].sum() == len(truth)
    assert counts[:, :3].sum() == len(found)


# --- which pictures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/d/images/train/v_abc_c006/000012.jpg", ("v_abc_c006", 12)),
        ("/d/images/train/match_000012.jpg", ("match", 12)),
        ("/d/images/train/match_mp4-0012_jpg.rf.0af3.jpg", ("match_mp4", 12)),
        ("/d/SNMOT-060/img1/000003.jpg", ("SNMOT-060", 3)),
        ("/d/images/train/000000000139.jpg", ("000000000139", None)),
        ("/d/images/train/stadium.jpg", ("stadium", None)),
        ("C:\\d\\images\\train\\clip\\frame_7.png", ("clip", 7)),
    ],
)
def test_a_picture_s_clip_is_in_its_name(path: str, expected: tuple[str, int | None]) -> None:
    assert sequence_of(path) == expected


def test_neighbours_do_not_fill_the_list() -> None:
    places = [("a", frame) for frame in range(50)] + [("b", 0), ("photo", None)]
    losses = np.array([10.0 - 0.01 * i for i in range(50)] + [1.0, 0.5])
    rows = pick(losses, places, top=10, per_sequence=3, gap=10)
    assert rows == [0, 10, 20, 50, 51]
    assert pick(losses, places, top=2, per_sequence=9, gap=1) == [0, 1]
    assert pick(np.zeros(52), places, 10, 3, 10) == []


# --- a run -----------------------------------------------------------------------------------------------------------


def test_the_worst_pictures_come_first_and_none_twice(mined: tuple[Path, object]) -> None:
    folder, found = mined
    rows = list(csv.DictReader((folder / "mined.csv").read_text().splitlines()))
    losses = [float(row["loss"]) for row in rows]
    assert len(rows) == 4
    assert losses == sorted(losses, reverse=True)
    assert {row["sequence"] for row in rows} == {"one", "two"}
    assert found.pictures == 2 * FRAMES
    assert max(found.losses.values()) == pytest.approx(losses[0], abs=1e-3)


def test_confusions_are_those_that_the_detector_makes(mined: tuple[Path, object]) -> None:
    folder, found = mined
    counts = found.confusion
    assert counts[0].sum() == 6 * FRAMES  # all true players
    assert counts[0, 1] >= 2 * FRAMES - 4  # the one at the top is called a referee
    assert counts[2, 0] >= 2 * FRAMES - 6  # the one at the bottom is no player
    assert counts[0, 2] > FRAMES
    text = (folder / "mined.md").read_text()
    assert f"referee {counts[0, 1]}" in text
    assert (folder / "confusion.csv").read_text().splitlines()[0] == "truth \\ detector,player,referee,missed"


def test_the_report_says_which_augmentation_does_what(mined: tuple[Path, object]) -> None:
    folder, found = mined
    rows = list(csv.DictReader((folder / "augmentations.csv").read_text().splitlines()))
    assert len(rows) == 8
    for row in rows:
        assert row["effect"] == {1: "raises", -1: "lowers", 0: "none"}[int(np.sign(float(row["change"])))]
        assert Path(row["file"]).is_file()
    flips = [v for v in found.variants if v.operation == "flip"]
    assert all(v.change != 0 for v in flips)  # the player on the right is on the left now
    saved = json.loads((folder / "mined.json").read_text())
    assert [v["operation"] for v in saved["augmentations"][:2]] == ["flip", "brightness"]
    assert saved["mean_loss"] == pytest.approx(found.mean)


def test_the_contact_sheet_shows_truth_beside_prediction(mined: tuple[Path, object]) -> None:
    from sportstrack.mine.sheet import CAPTION, CONFUSED, FALSE, MARGIN, MISSED, TRUTH, WIDTH

    sheet = cv2.imread(str(mined[0] / "mined.png"))
    assert sheet.shape[1] == 2 * (2 * WIDTH + 2 * MARGIN)
    first = sheet[2 * CAPTION + MARGIN :, : 2 * WIDTH + MARGIN]

    def has(part: np.ndarray, colour: tuple[int, int, int]) -> bool:
        return bool((np.abs(part.astype(int) - colour).max(axis=2) < 25).sum() > 20)

    left, right = first[:, :WIDTH], first[:, WIDTH + MARGIN :]
    assert has(left, TRUTH)
    assert not has(left, FALSE)
    assert all(has(right, colour) for colour in (CONFUSED, FALSE, MISSED))


def test_the_enriched_list_is_what_ultralytics_trains_from(mined: tuple[Path, object], football: Path) -> None:
    from sportstrack.models.checkpoint import import_ultralytics

    import_ultralytics()
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    folder, found = mined
    described = check_det_dataset(found.training, autodownload=False)
    assert described["names"] == {0: "player", 1: "referee"}
    data = YOLODataset(described["train"], data=described, imgsz=64, augment=False, task="detect")
    assert len(data) == 2 * FRAMES + 4 + 8
    assert all(len(label["cls"]) for label in data.labels)
    flipped = next(v for v in found.variants if v.operation == "flip")
    label = next(one for one in data.labels if one["im_file"] == flipped.file)
    picture = cv2.imread(flipped.file)
    centres = label["bboxes"][:, :2] * [picture.shape[1], picture.shape[0]]
    assert all(picture[int(y), int(x), 1] > 128 for x, y in centres)
    assert read_yolo(folder / "data.yaml").splits == ("train", "val")


def test_another_list_from_the_same_detections_detects_the_augmented_pictures_alone(
    football: Path, tmp_path: Path
) -> None:
    few = MineSettings(top=1, augment=())
    mine_hard_examples("clumsy:Clumsy", football, tmp_path, settings=few)
    CALLS.clear()
    again = MineSettings(top=2, augment=("flip",), weights=LossWeights(miss=0))
    found = mine_hard_examples("clumsy:Clumsy", football, tmp_path, settings=again)
    assert len(CALLS) == len(found.variants) == 2


def test_a_stopped_run_goes_on_where_it_was(football: Path, tmp_path: Path) -> None:
    CALLS.clear()
    with pytest.raises(KeyboardInterrupt):
        mine_hard_examples("clumsy:Stopping", football, tmp_path, settings=MineSettings(augment=()))
    journal = tmp_path / "detections.jsonl"
    lines = journal.read_text().splitlines()
    assert len(lines) == 10
    journal.write_text("\n".join(lines) + '\n{"picture": "cut sh')
    CALLS.clear()
    with pytest.raises(KeyboardInterrupt):  # nine more
        mine_hard_examples("clumsy:Stopping", football, tmp_path, settings=MineSettings(augment=()))
    assert len(journal.read_text().splitlines()) == 19


def test_a_detector_without_faults_leaves_a_report_of_small_losses(football: Path, tmp_path: Path) -> None:
    found = mine_hard_examples("clumsy:exact", football, tmp_path, settings=MineSettings(augment=()))
    assert found.left_out == ("referee",)
    assert found.mean < 0.5
    assert "does not know the class referee" in (tmp_path / "mined.md").read_text()


def test_empty_pictures_are_negatives_and_an_easy_set_leaves_an_empty_list(tmp_path: Path) -> None:
    for kind in ("images", "labels"):
        (tmp_path / kind / "train").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "images" / "train" / "a.png"), np.full((60, 80, 3), 30, np.uint8))
    (tmp_path / "labels" / "train" / "a.txt").touch()
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/train\nnames: [player]\n")
    found = mine_hard_examples("clumsy:exact", tmp_path / "data.yaml", tmp_path / "easy")
    assert (found.pictures, found.mean, found.hard, found.variants) == (1, 0, (), ())
    assert cv2.imread(str(tmp_path / "easy" / "mined.png")) is not None
    wrong = mine_hard_examples("clumsy:Clumsy", tmp_path / "data.yaml", tmp_path / "wrong")
    assert wrong.hard[0].loss == pytest.approx(-math.log(1 - 0.6), abs=1e-3)
    assert read_yolo(wrong.training).images.labelled.all()


def test_other_splits_are_not_trained_on(football: Path, tmp_path: Path) -> None:
    found = mine_hard_examples("clumsy:Clumsy", football, tmp_path, split="val", settings=MineSettings(augment=()))
    assert found.pictures == 3
    assert found.training == ""
    assert not (tmp_path / "train.txt").exists()


# --- errors ----------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_named(football: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"best\.pt"):
        mine_hard_examples(tmp_path / "best.pt", football, tmp_path / "o")
    broken = tmp_path / "broken.yaml"
    broken.write_text("train: images/nowhere\nval: images/nowhere\nnames: [player]\n")
    with pytest.raises(FormatError, match="nowhere"):
        mine_hard_examples("clumsy:Clumsy", broken, tmp_path / "o")
    with pytest.raises(SettingError, match=r"'test' \(known: train, val\); choose another with --split"):
        mine_hard_examples("clumsy:Clumsy", football, tmp_path / "o", split="test")
    with pytest.raises(SettingError, match="did you mean 'blur'"):
        mine_hard_examples("clumsy:Clumsy", football, tmp_path / "o", settings=MineSettings(augment=("blurr",)))
    with pytest.raises(SettingError, match="expected 0 or more"):
        LossWeights(miss=-1)


def test_pictures_without_labels_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images" / "train").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "images" / "train" / "a.png"), toy.picture(0))
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/train\nnames: [player]\n")
    with pytest.raises(SettingError, match="label some pictures first"):
        mine_hard_examples("clumsy:Clumsy", tmp_path / "data.yaml", tmp_path / "o")


def test_a_data_set_is_never_overwritten(football: Path) -> None:
    before = football.read_text()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="choose another place"):
            mine_hard_examples("clumsy:Clumsy", football, football.parent, overwrite=overwrite)
        assert football.read_text() == before


def test_labels_that_were_corrected_are_kept(football: Path, tmp_path: Path) -> None:
    def mine(top: int, **more: Any) -> set[str]:
        settings = MineSettings(top=top, augment=())
        mine_hard_examples("clumsy:Clumsy", football, tmp_path / "o", settings=settings, **more)
        return {path.name for path in (tmp_path / "o/labels/mined").glob("*.txt")}

    assert mine(2) > mine(1)  # of the earlier run nothing is left
    label = next((tmp_path / "o/labels/mined").glob("*.txt"))
    label.write_text("0 0.5 0.5 0.25 0.25\n")
    with pytest.raises(OutputError, match="changed since"):
        mine(2)
    assert label.read_text() == "0 0.5 0.5 0.25 0.25\n"
    assert len(mine(2, overwrite=True)) == 2
    (tmp_path / "o/detections.jsonl").write_text("my notes\n")
    with pytest.raises(OutputError, match="no list of detections"):
        mine(2, overwrite=True)


def test_the_command_prints_the_report_and_names_bad_words(
    football: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = EngineReport("torch", why="no space left")
    monkeypatch.setattr("sportstrack.detect.custom.CustomDetector.report", report, raising=False)
    words = ["clumsy:Clumsy", football, "-o", tmp_path, "--top", "2", "--loss", "miss=2", "--augment", "none"]
    assert main([*map(str, words), "--quiet", "--imgsz", "320"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "sportstrack mine: imgsz is part of this detector and was not set\n"
        "sportstrack mine: network: PyTorch fp32 (no space left)\n"
    )
    assert "Note: imgsz is part of this detector" in (tmp_path / "mined.md").read_text()
    assert main(list(map(str, words))) == 0
    out, err = capsys.readouterr()
    assert "## Hardest pictures" in out
    assert str(tmp_path) in err
    with pytest.raises(SystemExit):
        main([*map(str, words), "--loss", "mis=2"])
    assert "did you mean 'miss'" in capsys.readouterr().err
    assert main(["nothing.pt", str(football), "-o", str(tmp_path / "x")]) == 2
    assert "nothing.pt" in capsys.readouterr().err


def test_the_command_as_a_process(football: Path, tmp_path: Path) -> None:
    result = call_word("mine", "toy:find", football, "-o", tmp_path, "--augment", "none")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "data.yaml").is_file()
    assert "Note: the detector does not know the class referee" in result.stdout
