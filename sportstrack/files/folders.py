"""Folders that appear under their name only when they are complete, and replace an older one whole.

A folder ``NAME`` is written as ``.NAME.part`` beside its place. Then these steps follow:

1. ``.NAME.part`` is renamed ``.NAME.new``, which says that it is complete.
2. An older ``NAME`` steps aside as ``.NAME.old``.
3. ``.NAME.new`` is renamed ``NAME``.
4. ``.NAME.old`` is deleted.

At any moment the old or the new folder is there whole. Where a kill left ``NAME`` missing between steps 2 and 3,
`settled` takes step 3; all that read folders call it. ``.NAME.old`` never holds anything that is still needed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sportstrack.errors import OutputError
from sportstrack.files.locks import Lock

WORK = ".work"  # inside a part: what a stopped run needs to go on; never inside a complete folder
_TEXTS = (".txt", ".json", ".jsonl", ".yaml", ".yml", ".xml", ".csv", ".ini")
_OF_OTHERS = (".cache",)  # Ultralytics keeps one beside the labels
_PATIENCE = 2.0  # seconds that another run may take between steps 2 and 3


class PartFolder:
    """The names that a folder has on its way to its place, and the steps between them.

    Attributes:
        target: the final place, links followed.
        part: where it is written.
        complete: where it waits, whole, for its place.
        old: what is to be deleted.
    """

    def __init__(self, target: str | Path) -> None:
        self.target = Path(os.path.realpath(target))
        self.part, self.complete, self.old = (
            self.target.with_name(f".{self.target.name}.{step}") for step in ("part", "new", "old")
        )

    @contextmanager
    def lock(self, shown: str | Path, command: str, wait: float = 0.0) -> Iterator[None]:
        """Keep other runs from writing the folder; OutputError names the process that has it.

        Args:
            shown: the folder's name in messages.
            command: the program, such as ``sportstrack convert``.
            wait: seconds to wait for another run.

        Raises:
            OSError: there is no writing beside it.
        """
        self.target.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(self.target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.target.parent))
        lock = Lock(self.target.with_name(f".{self.target.name}.lock"), shown, command)
        lock.take(wait)
        try:
            yield
        finally:
            lock.release()

    def finish(self) -> None:
        """Put the written part in its place.

        Raises:
            OSError: it cannot be put there; the complete folder then stays where `complete` says.
        """
        self.part.replace(self.complete)
        self.put_in_place()

    def put_in_place(self) -> None:
        """Take the steps from a complete folder to its place."""
        _delete(self.complete / WORK)
        if os.path.lexists(self.target):
            _delete(self.old)
            self.target.replace(self.old)
        try:
            self.complete.replace(self.target)
        except OSError:
            if self.old.exists() and not self.target.exists():
                self.old.replace(self.target)
            raise
        _delete(self.old)

    def discard(self, folder: Path) -> None:
        """Delete a folder of this place, by way of `old`, so that a kill leaves no half of it under its name."""
        _delete(self.old)
        if folder.exists():
            folder.replace(self.old)
            _delete(self.old)


def settled(path: str | Path) -> Path:
    """Return the path; what a killed run left between two renames is put in its place first.

    Args:
        path: of a folder, or of something in it, that is going to be read.
    """
    wanted = Path(path)
    if os.path.lexists(wanted):
        return wanted
    with suppress(OSError, ValueError):  # a name that no file can have
        place = Path(os.path.realpath(wanted))
        for folder in (place, *place.parents):
            if folder.name and not folder.exists():
                _settle(PartFolder(folder))
    return wanted


def _settle(folder: PartFolder) -> None:
    """Name a complete folder whose run was killed; a run that is alive does it itself in a moment."""
    until = time.monotonic() + _PATIENCE
    while folder.complete.is_dir() and not folder.target.exists():
        with suppress(OSError, OutputError), folder.lock(folder.target, "sportstrack"):
            if not folder.target.exists():
                folder.put_in_place()
        if time.monotonic() > until:
            return
        time.sleep(0.02)


def refuse_inputs(out: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output folder that is an input or holds one; OutputError.

    Args:
        out: the folder that is going to be written.
        inputs: files and folders that are read.
    """
    target = os.path.realpath(out)
    for path in inputs:
        real = os.path.realpath(path)
        if real == target or real.startswith(target.rstrip(os.sep) + os.sep):
            raise OutputError(f"{out}: {'is' if real == target else 'holds'} what is read ({path}); name a new folder")


def contents_digest(
    folder: str | Path, leave_out: Iterable[str] = (), known: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Return the number of files below a folder and a SHA-256 of their names, sizes and, of texts, contents.

    Hidden files and caches of other programs do not count.

    Args:
        folder: the folder.
        leave_out: names, relative with ``/``, that do not count either.
        known: name → contents of texts that were written a moment ago and need not be read again.
    """
    digest, count, skipped, known = hashlib.sha256(), 0, set(leave_out), known or {}
    for name, file in _files(str(folder)):
        if name not in skipped:
            count += 1
            text = known.get(name)
            size = file.stat().st_size if text is None else len(text)
            digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
            if text is not None:
                digest.update(text)
            elif name.endswith(_TEXTS):
                digest.update(Path(file.path).read_bytes())
    return {"count": count, "sha256": digest.hexdigest()}


def _files(root: str, base: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(".") or entry.name.endswith(_OF_OTHERS):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, f"{base}{entry.name}/")
            else:
                yield base + entry.name, entry


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
