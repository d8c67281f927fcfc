"""Segmentation is learnt on the renders' exact masks, and what was learnt gives masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from squares import TINY

from data_prep.synthetic import CLASSES, Settings, write_yolo
from sportstrack import judge_detectors, train_detector

CLIP = Settings(seed=5, frames=2, width=128, height=96, view="close", crowding=0.8)


@pytest.mark.usefixtures("_no_network")
def test_a_network_learns_segments_of_the_renders(tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    data = write_yolo([CLIP, replace(CLIP, seed=6)], tmp_path / "set", every=1, masks="visible")
    settings = {**TINY, "weights": str(random_weights("-seg")), "epochs": 1}
    result = train_detector(data, tmp_path / "run", **settings)
    head = result.results.read_text().splitlines()[0]
    assert "seg_loss" in head
    assert "mAP50(M)" in head  # Ultralytics' own figure of masks
    (judged,) = judge_detectors([result.best], data, imgsz=96, device="cpu", engine="torch", trust=True)
    assert list(judged.accuracy.classes.values()) == list(CLASSES)
    assert judged.masks is not None  # what it finds has masks, however bad after one epoch
    assert {"mask AP", "mask IoU", "Dice"} < judged.mask_figures().keys()
