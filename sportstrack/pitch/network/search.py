"""Cameras to begin with, by search: many cameras as broadcasts have them are compared with the maps of lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.model import Pitch
from sportstrack.pitch.network.fit import pixels_of
from sportstrack.pitch.network.layout import FOOTBALL_LINES
from sportstrack.pitch.network.points import Maps

CANDIDATES = 12000
KEPT, ROUNDS, CHILDREN = 24, 6, 24
SPREAD = np.array([5.0, 7.0, 0.2, 2.5, 1.2, 0.5, 0.12])
"""Of the first round about a candidate that is kept; each round is closer."""
CROSS = 1.7
"""Cells that a line is wide in the maps."""
STEP = 2.0  # metres


@dataclass(frozen=True, eq=False)
class _Model:
    """Points along the lines: (N, 2) metres, (N,) their lines' numbers, and which go on to the next one."""

    points: Floats
    line: NDArray[np.int64]
    goes_on: NDArray[np.bool_]


class Scorer:
    """Compares the lines of cameras with the maps of a frame."""

    def __init__(self, maps: Maps, pitch: Pitch) -> None:
        self.model = _model(pitch)
        self.aspect = maps.size[1] / maps.size[0]
        self._map, self._mass = _score_map(maps)

    def scores(self, vectors: Floats) -> Floats:
        """Return (B,) how well the lines of B cameras (B, 7) and those of the maps cover each other, 0…1."""
        return self.of_cells(*_look(vectors, self.model, self.aspect))

    def of_cells(self, cells: NDArray[np.int32], lengths: NDArray[np.float32]) -> Floats:
        """Return twice the length that fits over the length of both, the camera's lines and the maps' (Dice)."""
        flat = self._map.reshape(len(self._map), -1)
        fitting = (flat[self.model.line, cells] * lengths).sum(1)
        return np.asarray(2 * fitting / (lengths.sum(1) + self._mass + 10.0))


def search(maps: Maps, pitch: Pitch, best: int = 5) -> Floats:
    """Return the best few cameras, (K, 7) as `to_vector`, whose lines lie where the maps have lines."""
    scorer = Scorer(maps, pitch)
    vectors, cells, lengths = _candidates(pitch, scorer.aspect)
    scores = scorer.of_cells(cells, lengths)
    rng = np.random.default_rng(0)
    order = np.argsort(-scores)[:KEPT]
    vectors, scores = vectors[order], scores[order]
    for turn in range(ROUNDS):
        children = np.repeat(vectors, CHILDREN, axis=0)
        children += rng.normal(0, 1, children.shape) * SPREAD * 0.62**turn
        everyone = np.concatenate([vectors, children])
        values = np.concatenate([scores, scorer.scores(children)])
        vectors, scores = _apart(everyone, values, KEPT if turn < 2 else KEPT // 2, 0.5 * 0.62**turn)
    return vectors[:best]


def _apart(vectors: Floats, scores: Floats, count: int, near: float) -> tuple[Floats, Floats]:
    """Return the best ones, none of which is close to a better one."""
    kept: list[int] = []
    for i in np.argsort(-scores):
        if all((np.abs(vectors[i] - vectors[k]) / SPREAD).max() > near for k in kept):
            kept.append(int(i))
        if len(kept) == count:
            break
    return vectors[kept], scores[kept]


def _model(pitch: Pitch) -> _Model:
    points, line, goes_on = [], [], []
    for number, name in enumerate(FOOTBALL_LINES):
        part = pitch.lines[name] if name in pitch.lines else pitch.arcs[name]
        some = part.points(STEP)
        points.append(some)
        line += [number] * len(some)
        goes_on += [True] * (len(some) - 1) + [False]
    return _Model(np.concatenate(points), np.array(line), np.array(goes_on))


def _score_map(maps: Maps) -> tuple[NDArray[np.float32], float]:
    """Return (L, 50, 82), how well a line fits in a cell, with a border that fits nothing; and the length of all."""
    every = maps.lines.max(axis=0)
    own = maps.lines / np.maximum(maps.lines.sum(axis=0), 1e-3)
    value = every * (0.35 + 0.65 * own)
    smooth = (np.roll(value, 1, 1) + np.roll(value, -1, 1) + np.roll(value, 1, 2) + np.roll(value, -1, 2)) / 4
    value = np.maximum(value, 0.9 * smooth)
    return np.pad(value, ((0, 0), (1, 1), (1, 1))).astype(np.float32), float(every.sum()) / CROSS


def _look(vectors: Floats, model: _Model, aspect: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the cells (B, N) of the score map that points are seen in, 0 outside, and lengths of lines in cells."""
    rows, columns = 48, 80
    pixels = pixels_of(vectors, model.points, (1000, round(1000 * aspect)))
    at = np.nan_to_num(pixels / (1000, 1000 * aspect) * (columns, rows), nan=-99.0)
    step = np.zeros(at.shape[:2])
    step[:, :-1] = np.sqrt(((at[:, 1:] - at[:, :-1]) ** 2).sum(2)) * model.goes_on[:-1]
    inside = (at >= 0).all(2) & (at < (columns, rows)).all(2)
    where = (np.floor(at).clip(0, 79).astype(np.int32) + 1) @ np.array([1, columns + 2], dtype=np.int32)
    lengths = np.where(inside, np.minimum(step, 6.0), 0.0)
    return np.where(inside, where, 0).astype(np.int32), lengths.astype(np.float32)


_SEEN: dict[tuple[float, float, float], tuple[Floats, NDArray[np.int32], NDArray[np.float32]]] = {}


def _candidates(pitch: Pitch, aspect: float) -> tuple[Floats, NDArray[np.int32], NDArray[np.float32]]:
    """Return cameras as broadcasts have them, and what they see; kept for the next frame."""
    key = (pitch.length, pitch.width, round(aspect, 3))
    if key not in _SEEN:
        _SEEN.clear()
        vectors, model = _sampled(pitch, aspect), _model(pitch)
        parts = [_look(some, model, aspect) for some in np.array_split(vectors, 12)]
        _SEEN[key] = vectors, np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    return _SEEN[key]


def _sampled(pitch: Pitch, aspect: float) -> Floats:
    """Return (N, 7): three in four at the near side about the middle, the others anywhere around."""
    rng, n = np.random.default_rng(1), CANDIDATES
    half = np.array([pitch.length, pitch.width]) / 2
    kind = rng.random(n)
    side = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    x = np.where(kind < 0.75, rng.normal(0, 5, n), side * rng.uniform(15, 42, n))
    y = half[1] + np.exp(rng.uniform(np.log(9), np.log(62), n))
    x = np.where(kind > 0.87, side * (half[0] + rng.uniform(2, 32, n)), x)
    y = np.where(kind > 0.87, half[1] + rng.uniform(-10, 42, n), y)
    behind = kind > 0.95
    x, y = np.where(behind, half[0] + rng.uniform(10, 50, n), x), np.where(behind, rng.normal(0, 5, n), y)
    height = np.exp(rng.uniform(np.log(5), np.log(38), n))
    aim = np.stack([rng.uniform(-1, 1, n) * half[0], rng.normal(0, 0.33, n) * half[1]], 1)
    ahead = aim - np.stack([x, y], 1)
    distance = np.hypot(np.hypot(*ahead.T), height)
    wide = np.exp(rng.uniform(np.log(25), np.log(100), n))
    zoom = np.log(np.clip(distance / wide, 0.45, 7.0))
    off = rng.uniform(-0.12, 0.22, n) * aspect / np.exp(zoom)
    tilt = np.degrees(np.arctan2(height, np.hypot(*ahead.T)) - np.arctan(off))
    pan = np.degrees(np.arctan2(ahead[:, 0], -ahead[:, 1]))
    return np.stack([x, y, np.log(height), pan, tilt, rng.normal(0, 0.7, n), zoom], 1)
