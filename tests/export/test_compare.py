"""The comparison of variants: what it measures, and what it recommends."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import make_video

from sportstrack.errors import SportstrackError
from sportstrack.export import Comparison, Exported, VariantFigures, compare_variants
from sportstrack.export.advice import recommend
from sportstrack.export.agreement import agreement
from sportstrack.export.command import main
from sportstrack.export.table import to_csv, to_json, to_markdown
from sportstrack.types import Detections

Weights = Callable[[str], Path]


def _table(count: int, seed: int = 0) -> Detections:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 400, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 60, (count, 2))], axis=1)
    return Detections(boxes, rng.uniform(0.2, 0.9, count), rng.integers(0, 2, count))


@given(st.integers(1, 30), st.integers(0, 1000))
def test_a_detector_agrees_with_itself_whatever_the_order(count: int, seed: int) -> None:
    one = _table(count, seed)
    rows = np.random.default_rng(seed).permutation(count)
    other = Detections(one.xyxy[rows], one.score[rows], one.class_id[rows])
    assert agreement([one], [other]) == 1.0
    assert agreement([one], [Detections.empty()]) == 0.0


def test_agreement_counts_boxes_that_both_found() -> None:
    one = Detections(
        np.array([[0, 0, 100, 100], [200, 0, 300, 100], [400, 0, 500, 100], [600, 0, 700, 100]], float),
        np.array([0.8, 0.5, 0.3, 0.12]),
        np.array([0, 0, 0, 0]),
    )
    other = Detections(
        np.array([[2, 0, 102, 100], [200, 0, 300, 100], [420, 0, 520, 100], [600, 0, 700, 100]], float),
        np.array([0.78, 0.41, 0.3, 0.09]),  # fits; another score; another place; just below the lowest score
        np.array([0, 0, 0, 0]),
    )
    assert agreement([one], [other]) == pytest.approx(3 / 7)  # of four and three boxes
    assert agreement([one], [replace(other, class_id=np.ones(4, int))]) == 0.0
    assert math.isnan(agreement([Detections.empty()], [Detections.empty()]))


def _figures(name: str, ms: float, ap: float, hota: float = math.nan) -> VariantFigures:
    return VariantFigures(name, Path(name), "openvino", "fp32", 1_000_000, ms=ms, ap=ap, hota=hota)


def test_the_fastest_that_loses_no_more_than_a_point_is_recommended() -> None:
    rows = [_figures("torch", 100, 0.5, 0.6), _figures("good", 40, 0.492, 0.595), _figures("poor", 30, 0.489, 0.6)]
    found = recommend([*rows, _figures("lost", 20, 0.5, 0.58)])
    assert found.best == "good"
    assert found.refused == {
        "poor": "loses 1.1 points of AP (at most 1 is allowed)",
        "lost": "loses 2.0 points of HOTA (at most 1 is allowed)",
    }
    assert found.reasons[0] == "recommended: good, 2.5 times as fast as torch (AP -0.8, HOTA -0.5)"
    assert recommend(rows, most_loss=2.0).best == "poor"
    assert recommend([rows[0], rows[2]]).best == "torch"


def test_without_truth_nothing_is_recommended_and_half_of_it_is_said() -> None:
    nothing = recommend([_figures("torch", 100, math.nan), _figures("fast", 10, math.nan)])
    assert nothing.best is None
    assert "nothing is recommended without truth" in nothing.reasons[0]
    half = recommend([_figures("torch", 100, 0.5), _figures("fast", 10, 0.5)])
    assert half.best == "fast"
    assert any(reason.startswith("HOTA is unknown") for reason in half.reasons)


def _sequence(crops: Path, folder: Path) -> Path:
    """A sequence whose one picture never changes, with its labels as truth."""
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    shares = np.loadtxt(crops.parent / "labels" / "val" / "6.txt", ndmin=2)
    rows = []
    for frame in range(1, 9):
        (folder / "img1" / f"{frame:06d}.png").write_bytes((crops.parent / "images" / "val" / "6.png").read_bytes())
        for track, (class_id, x, y, w, h) in enumerate(shares, 1):
            left, top, width, height = (x - w / 2) * 192, (y - h / 2) * 128, w * 192, h * 128
            rows.append(f"{frame},{track},{left},{top},{width},{height},1,{int(class_id) + 1},1\n")
    (folder / "gt" / "gt.txt").write_text("".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def comparison(exports: list[Exported], crops: Path, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    sequence = _sequence(crops, tmp_path_factory.mktemp("sequences") / "still")
    return compare_variants(["demo", *(one.path for one in exports[:2])], crops, replay=[sequence], limit=5)


def test_each_variant_is_measured(comparison: Comparison, exports: list[Exported]) -> None:
    torch, floats, eight = comparison.variants
    assert [one.name for one in comparison.variants] == ["torch fp32", "openvino fp32", "openvino int8"]
    assert (comparison.pictures, comparison.shape, comparison.imgsz) == (4, (128, 192), 192)
    assert comparison.sequences == ("still",)
    assert torch.agreement == 1.0
    assert floats.agreement > 0.99
    assert 0.5 < eight.agreement <= 1.0
    assert eight.bytes == exports[1].bytes
    assert floats.ap == pytest.approx(torch.ap, abs=1e-3)
    assert torch.ap50 > 0.5
    assert torch.hota > 0.3  # five of eight frames, and a track is confirmed after the first
    assert floats.hota == pytest.approx(torch.hota, abs=1e-3)
    assert "player" in torch.classes
    for one in comparison.variants:
        assert 0 < one.network_ms < one.ms <= one.ms_p95
        assert one.rate > 0
        assert one.start > 0.1
        assert one.memory > 20
    assert torch.memory > floats.memory + 50  # a process of its own, without torch


def test_the_tables_say_the_same(comparison: Comparison) -> None:
    head, first = list(csv.reader(io.StringIO(to_csv(comparison))))[:2]
    row = dict(zip(head, first, strict=True))
    assert row["variant"] == "torch fp32"
    assert float(row["ap50"]) == comparison.variants[0].ap50
    assert float(row["ap50 player"]) == comparison.variants[0].classes["player"][0]
    read = json.loads(to_json(replace(comparison, variants=(replace(comparison.variants[0], hota=math.nan),))))
    assert read["variants"][0]["hota"] is None
    assert read["variants"][0]["bytes"] == comparison.variants[0].bytes
    text = to_markdown(comparison)
    assert "| openvino int8 " in text
    assert "ecommended" in text


def test_the_command_exports_compares_and_draws(
    random_weights: Weights, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = make_video(tmp_path / "match.mp4", 6)
    out = tmp_path / "out"
    words = [str(random_weights("")), "--to", "onnx", "--imgsz", "64", "--compare", str(video), "-o", str(out)]
    assert main([*words, "--limit", "2", "--format", "json", "--quiet"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in read["variants"]] == ["torch fp32", "onnx fp32"]
    assert read["recommendation"]["best"] is None
    names = {"random.onnx", "random.card.json", "export.md", "export.csv", "export.json", "speed-agreement.png"}
    assert names <= {path.name for path in out.iterdir()}


def test_one_variant_is_no_comparison_and_no_variant_is_named_twice(random_weights: Weights, crops: Path) -> None:
    with pytest.raises(SportstrackError, match="two variants or more"):
        compare_variants([random_weights("")], crops)
    with pytest.raises(SportstrackError, match="is named twice"):
        compare_variants([random_weights("")] * 3, crops)
    with pytest.raises(SportstrackError, match=r"data\.yaml: expected a weights file"):
        compare_variants([random_weights(""), crops], crops)
