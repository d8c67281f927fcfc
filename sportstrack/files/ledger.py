"""What this program wrote into a folder, so that a later run knows its own files from all others.

A folder with results holds ``.sportstrack.ledger``: file name → the program that wrote it, from which source, and the
size, time and SHA-256 of what was written. A new file is entered before it gets its name, beside the entry of the one
that it replaces; a kill between the two leaves a file that is known either way.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from sportstrack.files.locks import Lock

NAME = ".sportstrack.ledger"
_LOCK = ".sportstrack.lock"
_SMALL = 64_000_000  # bytes; smaller files are always compared by content
_CHUNK = 1 << 20
_LIMIT = 64_000_000  # bytes of a ledger that is still read


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

    def owner(self, name: str) -> dict[str, Any] | None:
        """Return the entry that the file of this name agrees with; None if it is not, or no longer, what we wrote."""
        path = self.folder / name
        if path.is_symlink() or not path.is_file():
            return None
        return next((entry for entry in self.entries(name) if matches(path, entry)), None)

    def names(self) -> set[str]:
        """Return the names of all files that were ever written here."""
        return set(self._read())

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Return what was written under a name, the latest first; nothing if nothing ever was."""
        return self._read().get(name, [])

    def enter(self, entries: Mapping[str, dict[str, Any]]) -> None:
        """Add an entry for each file name that is about to be given."""
        with self._locked():
            known = self._read()
            for name, entry in entries.items():
                others = [e for e in known.get(name, []) if matches(self.folder / name, e)]
                known[name] = [entry, *others[:1]]
            self._write(known)

    def settle(self, names: Iterable[str]) -> None:
        """Keep the latest entry alone of files that have got their names, and forget those that are gone."""
        with self._locked():
            known = self._read()
            for name in names:
                entries = known.pop(name, [])
                if entries and (self.folder / name).exists():
                    known[name] = entries[:1]
            self._write(known)

    def _locked(self) -> Lock:
        return Lock(self.folder / _LOCK, self._path, "sportstrack")

    def _read(self) -> dict[str, list[dict[str, Any]]]:
        """Return all entries, as a table of the caller's own; its lists are shared and stay as they are."""
        try:
            now = self._path.stat()
        except OSError:
            return {}
        return dict(_entries(str(self._path.absolute()), now.st_ino, now.st_mtime_ns, now.st_size))

    def _write(self, known: Mapping[str, list[dict[str, Any]]]) -> None:
        from sportstrack.files.claim import remove_parts, write_text

        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(entries)}" for name, entries in known.items())
        write_text(self._path, f'{{"version": 1, "files": {{\n{rows}\n}}}}\n')
        remove_parts(self.folder, [NAME, Path(NAME).stem])


@lru_cache(maxsize=8)
def _entries(path: str, _inode: int, _time: int, size: int) -> dict[str, list[dict[str, Any]]]:
    """Return what a ledger says; each writing makes a new file, so one of the same stamps is not read again."""
    try:
        if size > _LIMIT:
            return {}
        files = json.loads(Path(path).read_text(encoding="utf-8"))["files"]
        return {
            name: [entry for entry in entries if isinstance(entry, dict)]
            for name, entries in files.items()
            if isinstance(entries, list)
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}  # without a ledger nothing is ours
