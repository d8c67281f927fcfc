"""Objects of one's own, named as ``package.module:attribute``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError, nearest

_SPEC = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def is_plugin(spec: str) -> bool:
    """Tell whether a name has the form ``package.module:attribute`` and is not a file's."""
    return _SPEC.fullmatch(spec) is not None and not Path(spec).exists()


def load_plugin(spec: str, settings: Mapping[str, Any], signature: str) -> Callable[..., Any]:
    """Import and return the callable that a spec names; a class or an argument-free factory is called to make it.

    Args:
        spec: ``package.module:attribute``.
        settings: a class or factory gets those that its signature names.
        signature: what the callable must look like, for messages, such as ``frames -> list of Detections``.

    Raises:
        SettingError: if a module or attribute is not there, or cannot be made or called.
    """
    return _make(_attribute(spec), spec, settings, signature)


def first_line(error: BaseException) -> str:
    """Return the first line of a message, without colours and signs."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"\x1b\[[0-9;]*m|ERROR|[^\x20-\x7e–…]", "", lines[0] if lines else "").strip(" :.")
    return text[:200] or type(error).__name__


def _attribute(spec: str) -> Any:
    module_name, _, path = spec.partition(":")
    try:
        value: Any = import_module(module_name)
    except ImportError as error:
        raise SettingError(f"{spec}: cannot import {module_name} ({error}); is its folder on PYTHONPATH?") from error
    for name in path.split("."):
        if not hasattr(value, name):
            raise SettingError(f"{spec}: {module_name} has no {name!r}{nearest(name, dir(value))}")
        value = getattr(value, name)
    return value


def _make(target: Any, spec: str, settings: Mapping[str, Any], signature: str) -> Callable[..., Any]:
    import inspect

    is_class = inspect.isclass(target)
    if is_class or (inspect.isroutine(target) and not _needed(target)):
        parameters = inspect.signature(target).parameters.values()
        takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
        taken = {p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}}
        try:
            target = target(**{k: v for k, v in settings.items() if takes_all or k in taken})
        except TypeError as error:
            raise SettingError(f"{spec}: cannot be made without arguments ({error})") from error
    if not callable(target):
        raise SettingError(f"{spec}: expected a callable {signature}, got {type(target).__name__}")
    return target  # type: ignore[no-any-return]


def _needed(function: Callable[..., Any]) -> list[str]:
    import inspect

    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]
