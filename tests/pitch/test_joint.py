"""Joint fits of frames whose lines tell nothing."""

from __future__ import annotations

import numpy as np

from sportstrack import load_pitch
from sportstrack.pitch.clip.joint import Key, fit_joint
from sportstrack.pitch.clip.model import Painted
from sportstrack.pitch.clip.places import Places

SIZE = (848, 478)


def test_a_fit_that_flies_away_stays_a_camera() -> None:
    painted = Painted.of(load_pitch())
    rng = np.random.default_rng(0)
    for seed in range(8):
        lines = np.column_stack([rng.uniform(0, SIZE, (40, 2)), rng.uniform(0, np.pi, 40)])
        view = np.array([rng.uniform(-180, 180), rng.uniform(-5, 80), 0.0, rng.uniform(3, 11)])
        key = Key(seed, view, lines, Places.of(None, load_pitch(), painted))
        found = fit_joint(np.array([0.0, 60.0, 1.0, 0.0]), (key,), painted, SIZE, gate=300.0, rounds=12)
        numbers = np.concatenate([found.shared, found.keys[0].view])
        assert np.isfinite(numbers).all()
        assert np.isfinite(np.exp(found.keys[0].view[3]))
