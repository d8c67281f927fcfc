"""Marks: places of the pitch that someone has found in frames of a video."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from sportstrack.errors import FormatError, SettingError, nearest
from sportstrack.files.reading import read_text
from sportstrack.pitch.model import Line, Pitch, Point

_FLAT = 0.02
"""A triangle whose height is less than this part of its longest side counts as a line."""


@dataclass(frozen=True)
class Mark:
    """One place of the pitch in one frame.

    Attributes:
        frame: number of the frame, from 1.
        place: name of a keypoint, or (x, y) or (x, y, height) in metres; or the name of a straight line, if ``pixel``
            is any of its points.
        pixel: (x, y) in the frame.
    """

    frame: int
    place: str | Point
    pixel: tuple[float, float]

    @property
    def title(self) -> str:
        """The place in words."""
        return self.place if isinstance(self.place, str) else "(" + ", ".join(f"{v:g}" for v in self.place) + ")"


@dataclass(frozen=True)
class Placed:
    """A mark with its place in metres.

    Attributes:
        mark: as it was given.
        point: (x, y, height) in metres; None where it is a point of a line.
        line: the line; None where it is a keypoint or a place.
    """

    mark: Mark
    point: tuple[float, float, float] | None = None
    line: Line | None = None


def read_marks(path: str | Path) -> list[Mark]:
    """Return the marks of a CSV file: ``frame,name,px,py``, or ``frame,x,y,px,py`` with x and y in metres.

    A line with six numbers has the height as well: ``frame,x,y,height,px,py``. A header that begins with ``frame``,
    empty lines and lines that begin with # are passed over.

    Raises:
        FormatError: a line is none of them; the message names it.
    """
    marks: list[Mark] = []
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline="")))
    except csv.Error as error:
        raise FormatError(f"{path}: no table of comma-separated values: {error}") from error
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#") or (not marks and cells[0].lower() == "frame"):
            continue
        try:
            marks.append(_mark(cells))
        except (ValueError, OverflowError):
            raise FormatError(
                f"{path}, line {number}: {','.join(cells)!r} is neither frame,name,px,py nor frame,x,y,px,py"
            ) from None
    return marks


def _mark(cells: Sequence[str]) -> Mark:
    if not 4 <= len(cells) <= 6:
        raise ValueError
    frame, *place, px, py = cells
    named = len(place) == 1
    return Mark(int(frame), place[0] if named else tuple(float(v) for v in place), (float(px), float(py)))


def place_marks(marks: Iterable[Mark | Sequence[object]], pitch: Pitch) -> list[Placed]:
    """Return marks with their places in metres.

    Raises:
        SettingError: a name is not on this pitch, a number is not finite, a frame is below 1, or a place is marked
            twice.
    """
    placed = [_place(_as_mark(mark), pitch) for mark in marks]
    seen: dict[tuple[int, object], Mark] = {}
    for one in placed:
        if one.point is not None:
            other = seen.setdefault((one.mark.frame, one.point), one.mark)
            if other is not one.mark:
                raise SettingError(
                    f"frame {other.frame}: {other.title} is marked twice, at {other.pixel} and {one.mark.pixel}"
                )
    return placed


def _as_mark(mark: Mark | Sequence[object]) -> Mark:
    if isinstance(mark, Mark):
        return mark
    if len(mark) != 3:
        raise SettingError(f"a mark is (frame, place, (px, py)), not {mark!r}")
    return Mark(*mark)  # type: ignore[arg-type]


def _place(mark: Mark, pitch: Pitch) -> Placed:
    where = f"frame {mark.frame}, {mark.title}"
    if mark.frame < 1:
        raise SettingError(f"{where}: frames are numbered from 1")
    if len(mark.pixel) != 2 or not np.isfinite(mark.pixel).all():
        raise SettingError(f"{where}: its pixel must be two finite numbers, not {mark.pixel}")
    if not isinstance(mark.place, str):
        if len(mark.place) not in (2, 3) or not np.isfinite(mark.place).all():
            raise SettingError(f"{where}: a place has x and y in metres, or x, y and height")
        return Placed(mark, _high(mark.place))
    if mark.place in pitch.keypoints:
        return Placed(mark, _high(pitch.keypoints[mark.place]))
    if mark.place in pitch.lines:
        return Placed(mark, line=pitch.lines[mark.place])
    if mark.place in pitch.arcs:
        raise SettingError(f"{where}: points of circles and arcs cannot be used; mark keypoints or straight lines")
    known = [*pitch.keypoints, *pitch.lines]
    raise SettingError(f"{where}: {pitch.name} has no such keypoint or line{nearest(mark.place, known)}")


def _high(point: Point) -> tuple[float, float, float]:
    return (float(point[0]), float(point[1]), float(point[2]) if len(point) == 3 else 0.0)


def check_marks(placed: Sequence[Placed], frame: int) -> None:
    """Refuse the marks of one frame that no camera can be told from.

    Raises:
        SettingError: there are fewer than four, they are on one line, or they are mirrored or swapped.
    """
    if len(placed) < 4:
        raise SettingError(f"frame {frame}: {len(placed)} marks; a camera needs four or more points and lines")
    ground = [one for one in placed if one.point is not None and one.point[2] == 0]
    if len(ground) == len(placed):
        metres = np.array([one.point[:2] for one in ground if one.point is not None])
        for values, unit, least in ((metres, "m", 0.02), (np.array([o.mark.pixel for o in ground]), "pixels", 0.01)):
            along, across = np.linalg.svd(values - values.mean(0), compute_uv=False) / np.sqrt(len(values))
            if across <= least * along:
                raise SettingError(
                    f"frame {frame}: the {len(ground)} points are on one line, spread by {along:.1f} {unit} along "
                    f"it and {across:.2f} {unit} across; mark others beside it"
                )
    _check_order(ground, frame)


def _check_order(ground: Sequence[Placed], frame: int) -> None:
    """Refuse points that are seen in another order than they have: a camera above the ground turns no triangle over."""
    wrong, total = np.zeros(len(ground), dtype=int), 0
    for three in combinations(range(len(ground)), 3):
        on_pitch = _area([ground[i].point for i in three])
        in_frame = _area([ground[i].mark.pixel for i in three])
        if min(abs(on_pitch), abs(in_frame)) > _FLAT:
            total += 1
            if on_pitch * in_frame < 0:
                wrong[list(three)] += 1
    turned = int(wrong.sum()) // 3
    if turned and turned == total:
        raise SettingError(
            f"frame {frame}: all {total} triangles of points are mirrored; "
            "left and right, or near and far, are exchanged"
        )
    if turned:
        named = [ground[i].mark.title for i in np.argsort(-wrong, kind="stable")[:2]]
        raise SettingError(
            f"frame {frame}: {turned} of {total} triangles of points are turned over; two points are swapped or one is "
            f"wrong; look at {named[0]} and {named[1]} first"
        )


def _area(corners: Sequence[object]) -> float:
    """Return the signed height of a triangle over its longest side, as a part of that side."""
    a, b, c = (np.asarray(corner, dtype=float)[:2] for corner in corners)
    longest = max(((a - b) ** 2).sum(), ((b - c) ** 2).sum(), ((c - a) ** 2).sum())
    cross = (b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0]
    return float(cross / longest) if longest > 0 else 0.0
