"""One frame of a chain: the view that the motion predicts, and the view that the frame's own evidence corrects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.match import LineMatch
from sportstrack.pitch.clip.model import InView, Painted
from sportstrack.pitch.clip.places import Places
from sportstrack.pitch.clip.views import VIEW, far_sight, rays_of

GATES = (4.0 / 1000, 18.0 / 1000)
"""Of the width: the narrowest and the widest gate for line pixels."""
MOTION_ERROR = np.array([0.004, 0.004, 0.002, 0.0004])
"""Degrees and logarithm by which a step of the motion is off at best."""
UNKNOWN_MOTION = np.array([1.5, 0.7, 0.1, 0.03])
"""The same where the motion is not known."""
LEAST_MATCHES = 15
LEAST_AGREEING, MOST_AGREEING = 0.35, 0.5
"""Part of the points that must agree: in a clear picture, and where noise moves them most."""
NOISIEST = 4.0
"""Times as far as in a clear picture may points be off in a dark one, where noise moves them."""
STILL = 0.5 / 1000
"""Of the width: what moves less stands still."""
_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class State:
    """A view and how well it is known.

    Attributes:
        view: (4,).
        covariance: (4, 4).
    """

    view: Floats
    covariance: Floats


@dataclass(frozen=True, eq=False)
class ViewMotion:
    """How a view changes from one frame to the next.

    Attributes:
        change: (4,).
        covariance: (4, 4).
        known: whether it was seen; else it is the guess that nothing moves.
    """

    change: Floats
    covariance: Floats
    known: bool


def backwards(motion: ViewMotion) -> ViewMotion:
    """Return the motion the other way round, to first order."""
    return ViewMotion(-motion.change, motion.covariance, motion.known)


def rescaled(motion: ViewMotion, scale: float) -> ViewMotion:
    """Return the motion with turns so many times as large: the same pixels, seen with another focal length."""
    by = np.array([scale, scale, 1.0, 1.0])
    return ViewMotion(by * motion.change, motion.covariance * np.outer(by, by), motion.known)


def unknown_motion() -> ViewMotion:
    """Return the motion of a frame that nothing is known of."""
    return ViewMotion(np.zeros(VIEW), np.diag(UNKNOWN_MOTION**2), False)


def find_motion(shared: Floats, view: Floats, before: Floats, after: Floats, size: tuple[int, int]) -> ViewMotion:
    """Return the turn and zoom under which points (M, 2) of a view went to where they are in the next frame, (M, 2).

    What is seen by a camera that only turns moves alike, however far it is, so stands and boards count as the ground
    does. Least squares with Tukey's weights, whose scale falls from round to round.
    """
    if len(before) < LEAST_MATCHES:
        return unknown_motion()
    principal = (size[0] / 2, size[1] / 2)
    rays = rays_of(shared, view, before, principal)
    usable = np.isfinite(rays).all(1)
    moves = np.abs(after - before).max(axis=1) > STILL * size[0]
    if moves.mean() > 0.5:  # captions stay where they are
        usable &= moves
    rays, after = rays[usable], after[usable]
    if len(after) < LEAST_MATCHES:
        return unknown_motion()
    now = np.array(view)
    # the middle of all moves is a start that few wrong ones shift
    shift = np.median(after - before[usable], axis=0) / np.exp(view[3])
    now[:2] += np.degrees(np.array([-shift[0] / max(np.cos(np.radians(view[1])), 0.2), -shift[1]]))
    least = 0.25 * size[0] / 1000
    weight, scale = np.ones(len(after)), 8 * least
    level = np.array([0.0, 0.0, 1.0, 0.0])  # roll stays where it was, if nothing tells it
    for turn in range(6):
        sight = far_sight(now, float(shared[3]), rays, principal)
        off = (after - sight.pixels).T
        distance = np.hypot(off[0], off[1])
        noise = float(np.clip(_smallest(distance, LEAST_AGREEING), least, NOISIEST * least))
        scale = max(noise, min(0.6 * scale, 1.5 * _middle(distance) + 1e-9))
        weight = np.square(np.clip(1 - np.square(distance / (4 * scale)), 0, None))
        if (weight > 0).sum() < LEAST_MATCHES:
            return unknown_motion()
        if turn < 2:  # from here on slopes hardly change
            jacobian = sight.slopes()
        weighted = (jacobian * weight).reshape(VIEW, -1)
        lhs = weighted @ jacobian.reshape(VIEW, -1).T + np.diag(level)
        step = np.linalg.solve(lhs, weighted @ off.ravel() - level * (now - view))
        now = now + step
        if scale <= noise and np.abs(step).max() < 1e-4:
            break
    agreeing = weight > 0.1
    least_agreeing = np.interp(scale / least, (1.0, NOISIEST), (LEAST_AGREEING, MOST_AGREEING))
    if agreeing.sum() < LEAST_MATCHES or agreeing.mean() < least_agreeing:
        return unknown_motion()
    covariance = 4 * scale**2 * np.linalg.inv(lhs) + np.diag(MOTION_ERROR**2)
    return ViewMotion(now - view, covariance, True)


def _middle(values: Floats) -> float:
    """Return about the median, in a fraction of the time that numpy's takes."""
    return _smallest(values, 0.5)


def _smallest(values: Floats, part: float) -> float:
    """Return the value below which about this part of all lies."""
    row = int(part * len(values))
    return float(np.partition(values, row)[row])


@dataclass(frozen=True, eq=False)
class Correction:
    """What a frame's own evidence makes of a view.

    Attributes:
        state: with the evidence and what was known before.
        information: (4, 4) of the evidence alone: the inverse of a covariance, with directions that it does not tell.
        match: of the line pixels, at the view found.
    """

    state: State
    information: Floats
    match: LineMatch


def correct(
    shared: Floats, prior: State, painted: Painted, lines: Floats, places: Places, size: tuple[int, int]
) -> Correction:
    """Return the view that fits line pixels and named places best, given what is known before (iterated filter)."""
    known = np.linalg.inv(prior.covariance)
    state, information = prior, np.zeros((VIEW, VIEW))
    match = LineMatch(painted, lines, size, GATES[1] * size[0])
    match.go(shared, prior.view)
    for turn in range(_ROUNDS):
        lhs, rhs = match.equations(_gate(state, match.seen, size))
        more = places.equations(shared, state.view, size)
        information = lhs + more[0]
        rhs = rhs + more[1] + known @ (prior.view - state.view)
        covariance = np.asarray(np.linalg.inv(known + information))
        step = covariance @ rhs
        state = State(state.view + step, covariance)
        match.go(shared, state.view)
        if turn and np.abs(step).max() < 1e-3:
            break
    return Correction(state, information, match)


def _gate(state: State, seen: InView, size: tuple[int, int]) -> float:
    """Return how far, in pixels, line pixels may be from where they are expected."""
    some = slice(None, None, max(1, len(seen.index) // 40))
    if not len(seen.index):
        return GATES[1] * size[0]
    jacobian = seen.sight.take(some).slopes().transpose(2, 1, 0)
    variance = np.einsum("nij,jk,nik->n", jacobian, state.covariance, jacobian) / 2
    return float(np.clip(3 * np.sqrt(_middle(variance)) + GATES[0] * size[0], GATES[0] * size[0], GATES[1] * size[0]))
