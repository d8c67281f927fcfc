"""Models of pitches: lines, arcs and named keypoints in metres, of any sport that has a file in ``surfaces/``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError, unknown
from sportstrack.files.reading import read_yaml

Point = tuple[float, ...]
Metres = npt.NDArray[np.float64]

_FOLDER = Path(__file__).parent / "surfaces"
_TERM = re.compile(r"([+-]?)(L|W|\d+(?:\.\d+)?)")
_SAME = 1e-9
MAX_SIDE = 500.0
"""Metres: no pitch is longer."""


@dataclass(frozen=True)
class Line:
    """A straight line of a pitch.

    Attributes:
        start: (x, y) of one end in metres.
        end: (x, y) of the other.
        dashed: it is painted as dashes.
        colour: of its paint, as in ``"#ffffff"``.
    """

    start: Point
    end: Point
    dashed: bool
    colour: str

    def points(self, step: float = 1.0) -> Metres:
        """Return the two ends, and points between them where they are further apart than ``step`` metres, (N, 2)."""
        start, end = np.asarray(self.start), np.asarray(self.end)
        count = max(2, int(np.ceil(np.linalg.norm(end - start) / step)) + 1)
        return np.asarray(start + np.linspace(0.0, 1.0, count)[:, None] * (end - start))

    def distance(self, points: npt.ArrayLike) -> Metres:
        """Return the distances in metres of (N, 2) points from the line between its ends, (N,)."""
        start, along = np.asarray(self.start), np.subtract(self.end, self.start)
        offset = np.asarray(points, dtype=float) - start
        part = np.clip(offset @ along / (along @ along), 0.0, 1.0)
        return np.asarray(np.linalg.norm(offset - part[:, None] * along, axis=1))


@dataclass(frozen=True)
class Arc:
    """A circle of a pitch or a part of one.

    Attributes:
        centre: (x, y) in metres.
        radius: in metres.
        start: angle of its first end in radians, from the x axis towards the y axis.
        sweep: angle that it covers in radians, 2π for a circle.
        dashed: it is painted as dashes.
        colour: of its paint, as in ``"#ffffff"``.
    """

    centre: Point
    radius: float
    start: float
    sweep: float
    dashed: bool
    colour: str

    def points(self, step: float = 0.25) -> Metres:
        """Return points along the arc, at most ``step`` metres apart, (N, 2)."""
        count = max(9, int(np.ceil(self.radius * self.sweep / step)) + 1)
        angles = self.start + np.linspace(0.0, self.sweep, count)
        return np.asarray(self.centre) + self.radius * np.column_stack([np.cos(angles), np.sin(angles)])

    def distance(self, points: npt.ArrayLike) -> Metres:
        """Return the distances in metres of (N, 2) points from the arc, (N,)."""
        offset = np.asarray(points, dtype=float) - self.centre
        past = np.mod(np.arctan2(offset[:, 1], offset[:, 0]) - self.start + _SAME, 2 * np.pi)
        to_ends = np.linalg.norm(
            np.asarray(points, dtype=float)[:, None] - self.points(self.radius)[[0, -1]], axis=2
        ).min(1)
        on = past <= self.sweep + 2 * _SAME
        return np.asarray(np.where(on, np.abs(np.linalg.norm(offset, axis=1) - self.radius), to_ends))


@dataclass(frozen=True)
class Pitch:
    """The markings of a pitch, in metres.

    The origin is the centre spot, x runs along the length to the right, y towards the near side, where most cameras
    stand. What is at positive x has "right" in its name, at positive y "near". Lines have no width.

    Attributes:
        name: of the model, such as ``"football"``.
        length: in metres, along x.
        width: in metres, along y.
        lines: name → straight line.
        arcs: name → circle or arc.
        spots: name → (x, y) of what is painted as a spot.
        keypoints: name → (x, y), or (x, y, height) for what is above the ground, such as the ends of a crossbar; spots
            are among them.
        surface: colour of the ground, as in ``"#3f8a3c"``.
        paint: colour of the spots.
        source: the rules that the measures come from.
    """

    name: str
    length: float
    width: float
    lines: Mapping[str, Line]
    arcs: Mapping[str, Arc]
    spots: Mapping[str, Point]
    keypoints: Mapping[str, Point]
    surface: str
    paint: str
    source: str

    @property
    def parts(self) -> list[Line | Arc]:
        """All lines and arcs."""
        return [*self.lines.values(), *self.arcs.values()]

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Half the length and half the width of everything that is painted, in metres, in-goal areas included."""
        x, y = np.abs(np.concatenate([part.points() for part in self.parts])).max(0)
        return float(x), float(y)


def pitch_names() -> list[str]:
    """Return the names of the models, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_pitch(name: str = "football", length: float | None = None, width: float | None = None) -> Pitch:
    """Return the model of a pitch.

    Args:
        name: one of `pitch_names`; ``-`` and ``_`` are the same.
        length: in metres; None for the standard one. Football, futsal, field hockey, rugby and rinks have many sizes.
        width: in metres; None for the standard one.

    Raises:
        SettingError: there is no such model, or it has no room in this size.
    """
    known, wanted = pitch_names(), name.strip().lower().replace("-", "_").replace(" ", "_")
    if wanted not in known:
        raise SettingError(unknown("pitch", name, known))
    data = _data(wanted)
    unit = float(data.get("unit", 1.0))
    standard = tuple(side * unit for side in data["size"])
    size = (standard[0] if length is None else float(length), standard[1] if width is None else float(width))
    _check_size(wanted, size, standard, str(data["sizes"]))
    reader = _Reader(wanted, size, unit, data)
    lines = {k: v for key, ends in data["lines"].items() for k, v in reader.lines(key, ends).items()}
    arcs = {k: v for key, arc in data["arcs"].items() for k, v in reader.arcs(key, arc).items()}
    spots = {k: v for key, xy in data["spots"].items() for k, v in reader.points(key, xy).items()}
    keypoints = {k: v for key, xy in data["keypoints"].items() for k, v in reader.points(key, xy).items()}
    return Pitch(
        wanted, *size, lines, arcs, spots, {**spots, **keypoints}, data["surface"], data["paint"], data["source"]
    )


@cache
def _data(name: str) -> dict[str, Any]:
    """Return what the file of a model says; nobody changes it."""
    return dict(read_yaml(_FOLDER / f"{name}.yaml"))


def _check_size(name: str, size: tuple[float, float], standard: tuple[float, ...], sizes: str) -> None:
    length, width = size
    asked = f"{name}: {length:g} × {width:g} m"
    if not all(np.isfinite(side) and 0 < side <= MAX_SIDE for side in size):
        raise SettingError(f"{asked}: length and width must be between 0 and {MAX_SIDE:g} m")
    if length < width:
        raise SettingError(f"{asked}: the length is less than the width; are they swapped?")
    if sizes == "one" and not np.allclose(size, standard, atol=0.005):
        raise SettingError(f"{asked}: its rules know one size, {standard[0]:g} × {standard[1]:g} m")


@dataclass
class _Reader:
    """Turns the right and near quarter of a file into the whole pitch."""

    name: str
    size: tuple[float, float]
    unit: float
    data: dict[str, Any]

    def value(self, text: object) -> float:
        """Return a coordinate such as ``L - 16.5`` in metres."""
        short = str(text).replace(" ", "")
        half = {"L": self.size[0] / 2, "W": self.size[1] / 2}
        terms = _TERM.findall(short)
        assert "".join(sign + term for sign, term in terms) == short, f"{self.name}: {text}"
        return float(
            sum(
                (-1 if sign == "-" else 1) * half.get(t, 0.0 if t in half else _number(t, self.unit))
                for sign, t in terms
            )
        )

    def point(self, texts: list[object]) -> Point:
        """Return a point in metres; refuses one that the size leaves no room for."""
        point = tuple(self.value(text) for text in texts)
        starts_at_end = str(texts[0]).startswith("L")
        beside = not str(texts[1]).lstrip("-").startswith("W") and abs(point[1]) > self.size[1] / 2 + _SAME
        if beside or (starts_at_end and point[0] < 0) or abs(point[0]) > self.size[0] / 2 + 25:
            raise SettingError(f"{self.name}: {self.size[0]:g} × {self.size[1]:g} m leave no room for its lines")
        return point

    def look(self, key: str) -> tuple[bool, str]:
        return key in self.data.get("dashed", ()), self.data.get("colours", {}).get(key, self.data["paint"])

    def points(self, key: str, texts: list[object]) -> dict[str, Point]:
        """Return a point and its mirror images by name."""
        x, y, *height = self.point(texts)
        return {
            _named(key, sx if x else 0, sy if y else 0): (sx * x if x else 0.0, sy * y if y else 0.0, *height)
            for sx, sy in _SIDES
        }

    def lines(self, key: str, ends: list[list[object]]) -> dict[str, Line]:
        """Return a line and its mirror images by name."""
        a, b = (self.point(end) for end in ends)
        in_x, in_y = (not np.isclose(a[0], -b[0]), not np.isclose(a[1], -b[1]))
        found = {}
        for sx, sy in _SIDES:
            where = _named(key, sx if in_x else 0, sy if in_y else 0)
            start, end = ((sx * p[0] if in_x else p[0], sy * p[1] if in_y else p[1]) for p in (a, b))
            found[where] = Line(start, end, *self.look(key))
        return found

    def arcs(self, key: str, arc: dict[str, Any]) -> dict[str, Arc]:
        """Return a circle or arc and its mirror images by name."""
        x, y = self.point(arc["centre"])
        radius = float(arc["radius"]) * self.unit
        if "from" in arc:
            angles = [float(np.arctan2(q - y, p - x)) for p, q in (self.point(arc["from"]), self.point(arc["to"]))]
            start, sweep = angles[0], (angles[1] - angles[0]) % (2 * np.pi)
        else:
            start, sweep = 0.0, 2 * np.pi
        found: dict[str, Arc] = {}
        for sx, sy in _SIDES:
            first = start if sx > 0 else np.pi - start - sweep
            first = first if sy > 0 else -first - sweep
            where = _named(key, sx if x else 0, sy if y else 0)
            found.setdefault(where, Arc((sx * x, sy * y), radius, float(first), sweep, *self.look(key)))
        return found


_SIDES = ((1, 1), (-1, 1), (1, -1), (-1, -1))


def _number(text: str, unit: float) -> float:
    return float(text) * unit


def _named(key: str, sx: int, sy: int) -> str:
    return {1: "right_", -1: "left_", 0: ""}[sx] + {1: "near_", -1: "far_", 0: ""}[sy] + key
