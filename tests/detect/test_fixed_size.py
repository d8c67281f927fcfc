"""Models that were exported at one input size: the size in force is recorded, another one is reported."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import toy
import yaml

from sportstrack.detect.connector import ignored_settings
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.track.run import track_video


@pytest.fixture(scope="module")
def exported(random_weights: Callable[[str], Path]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of its exporter
        return Path(import_ultralytics().YOLO(random_weights("")).export(format="torchscript", imgsz=64, verbose=False))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fixed_size_is_reported_and_recorded(exported: Path, tmp_path: Path) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=3)
    settings = {"weights": str(exported), "device": "cpu", "formats": ["mot"], "batch": 3}
    summary = track_video(clip, tmp_path / "out", imgsz=1280, **settings)
    assert "imgsz is part of this detector and was not set: it is 64" in summary.warnings
    saved = yaml.safe_load(Path(summary.outputs["settings"]).read_text())
    assert (summary.settings["imgsz"], saved["imgsz"]) == (64, 64)
    assert track_video(clip, tmp_path / "out", imgsz=1280, resume=True, **settings).skipped


def test_a_checkpoint_takes_the_size_asked_for(random_weights: Callable[[str], Path]) -> None:
    detector = UltralyticsDetector(random_weights(""), imgsz=128, device="cpu")
    assert ignored_settings(detector, {"imgsz", "iou", "half"}) == []
    assert detector.in_force == {}
