"""OC-SORT against other implementations, frame by frame, up to the names of the ids."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import PlainTrack, assert_same, assign_fully, generated, ours, overlap, real

from sportstrack import OCSORT, SORT, Detections, OCSORTConfig, SORTConfig

Frame = dict[int, int]  # detection row → track id
SEEDS = 3
SETTINGS: list[dict[str, Any]] = [
    {},
    {"max_age": 5, "min_hits": 1},
    {"delta_t": 1, "inertia": 0.9, "iou_threshold": 0.1},
    {"inertia": 0.0, "iou_threshold": 0.5, "det_thresh": 0.6},
]
NAMES = ["default", "short", "directed", "plain"]


# --- against trackers ------------------------------------------------------------------------------------------------


def theirs(config: OCSORTConfig, stream: Iterable[Detections]) -> list[Frame]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trackers import OCSORTTracker

    tracker = OCSORTTracker(
        lost_track_buffer=config.max_age,
        frame_rate=30.0,
        minimum_consecutive_frames=config.min_hits,
        minimum_iou_threshold=config.iou_threshold,
        direction_consistency_weight=config.inertia,
        high_conf_det_threshold=config.det_thresh,
        delta_t=config.delta_t,
    )
    answers = []
    for frame in stream:
        table = frame.to_supervision()
        table.data["row"] = np.arange(len(frame))
        result = tracker.update(table)
        named = result.tracker_id >= 0
        rows = result.data["row"][named] if named.any() else []
        answers.append({int(row): int(track) for row, track in zip(rows, result.tracker_id[named], strict=True)})
    return answers


def check(settings: dict[str, Any], stream: list[Detections]) -> int:
    """Compare from the frame on in which both report by the same rule; return how many boxes were assigned."""
    # In the first min_hits frames the paper reports births, too. The other reports matched tracks alone, in these
    # frames and one more; its frames count from the first box on.
    config = OCSORTConfig(**settings)
    stream = stream[next(number for number, frame in enumerate(stream) if (frame.score >= config.det_thresh).any()) :]
    start = config.min_hits + 1
    got, want = ours(OCSORT(config, frame_rate=30), stream), theirs(config, stream)
    assert not want[0]
    assert_same(got[start:], want[start:])
    return sum(map(len, got[start:]))


@pytest.mark.parametrize("settings", SETTINGS, ids=NAMES)
def test_ocsort_equals_trackers(settings: dict[str, Any]) -> None:
    assert sum(check(settings, generated(seed)) for seed in range(SEEDS)) > 600


@pytest.mark.parametrize("settings", SETTINGS, ids=NAMES)
def test_ocsort_equals_trackers_on_real_sequences(settings: dict[str, Any], shared_data: Path) -> None:
    assert sum(check(settings, stream) for stream in real(shared_data)) > 5000


# --- against a plain one, for what trackers has not ------------------------------------------------------------------


class PlainWalker(PlainTrack):
    """One object with full matrices, which remembers every box by its frame."""

    def __init__(self, box: Any, frame: int) -> None:
        super().__init__(box)
        self.boxes = {frame: box}
        self.born = self.last = frame
        self.frozen: Any = None
        self.direction = np.zeros(2)

    def step(self, frame: int) -> Any:
        if self.last == frame - 2:
            self.frozen = self.x.copy(), self.P.copy()
        return self.predict()

    def earlier(self, frame: int, span: int) -> Any:
        seen = [number for number in self.boxes if number > self.born] or [self.born]
        return middle(self.boxes[next((number for number in seen if number >= frame - span), seen[-1])])

    def see(self, box: Any, frame: int, span: int) -> None:
        if len(self.boxes) > 1:
            self.direction = unit(middle(box) - self.earlier(frame, span))
        gap, old = frame - self.last, self.boxes[self.last]
        if gap > 1:
            self.x, self.P = self.frozen
            for number in range(1, gap + 1):
                self.update(old + (box - old) * number / gap)
                if number < gap:
                    streak = self.streak
                    self.predict()
                    self.streak = streak
            self.streak = 0
        self.update(box)
        self.boxes[frame], self.last = box, frame


def middle(box: Any) -> Any:
    return (box[:2] + box[2:]) / 2


def unit(move: Any) -> Any:
    return move / (np.hypot(*move) + 1e-6)


def plain_ocsort(stream: Iterable[Detections], config: OCSORTConfig) -> list[Frame]:
    tracks: list[PlainWalker] = []
    answers, names = [], 0
    for frame, detections in enumerate(stream, start=1):
        predicted = {id(track): track.step(frame) for track in tracks}
        left, owner = list(tracks), {}
        high = [int(d) for d in (detections.score >= config.det_thresh).nonzero()[0]]
        low = [int(d) for d in ((detections.score > 0.1) & (detections.score < config.det_thresh)).nonzero()[0]]
        stages = [(high, predicted, config.inertia), (low if config.use_byte else [], predicted, 0.0)]
        for rows, places, inertia in [*stages, (high, {id(t): t.boxes[t.last] for t in tracks}, 0.0)]:
            rows = [d for d in rows if d not in owner]
            if not (left and rows):
                continue
            overlaps = np.array([[overlap(places[id(t)], detections.xyxy[d]) for d in rows] for t in left])
            share = np.array(
                [
                    [agree(t, detections.xyxy[d], frame, config.delta_t) * detections.score[d] for d in rows]
                    for t in left
                ]
            )
            pairs = [(t, d) for t, d in assign_fully(overlaps + inertia * share, -9) if overlaps[t, d] >= 0.3]
            owner |= {rows[d]: left[t] for t, d in pairs}
            left = [track for number, track in enumerate(left) if number not in {t for t, _ in pairs}]
        for d, track in owner.items():
            track.see(detections.xyxy[d], frame, config.delta_t)
        owner |= {d: PlainWalker(detections.xyxy[d], frame) for d in high if d not in owner}
        tracks += [track for track in owner.values() if track.born == frame]
        answers.append({})
        for d, track in sorted(owner.items(), key=lambda pair: pair[0]):
            if track.streak >= config.min_hits or frame <= config.min_hits:
                names += not track.name
                track.name = track.name or names
                answers[-1][d] = track.name
        tracks = [track for track in tracks if frame - track.last <= config.max_age]
    return answers


def agree(track: PlainWalker, box: Any, frame: int, span: int) -> float:
    towards = unit(middle(box) - track.earlier(frame, span))
    return float(0.5 - np.arccos(np.clip(track.direction @ towards, -1, 1)) / np.pi)


@pytest.mark.parametrize(
    "settings",
    [{}, {"use_byte": True}, {"use_byte": True, "det_thresh": 0.7, "delta_t": 5, "min_hits": 0}],
    ids=["default", "byte", "unsure"],
)
def test_ocsort_equals_a_plain_one(settings: dict[str, Any]) -> None:
    config = OCSORTConfig(**({"det_thresh": 0.5} | settings))
    for seed in range(3):
        stream = generated(seed, frames=150)
        got = ours(OCSORT(config, frame_rate=30), stream)
        assert_same(got, plain_ocsort(stream, config))
        assert sum(map(len, got)) > 50


# --- single promises -------------------------------------------------------------------------------------------------


def at(*places: tuple[float, float], score: float = 0.9) -> Detections:
    corners = np.array(places, dtype=np.float64).reshape(-1, 2)
    return Detections.from_arrays(np.hstack((corners, corners + [40.0, 80.0])), np.full(len(corners), score))


def last_ids(stream: Iterable[Detections], **settings: Any) -> list[int]:
    tracker = OCSORT(OCSORTConfig(min_hits=1, **settings), frame_rate=30)
    answers = [tracker.update(frame).track_id.tolist() for frame in stream]
    return [int(number) for number in answers[-1]]


def test_low_score_detections_keep_a_track_alive_only_in_the_bytetrack_stage() -> None:
    stream = [at((10.0 * n, 0)) for n in range(5)] + [at((10.0 * n, 0), score=0.2) for n in range(5, 12)]
    assert last_ids(stream, use_byte=True) == [1]
    assert last_ids(stream, use_byte=False) == []
    assert last_ids([at((0, 0), score=0.2)] * 5, use_byte=True) == []  # and never start one


def test_recovery_finds_a_track_where_it_was_last_seen() -> None:
    walk = [at((12.0 * n, 0)) for n in range(8)]
    stop = [Detections.empty()] * 6 + [at((84.0, 0))] * 3  # the prediction has walked on, past the box
    assert last_ids(walk + stop) == [1]


def test_a_track_missed_right_after_its_birth_is_recovered_and_reupdated() -> None:
    # The paper counts the first box as an observation. The authors' code recovers from the second one on.
    stream = [at((0, 0)), Detections.empty(), at((20.0, 0)), at((32.0, 0)), at((44.0, 0))]
    assert last_ids(stream) == [1]
    tracker = OCSORT(OCSORTConfig(min_hits=1), frame_rate=30, coasting=True)
    for frame in stream[:3]:
        tracker.update(frame)
    ahead = tracker.update(Detections.empty()).xyxy[0, 0]
    assert 28 < ahead < 32  # 10 pixels a frame, learnt from the way between the first box and the third


def test_reupdate_unlearns_more_of_a_motion_that_the_gap_disproved_than_sort() -> None:
    # It walked right, hid, and is back where it was last seen.
    walk = [at((6.0 * n, 0)) for n in range(8)]
    ahead = []
    for tracker in (
        OCSORT(OCSORTConfig(min_hits=1, iou_threshold=0.2), frame_rate=30, coasting=True),
        SORT(SORTConfig(min_hits=1, iou_threshold=0.2, max_age=30), frame_rate=30, coasting=True),
    ):
        for frame in [*walk, *[Detections.empty()] * 3]:
            tracker.update(frame)
        assert tracker.update(at((42.0, 0))).track_id.tolist() == [1]
        for _ in range(3):
            left = tracker.update(Detections.empty()).xyxy[0, 0]
        ahead.append(abs(left - 42.0))
    assert ahead[0] < 0.9 * ahead[1]


@pytest.mark.parametrize(("inertia", "taken"), [(0.2, 1), (0.0, 0)])
def test_direction_decides_between_nearly_equal_overlaps(inertia: float, taken: int) -> None:
    tracker = OCSORT(OCSORTConfig(min_hits=1, inertia=inertia), frame_rate=30)
    for number in range(6):
        tracker.update(at((3.0 * number, 0)))
    behind_and_ahead = at((5.8, 0), (30.3, 0))  # from about 18, where it is expected; behind is a little nearer
    assert tracker.update(behind_and_ahead).detection.tolist() == [taken]


def test_history_is_bounded_and_the_dead_leave_nothing() -> None:
    tracker = OCSORT(OCSORTConfig(max_age=3), frame_rate=30)
    for number in range(100):
        tracker.update(at((5.0 * number, 0)))
    assert tracker._rows.centre.shape == (4, 2, 1)
    for _ in range(5):
        tracker.update(Detections.empty())
    assert tracker._rows.state.shape == (5, 4, 0)
