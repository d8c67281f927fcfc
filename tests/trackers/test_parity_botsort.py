"""BoT-SORT against ultralytics, frame by frame, up to the names of the ids."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from parity import DEFAULT, Found, Frame, assert_same, generated, passing, prompt, real
from parity_embeddings import BLUE, RED, pair, with_embeddings

from sportstrack import BoTSORT, BoTSORTConfig, Detections
from sportstrack.errors import SettingError

SEEDS = 3
SETTINGS = [
    DEFAULT,
    DEFAULT | {"fuse_score": False},
    DEFAULT | {"track_high_thresh": 0.25, "new_track_thresh": 0.25},
    DEFAULT | {"track_high_thresh": 0.7, "new_track_thresh": 0.75, "track_buffer": 5, "match_thresh": 0.6},
]
NAMES = ["default", "plain", "eager", "strict"]
Cameras = Sequence[Any] | None


def moved(stream: Iterable[Detections], seed: int) -> tuple[list[Detections], list[Any]]:
    """The stream as a camera sees it that pans, turns, zooms and shears a little, and that camera's affines."""
    rng = np.random.default_rng([seed, 7])
    place, frames, cameras = np.eye(3), [], []
    for frame in stream:
        step = np.eye(3)
        step[:2, :2] += rng.normal(0, 0.003, (2, 2))
        step[:2, 2] = rng.normal(0, 12, 2)
        place = step @ place
        centre = (frame.xyxy[:, :2] + frame.xyxy[:, 2:]) / 2 @ place[:2, :2].T + place[:2, 2]
        half = (frame.xyxy[:, 2:] - frame.xyxy[:, :2]) / 2 @ np.abs(place[:2, :2]).T
        frames.append(
            Detections(np.hstack((centre - half, centre + half)), frame.score, frame.class_id, frame.embedding)
        )
        cameras.append(step[:2])
    return frames, cameras


# --- the two sides ---------------------------------------------------------------------------------------------------


class Given:
    """Hands out known affines in place of an estimate from images."""

    method = "given"

    def __init__(self, cameras: Iterable[Any]) -> None:
        self.cameras = iter(cameras)

    def apply(self, image: Any, boxes: Any) -> Any:
        return next(self.cameras)


@pytest.fixture(scope="module")
def bot_sort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    os.environ.setdefault("YOLO_CONFIG_DIR", str(tmp_path_factory.mktemp("ultralytics")))
    from sportstrack.models.checkpoint import import_ultralytics

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_ultralytics()
        from ultralytics.trackers.bot_sort import BOTSORT
    return BOTSORT


def careful(bot_sort: Any) -> type:
    """BOTSORT that, as the paper says, takes appearance from high-score detections alone."""

    class Careful(prompt(bot_sort)):  # type: ignore[misc]
        calls = 0

        def _input_for(self, img: Any, feats: Any, mask: Any) -> Any:
            self.calls += 1  # first for the high-score detections of a frame, then for the low-score ones
            return super()._input_for(img, feats, mask) if self.calls % 2 else None

    return Careful


def theirs(
    bot_sort: Any,
    settings: dict[str, Any],
    stream: Iterable[Detections],
    cameras: Cameras = None,
    embedded: bool = False,
) -> list[Frame]:
    known = {"gmc_method": "none", "with_reid": embedded, "model": "auto", "proximity_thresh": 0.5}
    # A similarity there, a distance in the paper and here: 0.75 is 0.25.
    tracker = bot_sort(SimpleNamespace(**known | {"appearance_thresh": 0.75} | settings))
    if cameras is not None:
        tracker.gmc = Given(cameras)
    image = np.zeros((2, 2, 3), np.uint8)
    answers = []
    for frame in stream:
        features = frame.embedding if embedded else None
        answer = tracker.update(Found(frame.xyxy, frame.score), img=image, feats=features).reshape(-1, 8)
        answers.append({int(row[7]): int(row[4]) for row in answer})
    return answers


def ours(settings: dict[str, Any], stream: Sequence[Detections], cameras: Cameras = None) -> list[Frame]:
    tracker = BoTSORT(BoTSORTConfig(**settings), frame_rate=30)
    tracks = [
        tracker.update(frame, camera=camera)
        for frame, camera in zip(stream, cameras or [None] * len(stream), strict=True)
    ]
    return [dict(zip(t.detection.tolist(), t.track_id.tolist(), strict=True)) for t in tracks]


# --- by motion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", SETTINGS, ids=NAMES)
def test_botsort_equals_ultralytics(bot_sort: Any, settings: dict[str, Any]) -> None:
    for seed in range(SEEDS):
        stream = generated(seed)
        got = ours(settings, stream)
        assert_same(got, theirs(prompt(bot_sort), settings, stream))
        assert sum(map(len, got)) > 100


@pytest.mark.parametrize("settings", SETTINGS[:3], ids=NAMES[:3])  # 5 frames are too few
def test_botsort_drops_the_same_duplicates_as_ultralytics(bot_sort: Any, settings: dict[str, Any]) -> None:
    dropped = 0
    for seed in range(SEEDS):
        stream = passing(seed)
        got = ours(settings, stream)
        assert_same(got, theirs(prompt(bot_sort), settings, stream))
        dropped += got != ours(settings | {"duplicate_thresh": 0.0}, stream)
    assert dropped


@pytest.mark.parametrize("settings", SETTINGS[:3], ids=NAMES[:3])
def test_botsort_equals_ultralytics_under_a_camera(bot_sort: Any, settings: dict[str, Any]) -> None:
    helped = 0
    for seed in range(SEEDS):
        stream, cameras = moved(generated(seed), seed)
        got = ours(settings, stream, cameras)
        assert_same(got, theirs(prompt(bot_sort), settings, stream, cameras))
        helped += names(got) < names(ours(settings, stream))
    assert helped == SEEDS


def names(frames: list[Frame]) -> int:
    return max(max(frame.values(), default=0) for frame in frames)


def test_botsort_equals_ultralytics_on_real_sequences(bot_sort: Any, shared_data: Path) -> None:
    for seed, stream in enumerate(real(shared_data)):
        assert_same(ours(DEFAULT, stream), theirs(prompt(bot_sort), DEFAULT, stream))
        panned, cameras = moved(stream, seed)
        assert_same(ours(DEFAULT, panned, cameras), theirs(prompt(bot_sort), DEFAULT, panned, cameras))


def test_a_camera_at_rest_is_no_camera() -> None:
    stream = generated(3)
    assert ours(DEFAULT, stream, [np.eye(2, 3)] * len(stream)) == ours(DEFAULT, stream)


# --- by appearance ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", SETTINGS, ids=NAMES)
def test_botsort_equals_ultralytics_with_appearance(bot_sort: Any, settings: dict[str, Any]) -> None:
    changed = 0
    for seed in range(SEEDS):
        stream = with_embeddings(generated(seed), seed)
        got = ours(settings, stream)
        assert_same(got, theirs(careful(bot_sort), settings, stream, embedded=True))
        changed += got != ours(settings, generated(seed))
    assert changed


def test_botsort_equals_ultralytics_with_appearance_on_real_sequences(bot_sort: Any, shared_data: Path) -> None:
    for seed, stream in enumerate(real(shared_data)):
        panned, cameras = moved(with_embeddings(stream, seed), seed)
        got = ours(DEFAULT, panned, cameras)
        assert_same(got, theirs(careful(bot_sort), DEFAULT, panned, cameras, embedded=True))


def test_low_score_detections_do_not_change_an_appearance(bot_sort: Any) -> None:
    # For 20 frames both are seen badly and in the other's colours; then one box comes between them, red.
    between = Detections([[105.0, 100, 145, 200]], [0.9], [0], np.array([RED], np.float32))  # type: ignore[arg-type]
    stream = [pair(10, RED, BLUE)] * 3 + [pair(10, BLUE, RED, score=0.3)] * 20 + [between]
    settings = DEFAULT | {"fuse_score": False}
    got = ours(settings, stream)[-1]
    assert got == {0: 1}
    assert theirs(careful(bot_sort), settings, stream, embedded=True)[-1] == {0: 1}
    assert theirs(bot_sort, settings, stream, embedded=True)[-1] == {0: 2}  # it learnt from the low-score ones


def test_an_unknown_appearance_leaves_motion_alone() -> None:
    blind = [pair(30, [0.0, 0.0], [np.nan, 1.0])] * 5
    assert ours(DEFAULT, blind) == [{0: 1, 1: 2}] * 5


def test_embeddings_keep_their_length() -> None:
    tracker = BoTSORT()
    tracker.update(pair(30, RED, BLUE))
    with pytest.raises(SettingError, match="2 columns as before, got 3"):
        tracker.update(pair(30, [1.0, 0, 0], [0.0, 1, 0]))
    tracker.reset()
    tracker.update(pair(30, [1.0, 0, 0], [0.0, 1, 0]))


@pytest.mark.parametrize("camera", [np.eye(3), np.zeros((2, 3)), np.full((2, 3), np.nan), [[1, 0, np.inf], [0, 1, 0]]])
def test_a_camera_that_is_no_affine_is_refused(camera: Any) -> None:
    with pytest.raises(SettingError, match="camera: expected"):
        BoTSORT().update(pair(30, RED, BLUE), camera=camera)
