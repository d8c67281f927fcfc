"""Options that are settings: one function adds them to a parser, with what their fields say of themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from math import inf
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sportstrack.cli.arguments import PairWords, Real, Together, Whole, class_names, names_of, words
from sportstrack.options import About, about, default_of

OF_LIBRARIES = {
    "imgsz": {"help": "longer side of the network's input (640; other libraries: their own)"},
    "iou": {"help": "overlap above which the box with the lower score is dropped (0.7; other libraries: their own)"},
}
"""What differs in commands that leave to each library what is not given."""


def add_settings(parser: Any, config: type, names: Iterable[str], **changes: Mapping[str, Any]) -> None:
    """Add an option for each of some settings: ``--with-dashes``, or ``--no-NAME`` for what is on by default.

    Nothing is stored for an option that is not given; `given` returns those that are.

    Args:
        parser: the parser, or a group of it.
        config: a dataclass whose fields were made by `sportstrack.options.option`.
        names: of its settings.
        **changes: arguments of ``add_argument`` that differ for one setting.
    """
    hints = get_type_hints(config)
    for name in names:
        known, default = about(config, name), default_of(config, name)
        flag = f"--{'no-' if default is True else ''}{name.replace('_', '-')}"
        values = (
            _values(hints[name], known, default) | {"help": help_text(known, default)} | dict(changes.get(name, {}))
        )
        parser.add_argument(flag, dest=name, default=argparse.SUPPRESS, **values)


def given(options: argparse.Namespace, config: type, but: Iterable[str] = ()) -> dict[str, Any]:
    """Return the settings of a dataclass that a command line gives, apart from some."""
    left_out = set(but)
    return {
        one.name: getattr(options, one.name)
        for one in fields(config)
        if hasattr(options, one.name) and one.name not in left_out
    }


def help_text(known: About, default: Any) -> str:
    """Return what an option's help says: its meaning, and its default in parentheses."""
    if default is True:
        return f"do not {known.help}"
    shown = known.shown
    if shown is None and not isinstance(default, bool) and default not in (None, (), {}):
        shown = ",".join(map(str, default)) if isinstance(default, (list, tuple)) else str(default)
    return f"{known.help} ({shown})" if shown else known.help


def _values(hint: Any, known: About, default: Any) -> dict[str, Any]:
    """Return the arguments of ``add_argument`` that a setting's type asks for."""
    kinds = set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}
    kinds.discard(type(None))
    (kind,) = kinds
    values: dict[str, Any] = {}
    if kind is bool and default is None:  # left to something else: both answers can be given
        return {"action": argparse.BooleanOptionalAction}
    if kind is bool:
        return {"action": "store_false" if default else "store_true"}
    if known.metavar:
        values["metavar"] = known.metavar
    if known.pairs:
        return values | {"action": PairWords}
    if get_origin(kind) is Sequence:
        values["action"] = Together
        if known.choices:
            return values | {"type": names_of("format", known.choices, whole="all")}
        return values | {"type": class_names}
    if get_origin(kind) is tuple:
        return values | {"type": words, "action": Together}
    if known.choices:
        return values | {"choices": known.choices}
    if kind is int:
        values["type"] = Whole(*_limits(known, Whole().high))
    elif kind is float:
        values["type"] = Real(*_limits(known, Real().high), above=known.above)
    elif kind is Path:
        values["type"] = Path
    return values


def _limits(known: About, most: float) -> tuple[Any, Any]:
    return (0 if known.low == -inf else known.low), (most if known.high == inf else known.high)
