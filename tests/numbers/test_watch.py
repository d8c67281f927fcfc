"""Which crops of a video are looked at, and that what is read belongs to the box that it was read on."""

from __future__ import annotations

import numpy as np
import pytest
from readers import PaintedReader, painted, people

from sportstrack.numbers.watch import LEAST_TALL, NumberWatch, covered
from sportstrack.types import Detections, FloatArray

RATE = 25.0


def watched(boxes: FloatArray, frames: int, **how: float) -> tuple[list[np.ndarray], PaintedReader]:
    """Watch a still scene of people whose numbers are their rows."""
    reader = PaintedReader()
    watch = NumberWatch(RATE, reader, **how)  # type: ignore[arg-type]
    image = painted(boxes)
    return [watch(image, people(boxes)) for _ in range(frames)], reader


def row_of(count: int, tall: float = 100.0) -> FloatArray:
    return np.array([(60.0 * n + 5, 20.0, 60.0 * n + 5 + 0.4 * tall, 20.0 + tall) for n in range(count)])


def test_everybody_has_a_turn_and_votes_stand_in_their_rows() -> None:
    votes, _ = watched(row_of(8), 100)
    read = np.array([[(row, vote[row, 0]) for row in range(8) if vote[row, 1] > 0] for vote in votes if vote.any()])
    rows, codes = read.reshape(-1, 2).T
    assert (rows == codes).all()
    times = np.bincount(rows.astype(int), minlength=8)
    assert times.min() >= 1
    assert times.max() - times.min() <= 2


def test_looks_and_reads_are_bounded_by_the_seconds_of_video() -> None:
    boxes, reader = row_of(12), PaintedReader(confidence=0.5)  # never sure, so that nobody is left in peace
    watch = NumberWatch(RATE, reader, looks=20, reads=3)
    for _ in range(250):
        watch(painted(boxes), people(boxes))
    assert 0.8 * 200 <= reader.looked <= 200 + 5
    assert 0.8 * 30 <= reader.read <= 30 + 5


def test_whose_number_is_sure_is_looked_at_seldom_and_again_when_another_one_is_read() -> None:
    boxes, looked = row_of(1), []
    reader = PaintedReader()
    watch = NumberWatch(RATE, reader)
    for frame in range(300):
        image = painted(boxes, [7 if frame < 150 else 9])
        watch(image, people(boxes))
        looked.append(reader.looked)
    first, rest, changed = looked[24], looked[149] - looked[49], looked[299] - looked[149]
    assert first >= 3
    assert rest <= 4
    assert changed > 6


def test_reads_that_nobody_needed_are_saved_for_a_crowd() -> None:
    reader = PaintedReader()
    watch = NumberWatch(RATE, reader, reads=4)
    for _ in range(50):
        watch(painted(row_of(1)), Detections.empty())
    for _ in range(5):
        watch(painted(row_of(6)), people(row_of(6)))
    assert reader.read == 6


def test_small_and_covered_people_are_left_alone() -> None:
    _, reader = watched(row_of(4, LEAST_TALL - 2), 50)
    assert reader.looked == 0
    behind = np.array([[5.0, 20, 45, 120], [15.0, 22, 55, 122], [300.0, 20, 340, 120]])
    votes, reader = watched(behind, 50)
    assert reader.looked > 0
    assert not any(vote[:2].any() for vote in votes)


def test_the_ball_and_broken_boxes_are_passed_over() -> None:
    boxes = np.array([[5.0, 20, 45, 120], [100.0, 20, 140, 120], [np.nan, 20, 240, 120]])
    reader = PaintedReader()
    watch = NumberWatch(RATE, reader, skip=[1])
    table = Detections.from_arrays(boxes, None, [0, 1, 0])
    votes = [watch(painted(boxes[:2]), table) for _ in range(50)]
    assert any(vote[0].any() for vote in votes)
    assert not any(vote[1:].any() for vote in votes)


def test_what_cannot_be_read_is_no_vote() -> None:
    reader = PaintedReader(legible=0.05)
    watch = NumberWatch(RATE, reader)
    boxes = row_of(3)
    assert not any(watch(painted(boxes), people(boxes)).any() for _ in range(30))
    assert reader.looked > 0
    assert reader.read == 0


def test_a_cut_begins_anew() -> None:
    boxes = row_of(1)
    reader = PaintedReader()
    watch = NumberWatch(RATE, reader)
    for frame in range(4):
        watch(painted(boxes), people(boxes), cut=frame == 3)
    assert reader.looked == 2  # nobody is looked at twice within 0.16 seconds, but after a cut nobody is known


def test_no_people_is_no_work() -> None:
    reader = PaintedReader()
    assert NumberWatch(RATE, reader)(painted(row_of(1)), Detections.empty()).shape == (0, 2)


@pytest.mark.parametrize(("other", "share"), [((0, 0, 10, 60), 1.0), ((5, 0, 15, 100), 0.5), ((0, 60, 10, 100), 0.0)])
def test_the_covered_share_is_that_of_the_upper_part(other: tuple[int, ...], share: float) -> None:
    boxes = np.array([(0, 0, 10, 100), other], float)
    assert covered(boxes, np.ones(2, np.bool_))[0] == pytest.approx(share)
    assert covered(boxes, np.array([True, False]))[0] == 0
