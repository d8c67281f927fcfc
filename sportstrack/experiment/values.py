"""Values of a configuration: what each may be, and what is said where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sportstrack.errors import SettingError, SportstrackError, unknown

MOST_POINTS = 100
"""Values of a sweep."""

Place = tuple[str, ...]


class WrongValue(Exception):  # noqa: N818 - it never leaves the reading of a configuration
    """Something is wrong at a place: the keys that lead to it."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


@contextmanager
def at(place: Place) -> Iterator[None]:
    """Say of what goes wrong within the block where it stands."""
    try:
        yield
    except WrongValue:
        raise
    except SportstrackError as error:
        text = str(error)
        key, colon, rest = text.partition(": ")
        if colon and key.isidentifier():  # options name their setting first
            raise WrongValue((*place, key), rest) from error
        raise WrongValue(place, text) from error


def as_table(values: Any, place: Place, known: Iterable[str] | None) -> dict[str, Any]:
    """Return a table, whose keys are known if `known` says which."""
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise WrongValue(place, f"expected a table (key: value), got {kind_of(values)}")
    table = {str(key): value for key, value in values.items()}
    names = None if known is None else list(dict.fromkeys(known))
    for key in table:
        if names is not None and key not in names:
            raise WrongValue((*place, key), unknown("key", key, names))
    return table


def only(table: dict[str, Any], place: Place, known: Sequence[str]) -> dict[str, Any]:
    """Return the table if all its keys are among these."""
    for key in table:
        if key not in known:
            raise WrongValue((*place, key), f"is of no use with {next(iter(known))}; leave one of them out")
    return table


def is_none(values: Any) -> bool:
    """Return whether a section is left out."""
    return values is False or (isinstance(values, str) and values.lower() in ("none", "off"))


def as_text(table: Mapping[str, Any], key: str, default: str, place: Place = ()) -> str:
    """Return a text of a table."""
    value = table.get(key, default)
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise WrongValue((*place, key), f"expected a text, got {kind_of(value)}")
    return str(value).strip()


def as_whole(value: Any, place: Place, low: int, high: int) -> int:
    """Return a whole number within limits."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise WrongValue(place, f"expected a whole number from {low} to {high}, got {value!r}")
    return value


def as_switch(value: Any, place: Place) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise WrongValue(place, f"expected true or false, got {value!r}")
    return value


def as_words(value: Any, place: Place) -> list[str]:
    """Return a list of names."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise WrongValue(place, f"expected a list of names, got {value!r}")
    return listed


def one_of(value: Any, place: Place, known: Sequence[str]) -> str | None:
    """Return one of the known values, or None."""
    if value is None:
        return None
    if value not in known:
        raise WrongValue(place, unknown("value", str(value), known))
    return str(value)


def as_classes(value: Any) -> tuple[int | str, ...] | None:
    """Return classes by name or number, or None."""
    if value is None:
        return None
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, (int, str)) and not isinstance(one, bool) for one in listed):
        raise WrongValue(("score", "classes"), f"expected names or numbers of classes, got {value!r}")
    return tuple(listed)


def as_objective(value: Any) -> str:
    """Return a figure, or a sum of figures, that a gain is counted in."""
    from sportstrack.tune.objective import Objective

    with at(("score",)):
        if not isinstance(value, str):
            raise SettingError(f"objective: expected a figure such as HOTA, got {value!r}")
        Objective.parse(value)
    return value


def as_sweep(value: Any, place: Place) -> tuple[str, tuple[float, ...]]:
    """Return a setting and its values."""
    table = as_table(value, place, None)
    if len(table) != 1:
        raise WrongValue(place, "expected one setting and its values, such as {alpha: [0.2, 0.5, 0.8]}")
    ((setting, points),) = table.items()
    right: Callable[[Any], bool] = lambda one: isinstance(one, (int, float)) and not isinstance(one, bool)  # noqa: E731
    if not isinstance(points, list) or not 0 < len(points) <= MOST_POINTS or not all(map(right, points)):
        raise WrongValue((*place, setting), f"expected 1 to {MOST_POINTS} numbers, got {points!r}")
    if len(set(points)) < len(points):
        raise WrongValue((*place, setting), "has a value twice")
    return setting, tuple(points)


def kind_of(value: Any) -> str:
    """Return what a value is, in words."""
    for kind, word in ((list, "a list"), (dict, "a table"), (str, "a text")):
        if isinstance(value, kind):
            return word
    return repr(value)
