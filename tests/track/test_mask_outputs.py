"""Masks in the files of a run: MOTS text, COCO results, JSON lines, recordings; read again and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import masked
from pycocotools import mask as coco
from scipy import ndimage

import sportstrack
from sportstrack.classes import mots_classes
from sportstrack.draw.annotator import Annotator
from sportstrack.draw.results import read_result
from sportstrack.mots import read_mots
from sportstrack.presence.command import main as presence_main
from sportstrack.recording import Recording

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
    asked = {"formats": ["mots", "coco"], "tracker_settings": {"overlap": "mask"}}
    summary = sportstrack.track_video(source, tmp_path / "out", **asked)  # type: ignore[arg-type]
    assert not (tmp_path / "out" / "walk.mots.txt").exists()
    assert sum("no masks" in text for text in summary.warnings) == 2  # of the file, and of the tracker's setting
    assert len(json.loads((tmp_path / "out" / "walk.coco.json").read_text())) == 15


@pytest.mark.parametrize("ending", [".mots.txt", ".coco.json", ".jsonl", ".npz"])
def test_results_with_masks_are_read_again_to_be_drawn(run: Path, ending: str) -> None:
    result = read_result(run / f"walk{ending}")
    assert result.names == {0: "player", 1: "ball"}
    for frame in (0, 4, 9, 20):
        tracks, detections = result.at(frame)
        assert detections is not None
        assert detections.mask is not None
        seen = np.flatnonzero(tracks.detection >= 0)
        areas = detections.mask[tracks.detection[seen]].area()
        expected = np.asarray(masked.table(frame).mask).sum(axis=(1, 2))
        balls = tracks.class_id[seen] == 1
        assert areas[balls].tolist() == [expected[2]]
        assert len(areas) == (2 if frame == 9 else 3)


@pytest.mark.parametrize("ending", [".mots.txt", ".jsonl"])
def test_masks_are_drawn_from_a_result(run: Path, ending: str) -> None:
    annotator = Annotator({0: "player", 1: "ball"}, draw="mask")
    image = annotator.draw(
        np.zeros((masked.HEIGHT, masked.WIDTH, 3), np.uint8), *read_result(run / f"walk{ending}").at(0)
    )
    covered = np.asarray(masked.table(0).mask).any(axis=0)
    assert np.array_equal(image.any(axis=2) | ndimage.binary_dilation(covered), ndimage.binary_dilation(covered))
    assert image[ndimage.binary_erosion(covered, iterations=2)].any(axis=1).all()


def test_coco_results_replay_with_their_masks(run: Path, tmp_path: Path) -> None:
    sportstrack.track_video(run / "walk.coco.json", tmp_path, formats=["mots"], detections=str(run / "walk.coco.json"))
    again, first = read_mots(tmp_path / "walk.coco.mots.txt"), read_mots(run / "walk.mots.txt")
    assert again.masks.area().sum() == pytest.approx(first.masks.area().sum(), rel=0.05)


def test_presence_reads_mots_text(run: Path, tmp_path: Path) -> None:
    assert presence_main([str(run / "walk.mots.txt"), "-o", str(tmp_path / "map.png")]) == 0
    assert (tmp_path / "map.png").stat().st_size > 0
