"""Shots that one camera has taken: cuts come back to it, and all of its shots together tell best where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.alike import pulled
from sportstrack.pitch.clip.errors import to_ground
from sportstrack.pitch.clip.joint import Joint, Key, fit_joint
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.clip.size import line_error
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.clip.views import VIEW, slopes

EACH, MOST = 8, 40
"""Key frames of a shot that have a say in where its camera stands, and those of all its shots."""
WIDE = (6.0, 3.0, 1.5)
"""Gates for line pixels, round by round, in the narrowest one of a clip, where another centre is tried."""
WORSE = (1.1, 0.03 / 1000)
"""With one centre the lines may be off by this many times as much, and by this part of the width more."""
_GRID = (6, 5)
_HELD = 1e-9 * np.eye(4)


@dataclass(eq=False)
class _OneCamera:
    """The shots of one camera, and the fit of their key frames together."""

    walks: list[Walk]
    joint: Joint

    def takes(self, walk: Walk) -> bool:
        """Add a shot if it is seen from the same place: then its lines fit as well with this camera's centre."""
        scene, own = walk.scene, replace(walk.joint, keys=_some(walk.joint.keys, EACH))
        if not own.keys or not self.joint.keys:
            return False
        shared, keys = self.joint.shared, seen_from(self.joint.shared, own, scene.size).keys
        for gate in WIDE:
            held = fit_joint(
                shared, keys, scene.painted, scene.size, gate=gate * GATES[0], rounds=4, prior=(shared, _HELD)
            )
            keys = held.keys
        joined = (*self.joint.keys, *keys)
        both = fit_joint(shared, joined, scene.painted, scene.size, gate=1.5 * GATES[0], rounds=8)
        count = len(self.joint.keys)
        for before, after in ((self.joint, both.keys[:count]), (own, both.keys[count:])):
            alone, together = (
                line_error(one, scene.painted, scene.size) for one in (before, replace(both, keys=after))
            )
            if together > WORSE[0] * alone + WORSE[1] * scene.size[0]:
                return False
        self.walks.append(walk)
        self.joint = replace(both, keys=_some(both.keys, MOST))
        return True


def join_cameras(walks: Sequence[Walk]) -> None:
    """Give the shots of one camera one centre and one distortion, and their views with these."""
    cameras: list[_OneCamera] = []
    for walk in sorted(walks, key=lambda one: float(np.trace(one.joint.covariance[:3, :3]))):
        if not any(camera.takes(walk) for camera in cameras):
            own = walk.joint
            cameras.append(_OneCamera([walk], replace(own, keys=_some(own.keys, EACH))))
    for camera in cameras:
        if len(camera.walks) < 2:
            continue
        shared, covariance = camera.joint.shared, camera.joint.covariance
        pulls = pulled(camera.joint, camera.walks[0].scene.painted, camera.walks[0].scene.size)
        for walk in camera.walks:
            scene, keys = walk.scene, seen_from(shared, walk.joint, walk.scene.size).keys
            fitted = fit_joint(
                shared, keys, scene.painted, scene.size, gate=1.5 * GATES[0], rounds=4, prior=(shared, _HELD)
            )
            walk.adopt(Joint(shared, covariance, fitted.keys, pulls))


def seen_from(shared: Floats, joint: Joint, size: tuple[int, int]) -> Joint:
    """Return a fit's key frames with the views that show the ground where it was, seen from another centre."""
    keys = tuple(replace(key, view=same_ground(joint.shared, key.view, shared, size)) for key in joint.keys)
    return replace(joint, shared=shared, keys=keys)


def same_ground(before: Floats, view: Floats, after: Floats, size: tuple[int, int]) -> Floats:
    """Return the view (4,) from another centre that shows the ground most like a view from the centre before."""
    x, y = (((np.arange(n) + 0.5) / n * side) for n, side in zip(_GRID, size, strict=True))
    pixels = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    ground = to_ground(np.concatenate([before, view])[None], pixels, size)[0]
    near = np.isfinite(ground).all(1) & (np.linalg.norm(ground - before[:2], axis=1) < 40 * before[2])
    if near.sum() < VIEW:
        return view
    places = np.column_stack([ground[near], np.zeros(near.sum())])
    for _ in range(8):
        seen, jacobian = slopes(after, view, places, (size[0] / 2, size[1] / 2))
        step = np.linalg.lstsq(jacobian.reshape(-1, VIEW), (pixels[near] - seen).ravel(), rcond=None)[0]
        view = view + step
        if np.abs(step).max() < 1e-4:
            break
    return view


def _some(keys: tuple[Key, ...], count: int) -> tuple[Key, ...]:
    """Return at most so many key frames, spread over all that have line pixels."""
    found = sorted((key for key in keys if len(key.lines)), key=lambda key: key.frame)
    rows = np.unique(np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int))
    return tuple(found[row] for row in rows.tolist())
