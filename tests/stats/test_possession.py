"""Who has the ball: against the truth of a rendered match, and in situations made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sportstrack.pitch.ball import FLYING, GROUNDED, UNKNOWN
from sportstrack.stats.match import measure_match
from sportstrack.stats.movement import Movement
from sportstrack.stats.persons import Person
from sportstrack.stats.places import BallPlaces
from sportstrack.stats.possession import STATES, Possession, find_possession
from sportstrack.stats.settings import StatsSettings
from tests.helpers.pitch_match import RATE, play

PERSONS = [Person((1,), "A", "player"), Person((2,), "B", "player"), Person((3,), "", "referee"), Person((4,), "A")]


def possession(places: np.ndarray, ball: np.ndarray, state: np.ndarray | int) -> Possession:
    """Who has the ball; places (F, P, 2) of the first P persons, ball (F, 2)."""
    frames, people = places.shape[:2]
    velocity = np.gradient(places, 1 / RATE, axis=0)
    person = np.repeat(np.arange(people), frames)
    columns = places.transpose(1, 0, 2).reshape(-1, 2), velocity.transpose(1, 0, 2).reshape(-1, 2)
    table = Movement(person, np.tile(np.arange(frames), people), *columns, person, np.ones(len(person), bool), 1 / RATE)
    states = np.full(frames, state)
    there = BallPlaces(np.arange(frames), ball, np.full(frames, 0.2), states)
    return find_possession(table, PERSONS, there, np.arange(frames), StatsSettings())


def still(*xy: tuple[float, float], frames: int = 50) -> np.ndarray:
    return np.tile(np.array(xy, float), (frames, 1, 1))


def test_the_nearest_player_has_a_ball_on_the_ground() -> None:
    found = possession(still((0, 0), (5, 0), (0.5, 0.0)), still((0.8, 0))[:, 0], GROUNDED)
    assert set(found.state.tolist()) == {STATES.index("held")}
    assert set(found.person.tolist()) == {0}  # and not the referee, who stands nearer
    assert found.team_seconds(held=True) == {"A": pytest.approx(2.0)}


def test_two_opponents_contest_it_and_two_of_a_team_do_not() -> None:
    assert possession(still((0, 0), (1.9, 0)), still((0.9, 0))[:, 0], GROUNDED).seconds("contested") == pytest.approx(2)
    places = still((0, 0), (30, 0), (40, 0), (1.9, 0))
    assert possession(places, still((0.9, 0))[:, 0], GROUNDED).seconds("held") == pytest.approx(2)


@pytest.mark.parametrize(("state", "word"), [(FLYING, "air"), (UNKNOWN, "unknown"), (GROUNDED, "loose")])
def test_nobody_has_a_ball_that_flies_or_is_far_or_unknown(state: int, word: str) -> None:
    place = (0.5, 0.0) if state == FLYING else (4.0, 0.0)
    found = possession(still((0, 0)), still(place)[:, 0], state)
    assert found.seconds(word) == pytest.approx(2.0)
    assert set(found.team) == {""}


def test_a_ball_that_stays_at_a_players_feet_is_theirs() -> None:
    assert possession(still((0, 0)), still((0.5, 0))[:, 0], UNKNOWN).seconds("held") == pytest.approx(2.0)


def test_a_ball_that_passes_is_nobodys() -> None:
    ball = np.column_stack([np.linspace(-16, 16, 50), np.zeros(50)])  # 16 m/s
    found = possession(still((0, 0.5)), ball, GROUNDED)
    assert found.seconds("held") == 0
    assert found.seconds("loose") == pytest.approx(2.0)


def test_a_pass_within_a_team_is_its_possession() -> None:
    ball = np.column_stack([np.concatenate([np.zeros(15), np.linspace(1, 19, 40), np.full(15, 20.0)]), np.zeros(70)])
    found = possession(still((0, 0), (10, 9), (40, 0), (20, 0), frames=70), ball, GROUNDED)
    assert found.team_seconds(held=False)["A"] == pytest.approx(70 / RATE, abs=0.1)
    assert found.team_seconds(held=True)["A"] < 45 / RATE
    rival = possession(still((0, 0), (20, 0), frames=70), ball, GROUNDED)
    assert rival.team_seconds(held=False) == rival.team_seconds(held=True)


def test_a_rendered_match(tmp_path: Path) -> None:
    match = play(tmp_path, seed=1007, frames=750, noise=0.02)
    found = measure_match(match.result, match.pitch, match.identities)
    height = match.ball[found.possession.frame, 2]
    assert not (
        np.isin(found.possession.state, [1, 2, 3]) & (height > 0.7)
    ).any()  # in the air nothing is on the ground
    far = np.hypot(*(match.xy[:, :22] - match.ball[:, None, :2]).transpose(2, 0, 1))
    held = found.possession.state == STATES.index("held")
    who = np.array([found.persons[row].track_ids[0] - 1 for row in found.possession.person[held].tolist()])
    frames = found.possession.frame[held]
    assert held.sum() > 150
    assert (far[frames, who] < 2.0).mean() > 0.97
    assert (far[frames].argmin(axis=1) == who).mean() > 0.9
    spans = found.possession.spans()
    assert sum(one.last_frame - one.first_frame + 1 for one in spans) == len(found.possession.frame)
