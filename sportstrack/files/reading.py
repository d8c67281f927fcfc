"""Reading text, JSON and YAML from anywhere: whatever the encoding, within limits, and always with a clear error."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from sportstrack.errors import FormatError
from sportstrack.limits import MAX_DEPTH, MAX_NODES, MAX_SETTINGS_BYTES, MAX_TEXT_BYTES

PathLike: TypeAlias = str | Path

_MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_FILES = {"thumbs.db", "desktop.ini", "icon\r"}  # Windows' and macOS' notes about a folder
_TOO_DEEP = f"{{}} is read to {MAX_DEPTH} levels of lists and tables inside one another; this goes deeper"
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1


# --- text ------------------------------------------------------------------------------------------------------------


def read_bytes(path: PathLike, most: int = MAX_TEXT_BYTES) -> bytes:
    """Return a file's bytes.

    Raises:
        FormatError: the file is not there, cannot be read, or is larger than ``most`` bytes.
    """
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            chunks = [] if size > most else [file.read(size)]
            while chunks and (chunk := file.read(1 << 20)):  # pipes have no size
                chunks.append(chunk)
                if sum(map(len, chunks)) > most:
                    break
            if chunks and sum(map(len, chunks)) <= most:
                return b"".join(chunks)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise FormatError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    raise FormatError(f"{path}: is larger than the {most:,} bytes that are read of such a file")


def read_text(path: PathLike, *, most: int = MAX_TEXT_BYTES, lenient: bool = True) -> str:
    """Return a text file's characters; see `decode` for the encodings.

    Raises:
        FormatError: the file cannot be read, or is no text.
    """
    return decode(read_bytes(path, most), str(path), lenient=lenient)


def decode(data: bytes, name: str, *, lenient: bool = True) -> str:
    """Return the characters of a text: UTF-8, or what its byte order mark says, or UTF-16 without one.

    Args:
        data: the text's bytes.
        name: of the file, for messages.
        lenient: bytes that are no UTF-8 are read as Windows-1252, as old programs write it; False refuses them.

    Raises:
        FormatError: the bytes are not what the mark says, or no UTF-8 and not ``lenient``.
    """
    mark, coding = next(((m, c) for m, c in _MARKS if data.startswith(m)), (b"", _unmarked(data)))
    try:
        return data[len(mark) :].decode(coding)
    except UnicodeDecodeError as error:
        if lenient and coding == "utf-8":
            return data[len(mark) :].decode("cp1252", "replace")
        line = data[: error.start].count(b"\n") + 1
        raise FormatError(f"{name}, line {line}: is no {coding.upper()} text; save it as UTF-8") from error


def as_utf8(data: bytes, name: str) -> bytes:
    """Return a text's bytes in UTF-8 without a byte order mark; quick where they are that already.

    Raises:
        FormatError: as in `decode`.
    """
    if not data.startswith(tuple(mark for mark, _ in _MARKS)) and _unmarked(data) == "utf-8":
        return data
    return decode(data, name).encode("utf-8", "replace")


def _unmarked(data: bytes) -> str:
    """Recognise UTF-16 without a mark by its zeros: in Western text every other byte is one."""
    head = data[:256]
    if len(head) < 4 or len(data) % 2 or 0 not in head:
        return "utf-8"
    low, high = head[0::2].count(0), head[1::2].count(0)
    few, many = 0.05 * len(head) / 2, 0.7 * len(head) / 2
    return "utf-16-le" if high > many and low < few else "utf-16-be" if low > many and high < few else "utf-8"


def parse_pairs(text: str | bytes, name: str) -> dict[str, tuple[str, int]]:
    """Read an ini text's ``key=value`` lines: key in lower case → (value, line from 1).

    Comments and section lines, right, wrong or missing, are left out. ``name`` stands for the file in messages.
    """
    pairs = {}
    for number, line in enumerate((text if isinstance(text, str) else decode(text, name)).splitlines(), 1):
        key, equals, value = line.partition("=")
        if equals and line.strip()[0] not in "[;#":
            pairs[key.strip().lower()] = (value.strip(), number)
    return pairs


def read_table(path: PathLike) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a head line; cells that a row lacks are empty.

    Raises:
        FormatError: the file cannot be read, or is no CSV.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path), newline=""), restval=""))
    except csv.Error as error:
        raise FormatError(f"{path}: no table of comma-separated values: {error}") from error
    return [{str(key).strip(): str(cell) for key, cell in row.items() if key is not None} for row in rows]


# --- JSON ------------------------------------------------------------------------------------------------------------


def read_json(path: PathLike, *, most: int = MAX_TEXT_BYTES) -> Any:
    """Return what a JSON file holds.

    Raises:
        FormatError: the file cannot be read or is no JSON (with its line), or goes too deep.
    """
    return parse_json(read_bytes(path, most), str(path))


def parse_json(text: str | bytes, name: str) -> Any:
    """Return the value of a JSON text; see `read_json`. ``name`` stands for the file in messages."""
    words = text if isinstance(text, str) else decode(text, name, lenient=False)
    try:
        value = json.loads(words)
    except json.JSONDecodeError as error:
        raise FormatError(f"{name}, line {error.lineno}: no JSON: {error.msg}") from error
    except RecursionError as error:
        raise FormatError(f"{name}: {_TOO_DEEP.format('JSON')}") from error
    except ValueError as error:  # a number of thousands of digits
        raise FormatError(f"{name}: no JSON that can be read: {error}") from error
    if _may_be_deep(words) and _deeper(value, MAX_DEPTH):
        raise FormatError(f"{name}: {_TOO_DEEP.format('JSON')}")
    return value


def _may_be_deep(text: str) -> bool:
    """Return quickly whether more than `MAX_DEPTH` brackets are open anywhere, those in strings counted too."""
    brackets = np.frombuffer(text.encode("utf-8", "replace").translate(None, delete=_NO_BRACKETS), np.uint8)
    level = 0
    for start in range(0, len(brackets), 1 << 22):
        open_now = np.cumsum(_STEPS[brackets[start : start + (1 << 22)]], dtype=np.int64) + level
        if open_now.max() > MAX_DEPTH:
            return True
        level = int(open_now[-1])
    return False


def _deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (list, dict)):
        return False
    within = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(one, levels - 1) for one in within)


# --- YAML ------------------------------------------------------------------------------------------------------------


def read_yaml(path: PathLike) -> Any:
    """Return what a YAML file holds: plain values, lists and tables, no objects.

    Raises:
        FormatError: the file cannot be read or is no YAML (with its line), or is larger or deeper than any settings.
    """
    return parse_yaml(read_text(path, most=MAX_SETTINGS_BYTES, lenient=False), str(path))


def parse_yaml(text: str, name: str) -> Any:
    """Return the value of a YAML text; see `read_yaml`. ``name`` stands for the file in messages."""
    return _parse_yaml(text, name, _loader())


def _parse_yaml(text: str, name: str, loader: Any) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=loader)
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FormatError(f"{name}{line}: no valid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise FormatError(f"{name}: no valid YAML: {error}") from error  # such as the date 2001-99-99
    except RecursionError as error:
        raise FormatError(f"{name}: {_TOO_DEEP.format('YAML')}") from error


class LinedTable(dict[str, Any]):
    """A table of a YAML text whose values are text; it knows the line (from 1) on which it begins."""

    line: int = 0


def read_yaml_text(path: PathLike) -> Any:
    """Return what a YAML file holds with every value as the text that it is written as; tables are `LinedTable`.

    So ``07`` keeps its zero and a person may be called No. A key may not stand twice in a table.

    Raises:
        FormatError: as in `read_yaml`.
    """
    return _parse_yaml(read_text(path, most=MAX_SETTINGS_BYTES), str(path), _text_loader())


@cache
def _text_loader() -> Any:
    """Return the loader of `read_yaml_text`."""
    import yaml

    class TextLoader(_loader()):  # type: ignore[misc]
        """Resolves no scalar to anything but text."""

        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

        def table(self, node: Any) -> Any:
            table = LinedTable()
            table.line = node.start_mark.line + 1
            yield table
            for key_node, value_node in node.value:
                key = str(self.construct_object(key_node, deep=True))
                if key in table:
                    mark = key_node.start_mark
                    raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice in one table", mark)
                table[key] = self.construct_object(value_node, deep=True)

    TextLoader.add_constructor("tag:yaml.org,2002:map", TextLoader.table)
    return TextLoader


@cache
def _loader() -> Any:
    """Return yaml.SafeLoader with a limit to depth, and to values after aliases are replaced by what they name."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Counts the values of each node, in `sizes`, and those of the whole text so far, in `count`."""

        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self.sizes: dict[int, int] = {}
            self.count = self.depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            before, is_alias = self.count, self.check_event(yaml.AliasEvent)
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise FormatError(_TOO_DEEP.format("YAML"))
            node = super().compose_node(parent, index)
            self.depth -= 1
            if is_alias and id(node) not in self.sizes:
                raise FormatError("an alias (*name) stands within what it names")
            self.count += self.sizes[id(node)] if is_alias else 1
            if self.count > MAX_NODES:
                raise FormatError(f"holds more than {MAX_NODES:,} values, those of its aliases counted")
            self.sizes[id(node)] = self.count - before
            return node

    return Loader


# --- names -----------------------------------------------------------------------------------------------------------


def is_file(path: PathLike) -> bool:
    """Return whether a file is there; unlike ``Path.is_file``, for any name that a text can give."""
    try:
        return os.path.isfile(path)  # noqa: PTH113
    except (OSError, ValueError):
        return False


def is_folder(path: PathLike) -> bool:
    """Return whether a folder is there; unlike ``Path.is_dir``, for any name that a text can give."""
    try:
        return os.path.isdir(path)  # noqa: PTH112
    except (OSError, ValueError):
        return False


def same_name(name: str) -> str:
    """Return the form in which names from two places are compared: ``ö`` is one letter, also where a Mac wrote two."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def existing(path: str) -> str:
    """Return the path, or, if there is no such file, that of the same name with its letters composed otherwise."""
    if path.isascii() or is_file(path):
        return path
    head, slash, name = path.replace(os.sep, "/").rpartition("/")
    for form in ("NFC", "NFD"):
        for other in (f"{head}{slash}{unicodedata.normalize(form, name)}", unicodedata.normalize(form, path)):
            if is_file(other):
                return other
    return path


def is_note(name: str) -> bool:
    """Return whether a file is the system's own (``._a.jpg``, ``.DS_Store``, ``Thumbs.db``) and no data."""
    return name.startswith(".") or name.lower() in _NOT_FILES or name == "__MACOSX"


def list_files(
    folder: PathLike, suffixes: Collection[str] = (), *, pattern: str = "*", deep: bool = False
) -> list[Path]:
    """Return the files in a folder, sorted by name, without the systems' own (see `is_note`).

    Args:
        folder: where; a folder that is not there has no files.
        suffixes: those wanted, in lower case, such as ``.jpg``; empty: all.
        pattern: names wanted, as for ``Path.glob``.
        deep: search all folders below, too.
    """
    root = Path(folder)
    found = root.rglob(pattern) if deep else root.glob(pattern)
    return sorted(path for path in without_notes(found, root) if _wanted(path, suffixes) and path.is_file())


def list_folders(folder: PathLike, pattern: str = "*") -> list[Path]:
    """Return the folders in a folder, sorted by name, without hidden ones."""
    root = Path(folder)
    return sorted(path for path in without_notes(root.glob(pattern), root) if path.is_dir())


def without_notes(paths: Iterable[Path], root: Path) -> Iterable[Path]:
    """Leave out what systems note about a folder, and what lies in hidden folders below ``root``."""
    return (path for path in paths if not any(map(is_note, path.relative_to(root).parts)))


def _wanted(path: Path, suffixes: Collection[str]) -> bool:
    return not suffixes or path.suffix.lower() in suffixes
