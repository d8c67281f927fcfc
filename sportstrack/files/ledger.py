"""What this program wrote into a folder, so that a later run knows its own files from all others.

A folder with results holds ``.sportstrack.ledger``: file name → the program that wrote it, from which source, and the
size, time and SHA-256 of what was written (how it is kept: `sportstrack.files.ledger_file`). A new file is entered
before it gets its name, beside the entry of the one that it replaces; a kill between the two leaves a file that is
known either way.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from sportstrack.files.ledger_file import ledger_file
from sportstrack.files.locks import Lock

NAME = ".sportstrack.ledger"
_LOCK = ".sportstrack.lock"
_SMALL = 64_000_000  # bytes; smaller files are always compared by content
_CHUNK = 1 << 20


def stamp(path: str | Path) -> dict[str, Any]:
    """Return size (bytes), time (nanoseconds) and SHA-256 of a file, or of a folder's file names and contents.

    Raises:
        OSError: it cannot be read, or changed meanwhile.
    """
    path = Path(path)
    if path.is_dir():
        return _folder_stamp(path)
    before = path.stat()
    read = _remembered if before.st_size > _SMALL else _sha256
    found = read(str(path.absolute()), before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino)
    return {"size": before.st_size, "time": before.st_mtime_ns, "changed": before.st_ctime_ns, "sha256": found}


def matches(path: str | Path, record: Any) -> bool:
    """Return whether a file or folder still is what `stamp` found; False if the record is none, or nothing is there.

    A large file is read again only if its times differ from the record's.
    """
    path = Path(path)
    if not isinstance(record, Mapping) or not isinstance(record.get("sha256"), str):
        return False
    try:
        now = path.stat()
        if stat.S_ISREG(now.st_mode):
            if now.st_size != record.get("size"):
                return False
            times = (now.st_mtime_ns, now.st_ctime_ns)
            if now.st_size > _SMALL and times == (record.get("time"), record.get("changed")):
                return True
        return bool(stamp(path)["sha256"] == record["sha256"])
    except OSError:
        return False


def _folder_stamp(folder: Path) -> dict[str, Any]:
    """Return the stamp of a folder: over names and contents of its own files, without hidden and our own ones."""
    sums, size, newest = hashlib.sha256(), 0, 0
    ours = Ledger(folder).names()
    for name in sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")):
        path = folder / name
        if path.is_file() and ".part." not in name and name not in ours:
            one = stamp(path)
            sums.update(f"{path.name}\0{one['sha256']}\n".encode("utf-8", "surrogateescape"))
            size, newest = size + one["size"], max(newest, one["time"])
    return {"size": size, "time": newest, "changed": 0, "sha256": sums.hexdigest()}


def _sha256(path: str, size: int, *_times: int) -> str:
    sums = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            sums.update(chunk)
        if os.fstat(file.fileno()).st_size != size:
            raise OSError(f"{path} changed while it was read")
    return sums.hexdigest()


_remembered = lru_cache(maxsize=4096)(_sha256)  # a large file is read once for each size and time


class Ledger:
    """The entries of one folder: file name → what was written there; of each, at most the last two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._file = ledger_file(str(self._path.absolute()))

    def owner(self, name: str) -> dict[str, Any] | None:
        """Return the entry that the file of this name agrees with; None if it is not, or no longer, what we wrote."""
        path = self.folder / name
        if path.is_symlink() or not path.is_file():
            return None
        return next((entry for entry in self.entries(name) if matches(path, entry)), None)

    def names(self) -> set[str]:
        """Return the names of all files that were ever written here."""
        return set(self._file.read())

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Return what was written under a name, the latest first; nothing if nothing ever was."""
        return self._file.read().get(name, [])

    def enter(self, entries: Mapping[str, dict[str, Any]]) -> None:
        """Add an entry for each file name that is about to be given."""
        with self._locked():
            older = {name: [e for e in self.entries(name) if matches(self.folder / name, e)][:1] for name in entries}
            self._file.change({name: [entry, *older[name]] for name, entry in entries.items()})

    def settle(self, names: Iterable[str]) -> None:
        """Keep the latest entry alone of files that have got their names, and forget those that are gone."""
        with self._locked():
            kept = {name: self.entries(name)[: int((self.folder / name).exists())] for name in names}
            changed = {name: entries for name, entries in kept.items() if entries != self.entries(name)}
            if changed:
                self._file.change(changed)

    def _locked(self) -> Lock:
        return Lock(self.folder / _LOCK, self._path, "sportstrack")
