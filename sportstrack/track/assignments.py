"""A tracker's settings on the command line: ``--set key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sportstrack.errors import SettingError, nearest
from sportstrack.files.reading import parse_yaml
from sportstrack.trackers import TRACKERS, setting_types


def parse_assignments(tracker: str, assignments: Sequence[str]) -> dict[str, Any]:
    """Turn ``key=value`` strings into a tracker's settings, with the types that the tracker declares.

    Raises:
        SettingError: no ``=``, an unknown key, or a value of the wrong type; each message shows what would be right.
    """
    types = setting_types(tracker) if tracker in TRACKERS else None
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SettingError(f"--set {assignment}: expected key=value, such as --set track_buffer=60")
        if types is not None and key not in types:
            known = sorted(types)
            raise SettingError(f"{tracker} has no setting {key!r}{nearest(key, known)} (known: {', '.join(known)})")
        value = parse_yaml(text, f"--set {assignment}")
        values[key] = value if types is None else _typed(assignment, value, types[key])
    return values


def _typed(assignment: str, value: Any, kind: Any) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind is str:
        return str(value)
    if kind not in (bool, int, float):
        return tuple(value) if isinstance(value, list) else value
    wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
    raise SettingError(f"--set {assignment}: expected {wanted}")
