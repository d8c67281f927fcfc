"""C-BIoU: sequences worked out by hand from the paper's equations, and a plain tracker beside the batched one.

The package trackers has a tracker of this name. It shares the margins alone: its motion is a Kalman filter, and its
second matching is ByteTrack's, for boxes of low score. The paper's second matching takes the same boxes again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import Frame, assert_same, generated, ours, overlap, real

from sportstrack import CBIoU, CBIoUConfig, Detections, SportstrackError

W, H = 40.0, 80.0


def at(*places: tuple[float, float], size: tuple[float, float] = (W, H)) -> Detections:
    corners = np.array(places, dtype=np.float64).reshape(-1, 2)
    return Detections.from_arrays(np.hstack((corners, corners + size)))


def ids(stream: Iterable[Detections], **settings: Any) -> list[list[int]]:
    tracker = CBIoU(CBIoUConfig(**({"iou_threshold": 0.0, "min_hits": 1} | settings)), frame_rate=30)
    return [tracker.update(frame).track_id.tolist() for frame in stream]


def expected_at(stream: Iterable[Detections], **settings: Any) -> list[float]:
    tracker = CBIoU(CBIoUConfig(min_hits=1, **settings), frame_rate=30, coasting=True)
    for frame in stream:
        tracks = tracker.update(frame)
    return [float(number) for number in tracks.xyxy[0]]


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_boxes_that_do_not_touch_match_through_their_margins() -> None:
    # A width of 40 and b = 0.3 give 12 pixels on each side: boxes up to 24 pixels apart touch.
    for gap, found in ((23.0, True), (25.0, False)):
        stream = [at((0, 0)), at((W + gap, 0))]
        assert (ids(stream, b1=0.3, b2=0.3) == [[1], [1]]) is found
    assert ids([at((0, 0)), at((W + 25.0, 0))], b1=0.3, b2=0.5)[1] == [1]  # 20 pixels on each side
    assert ids([at((0, 0)), at((W + 41.0, 0))], b1=0.3, b2=0.5)[1] != [1]


@pytest.mark.parametrize(("least", "found"), [(0.24, True), (0.26, False)])
def test_the_buffered_overlap_is_the_papers(least: float, found: bool) -> None:
    # b = 0.5: (40, 80) grows to (80, 160). Moved by 48 of 80 pixels: 32 / (80 + 48) = 0.25. Without margins it is 0.
    stream = [at((0, 0)), at((48.0, 0))]
    assert (ids(stream, b1=0.0, b2=0.5, iou_threshold=least) == [[1], [1]]) is found


@pytest.mark.parametrize(("b1", "taken"), [(0.3, [1, 3]), (0.5, [2, 1])])
def test_the_small_margin_goes_first(b1: float, taken: list[int]) -> None:
    # Shifts of 60 pixels between track 1 and box 1, of 66 between track 1 and box 2, track 2 and box 1. With margins of
    # 0.5 they overlap by 20 / 140 = 0.14 and twice 14 / 146 = 0.10: the two far pairs together outweigh the near one.
    # With 0.3 only the near pair touches; taken first, it leaves box 2 to a new track.
    frames = [at((0, 0), (126.0, 0)), at((60.0, 0), (-66.0, 0))]
    assert ids(frames, b1=b1, b2=0.5, min_hits=0)[1] == taken


def test_motion_is_the_mean_of_the_recent_displacements() -> None:
    walk = [at((x, 0.0)) for x in (0, 10, 14, 20, 30)]
    nothing = Detections.empty()
    assert expected_at([*walk, nothing])[0] == pytest.approx(30 + 30 / 4)  # all four displacements
    assert expected_at([*walk, nothing], n=2)[0] == pytest.approx(30 + (6 + 10) / 2)  # the last two
    assert expected_at([*walk, nothing, nothing], n=2)[0] == pytest.approx(30 + 2 * (6 + 10) / 2)
    assert expected_at([at((5.0, 0)), nothing])[0] == 5  # one box, no displacement


def test_a_gap_counts_with_its_frames() -> None:
    stream = [at((0.0, 0)), at((4.0, 0)), Detections.empty(), Detections.empty(), at((16.0, 0)), Detections.empty()]
    assert expected_at(stream)[0] == pytest.approx(20)
    assert expected_at(stream, n=1)[0] == pytest.approx(20)  # 12 pixels in three frames


def test_a_shrinking_box_does_not_turn_inside_out() -> None:
    stream = [at((0, 0), size=(W - 4.0 * n, H)) for n in range(6)] + [Detections.empty()] * 8
    x1, _, x2, _ = expected_at(stream)
    assert x2 - x1 == pytest.approx(20)  # the last width seen


def test_a_track_missed_before_it_was_reported_is_forgotten() -> None:
    one, both = at((500.0, 0)), at((500.0, 0), (0, 0))
    assert ids([one] * 4 + [both, one, both], min_hits=2)[-1] == [1]
    assert ids([one] * 4 + [both, both], min_hits=2)[-1] == [1, 2]


def test_history_is_bounded_and_the_dead_leave_nothing() -> None:
    tracker = CBIoU(CBIoUConfig(max_age=3, n=4), frame_rate=30)
    for number in range(100):
        tracker.update(at((5.0 * number, 0)))
    assert tracker._rows.past.shape == (5, 4, 1)
    for _ in range(5):
        tracker.update(Detections.empty())
    assert tracker._rows.past.shape == (5, 4, 0)


@pytest.mark.parametrize("settings", [{"b1": -0.1}, {"n": 0}, {"iou_threshold": 1.1}, {"max_age": -1}])
def test_a_setting_out_of_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SportstrackError, match=next(iter(settings))):
        CBIoUConfig(**settings)


def test_the_buffered_overlap_equals_that_of_trackers() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trackers import BIoU
    from sportstrack.boxes import grown, iou

    rng = np.random.default_rng(3)
    a, b = (np.hstack((low, low + rng.uniform(5, 90, low.shape))) for low in rng.uniform(0, 300, (2, 30, 2)))
    for margin in (0.0, 0.3, 0.5):
        want = BIoU(buffer_ratio=margin).compute(a, b)
        assert np.allclose(iou(grown(a, margin), grown(b, margin)), want, atol=1e-6)


# --- beside a plain one ----------------------------------------------------------------------------------------------


class PlainTrack:
    """One object: its boxes by frame."""

    def __init__(self, box: Any, frame: int) -> None:
        self.seen = [(frame, box)]
        self.name = 0

    def predict(self, frame: int, n: int) -> Any:
        last, box = self.seen[-1]
        first, earlier = self.seen[-1 - min(n, len(self.seen) - 1)]
        drift = (box - earlier) / max(1, last - first) * (frame - last)
        for axis in (0, 1):
            if drift[axis + 2] - drift[axis] < -0.5 * (box[axis + 2] - box[axis]):
                drift[[axis, axis + 2]] = drift[[axis, axis + 2]].mean()
        return box + drift


def grown(box: Any, margin: float) -> Any:
    extra = (box[2:] - box[:2]) * margin
    return np.concatenate((box[:2] - extra, box[2:] + extra))


def best_pairs(overlaps: Any, least: float) -> list[tuple[int, int]]:
    """Solve with one place to stay alone for each track, at the cost of a pair that overlaps just enough."""
    from scipy.optimize import linear_sum_assignment

    worth = np.hstack((np.where(overlaps >= least, overlaps, -9.0), np.full((len(overlaps), len(overlaps)), least)))
    return [(int(t), int(d)) for t, d in zip(*linear_sum_assignment(worth, maximize=True), strict=True)]


def plain_cbiou(stream: Iterable[Detections], config: CBIoUConfig) -> list[Frame]:
    tracks: list[PlainTrack] = []
    answers, names = [], 0
    for frame, detections in enumerate(stream, start=1):
        boxes = detections.xyxy
        owner: dict[int, PlainTrack] = {}
        left = [(track, track.predict(frame, config.n)) for track in tracks]
        for margin in (config.b1, config.b2):
            free = [d for d in range(len(boxes)) if detections.score[d] >= config.det_thresh and d not in owner]
            if not (left and free):
                continue
            overlaps = [[overlap(grown(place, margin), grown(boxes[d], margin)) for d in free] for _, place in left]
            pairs = [(t, d) for t, d in best_pairs(np.array(overlaps), config.iou_threshold) if d < len(free)]
            owner |= {free[d]: left[t][0] for t, d in pairs}
            left = [pair for number, pair in enumerate(left) if number not in {t for t, _ in pairs}]
        for d, track in owner.items():
            track.seen.append((frame, boxes[d]))
        sure = [d for d in range(len(boxes)) if detections.score[d] >= config.det_thresh]
        owner |= {d: PlainTrack(boxes[d], frame) for d in sure if d not in owner}
        tracks += [track for track in owner.values() if len(track.seen) == 1]
        answers.append({})
        for d, track in sorted(owner.items(), key=lambda pair: pair[0]):
            if track.name or len(track.seen) >= config.min_hits or frame <= config.min_hits:
                names += not track.name
                track.name = track.name or names
                answers[-1][d] = track.name
        tracks = [t for t in tracks if frame - t.seen[-1][0] <= (config.max_age if t.name else 0)]
    return answers


SETTINGS: list[dict[str, Any]] = [
    {},
    {"b1": 0.1, "b2": 1.0, "n": 1, "iou_threshold": 0.4},
    {"n": 9, "max_age": 5, "min_hits": 4, "det_thresh": 0.6},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["default", "wide", "long"])
def test_cbiou_equals_a_plain_one(settings: dict[str, Any]) -> None:
    for seed in range(4):
        stream = generated(seed, frames=150)
        got = ours(CBIoU(CBIoUConfig(**settings), frame_rate=30), stream)
        assert_same(got, plain_cbiou(stream, CBIoUConfig(**settings)))
        assert sum(map(len, got)) > 50


def test_cbiou_equals_a_plain_one_on_real_sequences(shared_data: Path) -> None:
    for stream in real(shared_data):
        assert_same(ours(CBIoU(frame_rate=30), stream), plain_cbiou(stream, CBIoUConfig()))
