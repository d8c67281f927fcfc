"""Each frame of a shot judged: its view from the whole chain, how well it is known, and whether it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.alike import alike
from sportstrack.pitch.clip.chain import ClipScene, Link, filter_chain, smooth_chain
from sportstrack.pitch.clip.errors import errors, errors_by, excess, ground_in_view, ground_slopes
from sportstrack.pitch.clip.joint import Joint
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.clip.step import State
from sportstrack.pitch.clip.trust import disputed
from sportstrack.pitch.clip.views import camera_of
from sportstrack.pitch.evidence import SeenFrame
from sportstrack.pitch.file import PitchFrame

MAX_ERROR = 1.5
"""Metres: a frame whose ground is less well known, at the median of what is in view, is refused."""
OK_ERROR = 1.0
"""Metres: a frame that tells its view this well by itself is ok."""
LAPSE = 12
"""Frames in a row whose lines may be elsewhere, where those before and after agree: a flash, a caption, a blur."""
FLASH = 3
"""The same where the motion to the first of them was not seen: what lasts longer may be another picture."""
_ASTRAY = "two ways to this frame tell different cameras: the motion was lost on the way; mark a frame near this one"
BLOCK, AHEAD = 1500, 100
"""Frames that are smoothed together, and frames behind them that have a say."""


def judged(scene: ClipScene, walk: Walk, run: Sequence[SeenFrame], first: State) -> Iterator[PitchFrame]:
    """Yield the frames of a run: filtered and smoothed, block by block, so that memory does not grow."""
    joint = walk.joint
    common, since = _CommonError(scene, joint), 0
    for begin in range(0, len(run), BLOCK):
        links = filter_chain(scene, joint.shared, run[begin : begin + BLOCK + AHEAD], first, walk.motions)
        lapses = _lapses(links)
        both = list(zip(links, smooth_chain(links), strict=True))[:BLOCK]
        astray = disputed(scene, walk, [one.frame for one, _ in both], [state.view for _, state in both])
        for row, (one, state) in enumerate(both):
            at = ground_in_view(joint.shared, state.view, scene.pitch, scene.size)
            by = ground_slopes(joint.shared, state.view, at, scene.size)
            since = 0 if _alone(one, by) <= OK_ERROR else since + 1
            px, metres = np.hypot(errors_by(by, state.covariance), common.at(state.view)).tolist()
            why = _ASTRAY if row in astray else _refusal(one, metres, len(at), row in lapses)
            if why is not None:
                yield PitchFrame(one.frame, "refused", why)
                continue
            camera = camera_of(joint.shared, state.view, (scene.size[0] / 2, scene.size[1] / 2))
            status, reason = ("carried", f"carried over {since} frames: {_little(one)}") if since else ("ok", "")
            yield PitchFrame(one.frame, status, reason, camera, px, metres)
        if len(links) > BLOCK:
            first = links[BLOCK].prior


def _lapses(links: Sequence[Link]) -> set[int]:
    """Return the rows of short runs of contradicted frames between frames that are believed."""
    rows: set[int] = set()
    run: list[int] = []
    for row, one in enumerate(links):
        if one.contradicted:
            run.append(row)
            continue
        seen = bool(run) and (links[run[0]].known_motion or len(run) <= FLASH)
        if seen and run[0] > 0 and len(run) <= LAPSE:
            rows |= set(run)
        run = []
    return rows


def _little(one: Link) -> str:
    if not one.information.any():
        return "no lines of the pitch were found" if one.count < 20 else "its lines are not clear"
    return "its own lines and places do not tell the whole view"


def _alone(one: Link, by: tuple[Floats, Floats]) -> float:
    """Return how well, in metres, a frame's own evidence tells its view; infinity where it does not.

    ``by``: `ground_slopes` of the ground in view.
    """
    if not one.information.any():
        return float("inf")
    covariance = np.asarray(np.linalg.inv(one.information + np.diag(1 / np.square([20.0, 10.0, 0.3, 0.7]))))
    found = errors_by(by, covariance)[1]
    return found if np.isfinite(found) else float("inf")


def _refusal(one: Link, metres: float, ground: int, lapse: bool) -> str | None:
    if ground < 3:
        return "no part of the pitch is in view"
    if one.contradicted and not lapse:
        return f"its lines are elsewhere: {one.explained:.0%} of {one.count} line pixels are where the camera has lines"
    if not metres <= MAX_ERROR:
        return f"the ground is known to {metres:.1f} m only: {_little(one)}"
    return None


class _CommonError:
    """What all frames have in common adds to a frame's error, looked up at the most similar key frame.

    These are the errors of the centre and the distortion, and lines that are off alike in all frames.
    """

    def __init__(self, scene: ClipScene, joint: Joint) -> None:
        found = alike(joint, scene.painted, scene.size) or [(key, np.zeros((8, 8))) for key in joint.keys]
        self._views = np.array([key.view for key, _ in found])
        self._more = np.array([_common(scene, joint, key.view, of_lines) for key, of_lines in found])

    def at(self, view: Floats) -> tuple[float, float]:
        """Return the errors to add in squares, in pixels and metres."""
        apart = np.abs((self._views - view) * (1.0, 1.0, 0.0, 20.0)).sum(1)
        px, metres = self._more[int(apart.argmin())].tolist()
        return px, metres


def _common(scene: ClipScene, joint: Joint, view: Floats, of_lines: Floats) -> Floats:
    """Return the error in pixels and metres, (2,), that a key frame shares; ``of_lines``: (8, 8) as of `alike`."""
    at = ground_in_view(joint.shared, view, scene.pitch, scene.size)
    lines = np.nan_to_num(errors(joint.shared, view, of_lines, at, scene.size))
    return np.asarray(np.hypot(lines, excess(joint.shared, joint.covariance, view, scene.pitch, scene.size)))
