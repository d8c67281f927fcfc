"""Formation: know players again across a shot change by how they stand to one another on the ground.

A shot change takes no time. A player that is in both pictures stands, in both, on the same spot of the same ground.
People are about equally tall, so their heights in the picture, as a function of the row, give the ground away: with h
the height of a person whose feet are at (x, y), the point (x / h, 1 / h) is an affine image of the spot (single-view
metrology: Criminisi, Reid, Zisserman, 2000). Left unknown are the second camera's place and direction, and both focal
lengths.

A guess at these comes from two players of the first picture and two of the second that are equally far apart (RANSAC:
Fischler, Bolles, 1981); focal lengths are tried from a short list. The guesses under which most other players fall into
place are refined to affine maps, each weighed by its *evidence*: the log-likelihood of its hits against chance's, less
what is missing where the other picture should show it. A fit counts if its evidence is high, and higher than that of
the best fit that contradicts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import BoolArray, FloatArray, IntArray

FOCAL = (1.1, 1.6, 2.3, 3.3)  # focal lengths tried, in picture widths
LEAST = 4  # players on each side
APART = 3.0  # person heights (the unit of length on the ground); players closer together make no guess
STRETCH = (0.1, 0.4)  # two players' distance may differ by this share and this much between two views
NEAR = 1.2  # person heights; a guess brings a player this close to one of the other picture, or closer
TOLERANCE = 0.7  # person heights; the same of a refined map
STIFF = 8.0  # squared lengths; how strongly a map is held to what two cameras can do
PAIRS = 64  # pairs of players before the shot change that make guesses, at most; drawn from all
GUESSES = 4_000  # guesses that are tried, at most; drawn from all
BEST = 40  # guesses that are refined
ROUNDS = 5
SPREAD = 0.25  # person heights between a player's two places under the right map
SEEN = 0.85  # chance that a player that stands in the picture is found there ...
MISSING = 1.2  # ... and the cost if it is not, nats
MARGIN = 0.04  # share of the picture's sides where no player need be found
SAME = 0.3  # share of common pairs above which two fits are the same
_BLOCK = 2048
_FAR = 1e6

_SLOPE = (0.10, 0.06)  # growth of a person per row of the picture: what to expect of stands, and its spread
_BODY = 0.07  # spread of people's heights, as a share


@dataclass(frozen=True, eq=False)
class Standing:
    """The players at one side of a shot change.

    Attributes:
        feet: (N, 2) pixels.
        rise: (2,) a and b: a person whose feet are at row y is a + b · y pixels tall.
    """

    feet: FloatArray
    rise: FloatArray


@dataclass(frozen=True, eq=False)
class Fit:
    """How two standings fit.

    Attributes:
        a: (K,) players before the shot change.
        b: (K,) the same players after it.
        distance: (K,) how far apart the map leaves them, person heights.
        next: (K,) the distance from either to the nearest other possible player.
        evidence: log-likelihood ratio against chance.
        rival: the same of the best fit that contradicts this one.
    """

    a: IntArray
    b: IntArray
    distance: FloatArray
    next: FloatArray
    evidence: float
    rival: float


def rise_of(feet_row: FloatArray, height: FloatArray, player: IntArray) -> FloatArray:
    """Return (2,) a and b of height ≈ a + b · row; robust against stooping and jumping, each player with one vote.

    Args:
        feet_row: (N,) lower edges of boxes, pixels.
        height: (N,) their heights.
        player: (N,) whose boxes they are.
    """
    _, own, count = np.unique(player, return_inverse=True, return_counts=True)
    vote, usual = 1.0 / count[own], float(np.median(height))
    trust: FloatArray = np.ones(len(height))
    expected, spread = _SLOPE
    intercept, slope = 0.0, expected
    for _ in range(4):
        weight = vote * trust / (_BODY * usual) ** 2
        row, tall = np.average(feet_row, weights=weight), np.average(height, weights=weight)
        off = feet_row - row
        product = (weight * off * (height - tall)).sum() + expected / spread**2
        slope = max(float(product / ((weight * off * off).sum() + spread**-2)), 0.02)
        intercept = float(tall - slope * row)
        trust = 1.0 / np.maximum(np.abs(height - intercept - slope * feet_row) / (_BODY * usual), 1.0)
    return np.array([intercept, slope])


def best_fit(before: Standing, after: Standing, possible: BoolArray, size: tuple[float, float]) -> Fit | None:
    """Find the map of the ground that brings most players before a shot change onto those after it.

    Args:
        before: N players.
        after: M players.
        possible: (N, M) which may be the same: by kit, appearance, class.
        size: (width, height) of the picture, pixels.

    Returns:
        The best fit, however little its evidence, or None where there are too few players. The same input gives the
        same fit.
    """
    if min(len(before.feet), len(after.feet)) < LEAST:
        return None
    source, target = _ground(before, size[0]), _ground(after, size[0])
    guesses = _guesses(source, target, possible)
    if not len(guesses):
        return None
    parts = np.array_split(guesses, -(-len(guesses) // _BLOCK))
    hits = np.concatenate([_hits(part, source, target, possible) for part in parts])
    chosen = guesses[np.argsort(-hits, kind="stable")[:BEST]]
    maps, pairs, distance = _refined(chosen, source, target, possible)
    evidence = _evidence(chosen, maps, pairs, distance, before, after, possible, size)
    first = int(evidence.argmax())
    shared = (pairs & pairs[first]).sum(axis=(1, 2))
    other = shared <= SAME * max(1, int(pairs[first].sum()))
    a, b = pairs[first].nonzero()
    rival = float(evidence[other].max(initial=0.0))
    others = np.where(pairs[first], _FAR, distance[first])
    nearest = np.minimum(others[a].min(axis=1), others[:, b].min(axis=0))
    return Fit(a, b, distance[first, a, b], nearest, float(evidence[first]), rival)


def _ground(standing: Standing, width: float) -> FloatArray:
    """Return (N,) complex points of the ground: sideways, and (imaginary, for a focal length of 1) ahead."""
    x, y = standing.feet.T
    height = np.maximum(standing.rise[0] + standing.rise[1] * y, 0.01 * width)
    return np.asarray((x - 0.5 * width + 1j * width) / height)


def _stretched(points: FloatArray, focal: FloatArray | np.float64) -> FloatArray:
    return np.asarray(points.real + 1j * focal * points.imag)


def _guesses(before: FloatArray, after: FloatArray, possible: BoolArray) -> FloatArray:
    """Return (G, 4) complex rows: focal length before, after, rotation and offset of the ground."""
    i, j = _drawn(np.column_stack(np.triu_indices(len(before), 1)), PAIRS).T
    k, m = np.nonzero(~np.eye(len(after), dtype=np.bool_))
    may = possible[i][:, k] & possible[j][:, m]
    found = []
    for focal_before in FOCAL:
        source = _stretched(before, np.float64(focal_before))
        way = source[j] - source[i]
        apart = np.abs(way)
        for focal_after in FOCAL:
            target = _stretched(after, np.float64(focal_after))
            way_after = target[m] - target[k]
            equal = np.abs(apart[:, None] - np.abs(way_after)) < STRETCH[0] * apart[:, None] + STRETCH[1]
            a, b = (equal & may & (apart > APART)[:, None]).nonzero()
            rotation = way_after[b] / way[a]
            rotation /= np.abs(rotation)
            offset = 0.5 * (target[k[b]] + target[m[b]] - rotation * (source[i[a]] + source[j[a]]))
            focal = np.ones((len(a), 2)) * (focal_before, focal_after)
            found.append(np.column_stack((focal, rotation, offset)))
    return _drawn(np.concatenate(found), GUESSES)


def _drawn(rows: NDArray[Any], most: int) -> NDArray[Any]:
    """Return at most ``most`` of the rows, always the same ones."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))]


def _hits(guess: FloatArray, before: FloatArray, after: FloatArray, possible: BoolArray) -> IntArray:
    """Return (G,) how many players fall into place."""
    focal_before, focal_after, rotation, offset = guess.T[:, :, None]
    moved = rotation * _stretched(before, focal_before.real) + offset
    way = (moved[:, :, None] - _stretched(after, focal_after.real)[:, None]).astype(np.complex64)
    near = (way.real**2 + way.imag**2 < NEAR**2) & possible
    return np.asarray(np.minimum(near.any(axis=1).sum(axis=1), near.any(axis=2).sum(axis=1)))


def _refined(
    guess: FloatArray, before: FloatArray, after: FloatArray, possible: BoolArray
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Return (G, 2, 3) maps, (G, N, M) the pairs that fall into place under them, and (G, N, M) distances.

    Affine least squares over mutually nearest pairs, several rounds; the linear part is held to the guess's rotation.
    """
    focal_before, focal_after, turn, shift = guess.T[:, :, None]
    source = _plane(_stretched(before, focal_before.real))
    target = _plane(_stretched(after, focal_after.real))
    cosine, sine = turn.real[:, 0], turn.imag[:, 0]
    rotation = np.stack((np.stack((cosine, -sine), axis=-1), np.stack((sine, cosine), axis=-1)), axis=1)
    linear, offset = rotation, _plane(shift)
    tolerance = 1.3 * NEAR
    for _ in range(ROUNDS):
        pairs, _ = _mutual(source @ linear.swapaxes(1, 2) + offset, target, possible, tolerance)
        linear, offset = _affine(source, target, pairs, rotation)
        tolerance = max(TOLERANCE, 0.8 * tolerance)
    pairs, distance = _mutual(source @ linear.swapaxes(1, 2) + offset, target, possible, TOLERANCE)
    return np.concatenate((linear, offset.swapaxes(1, 2)), axis=2), pairs, distance


def _plane(points: FloatArray) -> FloatArray:
    return np.stack((points.real, points.imag), axis=-1)


def _mutual(
    moved: FloatArray, target: FloatArray, possible: BoolArray, tolerance: float
) -> tuple[BoolArray, FloatArray]:
    """Return (G, N, M) whether each is the other's nearest and close enough, and the distances."""
    way = moved[:, :, None] - target[:, None]
    distance = np.where(possible, np.sqrt((way * way).sum(axis=3)), _FAR)
    near = distance < tolerance
    near &= distance == distance.min(axis=2, keepdims=True)
    near &= distance == distance.min(axis=1, keepdims=True)
    return near, distance


def _affine(
    source: FloatArray, target: FloatArray, pairs: BoolArray, rotation: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (G, 2, 2) linear parts and (G, 1, 2) offsets of the maps that fit the pairs best."""
    weight = pairs.astype(np.float64)
    total = np.maximum(weight.sum(axis=(1, 2)), 1.0)[:, None, None]
    left = (weight.sum(axis=2)[:, None] @ source) / total
    right = (weight.sum(axis=1)[:, None] @ target) / total
    a, b = source - left, target - right
    spread = a.swapaxes(1, 2) @ (weight.sum(axis=2)[:, :, None] * a) + STIFF * np.eye(2)
    common = b.swapaxes(1, 2) @ weight.swapaxes(1, 2) @ a + STIFF * rotation
    linear = np.linalg.solve(spread, common.swapaxes(1, 2)).swapaxes(1, 2)
    return linear, right - left @ linear.swapaxes(1, 2)


def _evidence(
    guess: FloatArray,
    maps: FloatArray,
    pairs: BoolArray,
    distance: FloatArray,
    before: Standing,
    after: Standing,
    possible: BoolArray,
    size: tuple[float, float],
) -> FloatArray:
    """Return (G,) the log-likelihood ratios of the maps."""
    focal_before, focal_after = guess.real[:, :1], guess.real[:, 1:2]
    source = _plane(_stretched(_ground(before, size[0]), focal_before))
    target = _plane(_stretched(_ground(after, size[0]), focal_after))
    linear, offset = maps[:, :, :2], maps[:, None, :, 2]
    moved = source @ linear.swapaxes(1, 2) + offset
    back = (target - offset) @ np.linalg.pinv(linear).swapaxes(1, 2)
    absent = (_inside(moved, after, focal_after, size) & ~pairs.any(axis=2)).sum(axis=1)
    absent += (_inside(back, before, focal_before, size) & ~pairs.any(axis=1)).sum(axis=1)
    # Hits by chance are as dense as the players on the ground that they stand on, seen from either side.
    crowd = np.sqrt(possible.sum(axis=1).mean() / _area(target) * possible.sum(axis=0).mean() / _area(source))
    crowd = np.clip(crowd, 1e-4, 0.3)
    # A hit's distance has a t distribution of two degrees of freedom in the plane.
    close = -np.log(2 * np.pi * SPREAD**2) - 2.0 * np.log1p(distance**2 / (2 * SPREAD**2))
    gain = np.log(SEEN / crowd)[:, None, None] + close
    return np.asarray(np.where(pairs, gain, 0.0).sum(axis=(1, 2)) - MISSING * absent)


def _inside(ground: FloatArray, view: Standing, focal: FloatArray, size: tuple[float, float]) -> BoolArray:
    """Return (G, N) whether spots of the ground, (G, N, 2), are well inside the picture."""
    width, height = size
    ahead = ground[:, :, 1] / focal
    tall = width / np.maximum(ahead, 1e-6)
    x, y = ground[:, :, 0] * tall + 0.5 * width, (tall - view.rise[0]) / view.rise[1]
    within = (x > MARGIN * width) & (x < (1 - MARGIN) * width)
    return np.asarray((ahead > 1e-6) & within & (y > 0.5 * MARGIN * height) & (y < (1 - MARGIN) * height))


def _area(points: FloatArray) -> FloatArray:
    """Return (G,) the area of the box around players on the ground, (G, N, 2), a little enlarged."""
    sides = np.ptp(points, axis=1) + 2.0
    return np.asarray(sides.prod(axis=1))
