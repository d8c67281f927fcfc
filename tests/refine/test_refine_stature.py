"""Statures: heights by the place of the feet, what they are worth, and links by them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.boxes import iou
from sportstrack.refine import RefineSettings, Scene, TrackTable, link_tracks
from sportstrack.refine.stature import Heights, Statures, whole_boxes

RATE, SIZE, FRAMES = 25.0, (1280, 720), 500
TALL = np.array([0.09, -0.08, 0.05, -0.05, 0.02, -0.02, 0.07, -0.07])  # logarithms of heights by the average


def match(seed: int, noise: float = 0.03) -> TrackTable:
    """Return eight people who run about on a ground whose horizon is over the picture; a track each, ids 0 to 7."""
    rng = np.random.default_rng(seed)
    time, who = np.arange(FRAMES), np.arange(len(TALL))
    phase = rng.uniform(0, 6, (2, len(who)))
    x = 640 + 560 * np.sin(time[:, None] / rng.uniform(40, 90, len(who)) + phase[0])
    y = 450 + 200 * np.sin(time[:, None] / rng.uniform(40, 90, len(who)) + phase[1])
    height = (0.25 * (y + 100) + 0.01 * x) * np.exp(TALL + rng.normal(0, noise, x.shape))
    xyxy = np.stack((x - 0.2 * height, y - height, x + 0.2 * height, y), axis=2).reshape(-1, 4)
    return TrackTable.of(np.repeat(time, len(who)), np.tile(who, FRAMES), xyxy, np.ones(len(xyxy)))


def scene(table: TrackTable) -> Scene:
    return Scene.of(table, frame_rate=RATE, width=SIZE[0], height=SIZE[1], frames=FRAMES)


def test_statures_are_found_wherever_people_stand() -> None:
    table = match(1).ordered()
    found = Heights(table, scene(table)).statures(table.track_id)
    expected = TALL - TALL.mean()
    assert np.abs(found.mean - found.mean.mean() - expected).max() < 0.015
    assert found.between == pytest.approx(np.var(TALL, ddof=1), rel=0.5)
    assert found.within < 0.1 * found.between, "jitter of 3 % in each box is little in a second"


def test_alike_people_and_few_boxes_say_nothing() -> None:
    table = match(1).ordered()
    short = table[table.frame < 10]
    found = Heights(short, scene(table)).statures(short.track_id)
    assert found.between == 0.0
    assert not found.log_ratio(np.arange(4), np.arange(4, 8)).any()
    lonely = table[table.track_id < 3]
    assert not Heights(lonely, scene(table)).statures(lonely.track_id).seconds.any(), "no ground under three people"


def test_noisy_boxes_make_statures_worth_less() -> None:
    worth = []
    for noise in (0.03, 0.5):
        table = match(2, noise).ordered()
        found = Heights(table, scene(table)).statures(table.track_id)
        worth.append(-found.log_ratio(np.array([0]), np.array([1]))[0])
    assert worth[0] > worth[1] + 0.3


@settings(deadline=None)
@given(st.floats(-0.3, 0.3), st.floats(0.0, 30.0), st.floats(0.0, 30.0))
def test_likeness_speaks_for_one_person_and_difference_for_two(apart: float, before: float, after: float) -> None:
    people = Statures(np.array([0.0, apart, 0.0]), np.array([before, after, after]), 0.0025, 0.0025)
    unlike, alike = people.log_ratio(np.array([0, 0]), np.array([1, 2]))
    assert unlike <= alike + 1e-12
    assert alike >= 0.0
    assert people.log_ratio(np.array([1]), np.array([0]))[0] == pytest.approx(unlike)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whole_boxes_are_those_that_nothing_covers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    low = rng.uniform(-20, (1200, 650), (count, 2))
    xyxy = np.concatenate((low, low + rng.uniform(5, 120, (count, 2))), axis=1)
    table = TrackTable.of(rng.integers(0, 4, count), np.arange(count), xyxy, np.ones(count))
    found = whole_boxes(table, scene(table))
    for row in range(count):
        x1, y1, x2, y2 = table.xyxy[row]
        inside = x1 > 12.8 and y1 > 7.2 and x2 < 1267.2 and y2 < 712.8
        others = np.flatnonzero((table.frame == table.frame[row]) & (np.arange(count) != row))
        area = (x2 - x1) * (y2 - y1)
        areas = (table.xyxy[others, 2:] - table.xyxy[others, :2]).prod(axis=1)
        overlap = iou(table.xyxy[[row]], table.xyxy[others])[0]
        shared = overlap * (area + areas) / (1 + overlap)
        assert found[row] == (inside and not (shared > 0.3 * area * (1 + 1e-12)).any())


def test_two_who_leave_together_are_told_apart_by_their_statures() -> None:
    table = match(3).ordered()
    away = (
        (table.frame >= 240) & (table.frame < 290) & (table.track_id < 2)
    )  # two seconds out of sight, beside each other
    xyxy = table.xyxy.copy()
    for who in (0, 1):
        rows = np.flatnonzero((table.track_id == who) & (table.frame >= 200) & (table.frame < 330))
        feet, height = 500.0 + 2 * who, 0.25 * 600 * np.exp(TALL[who])
        xyxy[rows] = (570, feet - height, 630, feet)
    ids = table.track_id.copy()
    later = (table.frame >= 290) & (table.track_id < 2)
    ids[later] = 1 - ids[later]  # a tracker mixed them up
    mixed = TrackTable.of(table.frame[~away], ids[~away], xyxy[~away], np.ones(int((~away).sum())))

    def right(weight: float) -> bool:
        linked = link_tracks(mixed, scene(mixed), RefineSettings(stature_weight=weight))
        rows = np.flatnonzero((linked.frame == 100) | (linked.frame == 450))
        place = {
            (f, i): tuple(b)
            for f, i, b in zip(linked.frame[rows], linked.track_id[rows], linked.xyxy[rows], strict=True)
        }
        true = {(f, tuple(b)): w for f, w, b in zip(table.frame, table.track_id, xyxy, strict=True) if f in (100, 450)}
        who = {key: true[key[0], box] for key, box in place.items()}
        starts = {i: w for (f, i), w in who.items() if f == 100}
        return all(starts.get(i) == w for (f, i), w in who.items() if f == 450 and w < 2)

    assert right(0.7)
    assert not right(0.0), "by place alone nothing tells them apart, and the tracker's own bridge stays"
