"""People off the field: kept from the tracker, kept in the recording, and left out of a replay or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import fields as scenes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.bystanders import set_aside
from sportstrack.recording import Recording
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.run import track_video
from sportstrack.types import Detections, FloatArray, Image
from sportstrack.video import VideoWriter

FRAMES = 8
PLAYERS, SPECTATORS = 12, 9


class Everybody:
    """A detector that knows each scene's people, and says in which order."""

    names = {0: "person", 1: "ball"}

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        _, players, crowd = scenes.scene(scenes.SURFACES["grass"], 1)
        ball = [[20.0, 20.0, 26.0, 26.0]]  # in the stand: a ball counts wherever it is
        boxes = np.vstack([crowd[:4], players, ball, crowd[4:]])
        classes = np.zeros(len(boxes), np.int64)
        classes[4 + PLAYERS] = 1
        return [Detections.from_arrays(boxes, np.linspace(0.5, 0.9, len(boxes)), classes) for _ in frames]


def shirts(frame: Image, xyxy: FloatArray) -> np.ndarray:
    """An embedder: colours."""
    rows = np.zeros((len(xyxy), 3), np.float32)
    rows[:, 0] = 1
    return rows


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenes") / "match.mp4"
    image, _, _ = scenes.scene(scenes.SURFACES["grass"], 1)
    with VideoWriter(path, scenes.WIDTH, scenes.HEIGHT, 25, crf=10) as writer:
        for frame in range(FRAMES):
            writer.write(image.copy(), Fraction(frame, 25))
    return path


def followed(source: Path, **how: object) -> tuple[list[TrackedFrame], str]:
    frames: list[TrackedFrame] = []
    summary = track_video(source, on_frame=frames.append, formats=["mot"], **how)  # type: ignore[arg-type]
    return frames, summary.as_text()


def test_spectators_are_kept_from_the_tracker_and_the_ball_is_not(match: Path) -> None:
    frames, text = followed(match, detector=Everybody())
    for frame in frames:
        assert len(frame.detections) == PLAYERS + 1
        assert sorted(frame.detections.class_id.tolist()) == [0] * PLAYERS + [1]
        assert frame.bystanders is not None
        assert len(frame.bystanders.detections) == SPECTATORS
    assert f"{SPECTATORS * FRAMES} boxes of people off the field left out; field found in {FRAMES} frames" in text
    off, text = followed(match, detector=Everybody(), on_pitch="off")
    assert {len(frame.detections) for frame in off} == {PLAYERS + 1 + SPECTATORS}
    assert "off the field" not in text


def test_an_embedder_looks_at_no_spectator(match: Path) -> None:
    seen = []

    def counting(frame: Image, xyxy: FloatArray) -> np.ndarray:
        seen.append(len(xyxy))
        return shirts(frame, xyxy)

    followed(match, detector=Everybody(), embedder=counting)
    assert seen == [PLAYERS + 1] * FRAMES


def texts(folder: Path) -> str:
    return (folder / "match.txt").read_text()


@pytest.mark.parametrize("offline", [False, True])
def test_a_replay_takes_the_recorded_verdict_to_the_last_bit(match: Path, tmp_path: Path, offline: bool) -> None:
    how = {"formats": ["mot"], "save_detections": True, "detector": Everybody(), "embedder": shirts}
    first = track_video(match, tmp_path / "a", offline=offline, **how)  # type: ignore[arg-type]
    again = track_video(
        tmp_path / "a/match.npz", tmp_path / "b", formats=["mot"], offline=offline, save_detections=True
    )
    assert texts(tmp_path / "a") == texts(tmp_path / "b")
    assert texts(tmp_path / "a")
    for summary in (first, again):
        assert (summary.field_frames, summary.bystanders) == (FRAMES, SPECTATORS * FRAMES)
    for one, other in zip(Recording(tmp_path / "a/match.npz"), Recording(tmp_path / "b/match.npz"), strict=True):
        assert one.detections.embedding is not None
        assert np.array_equal(one.detections.xyxy, other.detections.xyxy)
        assert one.bystanders is not None
        assert other.bystanders is not None
        assert np.array_equal(one.bystanders.counts, other.bystanders.counts)
    written = json.loads((tmp_path / "a/match.summary.json").read_text())
    assert written["bystanders"] == SPECTATORS * FRAMES
    assert written["settings"]["on_pitch"] == "auto"


def test_a_replay_can_ignore_it_and_equals_a_run_without(match: Path, tmp_path: Path) -> None:
    track_video(match, tmp_path / "a", formats=["mot"], save_detections=True, detector=Everybody())
    track_video(match, tmp_path / "b", formats=["mot"], detector=Everybody(), on_pitch="off")
    track_video(tmp_path / "a/match.npz", tmp_path / "c", formats=["mot"], on_pitch="off", save_detections=True)
    assert texts(tmp_path / "b") == texts(tmp_path / "c") != texts(tmp_path / "a")
    assert Recording(tmp_path / "a/match.npz").info.on_pitch == "auto"
    assert Recording(tmp_path / "c/match.npz").info.on_pitch is None
    assert all(frame.bystanders is None for frame in Recording(tmp_path / "c/match.npz"))


def test_a_replay_with_fewer_classes_keeps_the_verdict(match: Path, tmp_path: Path) -> None:
    track_video(match, tmp_path / "a", formats=["mot"], save_detections=True, detector=Everybody())
    frames, _ = followed(tmp_path / "a/match.npz", classes=[0], score=0.6)
    everybody = Everybody()([np.empty(0)])[0]  # type: ignore[list-item]
    wanted = (everybody.class_id == 0) & (everybody.score >= 0.6)
    for frame in frames:
        assert frame.bystanders is not None
        joined = frame.bystanders.join(frame.detections)
        assert np.array_equal(joined.xyxy, everybody.xyxy[wanted])
        assert len(frame.detections) < len(joined)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=9), st.booleans(), st.booleans(), st.booleans())
def test_what_is_set_aside_joins_again_as_it_was(counts: list[bool], vectors: bool, points: bool, masks: bool) -> None:
    rng, n = np.random.default_rng(len(counts)), len(counts)
    corner = rng.uniform(0, 50, (n, 2))
    table = Detections(
        np.hstack([corner, corner + 5]),
        rng.random(n),
        rng.integers(0, 3, n),
        rng.random((n, 4)).astype(np.float32) if vectors else None,
        rng.random((n, 6, 7)) > 0.5 if masks else None,
        rng.random((n, 5, 3)).astype(np.float32) if points else None,
    )
    kept, aside = set_aside(table, np.array(counts, np.bool_))
    assert (len(kept), len(aside.detections)) == (sum(counts), n - sum(counts))
    joined = aside.join(kept)
    for name in ("xyxy", "score", "class_id", "embedding", "mask", "keypoints"):
        one, other = getattr(table, name), getattr(joined, name)
        assert (one is None) == (other is None) or not n
        if one is not None and n:
            assert np.array_equal(one, other)
