"""What lines are off alike in all frames of a shot, by shadows, boards or worn paint: more frames do not help."""

from __future__ import annotations

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.joint import PRIOR, Joint, Key, equations
from sportstrack.pitch.clip.match import LineMatch, LinePulls
from sportstrack.pitch.clip.model import Painted
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.clip.views import SHARED

OFF = 0.25 / 1000
"""Of the picture's width: standard deviation of what a line or an arc is off, before anything is known of the shot."""
KNOWN = 4
"""That counts as much as so many lines of the shot."""
FITTED = 6
"""So many lines hardly show what they are off: the camera fits it, too."""
SEEN = 0.03
"""Of the pixels of the line with most: a line with less does not show what it is off."""
_GATE = 1.5 * GATES[0]


def pulled(joint: Joint, painted: Painted, size: tuple[int, int], prior: Floats | None = None) -> Floats:
    """Return (4, P) how the shared numbers of a fit move for each line or arc that is off by a pixel in all frames.

    ``prior``: covariance (4, 4) of what is known of the shared numbers without these lines; None for next to nothing.
    """
    lhs = np.linalg.inv(np.diag(PRIOR**2) if prior is None else prior)
    rhs = np.zeros((SHARED, len(painted.names)))
    for key in joint.keys:
        h, line = _equations(joint, key, painted, size)
        back = np.linalg.solve(h[SHARED:, SHARED:], np.column_stack([h[SHARED:, :SHARED], line.pulls[SHARED:]]))
        cross = h[:SHARED, SHARED:]
        lhs += h[:SHARED, :SHARED] - cross @ back[:, :SHARED]
        rhs += line.pulls[:SHARED] - cross @ back[:, SHARED:]
    return np.asarray(np.linalg.solve(lhs, rhs))


def alike(joint: Joint, painted: Painted, size: tuple[int, int]) -> list[tuple[Key, Floats]]:
    """Return the key frames that have line pixels, and the covariances (8, 8) that come from lines that are off.

    How far lines are off, their own misfit tells, if there are more of them than the camera needs.
    """
    if joint.pulled is None:
        return []
    keys = [key for key in joint.keys if len(key.lines)]
    found = [_equations(joint, key, painted, size) for key in keys]
    variance = _variance([line for _, line in found], size)
    covariances = []
    for h, line in found:
        turned = np.linalg.solve(h[SHARED:, SHARED:], line.pulls[SHARED:] - h[SHARED:, :SHARED] @ joint.pulled)
        both = np.vstack([joint.pulled, turned])
        covariances.append(variance * both @ both.T)
    return list(zip(keys, covariances, strict=True))


def _variance(lines: list[LinePulls], size: tuple[int, int]) -> float:
    """Return the variance, in square pixels, of what a line is off in all frames."""
    before = (OFF * size[0]) ** 2
    if not lines:
        return before
    off, weight = np.sum([(one.off, one.weight) for one in lines], axis=0)
    seen = weight > SEEN * max(weight.max(), 1e-12)
    squares = np.square(off[seen] / weight[seen]).sum()
    return float((KNOWN * before + squares) / (KNOWN + max(0, seen.sum() - FITTED)))


def _equations(joint: Joint, key: Key, painted: Painted, size: tuple[int, int]) -> tuple[Floats, LinePulls]:
    """Return the matrix (8, 8) of a key frame's equations, and what its lines add to their right side."""
    match = LineMatch(painted, key.lines, size, _GATE * size[0])
    lhs, _ = equations(joint.shared, key, match, _GATE, size)
    return lhs + 1e-6 * np.eye(len(lhs)), match.by_line(_GATE * size[0])
