"""MOTS text: one mask a row, ``frame id class height width run-lengths``, with spaces between.

The format of MOTSChallenge, whose frames count from 1, and of KITTI-MOTS, whose frames count from 0
(https://www.vision.rwth-aachen.de/page/mots). The run lengths are COCO's text. Classes are numbers as in column 8 of
MOT text; 10 is a region to ignore. Masks of a frame share no pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import FormatError, OutputError, SettingError
from sportstrack.files.claim import PartFile
from sportstrack.files.reading import PathLike, as_utf8, read_bytes
from sportstrack.limits import MAX_CLASS, MAX_FRAMES, MAX_WHOLE
from sportstrack.masks import Masks
from sportstrack.masks.runs import MaskSpans, layers
from sportstrack.mot import MotTable
from sportstrack.types import BoolArray, IntArray

CAR, PEDESTRIAN, IGNORE = 1, 2, 10
"""Classes of MOTSChallenge and KITTI-MOTS."""

_COLUMNS = ("frame", "id", "class", "height", "width", "run lengths")
_BLOCK = 4096  # rows decoded, or looked at for shared pixels, together


@dataclass(frozen=True, eq=False, repr=False)
class MotsTable(MotTable):
    """The rows of one MOTS text, in the order of the file; `xyxy` are the boxes around the masks.

    Attributes:
        masks: N masks, all of the sequence's picture size.
        first_frame: what the text calls the first frame: 1, in KITTI-MOTS 0. In the table it is 0.
    """

    masks: Masks
    first_frame: int = 1

    def __getitem__(self, rows: Any) -> MotsTable:
        """Return the rows picked by a slice, an index array or a boolean mask, as a new table."""
        return MotsTable(**_columns(super().__getitem__(rows)), masks=self.masks[rows], first_frame=self.first_frame)

    @classmethod
    def empty(cls) -> MotsTable:
        """Return a table without rows."""
        return cls(**_columns(MotTable.empty()), masks=Masks.empty((0, 0)))

    @classmethod
    def of(
        cls, frame: ArrayLike, track_id: ArrayLike, class_id: ArrayLike, masks: Masks, first_frame: int = 1
    ) -> MotsTable:
        """Make a table of columns: frames from 0, classes as in the text; boxes are those around the masks."""
        frames, ids, kinds = (np.asarray(column, np.int64) for column in (frame, track_id, class_id))
        ones = np.ones(len(masks))
        return cls(frames, ids, masks.boxes(), ones, kinds, -ones, masks, first_frame)

    def boxes(self) -> MotTable:
        """Return the rows as boxes alone; rows whose mask is empty have none and are left out."""
        return MotTable(**_columns(MotTable.__getitem__(self, self.masks.area() > 0)))


def _columns(table: MotTable) -> dict[str, Any]:
    return {column.name: getattr(table, column.name) for column in fields(MotTable)}


def is_mots(path: PathLike) -> bool:
    """Return whether a file is MOTS text, to judge by its first row."""
    try:
        with Path(path).open("rb") as file:
            return looks_like_mots(file.read(1 << 16))
    except OSError:
        return False


def looks_like_mots(text: bytes) -> bool:
    """Return whether a text holds masks: its first row has six columns without commas and ends with run lengths."""
    lines = text[: 1 << 16].lstrip(b"\xef\xbb\xbf").split(b"\n")
    cells = next((line.split() for line in lines if line.strip()), [])
    if len(cells) != len(_COLUMNS) or b"," in cells[0] or not (cells[3].isdigit() and cells[4].isdigit()):
        return False
    try:
        float(cells[5])
    except ValueError:
        return True
    return False


def read_mots(path: PathLike, *, frames: int | None = None, zero_based: bool | None = None) -> MotsTable:
    """Read a MOTS text file.

    Args:
        path: the file.
        frames: length of the sequence; a row beyond it is an error. None: unknown.
        zero_based: the file counts frames from 0, as KITTI-MOTS does; None takes that from whether it has a frame 0.

    Raises:
        FormatError: unreadable file, missing cell, frame, id or class that is no whole number or out of range, run
            lengths that do not fit, masks of several sizes, an id twice in a frame, masks of a frame that share pixels;
            the message says file, line and reason.
    """
    return parse_mots(read_bytes(path), name=str(path), frames=frames, zero_based=zero_based)


def parse_mots(
    text: str | bytes, *, name: str = "<text>", frames: int | None = None, zero_based: bool | None = None
) -> MotsTable:
    """Read MOTS text from memory; see `read_mots`. ``name`` stands for the file in messages."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    lines = as_utf8(data, name).decode("utf-8", "replace").splitlines()
    numbers: list[int] = []
    whole: list[tuple[int, ...]] = []
    coded: list[str] = []
    for number, line in enumerate(lines, 1):
        if not (cells := line.split()):
            continue
        if len(cells) != len(_COLUMNS):
            raise FormatError(
                f"{name}, line {number}: {len(cells)} columns; MOTS text has {len(_COLUMNS)} ({', '.join(_COLUMNS)})"
            )
        numbers.append(number)
        whole.append(_whole(cells, f"{name}, line {number}"))
        coded.append(cells[5])
    if not whole:
        return MotsTable.empty()
    table = np.array(whole, np.int64)
    first = int(table[:, 0].min() > 0) if zero_based is None else int(not zero_based)
    rows = [{"size": [h, w], "counts": code} for (_, _, _, h, w), code in zip(whole, coded, strict=True)]
    shape = (whole[0][3], whole[0][4])
    masks = Masks.concatenate(
        [
            Masks.from_coco(rows[at : at + _BLOCK], lambda i, at=at: f"{name}, line {numbers[at + i]}", shape)  # type: ignore[misc]
            for at in range(0, len(rows), _BLOCK)
        ]
    )
    found = MotsTable.of(table[:, 0] - first, table[:, 1], table[:, 2], masks, first)
    return _checked(found, frames, lambda row: f"{name}, line {numbers[row]}")


def check_mots(table: MotsTable, *, name: str = "<table>", frames: int | None = None) -> MotsTable:
    """Return a table that was made in memory if it breaks none of the rules for files.

    Raises:
        FormatError: as in `read_mots`; the message says the row, counted from 0.
    """
    return _checked(table, frames, lambda row: f"{name}, row {row}")


def _checked(table: MotsTable, frames: int | None, place: Callable[[int], str]) -> MotsTable:
    if fault := _fault(table, frames):
        raise FormatError(f"{place(fault[0])}: {fault[1]}")
    _check_shared(table, place)
    return table


def _whole(cells: Sequence[str], where: str) -> tuple[int, ...]:
    """The first five cells as whole numbers; ``3.0`` is one."""
    found = []
    for cell, title in zip(cells[:5], _COLUMNS, strict=False):
        try:
            value = int(cell) if cell.isdigit() else float(cell)
            if value != int(value) or "_" in cell or abs(value) > MAX_WHOLE:
                raise ValueError(cell)
        except (ValueError, OverflowError):
            raise FormatError(f"{where}: the {title} is {cell[:40]!r}, which is no whole number") from None
        found.append(int(value))
    return tuple(found)


def _fault(table: MotsTable, frames: int | None) -> tuple[int, str] | None:
    """Return the first row that breaks a rule, and which, or None."""
    frame, ids, kinds = table.frame, table.track_id, table.class_id
    early = "the frame is below 0"
    if table.first_frame:
        early = "the frame is below 1; frames count from 1, in KITTI-MOTS from 0 (both sides: --benchmark KITTI-MOTS)"
    objects = np.flatnonzero(kinds != IGNORE)
    repeated = np.zeros(len(frame), np.bool_)
    order = objects[np.lexsort((ids[objects], frame[objects]))]
    repeated[order[1:]] = (np.diff(frame[order]) == 0) & (np.diff(ids[order]) == 0)
    rules = [
        (frame < 0, early),
        (frame > MAX_FRAMES, f"the frame is beyond {MAX_FRAMES:,}; is it a time stamp?"),
        (frame >= (frames or np.inf), f"the frame is beyond the sequence's {frames} frames"),
        (ids < 0, "the id is below 0"),
        ((kinds < 1) | (kinds > MAX_CLASS), f"the class is not 1 to {MAX_CLASS:,} (1 car, 2 pedestrian, 10 ignore)"),
        (repeated, "this id stands a second time in this frame"),
    ]
    broken = np.array([rule for rule, _ in rules])
    if not broken.any():
        return None
    row = int(broken.any(axis=0).argmax())
    return row, rules[int(broken[:, row].argmax())][1]


def _check_shared(table: MotsTable, place: Callable[[int], str]) -> None:
    """Raise FormatError if masks of a frame share pixels; regions to ignore may share some among themselves."""
    for rows in _blocks(table.frame):
        found = table.masks[rows].spans()
        frame, row = table.frame[rows][found.owner], rows[found.owner]
        skip = table.class_id[row] == IGNORE
        regions = layers(MaskSpans(*(part[skip] for part in (frame, *found[1:]))), np.ones(skip.sum(), int), 1, 1 << 30)
        start = np.concatenate([found.start[~skip], regions.start])
        end = np.concatenate([found.end[~skip], regions.end])
        frame, row = np.append(frame[~skip], regions.owner), np.append(row[~skip], np.full(len(regions.owner), -1))
        order = np.lexsort((start, frame))
        start, end, frame, row = start[order], end[order], frame[order], row[order]
        wrong = np.flatnonzero((start[1:] < end[:-1]) & (frame[1:] == frame[:-1]))
        if len(wrong):
            first, second = sorted((int(row[wrong[0]]), int(row[wrong[0] + 1])))
            other = f"id {table.track_id[first]}" if first >= 0 else "a region to ignore"
            raise FormatError(
                f"{place(second)}: the mask of id {table.track_id[second]} shares pixels with that of {other} in the "
                "same frame; MOTS allows none (Masks.disjoint leaves them to the better one)"
            )


def _blocks(frame: IntArray) -> Iterator[IntArray]:
    """Yield rows of whole frames, about `_BLOCK` at a time."""
    order = np.argsort(frame, kind="stable")
    starts = np.flatnonzero(np.diff(frame[order], prepend=-1))
    begin = 0
    for end in [*starts[1:].tolist(), len(order)]:
        if end - begin >= _BLOCK or end == len(order):
            yield order[begin:end]
            begin = end


def write_mots(path: str | Path | PartFile, table: MotsTable) -> None:
    """Write MOTS text, whole or not at all; a file that is there is replaced. Rows without a set pixel are left out.

    Where masks of a frame share pixels, they are left to the better score, as the format asks.

    Raises:
        SettingError: the table has no masks.
        OutputError: the file cannot be written.
    """
    if not isinstance(table, MotsTable):
        raise SettingError(f"write_mots: expected a MotsTable, got {type(table).__name__}")
    file = path if isinstance(path, PartFile) else PartFile(path)
    try:
        with file.open_text() as stream:
            order = np.argsort(table.frame, kind="stable")
            for rows in np.split(order, np.flatnonzero(np.diff(table.frame[order])) + 1) if len(order) else ():
                part = table[rows]
                frame = int(part.frame[0]) + table.first_frame
                stream.write(format_mots_rows(frame, part.track_id, part.class_id, part.masks, part.score))
    except OSError as error:
        raise OutputError(file.explain(error)) from error
    file.complete()


def format_mots_rows(
    frame: int, track_id: IntArray, class_id: IntArray, masks: Masks, score: ArrayLike | None = None
) -> str:
    """Return one line per mask that has a pixel, ready to be written; an empty string without any.

    Args:
        frame: as it is written: from 1, in KITTI-MOTS from 0.
        track_id: (N,).
        class_id: (N,) as it is written; below 1 is written as 1.
        masks: N masks; those without a pixel, or without a mask, are left out.
        score: (N,) where masks share pixels, these are left to the better score, else to the first.
    """
    regions = np.asarray(class_id) == IGNORE
    worth = np.zeros(len(masks)) if score is None else np.asarray(score, np.float64)
    apart = masks.disjoint(np.where(regions, -np.inf, worth))
    kept: BoolArray = apart.area() > 0
    height, width = masks.shape
    rows = zip(track_id[kept].tolist(), class_id[kept].tolist(), apart[kept].to_coco(), strict=True)
    return "".join(
        f"{frame} {track} {max(kind, 1)} {height} {width} {row['counts']}\n" for track, kind, row in rows if row
    )
