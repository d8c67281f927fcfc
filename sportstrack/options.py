"""What a setting says of itself: help text, default and range stand with its field; the command line reads them.

@dataclass(frozen=True)
class Settings:
    every: int = option(1, "use every Nth frame only", low=1, metavar="N")

    def __post_init__(self) -> None:
        check_options(self)
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from math import inf
from typing import Any, get_args, get_type_hints

from sportstrack.errors import SettingError, unknown
from sportstrack.kinds import is_kind, kind_words

_KEY = "option"


@dataclass(frozen=True)
class About:
    """What is known of a setting.

    Attributes:
        help: what it means, in one phrase.
        shown: how help texts show the default; None is the value itself.
        low: the least value, or of each value of a list.
        high: the greatest.
        above: whether `low` itself is left out.
        choices: the values that there are; empty where any will do.
        metavar: what stands for the value in a help text; None is the name in capitals.
        pairs: the value is a list of ``NAME=VALUE``, which a command line may also give as words of their own.
    """

    help: str
    shown: str | None = None
    low: float = -inf
    high: float = inf
    above: bool = False
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    pairs: bool = False


def option(
    default: Any,
    help: str,  # noqa: A002 - argparse's name
    *,
    shown: str | None = None,
    low: float = -inf,
    high: float = inf,
    above: bool = False,
    choices: tuple[str, ...] = (),
    metavar: str | None = None,
    pairs: bool = False,
) -> Any:
    """Return the field of a setting; a callable default makes the value. See `About` for the other arguments."""
    about = About(help, shown, low, high, above, choices, metavar, pairs)
    made: Mapping[str, Any] = {"default_factory": default} if callable(default) else {"default": default}
    return field(**made, metadata={_KEY: about})


def about(config: type, name: str) -> About:
    """Return what is known of a setting; KeyError if its field was not made by `option`."""
    found: About = {one.name: one for one in fields(config)}[name].metadata[_KEY]
    return found


def default_of(config: type, name: str) -> Any:
    """Return the value that a setting has when none is given."""
    one = {one.name: one for one in fields(config)}[name]
    return one.default if one.default_factory is MISSING else one.default_factory()


def check_options(settings: Any) -> None:
    """Check each setting: its type, and its range and choices if `option` made it.

    Raises:
        SettingError: a value does not fit; the message names the setting and what it may be.
    """
    hints = get_type_hints(type(settings))
    for one in fields(settings):
        value, hint = getattr(settings, one.name), hints[one.name]
        if not is_kind(value, hint):
            raise SettingError(f"{one.name}: expected {kind_words(hint)}, got {reprlib.repr(value)}")
        for part in (value if isinstance(value, (list, tuple)) else (value,)) if _KEY in one.metadata else ():
            _check(one.name, part, one.metadata[_KEY], whole=float not in (hint, *get_args(hint)))


def _check(name: str, value: Any, known: About, *, whole: bool) -> None:
    if value is None:
        return
    if known.choices and value not in known.choices:
        raise SettingError(f"{name}: {unknown('value', value, known.choices)}")
    if isinstance(value, str) or (known.low, known.high) == (-inf, inf):
        return
    if not known.low <= value <= known.high or (known.above and value == known.low):
        raise SettingError(f"{name}: expected {range_words(known, whole=whole)}, got {value!r}")


def range_words(known: About, *, whole: bool) -> str:
    """Return what a number may be, in words."""
    kind = "a whole number" if whole else "a number"
    low = "" if known.low == -inf else f" {'above' if known.above else 'from'} {_plain(known.low)}"
    high = "" if known.high == inf else f" {'and at most' if known.above else 'to'} {_plain(known.high)}"
    return kind + low + high


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
