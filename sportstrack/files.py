"""Outputs that appear under their name only when they are complete."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import IO

from sportstrack.errors import OutputError


class PartFile:
    """A file written as ``name.part.suffix`` and renamed when complete; after a crash the part stays readable.

    Attributes:
        path: the final name.
        part: the temporary one, in the same folder, with the same suffix.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.part = self.path.with_name(f"{self.path.stem}.part{self.path.suffix}")

    def open_text(self) -> IO[str]:
        r"""Open the temporary file for UTF-8 text; OutputError if that can't be done.

        Bytes of a file name that are no UTF-8, which Python holds as lone surrogates, are written as ``\udcff``; JSON
        and YAML read them back.
        """
        try:
            return self.part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        except OSError as error:
            raise OutputError(self.explain(error)) from error

    def complete(self) -> None:
        """Give the file its final name, replacing an older one."""
        try:
            self.part.replace(self.path)
        except OSError as error:
            raise OutputError(self.explain(error)) from error

    def explain(self, error: OSError) -> str:
        """Say in one line which file cannot be written, why, and what to do."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return f"{self.path}: the disk is full; make room or choose another folder with -o"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f"{self.path}: no permission to write there; choose another folder with -o"
        return f"{self.path}: cannot be written: {error.strerror or error}"


def ensure_folder(folder: str | Path) -> Path:
    """Make `folder` and prove that files can be written there; OutputError otherwise."""
    path = Path(folder)
    probe = PartFile(path / ".sportstrack")
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.part.touch()
        probe.part.unlink()
    except FileExistsError as error:
        raise OutputError(f"{path}: is a file, not a folder; choose another with -o") from error
    except NotADirectoryError as error:
        raise OutputError(f"{path}: a part of this path is a file, not a folder; choose another with -o") from error
    except OSError as error:
        raise OutputError(PartFile(path).explain(error)) from error
    return path


def write_text(path: str | Path, text: str) -> None:
    """Write a small text file whole, through its temporary name."""
    file = PartFile(path)
    try:
        with file.open_text() as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(file.explain(error)) from error
    file.complete()
