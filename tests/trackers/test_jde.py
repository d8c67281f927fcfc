"""JDE: sequences worked out by hand from FairMOT's equations.

A box 100 high, seen once: the position's variance is (2 · 100 / 20)² = 100, the velocity's (10 · 100 / 160)² = 39.06.
Predicted by one frame it is 100 + 39.06 + 25 = 164.06, and with the measurement's 25 the gate's is 189.06. A box that
has moved by d pixels stands at a squared Mahalanobis distance of d² / 189.06; the gate at 9.49 opens up to 42.3 pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sportstrack import Detections
from sportstrack.trackers.jde import JDE, JDEConfig

EMBEDDING = {"red": (1.0, 0.0, 0.0), "blue": (0.0, 1.0, 0.0), "none": (0.0, 0.0, 0.0)}


def at(*places: tuple[float, Any], width: float = 40.0, score: float = 0.9) -> Detections:
    """Boxes 100 high at these left edges, each with the embedding of a name or at a cosine distance from red."""
    boxes = [(x, 100.0, x + width, 200.0) for x, _ in places]
    table = Detections.from_arrays(boxes, np.full(len(boxes), score))
    embedding = [EMBEDDING[e] if isinstance(e, str) else (1 - e, (1 - (1 - e) ** 2) ** 0.5, 0) for _, e in places]
    return Detections(table.xyxy, table.score, table.class_id, np.array(embedding, np.float32).reshape(-1, 3))


def plain(table: Detections) -> Detections:
    return Detections(table.xyxy, table.score, table.class_id)


def ids(stream: list[Detections], **settings: Any) -> list[list[int]]:
    tracker = JDE(JDEConfig(**settings), frame_rate=30)
    return [tracker.update(frame).track_id.tolist() for frame in stream]


@pytest.mark.parametrize(("distance", "found"), [(0.36, True), (0.37, False)])
def test_the_first_cost_is_098_of_appearance_and_002_of_the_kalman_distance(distance: float, found: bool) -> None:
    # 20 pixels: 0.02 · 400 / 189.06 = 0.0423; 0.98 · 0.36 + 0.0423 = 0.395, 0.98 · 0.37 + 0.0423 = 0.405; limit 0.4.
    # The overlap is 20 / 60: too little for the second stage.
    assert ids([at((0, "red")), at((20, distance))]) == [[1], [1] if found else []]


def test_lambda_one_takes_appearance_alone() -> None:
    assert ids([at((0, "red")), at((20, 0.395))], lambda_=1.0)[1] == [1]
    assert ids([at((0, "red")), at((20, 0.395))])[1] == []


@pytest.mark.parametrize(("moved", "found"), [(42.0, True), (43.0, False)])
@pytest.mark.parametrize("embedded", [True, False])
def test_nobody_is_found_outside_the_gate(moved: float, found: bool, embedded: bool) -> None:
    stream = [at((0, "red")), at((moved, "red"))]  # boxes 40 wide do not overlap
    assert ids(stream if embedded else [plain(frame) for frame in stream]) == [[1], [1] if found else []]


def test_appearance_is_matched_before_overlap() -> None:
    # Blue stands where red stood, red a step aside. By overlap blue would be taken for red.
    assert ids([at((0, "red")), at((0, "blue"), (18, "red"))])[1] == [1]
    tracks = JDE(frame_rate=30)
    tracks.update(at((0, "red")))
    assert tracks.update(at((0, "blue"), (18, "red"))).detection.tolist() == [1]


def test_overlap_finds_a_player_that_has_changed_its_appearance() -> None:
    # 13 pixels: 27 / 53 = 0.509; 14 pixels: 26 / 54 = 0.481, under the second stage's 0.5.
    assert ids([at((0, "red")), at((13, "blue"))])[1] == [1]
    assert ids([at((0, "red")), at((14, "blue"))])[1] == []


def test_a_lost_track_comes_back_by_its_appearance_and_not_by_overlap() -> None:
    away = [at()] * 5
    assert ids([at((0, "red"))] * 3 + away + [at((0, "red"))])[-1] == [1]
    assert ids([at((0, "red"))] * 3 + away + [at((0, "blue"))])[-1] == []


def test_unconfirmed_tracks_match_by_overlap_of_030() -> None:
    # In frame 2 a second one appears and is tentative. 21 pixels: 19 / 61 = 0.311; 22 pixels: 18 / 62 = 0.290.
    first = [at((0, "red")), at((0, "red"), (300, "blue"))]
    assert ids([*first, at((0, "red"), (321, "blue"))])[-1] == [1, 2]
    assert ids([*first, at((0, "red"), (322, "blue"))])[-1] == [1]


def test_an_appearance_is_updated_by_a_tenth() -> None:
    # After one blue view at 0.9 : 0.1 red is at 0.9 / √(0.81 + 0.01) = 0.9939 from it: far below the limit.
    tracker = JDE(frame_rate=30)
    tracker.update(at((0, "red")))
    tracker.update(at((5, "blue")))  # taken by overlap
    feature = tracker._rows.appearance[:, 0]
    assert feature == pytest.approx(np.array([0.9, 0.1, 0.0]) / 0.82**0.5, abs=1e-6)


def test_in_adaptive_mode_a_low_score_changes_the_appearance_less() -> None:
    for score, old in ((1.0, 0.9), (0.25, 1.0), (0.625, 0.95)):
        tracker = JDE(JDEConfig(fusion="adaptive", alpha=0.5), frame_rate=30)
        tracker.update(at((0, "red")))
        tracker.update(at((1, "blue"), score=score))
        mixed = np.array([old, 1 - old, 0.0])
        assert tracker._rows.appearance[:, 0] == pytest.approx(mixed / np.linalg.norm(mixed), abs=1e-6)


def test_an_unknown_embedding_is_matched_by_motion() -> None:
    assert ids([at((0, "red")), at((30, "none"))])[1] == [1]
    assert ids([at((0, "none")), at((30, "red"))])[1] == [1]
    assert ids([at((0, "red")), at((30, "blue"))])[1] == []


@pytest.mark.parametrize(("moved", "found"), [(15.0, True), (17.0, False)])
def test_weighted_takes_overlap_and_appearance(moved: float, found: bool) -> None:
    # alpha 0.5, a look at 0.3: 15 pixels: ½ (1 − 25 / 55) + ½ · 0.3 = 0.423; 17 pixels: ½ (1 − 23 / 57) + 0.15 = 0.448;
    # the limit is ½ (0.5 + 0.4) = 0.45. A look at 0.31 leaves 17 pixels, 0.453, out.
    distance = 0.3 if found else 0.31
    assert ids([at((0, "red")), at((moved, distance))], fusion="weighted")[1] == ([1] if found else [])


def test_it_works_without_embeddings_all_along() -> None:
    stream = [plain(at((3.0 * n, "red"), (200 - 2.0 * n, "blue"))) for n in range(20)]
    assert ids(stream)[-1] == [1, 2]
