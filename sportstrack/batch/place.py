"""Where a batch's files go: a folder that all workers see, or an object store named by an address (fsspec)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from sportstrack.errors import OutputError, SportstrackError, missing_package, one_line
from sportstrack.files.claim import ensure_folder, write_text
from sportstrack.files.ledger import matches

RECORDINGS, TRACKS = "recordings", "tracks"


class BatchPlace:
    """The folder or the address that all files of a batch are below.

    Workers write in `folder`. Where the place is an address, that is a folder of the worker's own, and its files are
    sent and fetched by name.

    Args:
        where: a folder, or an address such as ``s3://bucket/season``.

    Attributes:
        folder: where files are written on this machine.
    """

    def __init__(self, where: str | Path) -> None:
        self.where = str(where)
        self._root = ""
        self._system: Any = None
        if "://" in self.where:
            self._system, self._root = _file_system(self.where)
            self.folder = Path(mkdtemp(prefix="sportstrack-batch-"))
        else:
            self.folder = ensure_folder(self.where)

    @property
    def is_remote(self) -> bool:
        """Whether the files go to an object store."""
        return self._system is not None

    @property
    def absolute(self) -> str:
        """The place, named so that it means the same from any folder."""
        return self.where if self.is_remote else str(self.folder.absolute())

    def send(self, names: Iterable[str]) -> None:
        """Send files of `folder` to the object store; nothing where that is the place.

        Raises:
            OutputError: one cannot be sent.
        """
        for name in names if self.is_remote else ():
            with _explained(f"{self.where}/{name}"):
                self._make_parent(name)
                self._system.put_file(str(self.folder / name), f"{self._root}/{name}")

    def fetch(self, name: str, sha256: str | None = None) -> Path:
        """Return a file of the place as one of this machine.

        Args:
            name: relative to the place.
            sha256: its contents; a file that has been fetched before and agrees is not fetched again.

        Raises:
            OutputError: it cannot be fetched.
        """
        path = self.folder / name
        if self.is_remote and not (sha256 and path.is_file() and _sha256(path) == sha256):
            path.parent.mkdir(parents=True, exist_ok=True)
            with _explained(f"{self.where}/{name}"):
                self._system.get_file(f"{self._root}/{name}", str(path))
        return path

    def remove(self, names: Iterable[str]) -> None:
        """Remove files from the object store, and this machine's copies; nothing where a folder is the place."""
        names = list(names) if self.is_remote else []
        self.forget(names)
        for name in names:
            with suppress(OSError):
                self._system.rm_file(f"{self._root}/{name}")

    def forget(self, names: Iterable[str]) -> None:
        """Remove this machine's copies of files that are in the object store."""
        for name in names if self.is_remote else ():
            with suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)

    def holds(self, stamps: Mapping[str, Any]) -> bool:
        """Return whether files are there as they were written: name → size, times and SHA-256.

        Of an object store, names and sizes are compared.
        """
        if not self.is_remote:
            return all(unchanged(self.folder / name, stamp) for name, stamp in stamps.items())
        try:
            return all(self._system.size(f"{self._root}/{name}") == one.get("size") for name, one in stamps.items())
        except OSError:
            return False

    def read_text(self, name: str) -> str:
        """Return a text of the place; "" where there is none."""
        try:
            if self.is_remote:
                return bytes(self._system.cat_file(f"{self._root}/{name}")).decode("utf-8", "replace")
            return (self.folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def write_text(self, name: str, text: str) -> None:
        """Write a text whole."""
        write_text(self.folder / name, text)
        self.send([name])

    def names(self, pattern: str) -> list[str]:
        """Return the names of the place's own files that fit a pattern, sorted."""
        if not self.is_remote:
            return sorted(path.name for path in self.folder.glob(pattern) if path.is_file())
        with suppress(OSError):
            return sorted(str(one).rpartition("/")[2] for one in self._system.glob(f"{self._root}/{pattern}"))
        return []

    def close(self) -> None:
        """Remove this machine's copies, where the files are in an object store."""
        if self.is_remote:
            rmtree(self.folder, ignore_errors=True)

    def _make_parent(self, name: str) -> None:
        with suppress(OSError, NotImplementedError):  # object stores have no folders
            self._system.makedirs(f"{self._root}/{name}".rpartition("/")[0], exist_ok=True)


def unchanged(path: str | Path, record: Any) -> bool:
    """Return whether a file still is what a stamp says; one with the same size and times is not read again."""
    if isinstance(record, Mapping) and record.get("changed"):
        with suppress(OSError):
            now = Path(path).stat()
            if (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == tuple(
                record.get(key) for key in ("size", "time", "changed")
            ):
                return True
    return matches(path, record)


def _file_system(where: str) -> tuple[Any, str]:
    try:
        fsspec = import_module("fsspec")
    except ModuleNotFoundError:
        raise missing_package("fsspec") from None
    try:
        system, root = fsspec.core.url_to_fs(where)
    except ImportError as error:  # fsspec says which package a protocol needs
        raise SportstrackError(f"{where}: {error}") from error
    except ValueError as error:
        raise OutputError(f"{where}: {error}") from error
    return system, str(root).rstrip("/")


class _explained:  # noqa: N801 - used as a function
    """Turns what a file system raises into an OutputError that names the file."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (SportstrackError, KeyboardInterrupt, MemoryError)):
            return
        if isinstance(error, Exception):
            raise OutputError(f"{self._name}: {one_line(str(error)) or type(error).__name__}") from error


def _sha256(path: Path) -> str:
    sums = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sums.update(chunk)
    return sums.hexdigest()
