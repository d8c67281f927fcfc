"""Uploads on disk: a file grows chunk by chunk, and its size says where it goes on."""

from __future__ import annotations

import errno
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any

import anyio.to_thread

from sportstrack.files.names import file_name
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.settings import GIB, ServeSettings
from sportstrack.serve.store import Database

SCHEMA = (
    "CREATE TABLE uploads (id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, created REAL NOT NULL)",
)
CHUNK = 8 << 20
"""Bytes that a client is advised to send at a time."""
KEPT = 86_400.0
"""Seconds that an upload which no job uses stays."""
MOST_UNUSED = 1000
"""Uploads that no job uses, at a time."""
_WRITE = 1 << 20  # bytes that are collected before they go to the disk


@dataclass(frozen=True)
class Upload:
    """A file on its way in.

    Attributes:
        id: of the upload.
        name: the file's own, made fit for a disk.
        bytes: its whole size.
        path: where it lies.
        created: seconds since 1970.
    """

    id: str
    name: str
    bytes: int
    path: Path
    created: float

    @property
    def offset(self) -> int:
        """Bytes that have come so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def complete(self) -> bool:
        """Whether all has come."""
        return self.offset == self.bytes

    def as_dict(self) -> dict[str, Any]:
        """Return what a client sees."""
        offset = self.offset
        return {
            "id": self.id,
            "name": self.name,
            "bytes": self.bytes,
            "offset": offset,
            "complete": offset == self.bytes,
            "chunk_bytes": CHUNK,
            "created": self.created,
        }


class Shelf:
    """All uploads of one data folder.

    Args:
        store: the database.
        settings: with the limits.
    """

    def __init__(self, store: Database, settings: ServeSettings) -> None:
        store.migrate("uploads", SCHEMA)
        self._store, self._settings = store, settings
        self.folder = settings.data / "uploads"
        self.folder.mkdir(exist_ok=True)
        self._busy: set[str] = set()
        self._guard = threading.Lock()

    def begin(self, name: str, size: int) -> Upload:
        """Make room for a file.

        Raises:
            RefusedError: too large, the quota is used up, the disk is full, or too many uploads wait for a job.
        """
        self.check_size(size)
        self.check_room(size)
        used = "SELECT upload FROM jobs WHERE upload IS NOT NULL"
        unused = self._store.one(f"SELECT COUNT(*) AS n FROM uploads WHERE id NOT IN ({used})")
        if unused and unused["n"] >= MOST_UNUSED:
            raise RefusedError(f"{MOST_UNUSED} uploads wait for a job; use or remove some", "full", retry_after=60)
        key, name = secrets.token_hex(8), file_name(name.replace("\\", "/").rpartition("/")[2].lstrip(".") or "upload")
        (self.folder / key).mkdir()
        (self.folder / key / name).touch()
        self._store.insert("uploads", id=key, name=name, bytes=size, created=time.time())
        return self.get(key)

    def check_size(self, size: int) -> None:
        """Refuse a file that is larger than the service takes."""
        if size > self._settings.max_upload * GIB:
            raise RefusedError(f"the file is larger than {self._settings.max_upload:g} GiB (--max-upload)", "too_large")

    def check_room(self, size: int = 0) -> None:
        """Refuse what the quota or the disk has no room for."""
        if self.used() + size > self._settings.quota * GIB:
            raise RefusedError(
                f"no room: uploads and results may take {self._settings.quota:g} GiB (--quota); delete jobs", "full"
            )
        if shutil.disk_usage(self.folder).free - size < self._settings.keep_free * GIB:
            raise RefusedError("the disk of the service is full; delete jobs, or wait", "full", retry_after=60)

    def used(self) -> int:
        """Return the bytes that uploads (whole, as declared) and results take."""
        row = self._store.one("SELECT COALESCE(SUM(bytes), 0) AS bytes FROM uploads")
        jobs = self._store.one("SELECT COALESCE(SUM(bytes), 0) AS bytes FROM jobs")
        return int(row["bytes"] if row else 0) + int(jobs["bytes"] if jobs else 0)

    def get(self, key: str) -> Upload:
        """Return an upload; RefusedError if there is none."""
        row = self._store.one("SELECT * FROM uploads WHERE id = ?", key)
        if row is None:
            raise not_found("upload", key)
        return Upload(row["id"], row["name"], row["bytes"], self.folder / row["id"] / row["name"], row["created"])

    def all(self) -> list[Upload]:
        """Return all uploads, the newest first."""
        return [self.get(row["id"]) for row in self._store.all("SELECT id FROM uploads ORDER BY created DESC")]

    def remove(self, key: str) -> None:
        """Remove an upload and its file.

        Raises:
            RefusedError: there is none, a job needs it, or it is being written.
        """
        self.get(key)
        if self.users(key):
            raise RefusedError("a job uses this upload; delete the job", "conflict")
        with self._alone(key):
            self._remove(key)

    def sweep(self) -> None:
        """Remove uploads that no job uses and that are old."""
        for upload in self.all():
            newest = upload.path.stat().st_mtime if upload.path.exists() else upload.created
            if time.time() - newest > KEPT and not self.users(upload.id) and upload.id not in self._busy:
                self._remove(upload.id)

    def users(self, key: str) -> int:
        """Return how many jobs use an upload."""
        row = self._store.one("SELECT COUNT(*) AS jobs FROM jobs WHERE upload = ?", key)
        return 0 if row is None else int(row["jobs"])

    async def append(self, upload: Upload, offset: int, chunks: AsyncIterator[bytes]) -> int:
        """Write what comes at the end of an upload; what has come stays if the client breaks off.

        Returns:
            The new offset.

        Raises:
            RefusedError: the offset is another, more comes than was declared, another request writes, the disk is full.
        """
        with self._alone(upload.id):
            if offset != upload.offset:
                right = upload.offset
                raise RefusedError(f"the upload goes on at byte {right}", "conflict", more={"offset": right})
            try:
                with upload.path.open("ab", buffering=0) as file:
                    return await _write(file, upload, offset, chunks)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    text = "the disk of the service is full; make room there, then go on"
                    raise RefusedError(text, "full", retry_after=60, more={"offset": upload.offset}) from error
                raise

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._guard:
            if key in self._busy:
                raise RefusedError(
                    "another request writes this upload", "conflict", more={"offset": self.get(key).offset}
                )
            self._busy.add(key)
        try:
            yield
        finally:
            self._busy.discard(key)

    def _remove(self, key: str) -> None:
        self._store.run("DELETE FROM uploads WHERE id = ?", key)
        shutil.rmtree(self.folder / key, ignore_errors=True)


async def _write(file: RawIOBase, upload: Upload, offset: int, chunks: AsyncIterator[bytes]) -> int:
    waiting: list[bytes] = []
    size = 0

    async def flush() -> None:
        nonlocal size
        data, size = b"".join(waiting), 0
        waiting.clear()
        await anyio.to_thread.run_sync(_write_all, file, data)

    try:
        async for chunk in chunks:
            offset += len(chunk)
            if offset > upload.bytes:
                raise RefusedError(f"more comes than the {upload.bytes} bytes that were declared", "too_large")
            waiting.append(chunk)
            size += len(chunk)
            if size >= _WRITE:
                await flush()
    finally:
        _write_all(file, b"".join(waiting))  # also where the client has gone: it goes on from here
    return offset


def _write_all(file: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]
