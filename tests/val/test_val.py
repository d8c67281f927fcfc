"""Judging detectors: pycocotools' own numbers, thresholds, torchvision's models, the command and its errors."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.detect import load_detector
from sportstrack.engines.report import EngineReport
from sportstrack.errors import SettingError, WeightsError
from sportstrack.types import Detections
from sportstrack.val.ap import OVERLAPS, RECALLS, SIZES, Accuracy, measure
from sportstrack.val.command import main
from sportstrack.val.run import judge_detectors
from sportstrack.val.sweep import Point, advise, best, sweep
from sportstrack.val.truth import Classes, read_test_set

CLASSES = {0: "player", 1: "ball"}
NAMES = "names:\n  0: player\n  1: ball\n"


def coco(truth: list[Detections], found: list[Detections]) -> tuple[Any, Any]:
    """pycocotools' evaluation of the same boxes."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rows(tables: list[Detections], kind: str) -> list[dict[str, Any]]:
        out = []
        for image, table in enumerate(tables, 1):
            for box, score, class_id in zip(table.xyxy, table.score, table.class_id, strict=True):
                width, height = box[2:] - box[:2]
                row = {"image_id": image, "category_id": int(class_id), "bbox": [*map(float, box[:2]), width, height]}
                row |= {"area": width * height, "iscrowd": 0, "id": len(out) + 1}
                out.append(row | ({"score": float(score)} if kind == "found" else {}))
        return out

    with contextlib.redirect_stdout(io.StringIO()):
        annotations = COCO()
        annotations.dataset = {
            "info": {}, "images": [{"id": i + 1} for i in range(len(truth))],
            "categories": [{"id": i, "name": name} for i, name in CLASSES.items()],
            "annotations": rows(truth, "truth"),
        }  # fmt: skip
        annotations.createIndex()
        predicted = rows(found, "found")
        results = annotations.loadRes(predicted) if predicted else COCO()
        if not predicted:
            results.dataset = annotations.dataset | {"annotations": []}
            results.createIndex()
        evaluation = COCOeval(annotations, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.eval, evaluation.stats


def assert_same(ours: Accuracy, truth: list[Detections], found: list[Detections]) -> None:
    theirs, stats = coco(truth, found)
    np.testing.assert_allclose(ours.precision, theirs["precision"][..., -1], atol=1e-6)
    np.testing.assert_allclose(ours.recall, theirs["recall"][..., -1], atol=1e-6)
    figures = [ours.ap(), ours.ap(overlap=0.5), ours.ap(overlap=0.75), *(ours.ap(size=s) for s in list(SIZES)[1:])]
    figures += [ours.ar(), *(ours.ar(size=size) for size in list(SIZES)[1:])]
    wanted = [*stats[:6], stats[8], *stats[9:]]
    np.testing.assert_allclose(np.nan_to_num(figures, nan=-1.0), wanted, atol=1e-6)


@st.composite
def tables(draw: st.DrawFn, scored: bool) -> Detections:
    """Up to 12 boxes on a coarse grid, so that equal overlaps, equal scores and edges of the sizes all happen."""
    count = draw(st.integers(0, 12))
    corner = st.tuples(st.integers(0, 8), st.integers(0, 8))
    side = st.sampled_from([4, 8, 16, 20, 32, 40, 96, 120])
    boxes = []
    for _ in range(count):
        (x, y), w, h = draw(corner), draw(side), draw(side)
        boxes.append((4 * x, 4 * y, 4 * x + w, 4 * y + h))
    score = [draw(st.sampled_from([0.1, 0.25, 0.5, 0.9])) if scored else 1.0 for _ in boxes]
    return Detections.from_arrays(np.array(boxes, float), score, [draw(st.integers(0, 1)) for _ in boxes])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(tables(False), tables(True)), min_size=1, max_size=4))
def test_precision_and_recall_are_those_of_pycocotools(pairs: list[tuple[Detections, Detections]]) -> None:
    truth, found = [t for t, _ in pairs], [f for _, f in pairs]
    assert_same(measure(truth, found, CLASSES), truth, found)


def noisy(rng: np.random.Generator, count: int = 40) -> tuple[list[Detections], list[Detections]]:
    truth, found = [], []
    for _ in range(count):
        corner, side = rng.uniform(0, 900, (20, 2)), rng.uniform(6, 150, (20, 2))
        boxes, kind = np.hstack([corner, corner + side]), rng.integers(0, 2, 20)
        seen = rng.random(20) < 0.8
        jitter = boxes[seen] + rng.normal(0, 0.08, (seen.sum(), 4)) * np.tile(side[seen], 2)
        stray = np.hstack([corner[:9] + 40, corner[:9] + 40 + side[:9]])
        truth.append(Detections.from_arrays(boxes, None, kind))
        score = np.concatenate([rng.uniform(0.3, 1, seen.sum()), rng.uniform(0, 0.6, 9)])
        found.append(Detections.from_arrays(np.vstack([jitter, stray]), score, np.concatenate([kind[seen], kind[:9]])))
    return truth, found


def test_a_larger_set_agrees_too() -> None:
    truth, found = noisy(np.random.default_rng(5))
    accuracy = measure(truth, found, CLASSES)
    assert 0.1 < accuracy.ap() < 0.9
    assert_same(accuracy, truth, found)


def test_more_boxes_than_count_and_unusable_ones_agree() -> None:
    rng = np.random.default_rng(6)
    corner = rng.uniform(0, 500, (130, 2))
    boxes = np.hstack([corner, corner + 20])
    truth, found = [Detections.from_arrays(boxes)], [Detections.from_arrays(boxes, rng.random(130))]
    accuracy = measure(truth, found, CLASSES)
    assert accuracy.ar(overlap=0.5) == pytest.approx(100 / 130)
    assert_same(accuracy, truth, found)
    broken = Detections.from_arrays(np.vstack([boxes, [[np.nan, 0, 1, 1]]]), np.append(found[0].score, 1.0))
    np.testing.assert_array_equal(measure(truth, [broken], CLASSES).precision, accuracy.precision)


def test_figures_by_hand() -> None:
    truth = [Detections.from_arrays([[0, 0, 10, 10], [50, 50, 90, 90]])]
    found = [Detections.from_arrays([[0, 0, 10, 10], [200, 0, 210, 10]], [0.9, 0.8])]
    accuracy = measure(truth, found, CLASSES)
    assert accuracy.ap(0, overlap=0.5) == pytest.approx(51 / 101)  # precise up to recall 0.5, then nothing
    assert accuracy.ap(0, "small") == pytest.approx(1.0)
    assert accuracy.ap(0, "medium") == 0.0
    assert np.isnan(accuracy.ap(1))
    assert np.isnan(accuracy.ap(0, "large"))
    assert len(RECALLS) == 101
    assert len(OVERLAPS) == 10
    with pytest.raises(SettingError, match=r"expected 0\.5"):
        accuracy.ap(overlap=0.3)
    with pytest.raises(SettingError, match="1 pictures with truth, 0"):
        measure(truth, [], CLASSES)


# ------------------------------------------------------------------------------------------------------ thresholds


def test_the_sweep_counts_and_recommends() -> None:
    box = np.array([[20.0 * i, 0, 20 * i + 10, 10] for i in range(12)])
    score = np.array([0.95, 0.9, 0.85, 0.8, 0.62, 0.61, 0.41, 0.4, 0.35, 0.2, 0.15, 0.12])
    far = np.arange(12) >= 9  # the three weakest are wrong
    found = [Detections.from_arrays(np.where(far[:, None], box + 5000, box), score)]
    points = sweep(measure([Detections.from_arrays(box[:10])], found, CLASSES).matched)
    assert [p.threshold for p in points][::8] == [0.1, 0.5, 0.9]
    at = {p.threshold: (p.right, p.wrong) for p in points}
    assert at[0.1] == (9, 3)
    assert at[0.35] == (9, 0)
    assert at[0.9] == (2, 0)
    assert best(points).recall == 0.9
    assert advise(points).high in (0.25, 0.3, 0.35)
    assert 0.1 <= advise(points).low < advise(points).high


def test_low_score_boxes_of_which_a_quarter_are_true_lower_the_low_threshold() -> None:
    def point(threshold: float, right: int, wrong: int) -> Point:
        return Point(threshold, right, wrong, 100)

    points = [point(0.1, 82, 60), point(0.2, 80, 17), point(0.3, 76, 8), point(0.4, 75, 4), point(0.5, 60, 2)]
    assert best(points).threshold == 0.4
    assert advise(points).low == 0.2  # 5 of 18 are true; of those from 0.1, 7 of 63
    points[1] = point(0.2, 79, 20)
    assert advise(points).low == 0.3  # never further up than the next threshold


# ---------------------------------------------------------------------------------------------- sets and detectors


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six pictures of 160 × 120 with bright players on a dark field, as `toy.find` sees them."""
    import cv2
    import toy

    root = tmp_path / "toyset"
    for folder in ("images/train", "images/val", "labels/train", "labels/val"):
        (root / folder).mkdir(parents=True)
    for frame in range(6):
        split = "val" if frame else "train"
        boxes = toy.truth(frame) / np.tile(toy.SIZE, 2)
        rows = [f"0 {(a + c) / 2} {(b + d) / 2} {c - a} {d - b}\n" for a, b, c, d in boxes]
        (root / f"labels/{split}/{frame}.txt").write_text("".join(rows))
        cv2.imwrite(str(root / f"images/{split}/{frame}.png"), toy.picture(frame))
    (root / "data.yaml").write_text(f"train: images/train\nval: images/val\n{NAMES}")
    return root / "data.yaml"


def test_the_command_writes_its_report(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = EngineReport("torch", why="no space left")
    monkeypatch.setattr("sportstrack.detect.custom.CustomDetector.report", report, raising=False)
    assert main(["toy:find", str(data), "-o", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "track_high_thresh" in text
    assert text == (tmp_path / "out" / "val.md").read_text(encoding="utf-8")
    (found,) = json.loads((tmp_path / "out" / "val.json").read_text(encoding="utf-8"))
    assert found["name"] == "toy:find"
    assert found["pictures"] == 5
    assert found["figures"]["AP50"] == pytest.approx(1.0)
    assert found["figures"]["recall"] == 1.0
    assert found["figures"]["AP large"] is None
    assert found["truth"] == {"player": 15}  # toy.find knows no ball, and the note says so
    assert "ball" in found["notes"][0]
    assert found["notes"][-1] == "network: PyTorch fp32 (no space left)"
    assert found["notes"][-1] in text
    times = found["milliseconds"]["inference"]
    assert 0 < times["min"] <= times["p50"] <= times["p95"] <= times["max"]
    rows = (tmp_path / "out" / "val.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("detector,class,truth,precision")
    assert len(rows) == 3
    assert (tmp_path / "out" / "precision-recall-toy_find.png").stat().st_size > 1000


def test_several_detectors_in_one_table_and_chart(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["toy:find", "toy:find_with_slips", "torchvision:ssdlite320_mobilenet_v3_large:random"]
    same = ["--same", "player=person"]
    assert main([*words[:2], str(data), *same, "-o", str(tmp_path / "out"), "--limit", "2"]) == 2
    assert "class names; give your detector" in capsys.readouterr().err  # find_with_slips has none
    assert main([words[0], words[2], str(data), *same, "-o", str(tmp_path / "out"), "--limit", "2", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| toy:find")
    assert lines[3].startswith("| torchvision:ssdlite320_mobilenet_v3_large:random")
    assert (tmp_path / "out" / "comparison.png").is_file()
    assert (tmp_path / "out" / "comparison-speed.png").is_file()


def test_a_real_run_agrees_with_pycocotools(tmp_path: Path) -> None:
    from data_prep.synthetic import Settings, write_yolo
    from sportstrack.val.run import run_detector
    from sportstrack.val.truth import renumbered

    scenes = [Settings(seed=seed, frames=4, width=640, height=360) for seed in (3, 4)]
    test = read_test_set(write_yolo(scenes, tmp_path / "renders", every=1, val_share=0.5))
    detector = load_detector("demo", score=0.001, imgsz=640, device="cpu")
    raw, times = run_detector(detector, test)
    assert (times["inference"] > 0).all()
    merge = {0: 0, 1: 0, 2: 0, 3: 1}  # people and the ball
    truth, found = ([renumbered(table, merge) for table in tables] for tables in (test.boxes, raw))
    accuracy = measure(truth, found, CLASSES)
    assert sum(map(len, found)) > 100
    assert accuracy.ap(0, overlap=0.5) > 0.2
    assert_same(accuracy, truth, found)


@pytest.mark.parametrize("name", ["maskrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "fcos_resnet50_fpn"])
def test_torchvision_detectors_give_tables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    torch.manual_seed(0)
    detector = load_detector(f"torchvision:{name}:random", score=0.0, imgsz=64, device="cpu", max_det=5)
    assert detector.names[0] == "person"
    assert len(detector.names) == 80
    assert detector.names[32] == "sports ball"  # as YOLO counts
    frames = [np.random.default_rng(i).integers(0, 255, (48, 64, 3), dtype=np.uint8) for i in range(2)]
    tables = detector(frames)
    assert len(tables) == 2
    for table in tables:
        assert len(table) <= 5
        assert set(table.class_id.tolist()) <= set(range(80))
        if name.startswith("mask"):
            assert (len(table.mask), *table.mask.shape) == (len(table), 48, 64)
    assert detector.timings["inference"] > 0  # type: ignore[attr-defined]


def test_torchvision_s_labels_without_a_class_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    name = "torchvision:ssdlite320_mobilenet_v3_large:random"
    detector = load_detector(name, device="cpu", classes=["person", "truck"])
    result = {"boxes": torch.ones(4, 4) * torch.tensor([0.0, 0, 5, 5]), "scores": torch.tensor([0.9, 0.8, 0.7, 0.6])}
    result["labels"] = torch.tensor([1, 12, 8, 3])  # person, N/A, truck, car
    table = detector._table(result)  # type: ignore[attr-defined]
    assert [detector.names[i] for i in table.class_id] == ["person", "truck"]


def test_classes_that_mean_the_same() -> None:
    classes = Classes({"person": ["player", "Referee"], "sports ball": ["ball"]})
    names = {0: "Person", 32: "sports ball", 3: "car"}
    shared = classes.shared(["player", "referee", "ball"], {"yolo": names})
    assert shared == {0: "person", 1: "sports ball"}
    assert classes.numbers(names, shared) == {0: 0, 32: 1}
    with pytest.raises(SettingError, match=r"yolo: knows none of the classes.*--same 'Person'=player"):
        Classes().shared(["player"], {"yolo": names})


# ------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["toy:find"], "expected one or more detectors"),
        (["toy:find", "nowhere.yaml"], "no data.yaml"),
        (["toy:find", "DATA", "--same", "player=plyer"], "no class 'plyer'; did you mean 'player'"),
        (["toy:find", "DATA", "--split", "test"], "no labelled split 'test'"),
        (["torchvision:fasterrcn", "DATA"], "torchvision has no such detector"),
        (["torchvision:fcos_resnet50_fpn:mine", "DATA"], "expected torchvision:fcos_resnet50_fpn or"),
        (["nothing.pt", "DATA"], "nothing.pt"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], message: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(data) if word == "DATA" else word for word in words]
    assert main([*words, "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_label_out_of_range_is_named_with_its_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label = data.parent / "labels" / "val" / "3.txt"
    label.write_text("0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1\n")
    assert main(["toy:find", str(data), "-o", str(tmp_path / "out")]) == 2
    assert f"{label}, line 2" in capsys.readouterr().err


class _Attack:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize("old", [False, True], ids=["zip", "pickle"])
def test_a_stranger_s_pickle_runs_only_when_trusted(
    old: bool, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    mark, file = tmp_path / "broken_into", tmp_path / "evil.pt"
    if old:
        file.write_bytes(pickle.dumps({"model": _Attack(mark)}, protocol=2))
    else:
        torch.save({"model": _Attack(mark)}, file)
    words = [str(file), str(data), "-o", str(tmp_path / "out"), "--device", "cpu"]
    assert main(words) == 2
    assert "evil.pt" in capsys.readouterr().err
    assert not mark.exists()
    if not old:
        assert main([*words, "--trust"]) == 2  # still no detector, but its code has run
        assert mark.exists()
        with pytest.raises(WeightsError):  # and trust ends with the call
            judge_detectors([file], data, device="cpu")
