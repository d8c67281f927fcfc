"""Numbers, ids and flags as tools write them: 7, 7.0 and "7" are one number, "0" and false one flag."""

from __future__ import annotations

import math
import re
from typing import Any

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")  # not 007: two names that differ in zeros stay two
_FLAGS = {"": False, "false": False, "no": False, "true": True, "yes": True}
_LARGEST = 1 << 62  # fits int64


def as_id(value: Any) -> int | str | None:
    """Return a whole number where the value is one in any spelling, else text as it is; None: no id."""
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else value or None
    return as_whole(value)


def as_whole(value: Any) -> int | None:
    """Return a whole number; None for anything else, also for true, false and numbers beyond 2^62."""
    number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) else value
    if isinstance(number, int) and not isinstance(number, bool):
        return number if abs(number) < _LARGEST else None
    number = as_number(number)
    return int(number) if number is not None and abs(number) < _LARGEST and number.is_integer() else None


def as_number(value: Any) -> float | None:
    """Return a number, perhaps infinite or NaN; None for anything else, also for true and false."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and "_" in value:  # only Python's float takes 1_000
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.inf


def as_flag(value: Any) -> bool | None:
    """Return whether a flag is set: 0, 0.0, "0", false, "false", "" and null are not; None: no flag at all."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in _FLAGS:
        return _FLAGS[value.strip().lower()]
    number = as_number(value)
    return None if number is None or math.isnan(number) else number != 0
