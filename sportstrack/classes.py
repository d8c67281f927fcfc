"""Classes by name: which are a ball, and those of MOT text, whose names lie beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from sportstrack.errors import FormatError, SettingError, SourceError, nearest
from sportstrack.files.names import run_name
from sportstrack.files.reading import read_json, same_name
from sportstrack.mot import MotTable
from sportstrack.mots import CAR, IGNORE, PEDESTRIAN
from sportstrack.recording import Recording

_OTHER_BALLS = ("puck", "shuttlecock")


def ball_ids(names: Mapping[int, str]) -> list[int]:
    """Return the ids of the classes that are a ball by their name: ball, sports ball, soccer_ball, Basketball, puck.

    Args:
        names: class id → name.
    """
    return sorted(number for number, name in names.items() if _is_ball(name))


def _is_ball(name: str) -> bool:
    words = re.findall(r"[^\W_]+", name.lower())
    return bool(words) and (words[-1].removesuffix("s").endswith("ball") or words[-1] in _OTHER_BALLS)


def mots_classes(names: Mapping[int, str]) -> dict[int, int]:
    """Return class id → number in MOTS text: the id + 1, as in MOT text, but for what has a number of its own there.

    Beside a class called person or pedestrian, that is 2 and a car 1, as MOTS has it. No class gets 10, which marks
    regions to ignore.
    """
    own = {"car": CAR, "person": PEDESTRIAN, "pedestrian": PEDESTRIAN}
    taken = {IGNORE} | ({CAR, PEDESTRIAN} if {"person", "pedestrian"} & set(names.values()) else set())
    found = {number: 100 + number if number + 1 in taken else number + 1 for number in names}
    return found | {number: own[name] for number, name in names.items() if CAR in taken and name in own}


def names_beside(result: str | Path) -> dict[int, str]:
    """Return class id → name, as the summary (``NAME.summary.json``) or the recording (``NAME.npz``) of a run says.

    Args:
        result: ``NAME.txt`` or another file of the same run. Without summary and recording nothing is known.
    """
    path = run_name(result)
    with suppress(FormatError, SourceError, OSError, ValueError):
        summary = read_json(path.with_suffix(".summary.json"))
        names = summary.get("names") if isinstance(summary, dict) else None
        if isinstance(names, dict) and names:
            return {int(number): str(name) for number, name in names.items()}
    with suppress(FormatError, SourceError, OSError):
        if path.with_suffix(".npz").is_file():
            return dict(Recording(path.with_suffix(".npz")).info.names)
    return {}


def of_classes(table: MotTable, classes: Sequence[int | str] | None, path: str | Path) -> MotTable:
    """Return the rows of some classes.

    Args:
        table: the rows of MOT text.
        classes: numbers as they stand in column 8 (a detector's class id + 1), or names; None or ``all`` takes all.
        path: the text, for messages and to find the names of its classes.

    Raises:
        FormatError: the text has no classes.
        SettingError: a class that is not there; the message says which are.
    """
    numbers = class_choice(table, classes, path)
    if numbers is None:
        return table
    for number in numbers:
        if number not in table.class_id:
            raise _unknown(str(number), names_beside(path), table, path)
    return table[np.isin(table.class_id, numbers)]


def class_choice(table: MotTable, classes: Sequence[int | str] | None, path: str | Path) -> list[int] | None:
    """Return the numbers of classes, whether the text has them or not; None keeps all. See `of_classes`."""
    if classes is None or list(classes) == ["all"]:
        return None
    if len(table) and (table.class_id < 0).all():
        raise FormatError(
            f"{path}: has no classes (column 8 is -1 or absent), so that none can be chosen; leave out --classes, or "
            "track again without --mot-classes no"
        )
    names = names_beside(path)
    return [_number(wanted, names, table, path) for wanted in classes]


def _number(wanted: int | str, names: Mapping[int, str], table: MotTable, path: str | Path) -> int:
    text = same_name(str(wanted).strip())
    called = {number: same_name(name) for number, name in names.items()}
    exact = [number for number, name in called.items() if name == text]
    if found := exact or [number for number, name in called.items() if name.lower() == text.lower()]:
        return found[0] + 1
    if text.isdecimal():
        return int(text)
    raise _unknown(text, names, table, path)


def _unknown(text: str, names: Mapping[int, str], table: MotTable, path: str | Path) -> SettingError:
    there = np.unique(table.class_id[table.class_id >= 0]).tolist()
    known = [f"{number} {names[number - 1]}" if number - 1 in names else str(number) for number in there]
    hint = nearest(text, list(names.values()))
    if not text.isdecimal() and not names:
        hint = "; no names are known, because neither summary nor recording of the run lies beside it"
    return SettingError(f"{path}: no class {text!r} in it{hint} (column 8 has: {', '.join(known) or 'nothing'})")
