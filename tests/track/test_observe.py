"""Appearance, camera motion and shot changes on their way to the tracker, into a recording and out of it again."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack.errors import SettingError
from sportstrack.recording import Recording
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.observe import Observer
from sportstrack.track.run import track_video
from sportstrack.trackers import TRACKERS
from sportstrack.types import Detections, Tracks
from sportstrack.video import VideoWriter


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4")


def place(seed: int, width: int = 400, height: int = 300) -> np.ndarray:
    """A dark, richly textured scenery in a colour of its own."""
    import cv2

    rng = np.random.default_rng(seed)
    grain = cv2.resize(rng.random((height // 6, width // 6)).astype(np.float32), (width, height))
    return (grain[..., None] * rng.uniform(40, 110, 3)).astype(np.uint8)


def make_pan(path: Path, frames: int = 20) -> Path:
    """Toy players, seen by a camera that moves one pixel to the right in each frame."""
    scenery = place(1)
    with VideoWriter(path, 160, 120, 25, crf=10) as writer:
        for frame in range(frames):
            image = np.maximum(
                scenery[40:160, 40 + frame : 200 + frame], toy.picture(frame) * (toy.picture(frame) > 128)
            )
            writer.write(image, Fraction(frame, 25))
    return path


@pytest.fixture(scope="module")
def pan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pan(tmp_path_factory.mktemp("pan") / "pan.mp4")


def make_cuts(path: Path, shots: int) -> Path:
    """Sceneries put end to end, ten frames each."""
    with VideoWriter(path, 400, 300, 25, crf=10) as writer:
        for frame in range(10 * shots):
            writer.write(place(frame // 10), Fraction(frame, 25))
    return path


class Witness:
    """A tracker that keeps what it is given."""

    def __init__(self) -> None:
        self.given: list[tuple[Any, Any]] = []
        self.cuts: list[int] = []

    def update(self, detections: Detections, camera: Any = None) -> Tracks:
        self.given.append((detections.embedding, camera))
        return Tracks.empty()

    def cut(self) -> None:
        self.cuts.append(len(self.given))

    def reset(self) -> None: ...


def embed(frame: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The embedding of a box is its position."""
    assert frame.shape == (120, 160, 3)
    return np.hstack([boxes[:, :1], np.ones((len(boxes), 2))])


def test_embeddings_reach_the_tracker_row_by_row(match: Path) -> None:
    witness, seen = Witness(), []
    track_video(match, detector=toy.find, embedder=embed, tracker=witness, on_frame=seen.append)
    assert len(witness.given) == 20
    for (embedding, _), frame in zip(witness.given, seen, strict=True):
        assert np.array_equal(embedding[:, 0], frame.detections.xyxy[:, 0].astype(np.float32))


def test_unusable_boxes_get_no_embedding(match: Path) -> None:
    witness = Witness()
    track_video(match, detector=toy.find_with_slips, embedder=embed, tracker=witness)
    for embedding, _ in witness.given:
        assert not embedding[-4:].any()  # `embed` would have given them a NaN or a 1
        assert (embedding[:-4, 1] == 1).all()


def test_an_embedder_that_forgets_a_box_is_refused(match: Path) -> None:
    with pytest.raises(SettingError, match=r"\(3, D\).*\(2, 3\)"):
        track_video(match, detector=toy.find, embedder=lambda frame, boxes: np.ones((2, 3)))


def test_the_camera_starts_anew_after_a_cut() -> None:
    calls: list[str] = []

    class Camera:
        def reset(self) -> None:
            calls.append("reset")

        def update(self, frame: Any, boxes: Any) -> Any:
            calls.append("update")
            return np.eye(2, 3)

    observer = Observer(camera=Camera())
    for cut in (0.0, 0.0, 0.9, 0.0):
        list(observer([Observation(0, 0.0, cut_confidence=cut)]))
    assert calls == ["reset", "update", "update", "reset", "update", "update"]


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_a_replay_gives_the_same_tracks_to_the_last_bit(pan: Path, tmp_path: Path, name: str) -> None:
    options = {"tracker": name, "formats": ["mot", "jsonl"]}
    seen: list[TrackedFrame] = []
    live = track_video(
        pan,
        tmp_path / "live",
        detector=toy.find,
        embedder="kit",
        camera="flow",
        save_detections=True,
        on_frame=seen.append,
        **options,
    )
    assert seen[-1].detections.embedding is not None
    assert seen[-1].camera is not None
    assert {"embed", "camera", "shots"} <= set(live.stages_ms)
    again = track_video(live.outputs["detections"], tmp_path / "again", **options)
    for kind in ("mot", "jsonl"):
        assert Path(live.outputs[kind]).read_bytes() == Path(again.outputs[kind]).read_bytes()
    assert (Recording(live.outputs["detections"]).info.embedder, again.cuts) == ("kit", 0)


def test_a_recording_of_every_second_frame_replays_at_its_own_rate(match: Path, tmp_path: Path) -> None:
    options = {"tracker": "sort", "formats": ["mot"], "tracker_settings": {"max_age": 7}}
    live = track_video(match, tmp_path / "a", detector=toy.find, every=2, save_detections=True, **options)
    rates: list[float] = []
    again = track_video(live.outputs["detections"], tmp_path / "b", **options)
    assert Path(live.outputs["mot"]).read_bytes() == Path(again.outputs["mot"]).read_bytes()
    rates.append(Recording(live.outputs["detections"]).info.frame_rate)
    assert rates == [12.5]


def test_a_replay_computes_what_the_recording_lacks_or_says_what_it_needs(match: Path, tmp_path: Path) -> None:
    made = track_video(match, tmp_path, detector=toy.find, embedder="none", save_detections=True, formats=[])
    record = made.outputs["detections"]
    with pytest.raises(SettingError, match=r"--embedder kit: the recording was made without"):
        track_video(record, embedder="kit")
    with pytest.raises(SettingError, match="--camera flow"):
        track_video(record, camera="flow")
    with pytest.raises(SettingError, match="runs no detector"):
        track_video(match, detections=record, embedder="detector")
    witness = Witness()
    track_video(match, detections=record, embedder="kit", camera="boxes", tracker=witness, formats=[])
    assert all(embedding is not None for embedding, _ in witness.given)


def test_no_identity_lasts_across_a_shot_change(tmp_path: Path) -> None:
    def stands(frames: list[np.ndarray]) -> list[Detections]:
        return [Detections.from_arrays([[40.0, 40, 60, 90]], [0.9]) for _ in frames]

    video = make_cuts(tmp_path / "cuts.mp4", 3)
    for name in sorted(set(TRACKERS) - {"sports"}):  # which may find players again by their appearance
        seen: list[TrackedFrame] = []
        summary = track_video(
            video,
            tmp_path / name,
            detector=stands,
            tracker=name,
            on_frame=seen.append,
            save_detections=True,
            formats=["mot"],
        )
        assert summary.cuts == 2
        assert [frame.index for frame in seen if frame.cut_confidence] == [10, 20]
        shots: list[set[int]] = [set(), set(), set()]
        for frame in seen:
            shots[frame.index // 10].update(frame.tracks.track_id.tolist())
        assert all(shots), name
        assert sum(map(len, shots)) == len(set().union(*shots)), name
        again = track_video(summary.outputs["detections"], tmp_path / "again", tracker=name, formats=["mot"])
        assert Path(again.outputs["mot"]).read_bytes() == Path(summary.outputs["mot"]).read_bytes()
    whole = track_video(video, detector=stands, tracker="sort", shots=False)
    assert (whole.cuts, whole.tracks) == (0, 1)


def test_a_tracker_without_cut_is_named_in_the_summary(tmp_path: Path) -> None:
    class Plain:
        def update(self, detections: Detections, camera: Any = None) -> Tracks:
            return Tracks.empty()

        def reset(self) -> None: ...

    summary = track_video(make_cuts(tmp_path / "cuts.mp4", 2), detector=toy.find, tracker=Plain())
    assert any("cut()" in warning for warning in summary.warnings)


def test_the_ball_is_followed_by_a_tracker_of_its_own(match: Path) -> None:
    def find(frames: list[np.ndarray]) -> list[Detections]:
        tables = toy.find(frames)
        return [Detections(t.xyxy, t.score, np.array([0, 0, 1][: len(t)], np.int64)) for t in tables]

    find.names = {0: "player", 1: "ball"}  # type: ignore[attr-defined]
    seen: list[TrackedFrame] = []
    track_video(match, detector=find, tracker="sort", ball=["ball"], on_frame=seen.append)
    balls = [set(f.tracks.track_id[f.tracks.class_id == 1].tolist()) for f in seen]
    people = {i for f in seen for i in f.tracks.track_id[f.tracks.class_id == 0].tolist()}
    assert all(len(ids) <= 1 for ids in balls)
    assert any(balls)
    assert not set().union(*balls) & people
    with pytest.raises(SettingError, match="'puck'"):
        track_video(match, detector=find, ball=["puck"])


def test_a_ball_is_followed_unasked_with_lower_scores_than_people(match: Path, tmp_path: Path) -> None:
    def find(frames: list[np.ndarray]) -> list[Detections]:
        tables = toy.find(frames)
        return [Detections(t.xyxy, np.array([0.9, 0.9, 0.9][: len(t)]), np.array([0, 0, 1][: len(t)])) for t in tables]

    find.names = {0: "player", 1: "Soccer_Ball"}  # type: ignore[attr-defined]

    def balls(**settings: Any) -> list[set[int]]:
        seen: list[TrackedFrame] = []
        track_video(match, detector=find, on_frame=seen.append, **{"tracker": "sort"} | settings)
        return [set(frame.tracks.track_id[frame.tracks.class_id == 1].tolist()) for frame in seen]

    alone = balls(ball=["Soccer_Ball"])
    assert balls() == alone
    assert balls(ball="none") != alone
    assert balls(classes=["player"]) == [set()] * len(alone)
    assert balls(tracker="ball", ball=["Soccer_Ball"])


class Weak:
    """Finds a sure player, a weak player, and a ball that was seen well once."""

    names = {0: "person", 1: "sports ball"}

    def __init__(self, score: float = 0.5) -> None:
        self.score, self.count = score, 0

    def __call__(self, frames: list[np.ndarray]) -> list[Detections]:
        boxes = [[10, 10, 30, 50], [60, 10, 80, 50], [50, 30, 56, 36]]
        self.count += 1
        table = Detections.from_arrays(boxes, [0.9, 0.07, 0.9 if self.count == 1 else 0.07], [0, 0, 1])
        return [table[table.score >= self.score] for _ in frames]


@pytest.mark.parametrize(
    ("settings", "scores"),
    [
        ({}, {0.9, 0.07}),
        ({"ball": "none"}, {0.9}),
        ({"ball_score": 0.08}, {0.9}),
        ({"tracker": "ball"}, {0.9}),
        ({"score": 0.5}, {0.9, 0.07}),
        ({"score": 0.06, "ball": "none"}, {0.9, 0.07}),
    ],
)
def test_low_scores_of_the_ball_reach_the_recording_and_those_of_people_do_not(
    match: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, scores: set[float]
) -> None:
    monkeypatch.setitem(sys.modules, "own.weak", SimpleNamespace(Weak=Weak))
    summary = track_video(
        match, tmp_path, weights="own.weak:Weak", batch=1, save_detections=True, formats=["csv"], **settings
    )
    frames = list(Recording(summary.outputs["detections"]))[1:]
    seen = [
        (round(float(s), 2), int(c))
        for f in frames
        for s, c in zip(f.detections.score, f.detections.class_id, strict=True)
    ]
    assert {score for score, _ in seen} == scores
    if settings.get("score") != 0.06:
        assert (0.07, 0) not in seen
    again = track_video(summary.outputs["detections"], tmp_path / "again", formats=["csv"], **settings)
    assert Path(again.outputs["csv"]).read_bytes() == Path(summary.outputs["csv"]).read_bytes()
