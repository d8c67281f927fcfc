"""Whether a camera's centre stays where it is."""

from __future__ import annotations

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.joint import Joint, Key, fit_joint
from sportstrack.pitch.clip.model import in_view, support
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.clip.step import GATES

LEAST_KEYS = 4
LEAST_METRES = 1.5
"""So far apart two centres must be at least."""
SURE = 6.0
"""Standard deviations by which they must differ."""


def moving_centre(scene: ClipScene, joint: Joint) -> str | None:
    """Return why a shot's key frames cannot have one centre, with the numbers that show it; None where they can."""
    keys = sorted(joint.keys, key=lambda key: key.frame)
    if len(keys) < LEAST_KEYS:
        return None
    half = len(keys) // 2
    first, second = (_alone(scene, joint, tuple(some)) for some in (keys[:half], keys[half:]))
    apart = second.shared[:3] - first.shared[:3]
    metres, sigmas = float(np.linalg.norm(apart)), _sigmas(apart, first.covariance, second.covariance)
    if metres < LEAST_METRES or sigmas < SURE:
        return None
    return (
        f"the camera's centre moves: frames {keys[0].frame + 1} to {keys[half - 1].frame + 1} are seen from "
        f"{_place(first)} and frames {keys[half].frame + 1} to {keys[-1].frame + 1} from {_place(second)}, "
        f"{metres:.1f} m apart"
    )


def moved_away(walk: Walk) -> str | None:
    """Return why frames whose lines are elsewhere are seen from another centre; None where no such centre is found."""
    scene, joint = walk.scene, walk.joint
    tried = np.diag(np.square([4.0, 4.0, 1.5, 1e-3]))
    for frame, view in walk.doubtful[:: max(1, len(walk.doubtful) // 4)]:
        key = Key(frame, view, walk.seen[frame - walk.first].lines, scene.places(frame))
        found = fit_joint(
            joint.shared, (key,), scene.painted, scene.size, gate=GATES[1], rounds=12, distortion=False,
            prior=(joint.shared, tried),
        )  # fmt: skip
        found = fit_joint(found.shared, found.keys, scene.painted, scene.size, gate=GATES[0] * 2, distortion=False)
        at = in_view(scene.painted, found.shared, found.keys[0].view, scene.size)
        _, on, explained = support(key.lines, at, scene.size)
        apart = (found.shared - joint.shared)[:3]
        metres = float(np.linalg.norm(apart))
        sigmas = _sigmas(apart, joint.covariance, found.covariance)
        if on < 0.4 or explained < 0.6 or metres < LEAST_METRES or sigmas < SURE:
            continue
        return (
            f"the camera's centre moves: frame {joint.keys[0].frame + 1} is seen from {_place(joint)} and frame "
            f"{frame + 1} from {_place(found)}, {metres:.1f} m apart; with one centre the lines of {frame + 1} are "
            "elsewhere"
        )
    return None


def _alone(scene: ClipScene, joint: Joint, keys: tuple[Key, ...]) -> Joint:
    return fit_joint(joint.shared, keys, scene.painted, scene.size, rounds=8, distortion=False)


def _sigmas(apart: Floats, first: Floats, second: Floats) -> float:
    """Return by how many standard deviations two places differ; both are known with errors only."""
    return float(np.sqrt(apart @ np.linalg.solve((first + second)[:3, :3], apart)))


def _place(joint: Joint) -> str:
    return "({:.1f}, {:.1f}, {:.1f}) m".format(*joint.shared[:3])
