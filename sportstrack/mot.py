"""MOT text: one box a row, ``frame, id, left, top, width, height[, score[, class[, visibility[, …]]]]``.

The format of MOTChallenge, SportsMOT, SoccerNet and DanceTrack (https://motchallenge.net/instructions). Frames count
from 1 in the text and from 0 in the tables; so do classes: column 8 holds a class id + 1, and −1 where it is unknown.
What is sloppy in the field is read without a word; what would falsify a
score is refused with file, line and reason.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.boxes import tlwh_to_xyxy, xyxy_to_tlwh
from sportstrack.checks import as_identities
from sportstrack.columns import SequenceTable, detector_classes
from sportstrack.errors import FormatError, OutputError, SettingError
from sportstrack.files.claim import PartFile
from sportstrack.files.reading import PathLike, as_utf8, read_bytes
from sportstrack.limits import MAX_FRAMES, MAX_WHOLE
from sportstrack.types import FloatArray, IntArray, Tracks

MIN_COLUMNS, MAX_COLUMNS = 6, 10
_ROW = "%d,%d,%.2f,%.2f,%.2f,%.2f,%.4g,%d,%d,-1\n"
_BLOCK = 10_000  # rows turned into text together
_NAMES = ("frame", "id", "left", "top", "width", "height", "score", "class", "visibility", "unused")
_MISSING = (np.nan,) * 6 + (1.0, -1.0, -1.0, -1.0)  # what an absent column 7…10 stands for


@dataclass(frozen=True, eq=False, repr=False)
class MotTable(SequenceTable):
    """The rows of one MOT text, in the order of the file; all arrays have N rows.

    Attributes:
        frame: (N,) int64, counts from 0.
        track_id: (N,) int64; −1 marks a detection without identity.
        xyxy: (N, 4) float64 corners in pixels.
        score: (N,) float64; the consider flag (0 or 1) in a ground truth; 1 where the file has no such column.
        class_id: (N,) int64 as in the text: from 1, −1 where the file has none; `class_ids` makes a detector's of it.
        visibility: (N,) float64, 0…1; −1 where the file has none.
    """

    frame: IntArray
    track_id: IntArray
    xyxy: FloatArray
    score: FloatArray
    class_id: IntArray
    visibility: FloatArray
    first_class: ClassVar[int] = 1

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, rows: Any) -> MotTable:
        """Return the rows picked by a slice, an index array or a boolean mask, as a new table."""
        return MotTable(*(getattr(self, field.name)[rows] for field in fields(MotTable)))

    @classmethod
    def empty(cls) -> MotTable:
        """Return a table without rows."""
        none = np.empty(0, np.int64)
        return cls(none, none, np.empty((0, 4)), np.empty(0), none, np.empty(0))

    @classmethod
    def from_tracks(cls, tracks: list[Tracks], boxes: str = "smoothed") -> MotTable:
        """Join the `Tracks` of frames 0, 1, 2, …; a frame without tracks is ``Tracks.empty()``. Classes count from 1.

        Args:
            tracks: one table per frame.
            boxes: ``smoothed`` boxes, where the tracker made any, as in a result file; or the ``detected`` ones.
        """
        if not tracks:
            return cls.empty()
        tracks = [one.with_boxes(boxes) for one in tracks]
        return cls(
            np.repeat(np.arange(len(tracks)), [len(t) for t in tracks]),
            np.concatenate([t.track_id for t in tracks]),
            np.concatenate([t.xyxy for t in tracks]),
            np.concatenate([t.score for t in tracks]),
            class_numbers(np.concatenate([t.class_id for t in tracks])),
            np.full(sum(len(t) for t in tracks), -1.0),
        )


def class_numbers(class_id: IntArray) -> IntArray:
    """Return (N,) classes as MOT text has them, from 1, of a detector's class ids from 0; −1 stays −1."""
    return np.where(class_id < 0, -1, class_id + 1)


def class_ids(numbers: IntArray) -> IntArray:
    """Return (N,) a detector's class ids, from 0, of classes as MOT text has them; −1 where they are unknown or 0."""
    return np.asarray(detector_classes(numbers, 1))


def read_mot(
    path: PathLike, *, frames: int | None = None, identities: bool = True, zero_based: bool = False
) -> MotTable:
    """Read a MOT text file.

    Forgiven: spaces, tabs, floats in integer columns, Windows and old Mac line ends, a byte order mark, blank lines,
    unsorted rows, a comma at the end of a line, 6 to 10 columns, also mixed.

    Args:
        path: the file.
        frames: length of the sequence; a row beyond it is an error. None: unknown.
        identities: False for detections, whose ids (−1 as a rule) may repeat in a frame.
        zero_based: the file counts frames from 0.

    Raises:
        FormatError: unreadable file, non-numeric or missing cell, NaN or infinity, frame or id that is not a whole
            number, frame 0, frame beyond the sequence, box without width or height, an id twice in a frame; the message
            says file, line and reason.
    """
    return parse_mot(read_bytes(path), name=str(path), frames=frames, identities=identities, zero_based=zero_based)


def parse_mot(
    text: str | bytes,
    *,
    name: str = "<text>",
    frames: int | None = None,
    identities: bool = True,
    zero_based: bool = False,
) -> MotTable:
    """Read MOT text from memory; see `read_mot`. ``name`` stands for the file in messages."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    data = as_utf8(data, name).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    values = _numbers(data, name)
    first = 0 if zero_based else 1
    if fault := _fault(values, first, frames, identities):
        raise _error(name, data, *fault)
    return _table(values, first)


def table_from_rows(
    rows: ArrayLike, *, name: str = "<rows>", frames: int | None = None, identities: bool = True
) -> MotTable:
    """Make a table of an (N, 6…10) array whose columns are those of MOT text, frames from 1; checked like a file.

    In arrays of integers and of objects ids may be anything; see `sportstrack.types.as_identities`.

    Raises:
        FormatError: as in `read_mot`; the message says the row, counted from 0.
    """
    try:
        given = np.asarray(rows)
        if given.ndim == 2 and given.shape[1] > 1 and given.dtype.kind in "iuO":
            ids = as_identities(given[:, 1])  # before float64 rounds them
            given = given.astype(object)
            given[:, 1] = ids
        given = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name}: expected an array of numbers ({error})") from error
    if given.size == 0:
        return MotTable.empty()
    if given.ndim != 2 or not MIN_COLUMNS <= given.shape[1] <= MAX_COLUMNS:
        raise FormatError(f"{name}: expected shape (N, {MIN_COLUMNS} to {MAX_COLUMNS}), got {given.shape}")
    values = _fill(given)
    if fault := _fault(values, 1, frames, identities):
        raise FormatError(f"{name}, row {fault[0]}: {fault[1]}: {given[fault[0]].tolist()}")
    return _table(values, 1)


def check_table(table: MotTable, *, name: str = "<table>", frames: int | None = None) -> MotTable:
    """Return a table that was made in memory if it breaks none of the rules for files.

    Raises:
        FormatError: as in `read_mot`; the message says the row, counted from 0.
    """
    values = np.empty((len(table), MAX_COLUMNS))
    values[:, 0], values[:, 1], values[:, 7] = table.frame, table.track_id, table.class_id
    values[:, 2:6], values[:, 6], values[:, 8:] = xyxy_to_tlwh(table.xyxy), table.score, table.visibility[:, None]
    if fault := _fault(values, 0, frames, identities=True):
        raise FormatError(f"{name}, row {fault[0]}: {fault[1]}: box {table.xyxy[fault[0]].tolist()}")
    return table


def write_mot(path: str | Path | PartFile, result: Any, *, zero_based: bool = False, with_class: bool = True) -> None:
    """Write MOT text, ten columns, whole or not at all; a file that is there is replaced.

    Args:
        path: the file.
        result: a `MotTable`, a `sportstrack.TrackTable`, or a list with one `Tracks` per frame, from frame 0 on.
        zero_based: count frames from 0.
        with_class: write the class id + 1 in column 8; False writes −1, for readers that take no other.

    Raises:
        SettingError: the result is none of these.
        OutputError: the file cannot be written.
    """
    table = _as_table(result)
    classes = table.class_id if with_class else np.full(len(table), -1)
    whole = (table.frame + (0 if zero_based else 1), table.track_id)
    columns = np.column_stack((*whole, xyxy_to_tlwh(table.xyxy), table.score, classes, table.visibility))
    columns[:, 4:6] = np.maximum(columns[:, 4:6], 0.01)
    file = path if isinstance(path, PartFile) else PartFile(path)
    try:
        with file.open_text() as stream:
            for at in range(0, len(columns), _BLOCK):
                block = columns[at : at + _BLOCK]
                stream.write(_ROW * len(block) % tuple(block.ravel().tolist()))
    except OSError as error:
        raise OutputError(file.explain(error)) from error
    file.complete()


def _as_table(result: Any) -> MotTable:
    if isinstance(result, MotTable):
        return result
    if hasattr(result, "to_mot"):
        table: MotTable = result.to_mot()
        return table
    if isinstance(result, (list, tuple)) and all(isinstance(one, Tracks) for one in result):
        return MotTable.from_tracks(list(result))
    raise SettingError(f"write_mot: expected a MotTable, a TrackTable or a list of Tracks, got {type(result).__name__}")


def format_mot_rows(frame_index: int, tracks: Tracks, *, with_class: bool = True) -> str:
    """Return one line per track, ready to be written; an empty string without tracks.

    Args:
        frame_index: counts from 0; the text counts from 1.
        tracks: the frame's tracks; boxes, the smoothed ones where there are any, are written to a hundredth of a pixel,
            scores to four digits.
        with_class: write the class id + 1 in column 8; False writes −1, for readers that take no other.
    """
    tracks = tracks.with_boxes()
    head = f"{frame_index + 1},"
    classes = class_numbers(tracks.class_id).tolist() if with_class else [-1] * len(tracks)
    rows = zip(
        tracks.track_id.tolist(), xyxy_to_tlwh(tracks.xyxy).tolist(), tracks.score.tolist(), classes, strict=True
    )
    return "".join(
        f"{head}{track},{x:.2f},{y:.2f},{max(w, 0.01):.2f},{max(h, 0.01):.2f},{score:.4g},{kind},-1,-1\n"
        for track, (x, y, w, h), score, kind in rows
    )


def _numbers(data: bytes, name: str) -> FloatArray:
    """Return (N, 10) float64, absent columns filled in."""
    if not data.strip():
        return np.empty((0, MAX_COLUMNS))
    delimiter = "," if b"," in data else None
    try:
        if not re.search(rb"\d", data):
            raise ValueError("no number at all")
        found = np.loadtxt(io.BytesIO(data), delimiter=delimiter, comments=None, ndmin=2, encoding="utf-8")
    except ValueError:
        found = _slowly(data, name)
    if not MIN_COLUMNS <= found.shape[1] <= MAX_COLUMNS:
        raise _error(name, data, 0, _column_message(found.shape[1]))
    return _fill(found)


def _fill(found: FloatArray) -> FloatArray:
    values = np.empty((len(found), MAX_COLUMNS))
    values[:, : found.shape[1]] = found
    values[:, found.shape[1] :] = _MISSING[found.shape[1] :]
    if found.shape[1] == MAX_COLUMNS and (values[:, 7] != np.floor(values[:, 7])).any():
        values[:, 7:] = _MISSING[7:]  # MOT15 and others write world coordinates there
    return values


def _table(values: FloatArray, first: int) -> MotTable:
    whole = values[:, [0, 1, 7]].astype(np.int64)
    return MotTable(
        frame=whole[:, 0] - first,
        track_id=np.ascontiguousarray(whole[:, 1]),
        xyxy=tlwh_to_xyxy(values[:, 2:6]),
        score=values[:, 6].copy(),
        class_id=np.ascontiguousarray(whole[:, 2]),
        visibility=values[:, 8].copy(),
    )


def _slowly(data: bytes, name: str) -> FloatArray:
    # Cell by cell: either the file is sloppier than numpy allows (ragged rows), or this finds the culprit.
    values = []
    for row, line in enumerate(_lines(data)):
        text = line[1].decode("utf-8", "replace").strip()
        cells = text.removesuffix(",").split(",") if "," in text else text.split()
        if not MIN_COLUMNS <= len(cells) <= MAX_COLUMNS:
            raise _error(name, data, row, _column_message(len(cells)))
        values.append([_cell(cell, i, name, data, row) for i, cell in enumerate(cells)] + list(_MISSING[len(cells) :]))
    return np.array(values)


def _cell(cell: str, column: int, name: str, data: bytes, row: int) -> float:
    try:
        if "_" not in cell:  # Python's float takes 1_000; no other reader does
            return float(cell)
    except ValueError:
        pass
    raise _error(name, data, row, f"{cell.strip()!r} in column {column + 1} ({_NAMES[column]}) is not a number")


def _column_message(count: int) -> str:
    return f"{count} columns; MOT text has {MIN_COLUMNS} to {MAX_COLUMNS} (frame, id, left, top, width, height, …)"


def _fault(values: FloatArray, first: int, frames: int | None, identities: bool) -> tuple[int, str] | None:
    """Return the first row that breaks a rule, and which, or None."""
    if not len(values):
        return None
    finite = np.isfinite(values)
    whole = values[:, [0, 1, 7]] if finite.all() else np.where(finite, values, 0.0)[:, [0, 1, 7]]
    frame, track = whole[:, 0], whole[:, 1]
    rules = [
        (~finite.all(axis=1), "NaN or infinity"),
        ((whole != np.floor(whole)).any(axis=1), "frame, id and class must be whole numbers"),
        ((np.abs(whole) > MAX_WHOLE).any(axis=1), "frame, id or class is beyond 2^53"),
        (frame < first, _early_message(first)),
        (frame > MAX_FRAMES, f"the frame is beyond {MAX_FRAMES:,}; is it a time stamp?"),
        (frame - first >= (frames or np.inf), f"the frame is beyond the sequence's {frames} frames"),
        (~(values[:, 4:6] > 0).all(axis=1), "width and height must be above 0"),
    ]
    if identities:
        rules.append((_repeated(frame, track), "this id stands a second time in this frame"))
    broken = np.array([rule for rule, _ in rules])
    if not broken.any():
        return None
    row = int(broken.any(axis=0).argmax())
    reason = rules[int(broken[:, row].argmax())][1]
    if identities and broken[-1, row] and track[row] == -1:
        reason += " (−1 marks detections without identity; a tracker's output is wanted)"
    return row, reason


def _early_message(first: int) -> str:
    return "the frame is below 0" if first == 0 else "the frame is below 1; MOT text counts frames from 1"


def _repeated(frame: FloatArray, track: FloatArray) -> Any:
    """(N,) True for each row whose (frame, id) stood in an earlier row."""
    repeated = np.zeros(len(frame), np.bool_)
    number = np.unique(track, return_inverse=True)[1].reshape(-1)
    key = frame * len(frame) + number  # exact, for frames and rows by the million
    ordered = np.sort(key)
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(key, kind="stable")  # the later row of the file comes second
        repeated[order[1:][np.diff(key[order]) == 0]] = True
    return repeated


def _lines(data: bytes) -> list[tuple[int, bytes]]:
    """Return (line number from 1, line) of the lines that are not blank."""
    return [(i, line) for i, line in enumerate(data.split(b"\n"), 1) if line.strip()]


def _error(name: str, data: bytes, row: int, reason: str) -> FormatError:
    number, line = _lines(data)[row]
    shown = line.decode("utf-8", "replace").strip()
    return FormatError(f"{name}, line {number}: {reason}: {shown[:100]!r}")
