"""``NAME.identities.csv``: the table of identities as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from sportstrack.errors import FormatError, OutputError, SettingError
from sportstrack.files.claim import PartFile
from sportstrack.files.names import run_name
from sportstrack.files.reading import read_text
from sportstrack.identities.table import ATTRIBUTES, Identities, Identity

COLUMNS = ("track_id", *ATTRIBUTES, *(f"{name}_confidence" for name in ATTRIBUTES), "first_frame", "last_frame")
SUFFIX = ".identities.csv"


def identities_text(identities: Identities) -> str:
    """Return the table as CSV with a head line; frames count from 1 and confidences have four digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in identities:
        row = {**vars(one), "first_frame": one.first_frame + 1, "last_frame": one.last_frame + 1}
        writer.writerow(f"{value:.4g}" if isinstance(value := row[name], float) else value for name in COLUMNS)
    return text.getvalue()


def write_identities(path: str | Path | PartFile, identities: Identities) -> None:
    """Write the table as CSV, whole or not at all; a file that is there is replaced.

    Raises:
        OutputError: the file cannot be written.
    """
    file = path if isinstance(path, PartFile) else PartFile(path)
    try:
        with file.open_text() as stream:
            stream.write(identities_text(identities))
    except OSError as error:
        raise OutputError(file.explain(error)) from error
    file.complete()


def read_identities(path: str | Path) -> Identities:
    """Read a CSV file of identities, also one that a person wrote.

    The head line names the columns, in any order; ``track_id`` must be there. A value without a confidence has 1,
    a row without frames counts for the whole track, and columns of other names are passed over.

    Raises:
        FormatError: the file cannot be read or a line is none of this; the message names it.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    head: list[str] | None = None
    rows: list[Identity] = []
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if head is None:
                head = _head(cells, path)
                continue
            if len(cells) > len(head):
                raise SettingError(f"{len(cells)} values, but the head line has {len(head)} columns")
            rows.append(_identity(dict(zip(head, cells, strict=False))))
    except (csv.Error, SettingError) as error:
        raise FormatError(f"{path}, line {reader.line_num}: {error}") from error
    if head is None:
        raise FormatError(f"{path}: is empty; expected a head line such as {','.join(COLUMNS[:5])}")
    try:
        return Identities(rows)
    except SettingError as error:
        raise FormatError(f"{path}: {error}") from error


def identities_beside(result: str | Path) -> Path | None:
    """Return ``NAME.identities.csv`` beside a result ``NAME.txt``, or .jsonl, .csv, .npz; None where there is none."""
    path = run_name(result)
    beside = path.with_name(f"{path.stem}{SUFFIX}")
    return beside if beside.is_file() else None


def identities_of_rows(rows: Iterable[tuple[int, int, Mapping[str, Any]]]) -> Identities:
    """Return the table of what the rows of a result say: frame from 0, track, and what it holds of `ATTRIBUTES`.

    Frames that say the same become one span, with confidence 1.

    Raises:
        SettingError: a value that cannot be.
    """
    said: dict[int, dict[int, tuple[str, ...]]] = {}
    for frame, track, cells in rows:
        texts = (cells.get(name) for name in ATTRIBUTES)
        said.setdefault(track, {})[frame] = tuple("" if text is None else str(text).strip() for text in texts)
    out = []
    for track, frames in said.items():
        for known, group in groupby(sorted(frames), key=frames.__getitem__):
            span = list(group)
            if any(known):
                values: list[Any] = [*known, *(float(bool(text)) for text in known)]
                out.append(Identity(track, span[0], span[-1], *values))
    return Identities(out)


def _head(cells: list[str], path: str | Path) -> list[str]:
    head = [cell.lower() for cell in cells]
    if "track_id" not in head:
        raise FormatError(f"{path}: its head line names no column track_id; expected {','.join(COLUMNS)}")
    twice = sorted({name for name in head if name in COLUMNS and head.count(name) > 1})
    if twice:
        raise FormatError(f"{path}: its head line names {twice[0]} twice")
    return head


def _identity(row: Mapping[str, str]) -> Identity:
    values: dict[str, Any] = {name: row[name] for name in ATTRIBUTES if row.get(name)}
    values["role"] = values.get("role", "").lower()
    for name in ATTRIBUTES:
        values[f"{name}_confidence"] = _number(row, f"{name}_confidence", float, 1.0 if row.get(name) else 0.0)
    values["track_id"] = _number(row, "track_id", int, None)
    for name in ("first_frame", "last_frame"):
        if row.get(name):
            values[name] = _number(row, name, int, None) - 1
    return Identity(**values)


def _number(row: Mapping[str, str], name: str, kind: type, default: Any) -> Any:
    text = row.get(name, "")
    if not text and default is not None:
        return default
    try:
        return kind(text)
    except ValueError:
        raise SettingError(f"{name}: expected a {'whole ' * (kind is int)}number, got {text!r}") from None
