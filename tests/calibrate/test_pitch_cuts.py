"""A rendered clip with a shot change: what is not marked after it stays unknown, and says so."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from data_prep.synthetic.render import render_sequence
from data_prep.synthetic.settings import Settings
from sportstrack import Mark, load_pitch
from sportstrack.calibrate.look import Looker
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.evidence import evidence_of_marks

PITCH = load_pitch()
SIZE = (640, 360)


def test_another_shot_is_refused_until_it_is_marked() -> None:
    cv2.setNumThreads(1)
    looker, seen, cameras = Looker(), [], []
    for image, truth in render_sequence(
        Settings(seed=6, frames=40, width=SIZE[0], height=SIZE[1], view="main", cuts=1)
    ):
        seen.append(looker.look(truth.frame, image))
        cameras.append(truth.camera)
    (cut,) = [one.frame for one in seen if one.cut]
    names = [name for name, place in PITCH.keypoints.items() if len(place) == 2]
    places = np.array([[*PITCH.keypoints[name], 0.0, 1.0] for name in names]) * (1, -1, 1, 1)

    def marked(frame: int) -> list[Mark]:
        rows = places @ cameras[frame].T
        pixels = rows[:, :2] / rows[:, 2:]
        inside = (rows[:, 2] > 1) & (pixels > 0).all(1) & (pixels < SIZE).all(1)
        return [Mark(frame + 1, names[i], (float(pixels[i, 0]), float(pixels[i, 1]))) for i in np.flatnonzero(inside)][
            :8
        ]

    one = fit_clip(seen, evidence_of_marks(marked(2), SIZE[0]), PITCH, SIZE).track
    assert {one.at(k).status for k in range(cut)} == {"ok"}
    assert {one.at(k).status for k in range(cut, 40)} == {"refused"}
    assert f"the shot that begins with frame {cut + 1}" in one.at(cut).reason
    unnoticed = [replace(one, cut=False) for one in seen]
    track = fit_clip(unnoticed, evidence_of_marks(marked(2), SIZE[0]), PITCH, SIZE).track
    assert {track.at(k).status for k in range(cut, 40)} == {"refused"}  # nothing is guessed after an unseen cut
    assert len(marked(cut + 1)) >= 4
    both = fit_clip(seen, evidence_of_marks([*marked(2), *marked(cut + 1)], SIZE[0]), PITCH, SIZE).track
    assert {both.at(k).status for k in range(cut, 40)} <= {"ok", "carried"}
    first, last = both.at(0).camera, both.at(39).camera
    assert first is not None
    assert last is not None
    assert first.centre != last.centre
