"""Frames of rendered matches."""

from __future__ import annotations

import pytest
from shot_frames import HEIGHT, LENGTH, MATCHES, WIDTH, Frames

from data_prep.synthetic import Settings, render_sequence


@pytest.fixture(scope="session")
def matches() -> dict[int, Frames]:
    """Five rendered matches, seed → frames, some of them filmed by a hectic camera."""
    return {
        seed: [
            image
            for image, _ in render_sequence(
                Settings(seed=seed, frames=LENGTH, width=WIDTH, height=HEIGHT, view=view, camera_speed=speed)
            )
        ]
        for seed, (view, speed) in MATCHES.items()
    }
