"""A table of names as a file that changes are added to, so that a change costs the same however long the table is.

After its head, each line of the file is a JSON object: name → what holds from here on; an empty list forgets the name.
A line that a kill cut off is left out. Where more lines are out of date than in force, the file is written anew.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

Entries = dict[str, list[dict[str, Any]]]
"""Name → what is known of it."""

_HEAD = b'{"version": 2, "id": "'  # an id of the file, so that one that was written anew is told from one that grew
_HEAD_BYTES = len(_HEAD) + 19  # with 16 digits and the end of the line
_LIMIT = 64_000_000  # bytes of a file that is still read
_SPARE = 100  # lines out of date that are always borne


class LedgerFile:
    """One such file; `ledger_file` returns it. Changes need a lock of the caller's, reading does not.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._begin(b"")

    def read(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return all names, in a table that is not to be changed; what was read before is not read again."""
        with self._guard:
            try:
                with self._path.open("rb") as file:  # opening shows what other machines of a shared folder have written
                    self._look(file)
            except OSError:
                self._begin(b"")
            return self._entries

    def change(self, entries: Mapping[str, list[dict[str, Any]]]) -> None:
        """Say what holds of some names from now on.

        Raises:
            OutputError: the file cannot be written.
        """
        from sportstrack.files.claim import PartFile

        known = self.read()
        if not self._can_grow() or self._lines > 2 * len(known) + _SPARE:
            self._write({name: found for name, found in {**known, **entries}.items() if found})
            return
        line = json.dumps(dict(entries)).encode() + b"\n"
        with PartFile(self._path).explained(), self._path.open("ab") as file:
            file.write(b"\n" + line if self._size > self._end else line)

    def _begin(self, head: bytes) -> None:
        self._head, self._entries, self._lines = head, Entries(), 0
        self._size, self._time, self._end = 0, 0, len(head)  # of the file; what is read of it

    def _look(self, file: Any) -> None:
        now, head = os.fstat(file.fileno()), file.read(_HEAD_BYTES)
        if (head, now.st_size, now.st_mtime_ns) == (self._head, self._size, self._time):
            return
        if head != self._head or not head.startswith(_HEAD) or now.st_size <= self._size:
            self._begin(head)
        self._size, self._time = now.st_size, now.st_mtime_ns
        if self._size > _LIMIT:
            self._begin(head)
        elif not head.startswith(_HEAD):
            self._take_old(head + file.read())
        elif self._size > self._end:
            file.seek(self._end)
            text = file.read(self._size - self._end)
            for line in text[: text.rfind(b"\n") + 1].split(b"\n")[:-1]:
                self._take(line)
                self._end += len(line) + 1

    def _take(self, line: bytes) -> None:
        try:
            found = json.loads(line)
            for name, entries in found.items():
                self._set(name, entries)
            self._lines += 1
        except (ValueError, AttributeError, RecursionError):
            return  # what a kill cut off

    def _take_old(self, text: bytes) -> None:
        """Read what earlier versions wrote: one object with all files."""
        try:
            for name, entries in json.loads(text)["files"].items():
                self._set(name, entries)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._entries = Entries()

    def _set(self, name: str, entries: Any) -> None:
        if isinstance(entries, list):
            self._entries[name] = [entry for entry in entries if isinstance(entry, dict)]
            if not entries:
                del self._entries[name]

    def _can_grow(self) -> bool:
        """Return whether the file may be added to: it has our head, and nobody else has it under another name."""
        try:
            now = self._path.lstat()
        except OSError:
            return False
        return self._head.startswith(_HEAD) and stat.S_ISREG(now.st_mode) and now.st_nlink == 1

    def _write(self, known: Mapping[str, list[dict[str, Any]]]) -> None:
        from sportstrack.files.claim import remove_parts, write_text

        head = _HEAD.decode() + secrets.token_hex(8) + '"}\n'
        write_text(self._path, head + "".join(f"{json.dumps({name: found})}\n" for name, found in known.items()))
        remove_parts(self._path.parent, [self._path.name, self._path.stem])


@lru_cache(maxsize=32)
def ledger_file(path: str) -> LedgerFile:
    """Return the file of a path, with what this process has read of it."""
    return LedgerFile(Path(path))
