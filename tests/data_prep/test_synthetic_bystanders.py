"""Rendered people off the field, and other floors: who plays where does not change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_prep.synthetic import Settings, render_sequence, write_mot
from sportstrack.field import FieldFinder

PLAIN = Settings(seed=5, frames=1, width=640, height=360, view="main", shadows=False, noise=0.0)
BUSY = replace(PLAIN, bystanders=80)


def test_bystanders_have_boxes_of_their_own_and_are_no_objects() -> None:
    (_, plain), (image, busy) = next(render_sequence(PLAIN)), next(render_sequence(BUSY))
    assert len(plain.bystander_xyxy) == 0
    assert len(busy.bystander_xyxy) > 2
    assert np.array_equal(plain.xyxy, busy.xyxy)
    assert np.array_equal(plain.track_id, busy.track_id)
    assert (busy.bystander_xyxy[:, 2:] > busy.bystander_xyxy[:, :2]).all()
    assert (busy.bystander_xyxy <= (640, 360, 640, 360)).all()
    assert image.shape == (360, 640, 3)


def test_bystanders_stand_off_the_pitch(tmp_path: Path) -> None:
    folder = write_mot(BUSY, tmp_path)
    rows = np.loadtxt(folder / "gt" / "bystanders.txt", delimiter=",", ndmin=2)
    _, truth = next(render_sequence(BUSY))
    assert (rows[:, 1] == -1).all()
    assert np.allclose(rows[:, 2:4], truth.bystander_xyxy[:, :2])
    assert len(np.loadtxt(folder / "gt" / "gt.txt", delimiter=",", ndmin=2)) == len(truth.track_id)
    assert not (write_mot(PLAIN, tmp_path / "plain") / "gt" / "bystanders.txt").exists()


@pytest.mark.parametrize("surface", ["grass", "parquet", "ice", "sand"])
def test_the_field_finder_keeps_every_player_on_every_floor(surface: str) -> None:
    left_out = 0
    for view in ("main", "side"):
        image, truth = next(render_sequence(replace(BUSY, surface=surface, view=view)))
        people = truth.xyxy[(truth.class_id < 3) & (truth.visibility > 0.2)]
        field = FieldFinder().update(image, np.vstack([people, truth.bystander_xyxy]))
        assert field is not None
        assert field.holds(people).all()
        left_out += int((~field.holds(truth.bystander_xyxy)).sum())
    assert left_out > 0
