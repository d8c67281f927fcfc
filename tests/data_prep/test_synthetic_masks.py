"""Exact masks of the renders: what is seen and whole bodies, in every layout."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_prep.formats.yolo_read import read_yolo
from data_prep.synthetic import CLASSES, FrameTruth, Settings, render_sequence, write_yolo
from data_prep.synthetic.command import main
from data_prep.synthetic.layouts import MIN_VISIBILITY
from sportstrack import Masks, read_mots, score_tracks

CROWD = Settings(seed=5, frames=3, width=320, height=180, crowding=1.0, shadows=False, noise=0.0)


@pytest.fixture(scope="module")
def clip() -> list[tuple[np.ndarray, FrameTruth]]:
    return list(render_sequence(CROWD, masks=True))


def test_masks_change_no_pixel(clip: list[tuple[np.ndarray, FrameTruth]]) -> None:
    for (image, truth), (plain, other) in zip(clip, render_sequence(CROWD), strict=True):
        assert np.array_equal(image, plain)
        assert np.array_equal(truth.xyxy, other.xyxy)
        assert other.visible is other.whole is None


def test_whole_masks_fill_the_boxes_and_visible_ones_share_no_pixel(clip: list[tuple[np.ndarray, FrameTruth]]) -> None:
    hidden = 0
    for _, truth in clip:
        visible, whole = np.asarray(truth.visible), np.asarray(truth.whole)
        assert truth.whole.boxes().tolist() == truth.xyxy.tolist()
        assert visible.sum(axis=0).max() == 1
        assert not (visible & ~whole).any()
        inside = (truth.xyxy > 0).all(1) & (truth.xyxy[:, 2:] < (CROWD.width, CROWD.height)).all(1)
        share = truth.visible.area() / truth.whole.area()
        assert share[inside] == pytest.approx(truth.visibility[inside])
        hidden += int((share < 0.9).sum())
    assert hidden > 3


def test_a_visible_mask_is_where_its_person_is_painted(clip: list[tuple[np.ndarray, FrameTruth]]) -> None:
    image, truth = clip[0]
    for row in np.flatnonzero(truth.visible.area() > 60)[:4].tolist():
        (without, _) = next(render_sequence(replace(CROWD, hidden=(int(truth.track_id[row]),))))
        changed = np.abs(image.astype(int) - without).max(axis=2) > 40
        grown = np.pad(truth.visible[row], 2)
        near = np.lib.stride_tricks.sliding_window_view(grown, (5, 5)).any(axis=(2, 3))
        assert changed.any()
        assert not (changed & ~near).any()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
@pytest.mark.parametrize("masks", ["visible", "whole"])
def test_the_mot_layout_holds_mots_text_and_coco(
    tmp_path: Path, masks: str, clip: list[tuple[np.ndarray, FrameTruth]]
) -> None:
    from pycocotools.coco import COCO

    arguments = ["--seed", "5", "--frames", "2", "--size", "320x180", "--crowding", "1", "--quiet"]
    assert main([str(tmp_path), *arguments, "--masks", masks]) == 0
    folder = tmp_path / "synthetic-00005"
    rows = read_mots(folder / "gt/mots.txt", frames=2)
    seen = [truth.visible[truth.visible.area() > 0] for _, truth in clip[:2]]
    assert rows.masks.to_coco() == Masks.concatenate(seen).to_coco()
    scores = score_tracks(folder / "gt/mots.txt", rows)
    assert pytest.approx(1) == scores.HOTA
    coco = COCO(folder / "gt/masks.json")
    for image, (_, truth) in zip((1, 2), clip, strict=False):
        wanted = truth.visible if masks == "visible" else truth.whole
        filled = {a["track_id"]: coco.annToMask(a) for a in coco.loadAnns(coco.getAnnIds(image))}
        for row, track in enumerate(truth.track_id.tolist()):
            assert np.array_equal(filled.get(track, np.zeros((180, 320))), wanted[row])
        (one, *_) = coco.loadAnns(coco.getAnnIds(image))
        assert {"visible", "whole", "visibility", "bbox", "area"} <= one.keys()


def test_the_video_layout_holds_masks_beside_the_video(tmp_path: Path) -> None:
    arguments = [
        "--layout",
        "video",
        "--seed",
        "5",
        "--frames",
        "2",
        "--size",
        "160x96",
        "--quiet",
        "--masks",
        "visible",
    ]
    assert main([str(tmp_path), *arguments]) == 0
    assert len(read_mots(tmp_path / "synthetic-00005.mots.txt")) > 0
    assert json.loads((tmp_path / "synthetic-00005.masks.json").read_text())["categories"][0]["name"] == CLASSES[0]


@pytest.mark.parametrize("masks", ["visible", "whole"])
def test_yolo_segments_fill_to_the_masks(tmp_path: Path, masks: str) -> None:
    clips = [replace(CROWD, seed=seed, frames=1) for seed in (5, 6)]
    table = read_yolo(write_yolo(clips, tmp_path / "set", every=1, masks=masks))
    for image, settings in enumerate(clips):
        (_, truth) = next(render_sequence(settings, masks=True))
        wanted = truth.visible if masks == "visible" else truth.whole
        kept = (truth.visibility >= MIN_VISIBILITY) & (wanted.area() > 0)
        rows = np.flatnonzero(table.boxes.image == image).tolist()
        filled = Masks.from_polygons([table.boxes.polygons.of(row) for row in rows], wanted.shape)
        assert filled.to_coco() == wanted[kept].to_coco()
