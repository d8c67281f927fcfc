"""Masks in the files of a run: MOTS text, COCO results, JSON lines, recordings; read again and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import masked
from pycocotools import mask as coco

import sportstrack
from sportstrack.mots import read_mots
from sportstrack.recording import Recording
from sportstrack.track.sinks import mots_classes

FORMATS = ["mot", "mots", "jsonl", "coco"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a replay with the refinement: in frames 8 to 10 the first player's box is interpolated."""
    folder = tmp_path_factory.mktemp("masks")
    source = masked.record(folder / "walk.npz", gap=(8, 11))
    sportstrack.track_video(source, folder / "out", formats=FORMATS, offline=True, save_detections=True, shots=False)
    return folder / "out"


def test_mots_text_holds_every_visible_mask_and_no_pixel_twice(run: Path) -> None:
    found = read_mots(run / "walk.mots.txt")
    for frame in range(30):
        rows = np.flatnonzero(found.frame == frame)
        filled = np.asarray(found.masks[rows])
        table = masked.table(frame)
        seen = np.asarray(table.mask)[1:] if 8 <= frame < 11 else np.asarray(table.mask)
        assert filled.sum(axis=0).max() == 1
        assert np.array_equal(filled.any(axis=0), seen.any(axis=0))
        if frame not in range(8, 11):  # the surer one keeps its pixels
            assert any(np.array_equal(one, seen[0]) for one in filled)
    assert set(found.class_id.tolist()) == {1, 2}


def test_people_and_cars_have_the_numbers_that_mots_gives_them() -> None:
    assert mots_classes({0: "person", 1: "bicycle", 2: "car", 9: "traffic light", 32: "sports ball"}) == {
        0: 2, 1: 101, 2: 1, 9: 109, 32: 33
    }  # fmt: skip
    assert mots_classes({0: "player", 1: "ball"}) == {0: 1, 1: 2}


def test_json_lines_say_that_an_interpolated_box_has_no_mask(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "walk.jsonl").read_text().splitlines()]
    for line in lines:
        for track in line["tracks"]:
            assert (track["mask"] is None) == (track["detection"] < 0)
    assert sum(track["mask"] is None for line in lines for track in line["tracks"]) == 3


def test_coco_results_are_read_by_pycocotools(run: Path) -> None:
    entries = json.loads((run / "walk.coco.json").read_text())
    first = [entry for entry in entries if entry["image_id"] == 1]
    areas = sorted(int(coco.area(entry["segmentation"])) for entry in first)
    assert areas == sorted(np.asarray(masked.table(0).mask).sum(axis=(1, 2)).tolist())
    assert {entry["category_id"] for entry in first} == {1, 2}
    assert all("segmentation" not in entry for entry in entries if entry["track_id"] == -1)


def test_the_recording_of_the_run_has_the_same_masks(run: Path) -> None:
    for frame in Recording(run / "walk.npz"):
        table = masked.table(frame.index)
        expected = table[1:] if 8 <= frame.index < 11 else table
        assert np.array_equal(np.asarray(frame.detections.mask), np.asarray(expected.mask))


def test_without_masks_there_is_no_mots_text_and_a_word_about_it(tmp_path: Path) -> None:
    source = masked.record(tmp_path / "walk.npz", 5, masks=False)
    summary = sportstrack.track_video(source, tmp_path / "out", formats=["mots", "coco"])
    assert not (tmp_path / "out" / "walk.mots.txt").exists()
    assert any("no masks" in text for text in summary.warnings)
    assert len(json.loads((tmp_path / "out" / "walk.coco.json").read_text())) == 15
