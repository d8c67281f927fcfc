"""The service's memory: one SQLite file with a write-ahead log.

Only the server's process opens it. Each part of the service brings its own tables, with versions of their schema::

    store.migrate("jobs", ["CREATE TABLE jobs (…)", "ALTER TABLE jobs ADD …"])
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sportstrack.errors import OutputError, SourceError
from sportstrack.files.claim import PartFile, ensure_folder
from sportstrack.files.locks import Lock

NAME = "serve.sqlite"
_RESERVE = 4 << 20  # bytes that are given up when the disk is full, so that what has failed can be noted
_ROOM = 64 << 20  # bytes that must be free before they are taken again
_OF_THE_DISK = ("disk I/O error", "readonly database", "unable to open")


class Database:
    """The database of one data folder; safe to use from any thread. No two processes hold a folder at a time.

    Args:
        folder: the data folder; it is made.

    Raises:
        OutputError: the folder cannot be written, or another service has it.
        SourceError: the database is damaged, or of a newer program.
    """

    def __init__(self, folder: str | Path) -> None:
        is_new = not Path(folder).exists()
        self.folder = ensure_folder(folder)
        if is_new:
            self.folder.chmod(0o700)  # other users of this machine have no business in it
        self._lock = Lock(self.folder / ".serve.lock", self.folder, "sportstrack serve")
        self._lock.take(wait=5.0)
        self._path = self.folder / NAME
        self._guard = threading.RLock()
        try:
            self._base = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=30)
            self._base.row_factory = sqlite3.Row
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
                self._base.execute(f"PRAGMA {pragma}")
            self._base.execute("CREATE TABLE IF NOT EXISTS parts (part TEXT PRIMARY KEY, version INTEGER NOT NULL)")
        except sqlite3.Error as error:
            self._lock.release()
            raise SourceError(f"{self._path}: cannot be opened as a database: {error}; move it away") from error

    def migrate(self, part: str, steps: Sequence[str]) -> None:
        """Bring one part's tables to the newest schema; step N makes version N + 1 and is never changed later.

        Raises:
            SourceError: the file has a newer schema.
        """
        row = self.one("SELECT version FROM parts WHERE part = ?", part)
        version = 0 if row is None else int(row["version"])
        if version > len(steps):
            raise SourceError(f"{self._path}: was written by a newer sportstrack; update this one")
        for number, script in enumerate(steps[version:], version + 1):
            with self.transaction():
                for statement in filter(str.strip, script.split(";")):
                    self._base.execute(statement)
                self._base.execute(
                    "INSERT INTO parts VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version",
                    (part, number),
                )

    def all(self, question: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a SELECT."""
        with self._guard, self._explained():
            return self._base.execute(question, values).fetchall()

    def one(self, question: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a SELECT, or None."""
        with self._guard, self._explained():
            found: sqlite3.Row | None = self._base.execute(question, values).fetchone()
            return found

    def run(self, statement: str, *values: Any) -> int:
        """Change something; return the number of rows that it concerned."""
        with self._guard, self._explained():
            return self._base.execute(statement, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Add a row and return its number; tables and lists are stored as JSON."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        with self._guard, self._explained():
            cursor = self._base.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(map(plain, values.values()))
            )
            return int(cursor.lastrowid or 0)

    def update(self, table: str, key: Any, **values: Any) -> int:
        """Change the row whose ``id`` is `key`; return how many there were."""
        changes = ", ".join(f"{name} = ?" for name in values)
        return self.run(f"UPDATE {table} SET {changes} WHERE id = ?", *map(plain, values.values()), key)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing of it."""
        with self._guard, self._explained():
            if self._base.in_transaction:
                yield
                return
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def keep_reserve(self) -> None:
        """Take a little of the disk, unless it is nearly full."""
        path = self.folder / ".reserve"
        if not path.exists() and shutil.disk_usage(self.folder).free > _ROOM:
            with suppress(OSError):
                path.write_bytes(bytes(_RESERVE))

    def use_reserve(self) -> None:
        """Give it up: the disk is full."""
        with suppress(OSError):
            (self.folder / ".reserve").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file and let another service have the folder."""
        with self._guard:
            self._base.close()
            self._lock.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise OutputError(PartFile(self._path).explain(OSError(28, "disk full"))) from error
            if any(words in str(error) for words in _OF_THE_DISK):
                raise OutputError(f"{self._path}: {error}; look after the disk and its rights") from error
            raise


def plain(value: Any) -> Any:
    """Return a value as SQLite takes it: tables and lists as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, tuple)) else value


def loaded(text: str | None) -> Any:
    """Return what `plain` stored."""
    return None if text is None else json.loads(text)
