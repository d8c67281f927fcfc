"""The files that a plan may be: YAML, CSV, text; each becomes a list of entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sportstrack.detect.settings import as_classes
from sportstrack.errors import FormatError, SettingError, SourceError, unknown
from sportstrack.files.reading import is_file, parse_yaml, read_table, read_text, read_yaml
from sportstrack.track.settings import FORMATS, TrackSettings, checked_names

PLANS = {".yaml", ".yml", ".csv", ".txt", ".lst", ".list"}
_KEYS = ("settings", "truth", "videos")


@dataclass(frozen=True)
class Entry:
    """A line or an entry of a plan.

    Attributes:
        values: ``source``, perhaps ``name`` and ``truth``, and settings.
        folder: where its paths begin.
        where: how messages call it.
    """

    values: Mapping[str, Any]
    folder: Path
    where: str


@dataclass(frozen=True)
class Entries:
    """What a plan says.

    Attributes:
        entries: one for each source, folder or pattern.
        shared: settings for all.
        truth: path of the ground truth, or None.
        path: the plan's file, or None.
        title: how messages call the plan.
    """

    entries: Sequence[Entry]
    shared: Mapping[str, Any] = field(default_factory=dict)
    truth: str | None = None
    path: Path | None = None
    title: str = "the plan"


def read_entries(plan: str | Path | Sequence[str | Path | Mapping[str, Any]]) -> Entries:
    """Read a plan; see `sportstrack.batch.plan.read_plan` for what it may be, and for the errors."""
    if isinstance(plan, (str, Path)):
        plan = [plan]
    if len(plan) == 1 and not isinstance(plan[0], Mapping) and Path(plan[0]).suffix.lower() in PLANS:
        return _read_file(Path(plan[0]))
    entries = []
    for number, one in enumerate(plan, 1):
        values = {"source": str(one)} if not isinstance(one, Mapping) else dict(one)
        where = str(values.get("source", f"entry {number}"))
        entries.append(Entry(_with_source(values, where), Path(), where))
    return Entries(entries)


def _read_file(path: Path) -> Entries:
    if not is_file(path):
        raise SourceError(f"{path}: no such plan")
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return _read_yaml(path)
    return Entries(_read_csv(path) if suffix == ".csv" else _read_lines(path), path=path, title=str(path))


def _read_lines(path: Path) -> list[Entry]:
    lines = [line.split(" #")[0].strip() for line in read_text(path, lenient=False).splitlines()]
    return [
        Entry({"source": line}, path.parent, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line and not line.startswith("#")
    ]


def _read_csv(path: Path) -> list[Entry]:
    rows = read_table(path)
    if rows and "source" not in rows[0]:
        raise FormatError(f"{path}, line 1: expected a head line with source, got {', '.join(rows[0])}")
    entries = []
    for number, row in enumerate(rows, 2):
        where = f"{path}, line {number}"
        values = {name: cell.strip() for name, cell in row.items() if cell.strip()}
        plain = {name: _cell(name, text, where) for name, text in values.items()}
        entries.append(Entry(_with_source(plain, where), path.parent, where))
    return entries


def _cell(name: str, text: str, where: str) -> Any:
    """Return a cell's value: a number, true, false, a table in braces, or the text."""
    return text if name in ("source", "name", "truth") else parse_yaml(text, f"{where}, {name}")


def _read_yaml(path: Path) -> Entries:
    content = read_yaml(path)
    if isinstance(content, list):
        content = {"videos": content}
    if not isinstance(content, dict) or "videos" not in content:
        raise FormatError(f"{path}: expected a list of videos, or a table with videos (and settings, truth)")
    for name in content:
        if name not in _KEYS:
            raise FormatError(f"{path}: {unknown('key', str(name), _KEYS)}")
    shared, videos, truth = (content.get(name) for name in _KEYS[:1] + _KEYS[2:] + _KEYS[1:2])
    if not isinstance(shared, (dict, type(None))) or not isinstance(videos, list):
        raise FormatError(f"{path}: expected settings to be a table and videos to be a list")
    entries = []
    for number, one in enumerate(videos, 1):
        values = {"source": one} if isinstance(one, str) else one
        title = values.get("source", "") if isinstance(values, dict) else ""
        where = f"{path}, video {number}" + (f" ({title})" if title else "")
        if not isinstance(values, dict):
            raise FormatError(f"{where}: expected a source, or a table with source and settings")
        entries.append(
            Entry(_with_source({str(key): value for key, value in values.items()}, where), path.parent, where)
        )
    place = None if truth is None else str(truth if Path(str(truth)).is_absolute() else path.parent / str(truth))
    return Entries(entries, _shared(shared or {}, path), place, path, str(path))


def _shared(values: Mapping[Any, Any], path: Path) -> dict[str, Any]:
    try:
        named = checked_names({str(name): value for name, value in values.items()})
        found = {name: from_text(name, value) for name, value in named.items()}
        TrackSettings(**found)
    except SettingError as error:
        raise FormatError(f"{path}, settings: {error}") from error
    return found


def _with_source(values: dict[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(values.get("source"), str) or not values["source"]:
        raise FormatError(f"{where}: names no source")
    return values


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(TrackSettings)


def from_text(name: str, value: Any) -> Any:
    """Return a setting's value where a text stands for a list (``mot,csv``) or a size (``1280x720``)."""
    if not isinstance(value, str):
        return value
    hint = _hints()[name]
    union = get_origin(hint) in (Union, UnionType)
    kinds = {get_origin(one) or one for one in (get_args(hint) if union else (hint,))}
    if tuple in kinds:
        width, _, height = value.lower().partition("x")
        if not (width.isdigit() and height.isdigit()):
            raise SettingError(f"{name}: expected WIDTHxHEIGHT, such as 1280x720, got {value!r}")
        return int(width), int(height)
    if Sequence in kinds:
        if name == "formats" and value == "all":
            return FORMATS
        return as_classes(value) if name in ("classes", "ball") else [word.strip() for word in value.split(",")]
    return value
