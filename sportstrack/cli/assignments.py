"""Settings on the command line by name: ``--set KEY=VALUE``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sportstrack.errors import SettingError, nearest
from sportstrack.files.reading import parse_yaml


def assigned(
    assignments: Sequence[str], types: Mapping[str, Any] | None, owner: str, example: str = "track_buffer=60"
) -> dict[str, Any]:
    """Turn ``key=value`` strings into settings, with the types that are declared.

    Args:
        assignments: as they were typed.
        types: name of each known setting → type; None takes any name, and values as YAML reads them.
        owner: whose settings they are, for messages.
        example: for the message about a text without ``=``.

    Raises:
        SettingError: no ``=``, an unknown key, or a value of the wrong type; each message shows what would be right.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SettingError(f"--set {assignment}: expected key=value, such as --set {example}")
        if types is not None and key not in types:
            known = sorted(types)
            raise SettingError(f"{owner} has no setting {key!r}{nearest(key, known)} (known: {', '.join(known)})")
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
