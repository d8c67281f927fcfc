"""Detectors, trackers, embedders and cameras of one's own: by name or as objects, and what happens when they fail."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import toy

import sportstrack
from sportstrack.camera import load_camera
from sportstrack.errors import PluginError, SettingError
from sportstrack.track.detector import LazyDetector
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings
from sportstrack.trackers import TRACKERS, create_tracker
from sportstrack.types import Detections

MODULE = """
import toy

class Mistyped:
    def __init__(self):
        self.model = self.modle

    def __call__(self, frames):
        return toy.find(frames)

class Tracker:
    def __init__(self, frame_rate): ...
    def reset(self): ...
    def update(self, detections, camera=None):
        raise KeyError("lost")

class Camera:
    needs_image = False
    def reset(self): ...
    def update(self, frame, xyxy):
        return 1 / 0

class Askew(Camera):
    def update(self, frame, xyxy):
        return [[1, 0], [0, 1]]

def embed(frame, xyxy):
    return frame.shape[7]
"""


@pytest.fixture
def match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my_parts.py").write_text(MODULE)
    (tmp_path / "my_broken.py").write_text("x = 1\nraise OSError('no licence')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("my_parts", "my_broken"):
        sys.modules.pop(name, None)
    return toy.make_match(tmp_path / "match.mp4", frames=4)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"tracker": "my_parts:Tracker"}, r"tracker my_parts:Tracker failed: KeyError: 'lost' \(.*my_parts\.py:15\)"),
        ({"camera": "my_parts:Camera"}, r"my_parts:Camera failed: ZeroDivisionError: .* \(.*my_parts\.py:21\)"),
        ({"embedder": "my_parts:embed"}, r"embedder my_parts:embed failed: IndexError: .* \(.*my_parts\.py:28\)"),
        ({"detector": "my_parts:Mistyped"}, r"my_parts:Mistyped failed: AttributeError: .*modle.*my_parts\.py:6\)"),
        ({"detector": "my_broken:Any"}, r"my_broken failed: OSError: no licence \(.*my_broken\.py:2\)"),
        ({"tracker": "my_broken:Any"}, r"my_broken failed: OSError: no licence"),
        ({"camera": "my_broken:Any"}, r"my_broken failed: OSError: no licence"),
    ],
)
def test_a_part_given_by_name_that_fails_is_named_with_its_place(match: Path, part: dict, words: str) -> None:
    with pytest.raises(PluginError, match=words) as caught:
        track_video(match, **({"detector": "toy:find"} | part))
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_an_object_raises_as_itself(match: Path) -> None:
    import my_parts  # type: ignore[import-not-found]

    with pytest.raises(KeyError):
        track_video(match, detector=toy.find, tracker=my_parts.Tracker(25))
    with pytest.raises(ZeroDivisionError):
        track_video(match, detector=toy.find, camera=my_parts.Camera())


def test_a_detector_that_cannot_be_made_is_no_endless_recursion(match: Path) -> None:
    lazy = LazyDetector(TrackSettings(detector="my_parts:Mistyped"))
    for _ in range(2):
        with pytest.raises(PluginError, match="AttributeError"):
            lazy.load()
    with pytest.raises(PluginError, match="AttributeError"):
        sportstrack.label_video(match, detector=lazy)


def test_names_and_objects_are_taken_everywhere(match: Path) -> None:
    named = {"detector": "toy:find", "tracker": "toy:EveryoneIsNew", "embedder": "kit", "camera": "boxes"}
    made = {"detector": toy.find, "tracker": toy.EveryoneIsNew(25), "camera": load_camera("boxes")}
    for parts in (named, made):
        assert track_video(match, **parts).boxes == 12
        assert sportstrack.label_video(match, offline=False, **{**parts, "tracker": "sort"}).name == "match"


@pytest.mark.parametrize("detector", [7, object()])
def test_what_is_no_detector_is_refused(match: Path, detector: object) -> None:
    with pytest.raises(SettingError, match="expected a callable frames -> list of Detections, or a name"):
        track_video(match, detector=detector)


def test_a_camera_that_is_no_matrix_is_named(match: Path) -> None:
    with pytest.raises(SettingError, match=r"my_parts:Askew: expected a \(2, 3\) affine or None, got shape \(2, 2\)"):
        track_video(match, detector=toy.find, camera="my_parts:Askew")


BAD = [[[1, 0], [0, 1, 2]], "left", [[1, 0, 0], [0, np.nan, 0]], np.zeros((2, 3)), np.eye(3), object()]


@pytest.mark.parametrize("name", sorted(TRACKERS))
@pytest.mark.parametrize("camera", BAD, ids=range(len(BAD)))
def test_no_camera_reaches_a_tracker_as_a_bare_error(name: str, camera: object) -> None:
    tracker = create_tracker(name, ball=[7] if name == "sort" else None)
    table = Detections.from_arrays([[10, 10, 30, 60]], [0.9])
    tracker.update(table)
    try:
        tracker.update(table, camera=camera)
    except SettingError as error:
        message = str(error)
        assert message.startswith("camera: expected a")
