"""The tracks of a long match in little memory: a few columns for all frames, and a table when it is asked for."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.types import FloatArray, IntArray, Tracks

HUNDREDTHS = 100.0
"""Boxes are kept in whole hundredths of a pixel, as they are written."""
_CHECKED = 5000  # frames at once
_PART = 1 << 20  # bytes of a file at once


def small(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers with 16 or 32 bits if they fit."""
    for kind in (np.int16, np.int32):
        limits = np.iinfo(kind)
        if not len(values) or (values.min() >= limits.min and values.max() <= limits.max):
            return values.astype(kind, copy=False)
    return values


def returned(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """Return an array of zeros whose memory goes back to the system when nothing needs it any more."""
    room = mmap.mmap(-1, max(1, int(np.prod(shape)) * np.dtype(kind).itemsize))
    return np.frombuffer(room, kind, int(np.prod(shape))).reshape(shape)


class RoomyColumns:
    """Frames, boxes, scores, classes and ids of a long file, with room for ``room`` rows from the beginning.

    What grows needs twice the memory.
    """

    def __init__(self, room: int) -> None:
        shapes = ((room,), (room, 4), (room,), (room,), (room,))
        kinds = (np.int32, np.int32, np.float64, np.int16, np.int32)
        self._columns = [returned(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)]
        self.rows = 0

    @classmethod
    def for_lines_of(cls, path: Path) -> RoomyColumns:
        """Return columns with room for the lines of a file."""
        with path.open("rb") as file:
            return cls(1 + sum(block.count(b"\n") for block in iter(lambda: file.read(_PART), b"")))

    def add(self, part: tuple[NDArray[Any], ...]) -> None:
        """Add rows; what needs more bits gets them."""
        end = self.rows + len(part[0])
        for number, values in enumerate(part):
            column = self._columns[number]
            if np.promote_types(column.dtype, values.dtype) != column.dtype:
                self._columns[number] = column = column.astype(values.dtype)
            column[self.rows : end] = values
        self.rows = end

    def done(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return frames, boxes, scores, classes and ids."""
        frame, boxes, score, class_id, track_id = (column[: self.rows] for column in self._columns)
        return frame, boxes, score, class_id, track_id


@dataclass(frozen=True, eq=False)
class PackedTracks(Mapping[int, Tracks]):
    """Frame → its tracks, in the order of the file.

    Attributes:
        frame: (N,) ascending.
        xyxy: (N, 4) hundredths of a pixel.
        score: (N,).
        class_id: (N,).
        track_id: (N,).
        detection: (N,).
        numbers: (F,) the frames that have tracks.
        starts: (F + 1,) the first row of each, and the end.
    """

    frame: NDArray[Any]
    xyxy: NDArray[Any]
    score: FloatArray
    class_id: NDArray[Any]
    track_id: NDArray[Any]
    detection: NDArray[Any]
    numbers: NDArray[Any]
    starts: IntArray

    @classmethod
    def of(
        cls,
        frame: NDArray[Any],
        xyxy: NDArray[Any],
        score: FloatArray,
        class_id: NDArray[Any],
        track_id: NDArray[Any],
        detection: NDArray[Any],
    ) -> PackedTracks:
        """Return the tracks of rows in any order; boxes in pixels or, as whole numbers, in hundredths.

        Raises:
            SettingError: an id stands twice in a frame, or is none.
        """
        if xyxy.dtype.kind == "f":
            xyxy = small(np.rint(xyxy * HUNDREDTHS).astype(np.int64))
        frame, class_id, track_id, detection = (small(one) for one in (frame, class_id, track_id, detection))
        if (frame[1:] < frame[:-1]).any():
            rows = np.argsort(frame, kind="stable")
            frame, xyxy, score = frame[rows], xyxy[rows], score[rows]
            class_id, track_id, detection = class_id[rows], track_id[rows], detection[rows]
        numbers, first = np.unique(frame, return_index=True)
        starts = np.append(first, len(frame)).astype(np.int64)
        found = cls(frame, xyxy, score, class_id, track_id, detection, numbers, starts)
        found._check()
        return found

    def _check(self) -> None:
        if (self.track_id == -1).any():
            raise SettingError("Tracks.track_id: -1 marks a box without identity; leave it out")
        for begin in range(0, len(self.numbers), _CHECKED):
            rows = slice(int(self.starts[begin]), int(self.starts[min(begin + _CHECKED, len(self.numbers))]))
            frame, track = self.frame[rows], self.track_id[rows]
            order = np.lexsort((track, frame))
            if ((np.diff(frame[order]) == 0) & (np.diff(track[order]) == 0)).any():
                raise SettingError("Tracks.track_id: an id may stand only once in a frame")

    def boxes(self, rows: slice | IntArray) -> FloatArray:
        """Return the corners of some rows in pixels."""
        return np.asarray(self.xyxy[rows] / HUNDREDTHS)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers.tolist())

    def __getitem__(self, frame: int) -> Tracks:
        at = int(np.searchsorted(self.numbers, frame))
        if at == len(self.numbers) or self.numbers[at] != frame:
            raise KeyError(frame)
        rows = slice(int(self.starts[at]), int(self.starts[at + 1]))
        whole = (getattr(self, name)[rows].astype(np.int64) for name in ("class_id", "track_id", "detection"))
        return Tracks(self.boxes(rows), self.score[rows], *whole)
