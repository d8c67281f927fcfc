"""What was seen of each track, gathered in spans of half a second: kit colours, place among the others, classes.

Of a long video, old spans are put together, so that memory grows no more (see `TrackSightings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.identities.kits import WIDTH, Kits
from sportstrack.types import BoolArray, FloatArray, IntArray

SPAN = 0.5  # seconds
MOST = 2700  # spans that are kept; with 25 people, 20 MB
FRESH = 240  # of these, the newest, stay as they are
_COVERED = 2.0  # a box covered by half by a nearer one says nothing of its own kit
_ALONE = 3  # people in a frame from which on somebody is the outermost
_LINE, _SHORTEST = (
    4,
    0.4,
)  # boxes that a line is fitted to at least; no height on it is less than this share of the usual

VOTED = ("goalkeeper", "referee", "ball", "player")
"""Roles that the classes of a detector may name."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A table with a row for each track and span.

    Attributes:
        span: (M,) number of the span; of several that were put together, of the first.
        spans: (M,) of how many spans the row is the sum.
        track_id: (M,) the track.
        first_frame: (M,) first frame of the track in the span, from 0.
        last_frame: (M,) last one.
        frames: (M,) in how many frames of the span it has a box.
        weight: (M,) how many of them show the kit, parts counted in part.
        kits: (M, regions × colours) sums over frames, weighted.
        left: (M,) frames in which it is the leftmost person on the ground.
        right: (M,) the same of the rightmost.
        near: (M,) frames in which it is nearer to the camera than all others.
        far: (M,) the same of the farthest.
        x: (M,) mean place across the ground, from the line on which the camera looks, in heights of people.
        metres: (M, 2) mean place on the pitch, from its centre; NaN where unknown.
        votes: (M, roles) frames in which the detector named each of `VOTED`.
    """

    span: IntArray
    spans: IntArray
    track_id: IntArray
    first_frame: IntArray
    last_frame: IntArray
    frames: FloatArray
    weight: FloatArray
    kits: NDArray[np.float16]
    left: FloatArray
    right: FloatArray
    near: FloatArray
    far: FloatArray
    x: FloatArray
    metres: FloatArray
    votes: FloatArray

    def __len__(self) -> int:
        return len(self.span)

    def __getitem__(self, rows: NDArray[np.int64] | BoolArray | slice) -> Seen:
        """Return some rows as a new table."""
        return Seen(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def join(cls, tables: Sequence[Seen]) -> Seen:
        """Return the rows of some tables, one after the other."""
        if not tables:
            return _Open().closed(0)
        return cls(**{f.name: np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)})


_SUMS = ("frames", "weight", "left", "right", "near", "far", "x")


@dataclass
class _Open:
    """The span that is being filled: a row for each track, in the order in which they came."""

    row: dict[int, int] = field(default_factory=dict)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    sums: FloatArray = field(default_factory=lambda: np.zeros((0, len(_SUMS) + 3 + len(VOTED))))
    kits: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, WIDTH), np.float32))

    def rows_of(self, tracks: list[int], frame: int) -> IntArray:
        """Return the rows of some tracks, new ones included."""
        for track in tracks:
            if track not in self.row:
                self.row[track] = len(self.row)
                self.first.append(frame)
                self.last.append(frame)
        if (more := len(self.row) - len(self.sums)) > 0:
            self.sums = np.concatenate((self.sums, np.zeros((more, self.sums.shape[1]))))
            self.kits = np.concatenate((self.kits, np.zeros((more, WIDTH), np.float32)))
        rows = np.array([self.row[track] for track in tracks], np.int64)
        for row in rows.tolist():
            self.last[row] = frame
        return rows

    def closed(self, number: int) -> Seen:
        """Return what was gathered as a table."""
        n, sums = len(self.row), dict(zip(_SUMS, self.sums.T, strict=False))
        at = len(_SUMS)
        frames = np.maximum(sums["frames"], 1)
        located = self.sums[:, at + 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            metres = np.where(located[:, None] > 0, self.sums[:, at : at + 2] / located[:, None], np.nan)
        return Seen(
            span=np.full(n, number, np.int64),
            spans=np.ones(n, np.int64),
            track_id=np.array(list(self.row), np.int64),
            first_frame=np.array(self.first, np.int64),
            last_frame=np.array(self.last, np.int64),
            **{name: sums[name] for name in _SUMS if name != "x"},
            kits=_short(self.kits),
            x=sums["x"] / frames,
            metres=metres,
            votes=self.sums[:, at + 3 :],
        )


class TrackSightings:
    """Gathers what is seen of the tracks, frame by frame.

    At most `MOST` spans are kept. Beyond that, neighbours become one, first 2, then 4, 8 …, apart from the newest
    `FRESH`: a track keeps its sums, its first frame and its last one; when it goes on as another is told less exactly.

    Args:
        width: of the picture, in pixels.
        endless: nobody will ask for the whole: old spans are left out instead, and their tracks with them.

    Attributes:
        count: how many spans are over.
        closed: the tables of those that are kept.
    """

    def __init__(self, width: int, *, endless: bool = False) -> None:
        self._middle, self._endless = width / 2, endless
        self.count, self._together = 0, 1
        self.closed: list[Seen] = []
        self._open = _Open()
        self._began: float | None = None

    def add(
        self,
        frame: int,
        time: float,
        track_id: IntArray,
        xyxy: FloatArray,
        kits: Kits,
        weight: FloatArray,
        *,
        role: IntArray | None = None,
        metres: FloatArray | None = None,
        cut: bool = False,
    ) -> bool:
        """Add the people of a frame; return whether a span was closed before it.

        Args:
            frame: number of the frame, from 0.
            time: seconds.
            track_id: (N,) tracks.
            xyxy: (N, 4) pixels.
            kits: (N, regions × colours) as `sportstrack.embed.clothes.kit_colours` returns them.
            weight: (N,) how well each kit is seen, 0 to 1, as of `visible`.
            role: (N,) row in `VOTED` of what the detector says, or −1.
            metres: (N, 2) places on the pitch from its centre, NaN where unknown.
            cut: another shot begins.
        """
        over = self._began is not None and (cut or time - self._began >= SPAN or time < self._began)
        if over:
            self.close()
        if self._began is None:
            self._began = time
        if not len(track_id):
            return over
        rows = self._open.rows_of(track_id.tolist(), frame)
        sums = self._open.sums
        shown = weight * kits.any(axis=1)
        self._open.kits[rows] += kits * weight[:, None].astype(np.float32)
        height = ground_height(xyxy)
        x = ((xyxy[:, 0] + xyxy[:, 2]) / 2 - self._middle) / height
        columns = [np.ones(len(rows)), shown, *_outermost(x), *_outermost(-xyxy[:, 3]), x]
        sums[rows, : len(_SUMS)] += np.stack(columns, axis=1)
        at = len(_SUMS)
        if metres is not None:
            known = np.isfinite(metres).all(axis=1)
            sums[rows[known], at : at + 3] += np.column_stack((metres[known], np.ones(int(known.sum()))))
        if role is not None:
            said = role >= 0
            sums[rows[said], at + 3 + role[said]] += 1
        return over

    def close(self) -> None:
        """End the span."""
        if self._open.row:
            self.closed.append(self._open.closed(self.count))
            self.count += 1
            if len(self.closed) > MOST:
                self._thin()
        self._open, self._began = _Open(), None

    def table(self) -> Seen:
        """Return the rows of all closed spans."""
        return Seen.join(self.closed)

    def so_far(self) -> Seen:
        """Return the rows of all spans, with what was gathered of the one that is open."""
        return Seen.join([*self.closed, self._open.closed(self.count)])

    def _thin(self) -> None:
        """Keep fewer spans of those that are not fresh."""
        old, fresh = self.closed[:-FRESH], self.closed[-FRESH:]
        if self._endless:
            old = old[1::2]
        while len(old) > (MOST - FRESH) * 3 // 4:
            old = together(old, self._together)
            self._together *= 1 if len(old) <= (MOST - FRESH) * 3 // 4 else 2
        self.closed = [*old, *fresh]


def together(tables: Sequence[Seen], count: int) -> list[Seen]:
    """Put `count` neighbouring spans each into one table, in which a track has one row; `tables` are in order."""
    groups: dict[int, list[Seen]] = {}
    for table in tables:
        groups.setdefault(int(table.span[0]) // count, []).append(table)
    return [_summed(Seen.join(group)) if len(group) > 1 else group[0] for group in groups.values()]


def _summed(seen: Seen) -> Seen:
    """Return a table with one row for each track: sums, weighted means of places, first and last frames."""
    ids, row = np.unique(seen.track_id, return_inverse=True)
    row = row.reshape(-1)
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(len(ids)))

    def total(column: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.add.reduceat(column[order], starts, axis=0))

    sums = {name: total(getattr(seen, name)) for name in ("spans", "votes", *_SUMS) if name != "x"}
    located = seen.frames * np.isfinite(seen.metres).all(axis=1)
    places = total(np.nan_to_num(seen.metres) * located[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        metres = places / total(located)[:, None]  # NaN where it was never known
    return Seen(
        span=np.full(len(ids), seen.span.min(), np.int64),
        track_id=ids,
        first_frame=np.minimum.reduceat(seen.first_frame[order], starts),
        last_frame=np.maximum.reduceat(seen.last_frame[order], starts),
        kits=_short(sums_of(row, len(ids), seen.kits)),
        x=total(seen.x * seen.frames) / np.maximum(sums["frames"], 1),
        metres=metres,
        **sums,
    )


def _short(kits: Kits) -> NDArray[np.float16]:
    """Return kits in half of the memory: shares need no more than three digits."""
    return np.asarray(np.minimum(kits, np.finfo(np.float16).max), np.float16)


def sums_of(label: IntArray, count: int, values: NDArray[Any]) -> FloatArray:
    """Return (count, D) the sums of the rows of (M, D) values that have each label; rows below 0 are in none."""
    from scipy.sparse import csr_matrix

    rows = np.flatnonzero(label >= 0)
    chosen = csr_matrix((np.ones(len(rows)), (label[rows], rows)), shape=(count, len(values)))
    return np.asarray(chosen @ values.astype(np.float64))


def ground_height(xyxy: FloatArray) -> FloatArray:
    """Return (N,) how tall a person is in the picture where each of (N, 4) boxes stands, in pixels.

    On level ground that height grows evenly with the row of the feet; the line is fitted to all boxes.
    """
    feet, height = xyxy[:, 3], np.maximum(xyxy[:, 3] - xyxy[:, 1], 1.0)
    if len(feet) < _LINE:
        return height
    usual, offset = float(np.median(height)), feet - feet.mean()
    slope = float(offset @ (height - usual)) / max(float(offset @ offset), 1.0)
    found: FloatArray = np.maximum(usual + slope * offset, _SHORTEST * usual)
    return found


def _outermost(place: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (N,) whether each has the lowest of some places, and the highest."""
    low, high = np.zeros((2, len(place)))
    if len(place) >= _ALONE:
        low[place.argmin()] = high[place.argmax()] = 1
    return low, high


def visible(xyxy: FloatArray, hides: BoolArray | None = None) -> FloatArray:
    """Return (N,) how well a kit can be seen among (N, 4) boxes: 1 where no nearer box covers it, 0 from a half on.

    The lower a box ends, the nearer it is. Boxes of which `hides`, (N,), is False cover nobody.
    """
    if not len(xyxy):
        return np.zeros(0)
    area = np.maximum((xyxy[:, 2:] - xyxy[:, :2]).prod(axis=1), 1e-9)
    low = np.maximum(xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(xyxy[:, None, 2:], xyxy[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2) / area[:, None]
    np.fill_diagonal(shared, 0.0)
    if hides is not None:
        shared[:, ~hides] = 0.0
    behind = xyxy[:, None, 3] <= xyxy[None, :, 3]
    covered = np.where(behind, shared, shared / 2).max(axis=1)
    found: FloatArray = np.clip(1 - _COVERED * covered, 0.0, 1.0)
    return found
