"""Which goal a team defends, and whose goalkeeper someone is."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack.pitch.sides import defended_sides, keeper_team


def match(frames: int, turn: int | None = None, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four players of A left of four of B, who change ends at a frame; the play moves up and down."""
    rng = np.random.default_rng(0)
    frame = np.repeat(np.arange(frames), 8)
    team = np.tile(["A"] * 4 + ["B"] * 4, frames)
    sign = np.where(team == "A", -1.0, 1.0)
    if turn is not None:
        sign *= np.where(frame >= turn, -1.0, 1.0)
    return frame, team, shift + 30 * np.sin(frame / 40) + 6 * sign + rng.normal(0, 5, len(frame))


def test_the_team_further_back_defends() -> None:
    (span,) = defended_sides(*match(200))
    assert (span.first_frame, span.last_frame, span.sides) == (0, 199, {"A": "left", "B": "right"})
    frame, team, x = match(200)
    assert defended_sides(frame, team, -x)[0].sides == {"B": "left", "A": "right"}


def test_ends_are_changed_after_half_time() -> None:
    first, second = defended_sides(*match(400, turn=220))
    assert first.sides == {"A": "left", "B": "right"}
    assert second.sides == {"B": "left", "A": "right"}
    assert abs(second.first_frame - 220) < 10
    assert first.last_frame + 1 == second.first_frame


def test_what_is_not_clear_is_not_said() -> None:
    frame, team, _ = match(50)
    assert defended_sides(frame, np.where(team == "A", "A", ""), np.zeros(len(frame)))[0].sides == {}
    assert defended_sides(frame, team, np.full(len(frame), np.nan))[0].sides == {}
    assert defended_sides([], [], [])[0].sides == {}


@pytest.mark.parametrize(("x", "team"), [(-47.0, "A"), (44.0, "B"), (8.0, ""), (float("nan"), "")])
def test_a_goalkeeper_belongs_to_the_team_of_the_goal(x: float, team: str) -> None:
    assert keeper_team(x, {"A": "left", "B": "right"}) == team
    assert keeper_team(x, {}) == ""
