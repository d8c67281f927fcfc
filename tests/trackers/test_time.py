"""The frames' times: nothing changes at a steady rate, and dropped frames cost less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runners import RATE, hota, runners, two_thirds
from tracker_streams import MANY, NAMES, create, every_crowd, every_tracker, same, seen_table, untimed

from sportstrack import ByClass, Detections, SportstrackError, create_tracker
from sportstrack.trackers import TRACKERS

EMBEDDING = np.array([[1.0, 0.0]], np.float32)
STEADY = {
    "exact": lambda n: n / 25,
    "mpeg": lambda n: 7 + round(n * 3600) / 90_000,
    "ms": lambda n: round(n / 29.97, 3),
}
MOVING = sorted(set(TRACKERS) - {"deepeiou"})  # that expect a player to run on


def one(x: float, y: float = 300.0) -> Detections:
    return Detections(np.array([[x, y, x + 40, y + 90]]), np.array([0.95]), np.zeros(1, np.int64), EMBEDDING)


def ids_of(tracker: Any, x: float, time: float | None) -> list[int]:
    return list(tracker.update(one(x), time=time).track_id.tolist())


@every_tracker
@pytest.mark.parametrize("clock", STEADY)
def test_at_a_steady_rate_times_change_nothing(name: str, clock: str) -> None:
    found = runners(3)[0][:80]
    rate = 29.97 if clock == "ms" else 25.0
    plain, timed = create(name, frame_rate=rate), create(name, frame_rate=rate)
    given_times = [STEADY[clock](n) for n in range(len(found))]
    a = [plain.update(frame) for frame in found]
    b = [timed.update(frame, time=time) for frame, time in zip(found, given_times, strict=True)]
    assert same(a, b)


@every_crowd
def test_dropped_frames_cost_less_with_times(name: str) -> None:
    """Two thirds of a made-up match, drawn twice: what is lost of HOTA, counting frames and with their times."""
    lost = {False: 0.0, True: 0.0}
    for seed in (0, 2):
        found, truth = runners(seed)
        whole = hota(name, found, truth, range(len(found)), RATE, times=False)
        kept = two_thirds(len(found), seed)
        for times in lost:
            lost[times] += whole - hota(name, found, truth, kept, RATE, times=times)
    assert lost[True] < lost[False]


def test_a_ball_is_followed_better_with_times() -> None:
    """Balls fly straight on and bounce; a third of the frames is missing."""
    on_it = {False: 0, True: 0}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        place, velocity, frames = np.array([100.0, 200.0]), np.array([14.0, 5.0]), []
        for _ in range(150):
            velocity = np.where((place + velocity < 0) | (place + velocity > (1200, 600)), -velocity, velocity)
            place = place + velocity
            around = np.vstack((place, place + rng.normal(0, 60, (3, 2))))
            frames.append(Detections.from_arrays(np.hstack((around - 5, around + 5)), [0.35, 0.5, 0.4, 0.3]))
        for times in on_it:
            ball = create_tracker("ball", frame_rate=25, min_hits=3, gate_growth=5.0)
            for n in two_thirds(150, seed):
                tracks = ball.update(frames[n], time=n / 25 if times else None)
                on_it[times] += tracks.detection.tolist() == [0]
    assert on_it[True] > on_it[False]


@pytest.mark.parametrize("name", MOVING)
@untimed
@given(gaps=st.lists(st.floats(0.6, 2.6), min_size=25, max_size=25), ahead=st.floats(1.5, 4))
def test_a_lost_player_is_expected_where_it_would_be_by_then(name: str, gaps: list[float], ahead: float) -> None:
    """A player runs 100 pixels a second and is seen at any times; then a frame without it comes."""
    tracker = create_tracker(name, frame_rate=25, coasting=True, **({"max_age": 30} if name == "sort" else {}))
    now = 0.0
    for gap in gaps:
        tracker.update(one(100 * now), time=now)
        now += gap / 25
    last = now - gaps[-1] / 25
    then = last + ahead / 25
    tracks = tracker.update(Detections.empty(), time=then)
    assert len(tracks) == 1
    moved = tracks.xyxy[0, 0] - 100 * last
    assert moved == pytest.approx(100 * (then - last), abs=2.5)


@every_crowd
def test_the_same_scene_at_twice_the_rate_gives_the_same_tracks(name: str) -> None:
    """Six who run straight on, seen 25 or 50 times a second by trackers that are made for 25."""
    identities = []
    for rate in (25, 50):
        tracker = create_tracker(name, frame_rate=25)
        for n in range(3 * rate):
            time = n / rate
            boxes = [
                (150.0 * i + (40 - 15 * i) * time, 100.0, 150.0 * i + (40 - 15 * i) * time + 40, 190.0)
                for i in range(6)
            ]
            tracks = tracker.update(Detections.from_arrays(boxes, [0.9] * 6), time=time)
        identities.append(tracks.track_id.tolist())
    assert identities == [[1, 2, 3, 4, 5, 6]] * 2


@every_tracker
def test_a_memory_lasts_seconds_not_frames(name: str) -> None:
    """Who is away for three seconds, in which few frames come, is new to a tracker with a memory of one."""
    memory = {"sports": {"memory": 1.0, "border_memory": 0.0, "gallery_memory": 0.0}}
    first, _, _ = name.partition("+")
    key = next(
        (
            key
            for key in ("track_buffer", "max_age")
            if hasattr(TRACKERS[first](), "config") and hasattr(TRACKERS[first]().config, key)
        ),
        "",
    )
    tracker = create(name, frame_rate=25, **memory.get(first, {key: 30}))
    for n in range(10):
        before = ids_of(tracker, 100 + n, n / 25)
    assert before == [1]
    for late in (1.0, 1.7, 2.4):
        tracker.update(Detections.empty(), time=late)
    after = [ids_of(tracker, 110 + n, 3.4 + n / 25) for n in range(4)][-1]
    assert after == [2]


@every_tracker
def test_a_short_hole_in_the_frames_loses_nobody(name: str) -> None:
    """SORT remembers one frame; where no frame came for a fifth of a second, nobody was missed in any."""
    tracker = create(name, frame_rate=25)
    seen = [ids_of(tracker, 200 + 2 * n, n / 25) for n in range(12)]
    assert [*seen, ids_of(tracker, 200 + 2 * 17, 17 / 25)][-2:] == [[1], [1]]


@every_tracker
def test_after_minutes_without_a_frame_everybody_is_new(name: str) -> None:
    settings = {"sports": {"gallery_memory": 0.0}}
    tracker = create(name, frame_rate=25, **settings.get(name, {}))
    for n in range(10):
        before = ids_of(tracker, 200, n / 25)
    after = [ids_of(tracker, 200, 180 + n / 25) for n in range(4)][-1]
    assert (before, after) == ([1], [2])


@every_tracker
@pytest.mark.parametrize("wrong", [0.36, 0.2, float("nan"), float("-inf"), "late"])
def test_a_wrong_time_is_refused_before_anything_has_changed(name: str, wrong: Any) -> None:
    plain, tried = create(name, frame_rate=25), create(name, frame_rate=25)
    tables = [seen_table([(((10.0 + n, 50.0, 40.0 + n, 110.0), 0.9, 0), 0)], embedded=True) for n in range(14)]
    for n, found in enumerate(tables):
        if n == 10:
            with pytest.raises(SportstrackError, match="time: expected"):
                tried.update(found, time=wrong)
        a, b = plain.update(found, time=n / 25), tried.update(found, time=n / 25)
        assert same([a], [b])


@every_tracker
@pytest.mark.parametrize("how", ["cut", "reset", "another file"])
def test_another_clock_may_begin(name: str, how: str) -> None:
    tracker = create(name, frame_rate=25)
    for n in range(12):
        tracker.update(one(200), time=100 + n / 25)
    if how != "another file":
        getattr(tracker, how)()
    assert [ids_of(tracker, 200, n / 25) for n in range(4)][-1] == ([2] if how == "cut" else [1])


class Untimed:
    """A plug-in without times, as all were once."""

    def __init__(self) -> None:
        self.inner = create_tracker("sort", frame_rate=25)

    def update(self, detections: Any, camera: Any = None) -> Any:
        return self.inner.update(detections, camera)

    def reset(self) -> None:
        self.inner.reset()


def test_a_plug_in_without_times_works_beside_one_with_times() -> None:
    tracker = ByClass([(None, Untimed()), ((2,), create_tracker("ball", frame_rate=25))])
    assert [ids_of(tracker, 200, n / 25) for n in range(5)][-1] == [1]


def test_names_are_all_tested() -> None:
    assert set(MANY) | {"ball"} == set(TRACKERS)
    assert set(TRACKERS) < set(NAMES)
