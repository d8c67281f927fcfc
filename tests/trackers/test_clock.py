"""Time in steps: what counts as one step, as several, as another clock, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack import SportstrackError
from sportstrack.trackers.clock import LEAST, StepClock, steps_between, takes_time

RATES = [Fraction(10), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60), 120, 240]


def walked(times: list[Any], rate: float) -> list[float]:
    clock, steps = StepClock(), []
    for time in times:
        clock.advance(time, rate)
        steps.append(clock.step)
    return steps


ROUNDINGS = {
    "floats": float,
    "added up": None,
    "mpeg": lambda t: round(t * 90_000) / 90_000,
    "milliseconds": lambda t: round(t, 3),
    "milliseconds cut off": lambda t: int(t * 1000) / 1000,
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("how", ROUNDINGS)
def test_a_steady_rate_is_one_step_a_frame_however_its_times_are_rounded(rate: Fraction, how: str) -> None:
    rounded = ROUNDINGS[how]
    times = np.cumsum(np.full(3000, 1 / float(rate))).tolist()
    if rounded is not None:
        times = [rounded(float(n / Fraction(rate))) for n in range(3000)]
    assert set(walked(times, float(rate))) == {1.0}


def test_several_missing_frames_are_whole_steps() -> None:
    assert walked([0.0, 0.04, 0.12, 0.16, 0.36], 25) == [1, 1, 2, 1, 5]


def test_a_rate_that_varies_gives_parts_of_steps_whose_sum_is_exact() -> None:
    clock = StepClock()
    for time in np.cumsum(np.random.default_rng(0).uniform(0.02, 0.1, 500)).tolist():
        before = clock.now
        clock.advance(time, 25)
        assert clock.now - before == clock.step
        assert clock.before == before


def test_frames_without_times_go_on_by_one_step() -> None:
    assert walked([None, None, 7.0, None, 7.08, 7.16], 25) == [1, 1, 1, 1, 1, 2]


def test_frames_that_come_at_once_are_a_part_of_a_step() -> None:
    assert walked([0.0, 0.2, 0.2001], 25)[-1] == LEAST


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "soon", [1.0], 5.0, 4.96])
def test_what_is_no_later_time_is_refused_and_changes_nothing(wrong: Any) -> None:
    clock = StepClock()
    clock.advance(5.0, 25)
    with pytest.raises(SportstrackError, match="time: expected"):
        clock.advance(wrong, 25)
    assert (clock.now, clock.step) == (1, 1)
    clock.advance(5.08, 25)
    assert clock.step == 2


def test_a_file_that_follows_another_begins_its_clock_again() -> None:
    assert walked([600.0, 600.04, 0.0, 0.04, 0.16], 25) == [1, 1, 1, 1, 3]


def test_after_a_cut_any_time_will_do() -> None:
    clock = StepClock()
    clock.advance(5.0, 25)
    clock.cut()
    clock.advance(4.9, 25)
    assert clock.step == 1
    clock.cut()
    clock.advance(14.9, 25)
    assert clock.step == 250  # recognition counts the time between two shots


@given(st.floats(0, 1e5), st.floats(1e-4, 1e3), st.floats(1, 240))
def test_steps_are_the_time_that_has_gone_by(earlier: float, gap: float, rate: float) -> None:
    steps = steps_between(earlier, earlier + gap, rate)
    assert steps >= LEAST
    assert abs(steps - max(gap * rate, LEAST)) <= max(0.1, 0.001 * rate) + 1e-3


class Timed:
    def update(self, detections: Any, camera: Any = None, time: Any = None) -> None: ...


class Untimed:
    def update(self, detections: Any, camera: Any = None) -> None: ...


def test_a_tracker_takes_times_if_its_update_says_so() -> None:
    assert takes_time(Timed())
    assert not takes_time(Untimed())
