"""Detectors of one's own, given by name."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from sportstrack.detect import load_detector
from sportstrack.detect.custom import CustomDetector
from sportstrack.errors import PluginError, SettingError
from sportstrack.types import Detections

PLUGIN = """
import numpy as np
from sportstrack.types import Detections


def one_box(frames):
    return [Detections.from_arrays([[0, 0, 10, 20]]) for _ in frames]


class Slow:
    names = ["player", "ball"]

    def __init__(self, score=0.5, imgsz=0):
        self.score, self.imgsz = score, imgsz

    def __call__(self, frames):
        return [Detections.from_arrays([[0, 0, 10, 20]], [self.score]) for _ in frames]


def factory(*, score):
    return Slow(score)


ready = Slow(0.25)
number = 3


class Needy:
    def __init__(self, path): ...


def supervised(frames):
    import supervision as sv
    return [sv.Detections(xyxy=np.array([[1.0, 2, 3, 4]]), confidence=np.array([0.5]), class_id=np.array([1]))
            for _ in frames]


def too_few(frames):
    return one_box(frames)[1:]


def nothing(frames):
    return None


def arrays(frames):
    return [np.zeros((1, 4))] * len(frames)


def fails(frames):
    raise RuntimeError("its own trouble")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_detectors.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_detectors", raising=False)
    return "my_detectors:"


@pytest.mark.parametrize(
    ("name", "score"), [("one_box", 1.0), ("Slow", 0.3), ("factory", 0.3), ("ready", 0.25), ("supervised", 0.5)]
)
def test_a_detector_of_ones_own(name: str, score: float, plugin: str, noise: list[np.ndarray]) -> None:
    detector = load_detector(plugin + name, score=0.3, iou=0.5)
    tables = detector(noise)
    assert [len(table) for table in tables] == [1] * len(noise)
    assert all(isinstance(table, Detections) for table in tables)
    assert tables[0].score[0] == score
    if name in {"Slow", "factory", "ready"}:
        assert detector.names == {0: "player", 1: "ball"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slow", "my_detectors has no 'slow'; did you mean 'Slow'"),
        ("number", "expected a callable frames -> list of Detections, got int"),
        ("Needy", "cannot be made .*path"),
        ("too_few", "expected 4 tables, one per frame, got 3"),
        ("nothing", "expected a list of Detections, one per frame"),
        ("arrays", "expected a list of Detections.*got ndarray|expected sportstrack.Detections"),
    ],
)
def test_a_detector_that_does_not_follow_the_protocol(
    name: str, message: str, plugin: str, noise: list[np.ndarray]
) -> None:
    with pytest.raises(SettingError, match=message):
        load_detector(plugin + name)(noise)


def test_a_detector_given_by_name_that_fails_is_named_with_its_place(plugin: str, noise: list[np.ndarray]) -> None:
    with pytest.raises(PluginError, match=r"fails failed: RuntimeError: its own trouble \(.*my_detectors.*:\d+\)") as e:
        load_detector(plugin + "fails")(noise)
    assert isinstance(e.value.__cause__, RuntimeError)


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(SettingError, match=r"nowhere\.at_all:Det: cannot import nowhere\.at_all .*PYTHONPATH"):
        load_detector("nowhere.at_all:Det")


def test_timings_of_a_custom_detector() -> None:
    detector = CustomDetector(lambda frames: [Detections.empty() for _ in frames])
    detector([np.zeros((4, 4, 3), np.uint8)])
    assert detector.timings["inference"] > 0


def test_a_misspelt_library_is_no_module_of_ones_own() -> None:
    with pytest.raises(SettingError, match="no library 'transformer'; did you mean 'transformers'"):
        load_detector("transformer:rtdetr")
