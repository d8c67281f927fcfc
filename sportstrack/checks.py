"""Checks of the arrays that become columns of tables, and ids of other libraries."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.errors import SettingError

NO_IDENTITY = -1
_OTHER_IDS = 1 << 52  # other libraries' ids that are no whole numbers below it become numbers from here to 2^53


def as_identities(values: ArrayLike) -> NDArray[np.int64]:
    """Return ids of any library as int64 of the same shape.

    Whole numbers up to 2^52 stay what they are; −1, NaN and None are −1, no identity. Anything else becomes a number
    from 2^52 to 2^53, which float64 holds exactly and which depends on the id alone.
    """
    given = np.asarray(values)
    if given.dtype.kind in "iub" and not (given.size and max(abs(int(given.min())), int(given.max())) >= _OTHER_IDS):
        return given.astype(np.int64)
    made = [_identity(value) for value in given.reshape(-1).tolist()]
    return np.array(made, np.int64).reshape(given.shape)


def _identity(value: Any) -> int:
    if value is None or value != value:  # NaN
        return NO_IDENTITY
    if isinstance(value, (int, float)) and abs(value) < _OTHER_IDS and value == int(value):
        return int(value)
    from hashlib import sha256

    digest = sha256(repr(value).encode("utf-8", "replace")).digest()
    return _OTHER_IDS + (int.from_bytes(digest[:8], "big") >> 12)


def box_rows(xyxy: ArrayLike) -> NDArray[np.float64]:
    """Return (N, 4) boxes, of one box's four numbers too; SettingError for any other shape."""
    boxes = numbers("xyxy", xyxy)
    if boxes.size == 0:
        return np.empty((0, 4))
    if boxes.shape == (4,):
        return boxes.reshape(1, 4)
    if boxes.ndim == 2 and boxes.shape[1] == 4:
        return boxes
    hint = ""
    if boxes.ndim == 2 and boxes.shape[1] in (5, 6, 7):
        hint = "; Detections.from_table(table) takes a detector's whole table, or give its columns one by one: "
        hint += "from_arrays(table[:, :4], table[:, 4], table[:, 5])"
    elif boxes.ndim == 2 and boxes.shape[0] == 4:
        hint = "; are these columns? give xyxy.T"
    elif boxes.ndim == 3:
        hint = "; one table holds one frame"
    raise SettingError(f"Detections.xyxy: expected shape (N, 4), got {boxes.shape}{hint}")


def numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return an array of float64; SettingError in the name of a column of `Detections`."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SettingError(f"Detections.{name}: expected an array of numbers ({error})") from error


def whole_numbers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return an array of int64; SettingError in the name of a column of `Detections` if one has a fraction."""
    given = np.asarray(values)
    if given.dtype.kind in "iub":
        return given.astype(np.int64)
    found = numbers(name, values)
    if not (np.isfinite(found) & (found == np.floor(found)) & (np.abs(found) < _OTHER_IDS)).all():
        raise SettingError(f"Detections.{name}: expected whole numbers, got {found.reshape(-1)[:5].tolist()}")
    return found.astype(np.int64)


def table_columns(table: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Return boxes, scores and, where there are any, classes of a (N, 5 or 6) table; SettingError for any other."""
    rows = numbers("from_table", table)
    if rows.size == 0:
        return np.empty((0, 4)), np.empty(0)
    if rows.ndim != 2 or rows.shape[1] not in (5, 6):
        raise SettingError(
            f"Detections.from_table: expected rows of x1, y1, x2, y2, score and class, got shape {rows.shape}; "
            "give the columns of any other table one by one: Detections.from_arrays(xyxy, score, class_id)"
        )
    if (rows[:, 4] > 1).any():
        raise SettingError(
            f"Detections.from_table: expected scores up to 1 in the fifth column, got {rows[:, 4].max():g}; "
            "are the columns in another order? Give them one by one: Detections.from_arrays(xyxy, score, class_id)"
        )
    return (rows[:, :4], rows[:, 4], *rows[:, 5:].T)


def checked_column(name: str, value: Any, dtype: Any, shape: tuple[int | None, ...]) -> Any:
    """Return a column as an array of a dtype and shape, where None is any length; SettingError if it does not fit."""
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of unequal length
        raise SettingError(f"{name}: expected an array ({error})") from error
    if array.dtype != dtype:
        if not np.can_cast(array.dtype, dtype, casting="same_kind"):
            raise SettingError(f"{name}: expected {np.dtype(dtype).name}, got {array.dtype.name}")
        array = array.astype(dtype)
    if array.ndim != len(shape) or any(
        want is not None and want != got for want, got in zip(shape, array.shape, strict=True)
    ):
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise SettingError(f"{name}: expected shape ({wanted}), got {array.shape}")
    return array


def as_affine(camera: Any, who: str = "camera") -> NDArray[np.float64]:
    """Return the motion of a camera as a (2, 3) float64 array.

    Raises:
        SettingError: if it is no finite (2, 3) matrix, or squeezes the picture flat; ``who`` begins the message.
    """
    try:
        affine = np.asarray(camera, dtype=np.float64)
    except (TypeError, ValueError) as error:
        what = type(camera).__name__
        raise SettingError(f"{who}: expected a (2, 3) affine or None, got a {what} ({error})") from error
    if affine.shape != (2, 3):
        raise SettingError(f"{who}: expected a (2, 3) affine or None, got shape {affine.shape}")
    (a, b, _), (c, d, _) = affine.tolist()
    if not (np.isfinite(affine).all() and 1e-6 <= abs(a * d - b * c) <= 1e6):
        raise SettingError(f"{who}: expected a finite, invertible affine, got {affine.tolist()}")
    return affine


def put(table: Any, name: str, value: Any) -> None:
    """Set a field of a frozen table."""
    object.__setattr__(table, name, value)


def pick(table: Any, rows: Any) -> dict[str, Any]:
    """Return the columns of a table with some of its rows only."""
    if isinstance(rows, (int, np.integer)):
        rows = [rows]
    values = {column.name: getattr(table, column.name) for column in fields(table) if column.init}
    return {name: None if value is None else value[rows] for name, value in values.items()}
