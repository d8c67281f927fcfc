"""Where a shot's chain begins: frames whose marks, or whose network's places, tell a camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.errors import on_pitch
from sportstrack.pitch.clip.joint import PRIOR, Joint, Key, fit_joint
from sportstrack.pitch.clip.model import in_view, support
from sportstrack.pitch.clip.size import fitting_size
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.clip.views import camera_of, shared_of, view_of
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame
from sportstrack.pitch.fit import OTHER, CameraFit, camera_candidates, fit_camera, ground_apart
from sportstrack.pitch.marks import Mark, check_marks, place_marks
from sportstrack.pitch.sizes import better_size

LEAST_CONFIDENCE = 0.3
TRIED = 6
"""So many frames of a shot are tried as a start where nobody has marked one."""
GOOD_ON, GOOD_EXPLAINED = 0.3, 0.4
"""A start that nobody has marked must have lines beside this part of what it expects, and explain this part of them."""

BESIDE = 1.5
"""Metres beside the pitch in which lines are taken for its own."""


@dataclass(frozen=True, eq=False)
class ShotStart:
    """A shot's first joint fit.

    Attributes:
        joint: of the start frames.
        warnings: what was noticed.
        prior: what another shot tells of the shared numbers: (4,) and their covariance (4, 4).
    """

    joint: Joint
    warnings: tuple[str, ...] = ()
    prior: tuple[Floats, Floats] | None = None


def start_by_hand(scene: ClipScene, shot: Sequence[SeenFrame]) -> ShotStart | None:
    """Return the fit of a shot's frames with four or more marks by hand; None where there is none.

    Raises:
        SettingError: the marks tell no camera, as in `fit_camera`.
    """
    marked = {n: e for n, e in _within(scene, shot).items() if e.by_hand}
    enough = {n: e for n, e in marked.items() if len(e) >= 4} or marked
    if not enough:
        return None
    marks = [mark for one in enough.values() for mark in one.marks() if mark.place not in scene.pitch.arcs]
    fit = _best_fit(scene, marks, shot)
    warnings = [
        f"frame {mark.frame}: {mark.title} contradicts the other marks and was left out" for mark in fit.left_out
    ]
    joint = refined(scene, _by_frame(fit), shot)

    def hint() -> tuple[float, float] | None:
        first = min(fit.cameras)
        told = better_size([mark for mark in marks if mark.frame == first], scene.pitch, fit.cameras[first])
        return None if told is None else (round(2 * told.length) / 2, round(2 * told.width) / 2)

    if (other := fitting_size(joint, scene.pitch, scene.size, hint)) is not None:
        warnings.append(other)
    return ShotStart(joint, tuple(warnings))


def _best_fit(scene: ClipScene, marks: list[Mark], shot: Sequence[SeenFrame]) -> CameraFit:
    """Return the cameras of marks; where several fit one frame's marks, that which agrees with its lines.

    Raises:
        SettingError: as `fit_camera`; also where the lines do not tell which of two cameras it is.
    """
    try:
        return fit_camera(marks, scene.pitch, scene.size)
    except SettingError:
        placed = place_marks(marks, scene.pitch)
        if len({one.mark.frame for one in placed}) > 1:
            raise
        check_marks(placed, placed[0].mark.frame)
        found: list[tuple[float, CameraFit, Camera]] = []
        for camera in camera_candidates(placed, placed[0].mark.frame, scene.size):
            try:
                fit = fit_camera(marks, scene.pitch, scene.size, start=camera)
            except SettingError:
                continue
            joint = refined(scene, _by_frame(fit), shot)
            found.append((_agreement(scene, joint), fit, _camera(scene, joint)))
        found.sort(key=lambda one: -one[0])
        others = [one for one in found[1:] if ground_apart(one[2], found[0][2], scene.size) > OTHER]
        if not found or found[0][0] < GOOD_ON * GOOD_EXPLAINED * 2:
            raise
        if others and others[0][0] > 0.7 * found[0][0]:
            raise
        return found[0][1]


def _camera(scene: ClipScene, joint: Joint) -> Camera:
    return camera_of(joint.shared, joint.keys[0].view, (scene.size[0] / 2, scene.size[1] / 2))


def _by_frame(fit: CameraFit) -> dict[int, Camera]:
    return {frame - 1: camera for frame, camera in fit.cameras.items()}


def _agreement(scene: ClipScene, joint: Joint) -> float:
    """Return how well a first frame's lines agree: the part of the painted ones that is seen, times that explained."""
    key = joint.keys[0]
    _, on, explained = support(key.lines, in_view(scene.painted, joint.shared, key.view, scene.size), scene.size)
    return on * explained


def start_by_network(scene: ClipScene, shot: Sequence[SeenFrame]) -> ShotStart | None:
    """Return the fit of the frame whose places agree best with its lines; None where no frame tells a camera."""
    found = [e for e in _within(scene, shot).values() if not e.by_hand and len(e)]
    found.sort(key=lambda one: -float(one.confidence.sum()))
    best: tuple[float, Joint] | None = None
    for one in _apart(found, len(shot)):
        joint = _alone(scene, one, shot)
        if joint is None:
            continue
        lines = _on_pitch(scene, joint)
        at = in_view(scene.painted, joint.shared, joint.keys[0].view, scene.size)
        _, on, explained = support(lines, at, scene.size)
        rank = on * explained + 1e-3 * float(one.confidence.mean())
        good = one.camera is not None or (on >= GOOD_ON and explained >= GOOD_EXPLAINED)
        if good and (best is None or rank > best[0]):
            best = (rank, joint)
    return None if best is None else ShotStart(best[1])


def _on_pitch(scene: ClipScene, joint: Joint) -> Floats:
    """Return the line pixels of a first frame that its camera puts on the pitch: stands are full of lines, too."""
    lines = joint.keys[0].lines
    with np.errstate(invalid="ignore"):
        places = np.abs(_camera(scene, joint).to_ground(lines[:, :2]))
        return np.asarray(lines[(places < (scene.pitch.length / 2 + BESIDE, scene.pitch.width / 2 + BESIDE)).all(1)])


def _within(scene: ClipScene, shot: Sequence[SeenFrame]) -> dict[int, PitchEvidence]:
    """Return the evidence of a shot's frames."""
    first = shot[0].frame
    return {n: e for n, e in scene.evidence.items() if first <= n < first + len(shot)}


def _apart(found: Sequence[PitchEvidence], length: int) -> list[PitchEvidence]:
    """Return at most `TRIED` of them, the first ones first, and none close to another."""
    chosen: list[PitchEvidence] = []
    for one in found:
        if all(abs(one.frame - other.frame) > length // (2 * TRIED) for other in chosen):
            chosen.append(one)
    return chosen[:TRIED]


def _alone(scene: ClipScene, one: PitchEvidence, shot: Sequence[SeenFrame]) -> Joint | None:
    if one.camera is not None:
        joint = refined(scene, {one.frame: one.camera}, shot)
        if ground_apart(_camera(scene, joint), one.camera, scene.size) < OTHER:
            return joint
        # one frame's lines tell so little that the fit has gone elsewhere; the whole shot will tell more
        shared, view = shared_of(one.camera), view_of(one.camera)
        return Joint(shared, np.diag(PRIOR**2), (_key(scene, shared, view, shot[one.frame - shot[0].frame]),))
    marks = [mark for mark in one.marks(LEAST_CONFIDENCE) if mark.place not in scene.pitch.arcs]
    try:
        fit = fit_camera(marks, scene.pitch, scene.size)
    except SettingError:
        return None
    return refined(scene, {one.frame: fit.cameras[one.frame + 1]}, shot)


def refined(scene: ClipScene, cameras: dict[int, Camera], shot: Sequence[SeenFrame]) -> Joint:
    """Return the joint fit of frames whose cameras are roughly known, from wide gates to narrow ones."""
    shared: Floats = shared_of(next(iter(cameras.values())))
    keys = tuple(_key(scene, shared, view_of(camera), shot[frame - shot[0].frame]) for frame, camera in cameras.items())
    for gate in (2 * GATES[0], GATES[0]):
        joint = fit_joint(shared, keys, scene.painted, scene.size, gate=gate, rounds=8, distortion=len(cameras) > 1)
        shared, keys = joint.shared, joint.keys
    return joint


def _key(scene: ClipScene, shared: Floats, view: Floats, seen: SeenFrame) -> Key:
    lines = on_pitch(scene.pitch, shared, view, seen.lines, scene.size)
    return Key(seen.frame, view, lines, scene.hints(seen.frame))


def start_covariance() -> Floats:
    """Return the covariance that a start's view is carried with: (4, 4), a wide one, since its frame is looked at."""
    return np.diag(np.square([0.05, 0.05, 0.05, 0.005]))
