"""Several frames of a shot together: one centre, one distortion, a view for each (Gauss-Newton, Schur complement)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.match import LineMatch
from sportstrack.pitch.clip.model import Painted, in_view, support
from sportstrack.pitch.clip.places import Places
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.clip.views import SHARED

PRIOR = np.array([100.0, 100.0, 50.0, 0.06])
"""Metres and distortion within which a centre is looked for around its first place; wide, it holds what drifts."""
_DAMPING = 1e-9


@dataclass(frozen=True, eq=False)
class Key:
    """One frame of a joint fit.

    Attributes:
        frame: counts from 0.
        view: (4,).
        lines: (N, 3) line pixels, as in `SeenFrame`.
        places: named places.
    """

    frame: int
    view: Floats
    lines: Floats
    places: Places


@dataclass(frozen=True, eq=False)
class Joint:
    """A joint fit.

    Attributes:
        shared: (4,) centre and distortion.
        covariance: (4, 4) of them.
        keys: the frames with their views.
        pulled: (4, P) how shared moves for each line that is off by a pixel in all frames, see `alike`; None: unknown.
    """

    shared: Floats
    covariance: Floats
    keys: tuple[Key, ...]
    pulled: Floats | None = None


def fit_joint(
    shared: Floats,
    keys: tuple[Key, ...],
    painted: Painted,
    size: tuple[int, int],
    *,
    gate: float = 2 * GATES[0],
    rounds: int = 6,
    distortion: bool = True,
    prior: tuple[Floats, Floats] | None = None,
) -> Joint:
    """Return the centre, the distortion and the views that fit all keys best.

    Args:
        shared: (4,) to begin with.
        keys: frames with views to begin with.
        painted: of the pitch.
        size: (width, height) of the pictures.
        gate: how far line pixels may be from painted lines, as a part of the width.
        rounds: of pairing and solving.
        distortion: fit it, too.
        prior: what is known of the shared numbers: (4,) and their covariance (4, 4); None for next to nothing.
    """
    covariance = np.diag(PRIOR**2)
    middle = shared if prior is None else prior[0]
    held = np.linalg.inv(covariance if prior is None else prior[1])
    if not distortion:
        held[3, 3] = 1e12
    matches = [LineMatch(painted, key.lines, size, gate * size[0]) for key in keys]
    for _ in range(rounds):
        lhs, rhs = held.copy(), held @ (middle - shared)
        parts = []
        for key, match in zip(keys, matches, strict=True):
            h, g = equations(shared, key, match, gate, size)
            own = h[SHARED:, SHARED:] + _DAMPING * np.diag(np.diag(h)[SHARED:]) + 1e-6 * np.eye(4)
            cross = h[:SHARED, SHARED:]
            back = np.linalg.solve(own, np.column_stack([cross.T, g[SHARED:]]))
            lhs += h[:SHARED, :SHARED] - cross @ back[:, :SHARED]
            rhs += g[:SHARED] - cross @ back[:, SHARED]
            parts.append(back)
        covariance = np.linalg.inv(lhs)
        step = covariance @ rhs
        step *= min(1.0, 8.0 / max(float(np.abs(step[:3]).max()), 1e-9))
        views = [key.view + back[:, SHARED] - back[:, :SHARED] @ step for key, back in zip(keys, parts, strict=True)]
        if not all(_sound(shared + step, view) for view in views):
            break  # the lines tell nothing here: what was before stays
        shared = shared + step
        keys = tuple(replace(key, view=view) for key, view in zip(keys, views, strict=True))
        if np.abs(step[:3]).max() < 1e-3:
            break
    return Joint(shared, covariance, keys)


def _sound(shared: Floats, view: Floats) -> bool:
    """Return whether numbers are those of a camera: finite, with angles and a zoom that mean something."""
    numbers = np.concatenate([shared, view])
    return bool(np.isfinite(numbers).all() and np.abs(view[:3]).max() < 720 and abs(view[3]) < 25)


def equations(shared: Floats, key: Key, match: LineMatch, gate: float, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the normal equations of a key frame, (8, 8) and (8,), its line pixels paired anew."""
    match.go(shared, key.view)
    lhs, rhs = match.equations(gate * size[0], with_shared=True)
    more = key.places.equations(shared, key.view, size, with_shared=True)
    return lhs + more[0], rhs + more[1]


def frame_covariance(joint: Joint, key: Key, painted: Painted, size: tuple[int, int], *, gate: float) -> Floats:
    """Return the covariance (8, 8) of shared and view that one frame leaves by itself, without distortion."""
    match = LineMatch(painted, key.lines, size, gate * size[0])
    lhs, _ = equations(joint.shared, key, match, gate, size)
    held = np.diag(np.concatenate([PRIOR, [30.0, 30.0, 1.5, 1.0]]) ** -2.0)
    held[3, 3] = 1e12
    return np.asarray(np.linalg.inv(lhs + held))


def agreement(joint: Joint, painted: Painted, size: tuple[int, int]) -> float:
    """Return how well lines agree, 0…1: the part of the painted ones that is seen, times that explained, over keys."""
    found = [support(key.lines, in_view(painted, joint.shared, key.view, size), size) for key in joint.keys]
    return float(np.mean([on * explained for _, on, explained in found])) if found else 0.0
