"""``NAME.edits.jsonl``: one edit a line, appended as it is made.

A line counts from the moment that its line end is on the disk: a program that is killed, or a machine that loses power,
loses the line that was being written and no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sportstrack.edits.operations import Edit
from sportstrack.edits.text import edit_text, parse_edit
from sportstrack.errors import FormatError
from sportstrack.files.claim import PartFile, write_text
from sportstrack.files.reading import read_bytes

SUFFIX = ".edits.jsonl"
_BLOCK = 1 << 16


@dataclass(frozen=True)
class EditFile:
    """What a file of edits holds.

    Attributes:
        edits: in the order of the file.
        lines: the line of each, from 1.
        torn: what is told of a last line that was not written to its end and is left out; empty as a rule.
    """

    edits: tuple[Edit, ...] = ()
    lines: tuple[int, ...] = ()
    torn: str = ""


def edits_beside(result: str | Path) -> Path:
    """Return where the edits of a result ``NAME.txt`` (or ``.csv`` …) stand: ``NAME.edits.jsonl`` beside it."""
    path = Path(result)
    return path.with_name(f"{path.stem}{SUFFIX}")


def read_edits(path: str | Path) -> EditFile:
    """Read a file of edits; blank lines are passed over.

    Raises:
        FormatError: the file cannot be read, or a line is no edit; the message names file, line and reason.
    """
    data = read_bytes(path)
    *whole, last = data.split(b"\n")
    edits, lines = [], []
    for number, line in enumerate(whole, 1):
        if line.strip():
            edits.append(parse_edit(line, f"{path}, line {number}"))
            lines.append(number)
    if not last.strip():
        return EditFile(tuple(edits), tuple(lines))
    try:
        edits.append(parse_edit(last, str(path)))  # a person's editor may leave the last line end out
        lines.append(len(whole) + 1)
    except FormatError:
        torn = f"{path}, line {len(whole) + 1}: was not written to its end, and is left out: {last[:60]!r}"
        return EditFile(tuple(edits), tuple(lines), torn)
    return EditFile(tuple(edits), tuple(lines))


def append_edit(path: str | Path, edit: Edit) -> None:
    """Add an edit to a file, which is made if it is not there; when this returns, the line is on the disk.

    A torn last line is cut off first. One program at a time may append to a file.

    Raises:
        OutputError: the file cannot be written.
    """
    file, data = Path(path), edit_text(edit).encode("utf-8", "backslashreplace") + b"\n"
    with PartFile(file).explained():
        new = not file.exists()
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            begin = _last_line(handle, end)
            if begin < end:
                os.lseek(handle, begin, os.SEEK_SET)
                if _is_edit(_read(handle, end - begin)):
                    data = b"\n" + data
                else:
                    os.ftruncate(handle, begin)
                    end = begin
            os.lseek(handle, end, os.SEEK_SET)
            while data:
                data = data[os.write(handle, data) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            _sync_folder(file.parent)


def drop_last_edit(path: str | Path) -> Edit | None:
    """Take the last edit out of a file and return it: undo. None if there is none.

    Raises:
        FormatError: the file cannot be read, or its last line is no edit.
        OutputError: it cannot be written.
    """
    data = read_bytes(path).rstrip(b"\r\n \t")
    begin = data.rfind(b"\n") + 1
    if begin == len(data):
        return None
    try:
        edit = parse_edit(data[begin:], str(path))
    except FormatError:
        if read_edits(path).torn:
            _truncate(Path(path), begin)
            return drop_last_edit(path)
        raise
    _truncate(Path(path), begin)
    return edit


def write_edits(path: str | Path, edits: Iterable[Edit]) -> None:
    """Write a file of edits, whole or not at all; a file that is there is replaced.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, "".join(edit_text(edit) + "\n" for edit in edits))


def _truncate(path: Path, length: int) -> None:
    with PartFile(path).explained(), path.open("r+b") as stream:
        stream.truncate(length)
        stream.flush()
        os.fsync(stream.fileno())


def _last_line(handle: int, end: int) -> int:
    """Return where the last line begins that has no line end; the end of the file if all have one."""
    at = end
    while at > 0:
        low = max(0, at - _BLOCK)
        os.lseek(handle, low, os.SEEK_SET)
        found = _read(handle, at - low).rfind(b"\n")
        if found >= 0:
            return low + found + 1
        at = low
    return 0


def _read(handle: int, count: int) -> bytes:
    parts = []
    while count and (part := os.read(handle, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _is_edit(line: bytes) -> bool:
    try:
        parse_edit(line)
    except FormatError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make a new name last; Windows opens no folders and needs none of this."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
