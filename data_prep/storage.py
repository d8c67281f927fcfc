"""Folders to read from: on disk, or inside a zip archive that is never unpacked."""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from data_prep.table import Picture, ZipMember
from sportstrack.errors import FormatError

MAX_TEXT = 1 << 30  # bytes; a label file that claims more is no label file
_ANY_RATIO, _RATIO = 1 << 24, 100  # bytes that may unpack from any number, and else times the packed number
OUTSIDE = re.compile(r"^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)", re.MULTILINE)
"""Finds paths, one a line, that lead out of a folder."""


class Storage(Protocol):
    """A folder of a data set; paths in it are relative, with ``/``."""

    def show(self, path: str = "") -> str:
        """Name a path in messages."""
        ...

    def folders(self, path: str = "") -> list[str]:
        """Names of the folders in a folder, sorted; none if it is not there."""
        ...

    def files(self, path: str = "") -> list[str]:
        """Names of the files in a folder, sorted; none if it is not there."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None if it is not there."""
        ...

    def pictures(self, path: str, names: Iterable[str]) -> list[Picture]:
        """Refer to pictures in a folder."""
        ...


class DiskStorage:
    """A folder on disk."""

    def __init__(self, root: str | Path):
        self.root = str(root)

    def show(self, path: str = "") -> str:
        """See `Storage`."""
        return os.path.join(self.root, path) if path else self.root  # noqa: PTH118  # a million times over

    def folders(self, path: str = "") -> list[str]:
        """See `Storage`."""
        return self._entries(path, folders=True)

    def files(self, path: str = "") -> list[str]:
        """See `Storage`."""
        return self._entries(path, folders=False)

    def read(self, path: str) -> bytes | None:
        """See `Storage`; FormatError if the file is there but cannot be read."""
        try:
            return Path(self.show(path)).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise FormatError(f"{self.show(path)}: cannot be read: {error.strerror or error}") from error

    def pictures(self, path: str, names: Iterable[str]) -> list[Picture]:
        """See `Storage`."""
        base = self.show(path)
        return [f"{base}/{name}" for name in names]

    def _entries(self, path: str, folders: bool) -> list[str]:
        try:
            with os.scandir(self.show(path)) as entries:
                return sorted(e.name for e in entries if e.name[0] != "." and e.is_dir() == folders)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            raise FormatError(f"{self.show(path)}: cannot be listed: {error}") from error


class ZipStorage:
    """A folder inside a zip archive, whose members are read one by one.

    Raises:
        FormatError: the file is no zip archive, or a member's name climbs out of it.
    """

    def __init__(self, archive: str | Path):
        self.archive = str(archive)
        self._zip = _open_zip(self.archive)
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._files: dict[str, list[str]] = defaultdict(list)
        for info in self._zip.infolist():
            self._enter(info)

    def show(self, path: str = "") -> str:
        """See `Storage`."""
        return f"{self.archive}!{path}" if path else self.archive

    def folders(self, path: str = "") -> list[str]:
        """See `Storage`."""
        return sorted(self._folders.get(path.strip("/"), ()))

    def files(self, path: str = "") -> list[str]:
        """See `Storage`."""
        return sorted(self._files.get(path.strip("/"), ()))

    def read(self, path: str) -> bytes | None:
        """See `Storage`; FormatError if the member is damaged, encrypted or absurdly large."""
        return read_member(self._zip, path, self.archive)

    def pictures(self, path: str, names: Iterable[str]) -> list[Picture]:
        """See `Storage`."""
        return [ZipMember(self.archive, f"{path}/{name}") for name in names]

    def _enter(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        if OUTSIDE.search(info.orig_filename) or OUTSIDE.search(name) or "\x00" in info.orig_filename:
            raise FormatError(f"{self.archive}: its member {name!r} climbs out of the archive; refused as a whole")
        parent, _, last = name.rstrip("/").rpartition("/")
        if last.startswith(".") or name.startswith("__MACOSX/"):
            return
        (self._folders[parent].add if info.is_dir() else self._files[parent].append)(last)
        while parent:
            parent, _, last = parent.rpartition("/")
            self._folders[parent].add(last)


class Archives:
    """Zip archives that stay open while pictures are read from them: finding a member is quick, opening is not."""

    def __init__(self) -> None:
        self._open: dict[str, zipfile.ZipFile] = {}

    def read(self, file: ZipMember) -> bytes | None:
        """Return a member's bytes; None if it is not there. FormatError as `read_member`."""
        if file.archive not in self._open:
            self._open[file.archive] = _open_zip(file.archive)
        return read_member(self._open[file.archive], file.member, file.archive)

    def __enter__(self) -> Archives:
        return self

    def __exit__(self, *_: object) -> None:
        for archive in self._open.values():
            archive.close()


def _open_zip(archive: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise FormatError(f"{archive}: not a readable zip archive ({error})") from error


def read_member(archive: zipfile.ZipFile, member: str, name: str) -> bytes | None:
    """Return a member's bytes; None if it is not there. FormatError for damage, encryption and absurd sizes."""
    try:
        info = archive.getinfo(member)
    except KeyError:
        return None
    if info.file_size > MAX_TEXT or (info.file_size > _ANY_RATIO and info.file_size > _RATIO * info.compress_size):
        raise FormatError(f"{name}!{member}: claims to hold {info.file_size:,} bytes; refused")
    if info.compress_size > archive.start_dir:  # more than the whole archive has before its table of contents
        raise FormatError(f"{name}!{member}: cannot be read from the archive (it claims more bytes than there are)")
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError) as error:
        raise FormatError(f"{name}!{member}: cannot be read from the archive ({error})") from error
