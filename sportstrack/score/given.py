"""The sides of a score, from files and from tables of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

import numpy as np

from sportstrack.checks import as_identities
from sportstrack.errors import FormatError
from sportstrack.mot import MotTable, check_table, read_mot, table_from_rows
from sportstrack.mots import MotsTable, check_mots, is_mots, read_mots
from sportstrack.types import FloatArray, Tracks

Table: TypeAlias = Any
"""`MotTable`, an (N, 6…10) array, a pandas frame, or a list with the `Tracks` of each frame."""

_COLUMNS = (  # the names under which pandas frames hold MOT text's columns
    ("frame", "frame_id", "FrameId"),
    ("id", "track_id", "tracker_id", "Id"),
    ("left", "x", "bb_left", "X"),
    ("top", "y", "bb_top", "Y"),
    ("width", "w", "bb_width", "Width"),
    ("height", "h", "bb_height", "Height"),
    ("score", "conf", "confidence", "Confidence"),
    ("class", "class_id", "ClassId"),
    ("visibility", "vis", "Visibility"),
)


def as_table(
    source: str | Path | Table, name: str, frames: int | None = None, zero_based: bool | None = False
) -> MotTable:
    """Return any side's rows, checked; MOTS text may say itself whether it counts from 0 (None)."""
    if is_path(source):
        if is_mots(source):
            return read_mots(source, frames=frames, zero_based=zero_based)
        return read_mot(source, frames=frames, zero_based=bool(zero_based))
    if isinstance(source, MotsTable):
        return check_mots(source, name=name, frames=frames)
    if isinstance(source, MotTable):
        return check_table(source, name=name, frames=frames)
    if isinstance(source, (list, tuple)) and all(isinstance(one, Tracks) for one in source):
        return check_table(MotTable.from_tracks(list(source)), name=name, frames=frames)
    rows: Any = _rows_of_frame(source, name) if hasattr(source, "columns") else source
    return table_from_rows(rows, name=name, frames=frames)


def _rows_of_frame(frame: Any, name: str) -> Any:
    """(N, 6…9) array of a pandas frame's columns, or of those in its index."""
    if any(column in frame.index.names for names in _COLUMNS[:2] for column in names):
        frame = frame.reset_index()
    found = [next((column for column in names if column in frame.columns), None) for names in _COLUMNS]
    lacking = [names[0] for names, column in zip(_COLUMNS[:6], found, strict=False) if column is None]
    if lacking:
        raise FormatError(f"{name}: no column {', '.join(lacking)}; found {', '.join(map(str, frame.columns))}")
    default = (*(None,) * 6, 1.0, -1.0, -1.0)
    columns: list[FloatArray] = []
    for column, missing in zip(found, default, strict=True):
        if column is None:
            columns.append(np.full(len(frame), missing))
        elif column in _COLUMNS[1]:
            columns.append(as_identities(frame[column]).astype(np.float64))
        else:
            columns.append(_numbers(frame[column], name, column))
    shift = _shift(frame, found, name)
    columns[2], columns[3] = columns[2] + shift, columns[3] + shift
    return np.stack(columns, axis=1)


def _shift(frame: Any, found: list[Any], name: str) -> float:
    """Return what is to be added to left and top: py-motmetrics' loader takes 1 off MOT text's."""
    if "FrameId" not in found and not ("X" in found and "Y" in found):
        return 0.0
    theirs = {"FrameId", "Id", "X", "Y", "Width", "Height", "Confidence", "ClassId", "Visibility"}
    if theirs <= set(frame.columns):
        return 1.0
    raise FormatError(
        f"{name}: columns FrameId, X, Y are py-motmetrics', whose loader takes 1 pixel off; this frame lacks "
        f"{', '.join(sorted(theirs - set(frame.columns)))}. Call the columns frame, id, left, top, width, height, with "
        "left and top as MOT text has them"
    )


def _numbers(column: Any, name: str, title: str) -> Any:
    try:
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name}, column {title}: expected numbers ({error})") from error


def boxes_of(table: MotTable) -> MotTable:
    """Return a table as boxes alone."""
    return table.boxes() if isinstance(table, MotsTable) else table


def is_path(source: Any) -> TypeGuard[str | Path]:
    """Return whether a side is a file or folder."""
    return isinstance(source, (str, Path))
