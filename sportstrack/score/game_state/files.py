"""SoccerNet's game state files: ``Labels-GameState.json`` and predictions, read and written.

The formats are those of https://github.com/SoccerNet/sn-gamestate, as its scorer reads them
(https://github.com/SoccerNet/sn-trackeval, ``trackeval/datasets/soccernet_gs.py``). What that scorer would leave out or
compare as unequal without a word (image ids of another numbering, numbers that are no text) is refused here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, unknown
from sportstrack.files.claim import write_text
from sportstrack.files.reading import PathLike, read_json
from sportstrack.limits import MAX_WHOLE
from sportstrack.score.game_state.table import MAX_NUMBER, ROLES, TEAMS, GameState

LABELS = "Labels-GameState.json"
_FLAGS = ("has_labeled_pitch", "has_labeled_camera", "has_labeled_person")
_CATEGORIES = {"player": 1, "goalkeeper": 2, "referee": 3, "ball": 4, "other": 7}
_POINTS = ("left", "middle", "right")
_COLUMNS = ("frame", "track_id", "pitch", "role", "team", "number", "score", "xyxy")


def read_game_state(path: PathLike, truth: GameState | None = None) -> GameState:
    """Read SoccerNet's labels, or predictions.

    Args:
        path: ``Labels-GameState.json``, or a file with ``predictions``.
        truth: what the predictions belong to; it names the images. None: the images are those that the file has.

    Returns:
        Persons and the ball; annotations of pitch lines and cameras are left out.

    Raises:
        FormatError: the file cannot be read; a key is missing; an ``image_id`` is none of the truth's; a role, team,
            number, id or position is not one that SoccerNet's scorer takes. The message says which entry and why.
    """
    name, data = str(path), read_json(path)
    if not isinstance(data, dict):
        raise FormatError(f"{name}: expected a table with images and annotations, or with predictions")
    if truth is None and "annotations" in data:
        return _labels(Path(path), data)
    if "predictions" not in data:
        found = ", ".join(map(str, list(data)[:5])) or "nothing"
        wanted = "predictions" if truth is not None else "annotations and images, nor predictions"
        raise FormatError(f"{name}: no key {wanted}; the file has {found}")
    items = _items(data, "predictions", name)
    if truth is not None:
        images, scored, title = truth.images, truth.scored, name  # messages name the file
    else:
        named = {_field(one, "image_id", str, f"{name}, predictions[{k}]") for k, one in enumerate(items)}
        images, title = tuple(sorted(named, key=lambda image: _order(image, name))), Path(path).stem
        scored = np.ones(len(images), np.bool_)
    return _state(title, images, scored, items, f"{name}, predictions", predicted=True)


def write_game_state(path: PathLike, state: GameState) -> None:
    """Write predictions as SoccerNet's scorer reads them; `read_game_state` gives the same table back.

    Args:
        path: the file, called ``SEQUENCE.json`` in a submission.
        state: what to write; rows without a place on the pitch are left out, since the scorer stops at them.

    Raises:
        OutputError: the file cannot be written.
    """
    placed = np.flatnonzero(np.isfinite(state.pitch).all(axis=(1, 2)))
    rows = [_entry(state, int(row), number) for number, row in enumerate(placed, 1)]
    text = ",\n".join(json.dumps(row) for row in rows)
    write_text(Path(path), f'{{"predictions": [\n{text}\n]}}\n')


def _entry(state: GameState, row: int, number: int) -> dict[str, Any]:
    role, team, shirt = str(state.role[row]), str(state.team[row]), int(state.number[row])
    entry: dict[str, Any] = {
        "id": str(number),
        "image_id": state.images[state.frame[row]],
        "track_id": int(state.track_id[row]),
        "supercategory": "object",
        "category_id": _CATEGORIES[role],
        "attributes": {"role": role, "team": team or None, "jersey": str(shirt) if shirt >= 0 else None},
        "bbox_pitch": {
            f"{axis}_bottom_{point}": float(state.pitch[row, p, a])
            for p, point in enumerate(_POINTS)
            for a, axis in enumerate("xy")
        },
        "confidence": float(state.score[row]),
    }
    if np.isfinite(box := state.xyxy[row]).all():
        x, y, right, bottom = map(float, box)
        entry["bbox_image"] = {"x": x, "y": y, "w": right - x, "h": bottom - y}
    return entry


def _labels(path: Path, data: dict[str, Any]) -> GameState:
    images = _items(data, "images", str(path))
    flags: dict[str, bool] = {}
    for k, one in enumerate(images):
        where = f"{path}, images[{k}]"
        image = _field(one, "image_id", str, where)
        if image in flags:
            raise FormatError(f"{where}: image_id {image} stands twice")
        values = [_field(one, flag, (bool, int), where) for flag in _FLAGS]
        flags[image] = all(values)
    order = sorted(flags, key=lambda image: _order(image, str(path)))
    scored = np.array([flags[image] for image in order], np.bool_)
    info = data.get("info")
    name = info.get("name") if isinstance(info, dict) else None
    title = str(name or (path.resolve().parent.name if path.name == LABELS else path.stem))
    return _state(title, tuple(order), scored, _items(data, "annotations", str(path)), f"{path}, annotations")


def _order(image: str, name: str) -> int:
    """Return what SoccerNet sorts its frames by."""
    try:
        return int(image.split("_")[-1])
    except ValueError as error:
        raise FormatError(f"{name}: image_id {image!r} has no frame number; SoccerNet's are like 2021000001") from error


def _state(
    name: str, images: tuple[str, ...], scored: Any, items: list[Any], where: str, *, predicted: bool = False
) -> GameState:
    place = {image: frame for frame, image in enumerate(images)}
    columns: dict[str, list[Any]] = {column: [] for column in _COLUMNS}
    for k, one in enumerate(items):
        at = f"{where}[{k}]"
        if _field(one, "supercategory", str, at) != "object":
            continue
        image = _field(one, "image_id", str, at)
        if image not in place:
            some = f"such as {images[0]}" if images else "there are none"
            raise FormatError(f"{at}: image_id {image} is none of the truth's ({some}); it would not be scored")
        row = _row(one, place[image], bool(scored[place[image]]), at, predicted)
        for column, value in zip(_COLUMNS, row, strict=True):
            columns[column].append(value)
    pitch = np.array(columns.pop("pitch"), np.float64).reshape(-1, 3, 2)
    frame, identity, role = (columns.pop(column) for column in ("frame", "track_id", "role"))
    try:
        return GameState.of(images, frame, identity, pitch, role, scored=scored, name=name, **columns)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from error


def _row(one: Any, frame: int, scored: bool, at: str, predicted: bool) -> tuple[Any, ...]:
    """Return an object's values in the order of `_COLUMNS`."""
    attributes = _field(one, "attributes", dict, at)
    role = _field(attributes, "role", str, f"{at}, attributes")
    if role not in ROLES:
        raise FormatError(f"{at}: {unknown('role', role, ROLES)}")
    team, shirt = (_field(attributes, key, None, f"{at}, attributes") for key in ("team", "jersey"))
    if role not in ("player", "goalkeeper"):
        team = None
    elif team is not None and team not in TEAMS[:-1]:
        raise FormatError(f"{at}: {unknown('team', str(team), TEAMS[:-1])}; null for none")
    if predicted:
        _field(one, "category_id", None, at)  # SoccerNet's scorer stops without it
    needed = scored and role != "ball"
    return (
        frame,
        _identity(_field(one, "track_id", None, at), at),
        _pitch(one, at, needed, predicted),
        role,
        team or "",
        _number(shirt, at, strict=role == "player"),
        float(one.get("confidence", 1.0)) if _is_number(one.get("confidence", 1.0)) else 1.0,
        _box(one.get("bbox_image")),
    )


def _pitch(one: Any, at: str, needed: bool, predicted: bool) -> list[list[float]]:
    box = _field(one, "bbox_pitch", None, at) if needed else one.get("bbox_pitch")
    if box is None:
        if needed:
            raise FormatError(f"{at}: bbox_pitch is null in a frame with a labelled pitch; leave such rows out")
        return [[math.nan] * 2] * 3
    points: dict[str, list[float]] = {}
    for point in ("middle", "left", "right"):
        if not predicted and isinstance(box, dict) and f"x_bottom_{point}" not in box and points:
            points[point] = points["middle"]  # labels of other data sets have the middle alone
            continue
        values = [_field(box, f"{axis}_bottom_{point}", None, f"{at}, bbox_pitch") for axis in "xy"]
        if not all(map(_is_number, values)):
            raise FormatError(f"{at}: bbox_pitch's bottom {point} is {values}, not two numbers of metres")
        points[point] = [float(value) for value in values]
    return [points[point] for point in _POINTS]


def _number(value: Any, at: str, *, strict: bool) -> int:
    """Return the shirt's number; SoccerNet compares text, so that ``7`` and ``"07"`` would never match ``"7"``."""
    if value is None:
        return -1
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        number = int(value)
        if str(number) == value and number <= MAX_NUMBER:
            return number
    if not strict:
        return -1
    raise FormatError(f'{at}: jersey is {value!r}; it must be text such as "7", or null (it is compared as text)')


def _identity(value: Any, at: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if not _is_number(value) or value != math.floor(value) or not 0 <= value < MAX_WHOLE:
        raise FormatError(f"{at}: track_id is {value!r}; it must be a whole number, 0 or more")
    return int(value)


def _box(box: Any) -> list[float]:
    values = [box.get(key) for key in ("x", "y", "w", "h")] if isinstance(box, dict) else [None]
    if not all(map(_is_number, values)):
        return [math.nan] * 4
    x, y, w, h = map(float, values)  # type: ignore[arg-type]
    return [x, y, x + w, y + h]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < MAX_WHOLE


def _items(data: Mapping[str, Any], key: str, name: str) -> list[Any]:
    return _field(data, key, list, name)  # type: ignore[no-any-return]


def _field(one: Any, key: str, kind: type | tuple[type, ...] | None, where: str) -> Any:
    """Return a value that must be there; ``kind`` None takes any."""
    if not isinstance(one, dict):
        raise FormatError(f"{where}: expected a table of names and values, found {type(one).__name__}")
    if key not in one:
        raise FormatError(f"{where}: no key {key} (SoccerNet's scorer needs it)")
    value = one[key]
    if kind is not None and not isinstance(value, kind):
        kinds: dict[object, str] = {str: "text", list: "a list", dict: "a table"}
        wanted = kinds.get(kind, "true or false")
        raise FormatError(f"{where}: {key} is {value!r:.60}; it must be {wanted}")
    return value
