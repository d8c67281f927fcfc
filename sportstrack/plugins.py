"""Objects of one's own, named as ``package.module:attribute``."""

from __future__ import annotations

import inspect
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from sportstrack.errors import PluginError, SettingError, SportstrackError, nearest

_SPEC = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def is_plugin(spec: str) -> bool:
    """Return whether a name has the form ``package.module:attribute`` and is not a file's."""
    return _SPEC.fullmatch(spec) is not None and not Path(spec).exists()


def load_plugin(
    spec: str,
    wanted: str,
    *,
    offered: Mapping[str, Any] | None = None,
    given: Mapping[str, Any] | None = None,
    fits: Callable[[Any], bool] = callable,
    taken: set[str] | None = None,
) -> Any:
    """Import what a spec names, call it where it is a class or a factory, and return what comes out.

    This is the one place where code that a user names is imported.

    Args:
        spec: ``package.module:attribute``.
        wanted: what it must be, for messages, such as ``a callable frames -> list of Detections``.
        offered: arguments of which a class, or a function without required arguments, gets those that it names; any
            other object is taken as it is.
        given: arguments with which it is called, whatever it is, beside those offered that it names.
        fits: returns whether the object is what is wanted.
        taken: gets the names of those offered that were handed over.

    Raises:
        SettingError: a module or attribute is not there, or what it names cannot be called or is not what is wanted.
        PluginError: the module fails while it is imported, or what it names while it is called.
    """
    target = attribute(spec)
    if given is not None:
        made = _called(target, {**(_taken(target, offered or {}) if callable(target) else {}), **given}, spec)
    elif inspect.isclass(target) or (inspect.isroutine(target) and not _needed(target)):
        arguments = _taken(target, offered or {})
        if taken is not None:
            taken.update(arguments)
        made = _called(target, arguments, spec)
    else:
        made = target
    if not fits(made):
        raise SettingError(f"{spec}: expected {wanted}, got {type(made).__name__}")
    return made


@contextmanager
def plugin(kind: str, spec: str) -> Iterator[None]:
    """Turn whatever a user's own code raises into a `PluginError` of one line, with file and line.

    Args:
        kind: what it is, such as ``detector``.
        spec: its name.
    """
    try:
        yield
    except SportstrackError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        what = type(error).__name__ + (f": {lines[0]}" if lines else "")
        raise PluginError(f"{kind} {spec} failed: {what} ({_place(error)}); --verbose shows more") from error


def _place(error: BaseException) -> str:
    """Return file and line of the innermost frame that is neither a library's nor this package's."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    others = [str(Path(__file__).parent), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not any(f.filename.startswith(folder + os.sep) for folder in others)]
    own = [f for f in own if not f.filename.startswith("<frozen")]
    at = (own or frames)[-1]
    return f"{at.filename}:{at.lineno}"


def first_line(error: BaseException) -> str:
    """Return the first line of a message, without colours and signs."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"\x1b\[[0-9;]*m|ERROR|[^\x20-\x7e–…]", "", lines[0] if lines else "").strip(" :.")
    return text[:200] or type(error).__name__


def attribute(spec: str) -> Any:
    """Return what ``package.module:attribute`` names; SettingError if it is not there."""
    module, _, path = spec.partition(":")
    try:
        value: Any = _import(module)
    except ImportError as error:
        raise SettingError(
            f"{spec}: cannot import {module} ({error}); is it in the current folder, or on PYTHONPATH?"
        ) from error
    except ValueError as error:
        if not module:
            raise SettingError(f"{spec}: expected package.module:attribute") from error
        with plugin("module", module):
            raise
    except Exception:
        with plugin("module", module):
            raise
    for name in path.split("."):
        if not hasattr(value, name):
            raise SettingError(f"{spec}: {module} has no {name!r}{nearest(name, dir(value))}")
        value = getattr(value, name)
    return value


def _import(module: str) -> Any:
    """Import a module; one that is not installed is looked for in the current folder, whose modules hide no others."""
    here, first = str(Path.cwd()), module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        there = Path(here, first).is_dir() or Path(here, f"{first}.py").is_file()
        if error.name != first or here in sys.path or not there:
            raise
    sys.path.append(here)  # and it stays, for what the plug-in imports later
    invalidate_caches()
    return import_module(module)


def _called(target: Any, arguments: Mapping[str, Any], spec: str) -> Any:
    try:
        _bind(target, arguments)
    except TypeError as error:
        names = ", ".join(arguments) or "no arguments"
        raise SettingError(f"{spec}: cannot be made ({error}); it is called with {names}") from error
    with plugin("plug-in", spec):
        return target(**arguments)


def _bind(target: Any, arguments: Mapping[str, Any]) -> None:
    """Raise TypeError if a callable does not take the arguments; what cannot be known is left to the call itself."""
    if not callable(target):
        raise TypeError(f"{type(target).__name__} cannot be called")
    with suppress(ValueError):  # of some that are written in C
        inspect.signature(target).bind(**arguments)


def _taken(target: Any, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that a callable names."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except ValueError:  # of some that are written in C
        return {}
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
    taken = {p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}}
    return {name: value for name, value in offered.items() if takes_all or name in taken}


def _needed(function: Callable[..., Any]) -> list[str]:
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]
