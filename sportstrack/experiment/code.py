"""What code a stage runs: a digest of each of its modules, found by following imports, and versions of libraries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+((?:sportstrack|data_prep)[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)"
    r"|import[ \t]+((?:sportstrack|data_prep)[\w.]*))",
    re.MULTILINE,
)
_NAMED = re.compile(r'"((?:sportstrack|data_prep)(?:\.\w+)+)(?::\w+)?"')  # modules that are imported by name
_LISTS = ("sportstrack", "sportstrack.cli")  # they name all others, and do no work
_PLAN = "sportstrack.experiment"
_WORK = (f"{_PLAN}.stages.", f"{_PLAN}.report.")  # all else of it only decides what runs


def code_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return module → digest of its text, of some modules and all that they import, at once or later."""
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in found or not _counts(module):
            continue
        read = _module(module)
        if read is not None:
            found[module] = read[0]
            waiting += [*read[1], module.rpartition(".")[0]]  # a package is loaded before what is in it
    return found


def _counts(module: str) -> bool:
    """Return whether a module's text may change what a stage finds."""
    if module in _LISTS or module.endswith(".command"):
        return False
    return not f"{module}.".startswith(f"{_PLAN}.") or module.startswith(_WORK)


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return package → version of those that are installed."""
    found = {name: _version(name) for name in packages}
    return {name: version for name, version in found.items() if version is not None}


@cache
def _module(name: str) -> tuple[str, list[str]] | None:
    """Return the digest of a module's text and what it imports; None where there is no such module."""
    path = _ROOT.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    try:
        data = file.read_bytes()
    except OSError:
        return None
    text = data.decode("utf-8", "replace")
    needed: list[str] = []
    for where, names, plain in _IMPORT.findall(text):
        base = where or plain
        needed += [base, *(f"{base}.{part.split()[0]}" for part in names.strip("()\n ").split(",") if part.strip())]
    return hashlib.sha256(data).hexdigest()[:12], needed + _NAMED.findall(text)


@cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
