"""Whether a value that came out of a file is what a setting's type hint says."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "nothing",
}


def is_kind(value: Any, hint: Any) -> bool:
    """Return whether a value fits a type hint: plain types, unions, sequences, tuples and tables; others fit always."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return any(is_kind(value, one) for one in inner)
    if origin in (tuple, Sequence, list):
        if not isinstance(value, (list, tuple)):
            return False
        if origin is tuple and inner[-1:] != (Ellipsis,):
            return len(value) == len(inner) and all(map(is_kind, value, inner))
        return all(is_kind(one, inner[0]) for one in value) if inner else True
    if origin in (Mapping, dict):
        key, entry = inner or (str, Any)
        return isinstance(value, Mapping) and all(is_kind(k, key) and is_kind(v, entry) for k, v in value.items())
    return _is_plain(value, origin)


def _is_plain(value: Any, kind: Any) -> bool:
    if kind is bool or isinstance(value, bool):
        return isinstance(value, bool) and kind not in (int, float, str, type(None))
    if kind is int:
        return isinstance(value, Integral)
    if kind is float:
        return isinstance(value, Real) and abs(float(value)) < 1e300  # False for NaN
    return isinstance(value, kind) if kind in (str, type(None)) else True


def kind_words(hint: Any) -> str:
    """Say what a type hint asks for, in plain words."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(map(kind_words, inner))
    if origin in (tuple, Sequence, list):
        return f"a list of {len(inner)} numbers" if origin is tuple and Ellipsis not in inner else "a list"
    return "a table" if origin in (Mapping, dict) else _WORDS.get(origin, str(hint))
