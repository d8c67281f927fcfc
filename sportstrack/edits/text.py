"""A line of a file of edits: JSON with ``op``, the fields of the operation, and frames from 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from sportstrack.edits.operations import OPERATIONS, AnyOperation, Box, Describe, Edit, KeyBox, SeenBox, op_name
from sportstrack.errors import FormatError, SettingError, unknown
from sportstrack.files.reading import parse_json
from sportstrack.kinds import is_kind

_FRAMES = ("frame", "first", "last")
_IDS = ("a", "b", "track", "new", "every", "class_id")
_SEEN = ("seen", "seen_a", "seen_b", "before", "after", "before_a", "before_b", "after_a", "after_b")


def edit_text(edit: Edit) -> str:
    """Return an edit as one line of JSON, without a line end; frames count from 1, pixels have two digits."""
    values = operation_dict(edit.operation)
    if edit.then:
        values["then"] = [operation_dict(one) for one in edit.then]
    if edit.note:
        values["note"] = edit.note
    return json.dumps(values, ensure_ascii=False)


def parse_edit(text: str | bytes, name: str = "<edit>") -> Edit:
    """Return the edit of one line.

    Raises:
        FormatError: it is no JSON, no known operation, or a field is missing, unknown or cannot be.
    """
    values = parse_json(text, name)
    if not isinstance(values, dict):
        raise FormatError(f'{name}: expected an operation such as {{"op": "swap", "a": 7, "b": 9, "frame": 120}}')
    return edit_from_dict(values, name)


def edit_from_dict(values: Mapping[str, Any], name: str = "<edit>") -> Edit:
    """Return the edit that a dictionary of plain values says, as in a line of a file (frames from 1).

    Raises:
        FormatError: as `parse_edit`.
    """
    own = {key: value for key, value in values.items() if key not in ("then", "note")}
    then, note = values.get("then", []), values.get("note", "")
    if not isinstance(then, list) or not isinstance(note, str):
        raise FormatError(f"{name}: expected a list of operations as then and a text as note")
    try:
        operation = operation_from_dict(own)
        return Edit(operation, tuple(map(operation_from_dict, then)), note)
    except SettingError as error:
        raise FormatError(f"{name}: {error}") from error


def operation_dict(operation: AnyOperation) -> dict[str, Any]:
    """Return an operation as plain values; fields that say nothing are left out."""
    values: dict[str, Any] = {"op": op_name(operation)}
    for field in fields(operation):
        value = getattr(operation, field.name)
        if value != field.default and field.name != "attribute":
            values[field.name] = _plain(field.name, value)
    return values


def operation_from_dict(values: Any) -> AnyOperation:
    """Return the operation that plain values say; SettingError if they say none."""
    if not isinstance(values, Mapping):
        raise SettingError(f"expected an operation with op and its fields, got {str(values)[:60]!r}")
    op = values.get("op")
    if not isinstance(op, str) or op not in OPERATIONS:
        raise SettingError(f"op: {unknown('operation', str(op), OPERATIONS)}")
    kind = OPERATIONS[op]
    known = {field.name: field for field in fields(kind) if field.name != "attribute"}
    for key in values:
        if key != "op" and key not in known:
            raise SettingError(f"{op}: {unknown('field', str(key), known)}")
    given = {key: _value(key, value) for key, value in values.items() if key != "op" and value is not None}
    for key, field in known.items():
        if key not in given and field.default is MISSING:
            raise SettingError(f"{op}: the field {key!r} is missing")
    if kind is Describe:
        given["attribute"] = op
    try:
        made: AnyOperation = kind(**given)
    except SettingError as error:
        raise SettingError(f"{op}: {error}") from error
    return made


def _plain(name: str, value: Any) -> Any:
    if name in _FRAMES:
        return value + 1
    if name == "keys" or (name == "seen" and isinstance(value, tuple)):
        return [_boxed(one) for one in value]
    if isinstance(value, SeenBox):
        return _boxed(value)
    if name == "box":
        return _rounded(value)
    return list(value) if isinstance(value, tuple) else value


def _boxed(value: SeenBox | KeyBox) -> dict[str, Any]:
    plain: dict[str, Any] = {"frame": value.frame + 1, "box": _rounded(value.box)}
    if isinstance(value, SeenBox) and value.beside:
        plain["beside"] = [_rounded(box) for box in value.beside]
    return plain


def _rounded(box: Box) -> list[float]:
    short = [round(float(v), 2) for v in box]
    whole = short[0] < short[2] and short[1] < short[3]
    return short if whole else [float(v) for v in box]  # a box of less than a hundredth of a pixel


def _value(name: str, value: Any) -> Any:
    if name in _FRAMES:
        return _whole(name, value) - 1
    if name in _IDS:
        return _whole(name, value)
    if name == "tracks":
        return tuple(_whole(name, one) for one in _list(name, value))
    if name == "keys":
        return tuple(_framed(name, one, KeyBox) for one in _list(name, value))
    if name == "seen" and isinstance(value, list):
        return tuple(_framed(name, one, SeenBox) for one in value)
    if name in _SEEN:
        return _framed(name, value, SeenBox)
    if name == "box":
        return _box(name, value)
    if name == "begins":
        if not isinstance(value, bool):
            raise SettingError(f"begins: expected true or false, got {value!r}")
        return value
    if not isinstance(value, str):
        raise SettingError(f"{name}: expected a text, got {value!r}")
    return value


def _framed(name: str, value: Any, kind: type) -> Any:
    allowed = {"frame", "box", "beside"} if kind is SeenBox else {"frame", "box"}
    if not isinstance(value, Mapping) or not {"frame", "box"} <= value.keys() <= allowed:
        raise SettingError(f'{name}: expected {{"frame": N, "box": [x1, y1, x2, y2]}}, got {str(value)[:80]}')
    more = {"beside": tuple(_box(name, one) for one in _list(name, value["beside"]))} if "beside" in value else {}
    return kind(_whole("frame", value["frame"]) - 1, _box(name, value["box"]), **more)


def _box(name: str, value: Any) -> Box:
    numbers = [one for one in _list(name, value) if is_kind(one, float)]
    if len(numbers) != 4 or len(value) != 4:
        raise SettingError(f"{name}: expected a box [x1, y1, x2, y2] in pixels, got {str(value)[:80]}")
    x1, y1, x2, y2 = map(float, numbers)
    return x1, y1, x2, y2


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SettingError(f"{name}: expected a list, got {str(value)[:80]}")
    return value


def _whole(name: str, value: Any) -> int:
    if not is_kind(value, float) or value != int(value):
        raise SettingError(f"{name}: expected a whole number, got {str(value)[:60]!r}")
    return int(value)
