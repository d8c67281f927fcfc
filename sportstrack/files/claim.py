"""Files that a command writes: claimed before the work, complete or not there, and no one else's.

A command takes a `Claim` on the files that it is going to write, before it loads or reads anything::

    with Claim(folder, ["match.txt", "match.json"], command="sportstrack refine", source=path,
               inputs=[path], overwrite=options.overwrite) as claim:
        rows = work()
        claim.write_text("match.txt", rows)         # small files, whole

        file = claim.file("match.json")             # large ones: write file.part, then complete it
        with file.open_text() as stream: ...
        file.complete()

The claim makes the folder, takes a lock, and refuses with an `OutputError` what it must not replace. What this program
wrote and that has not been changed since may be replaced by the same command with the same source; all else needs
``--overwrite`` (`sportstrack.cli.shared.add_overwrite` adds it to a parser); an input is never an output. Names that
come from elsewhere go through `file_name` first.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sportstrack.errors import OtherSourceError, OutputError
from sportstrack.files.ledger import NAME as LEDGER
from sportstrack.files.ledger import Ledger, matches, stamp
from sportstrack.files.locks import Lock
from sportstrack.files.names import file_name, file_names

__all__ = [
    "LEDGER",
    "Claim",
    "PartFile",
    "ensure_folder",
    "file_name",
    "file_names",
    "identity",
    "remove_own",
    "remove_parts",
    "write_text",
]

_TOKEN = r"\.[0-9]+-[0-9a-f]{6}(\.final)?\.part"


class PartFile:
    """A file written under a temporary name of its own and renamed when complete; after a crash it stays readable.

    Attributes:
        path: the final name.
        part: the temporary one, ``name.PROCESS-RANDOM.part.suffix``, in the same folder; no other run uses it.
    """

    def __init__(self, path: str | Path, claim: Claim | None = None) -> None:
        self.path = Path(path)
        self.part = self.path.with_name(f"{self.path.stem}.{_token()}.part{self.path.suffix}")
        self._claim = claim

    def open_text(self) -> IO[str]:
        r"""Open the temporary file for UTF-8 text; OutputError if that cannot be done.

        Bytes of a file name that are no UTF-8, which Python holds as lone surrogates, are written as ``\udcff``; JSON
        and YAML read them back.
        """
        try:
            return self.part.open("w", encoding="utf-8", newline="\n", errors="backslashreplace")
        except OSError as error:
            raise OutputError(self.explain(error)) from error

    def write(self, data: bytes) -> None:
        """Write the temporary file whole; OutputError if that cannot be done."""
        with self.explained():
            self.part.write_bytes(data)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an OSError of the block into an OutputError that names the file and the fix."""
        try:
            yield
        except OSError as error:
            raise OutputError(self.explain(error)) from error

    def complete(self) -> None:
        """Give the file its final name, replacing an older one."""
        if self._claim is not None:
            self._claim.complete([self])
        else:
            self.rename()

    def rename(self) -> None:
        """Rename without asking whose file it replaces."""
        try:
            self.part.replace(self.path)
        except OSError as error:
            raise OutputError(self.explain(error)) from error

    def explain(self, error: OSError) -> str:
        """Say in one line which file cannot be written, why, and what to do."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"{self.path}: the disk is full; make room or choose another place"
        if error.errno == errno.EFBIG:
            return f"{self.path}: the file grew larger than is allowed here; choose another place"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f"{self.path}: no permission to write there; choose another place"
        return f"{self.path}: cannot be written: {error.strerror or error}"


class Claim:
    """The right to write some files of one folder, until `release` or the end of a ``with`` block.

    Args:
        folder: where the files go; it is made.
        names: names of all files that may be written; `file` and `write_text` take others too.
        command: the program, such as ``sportstrack track``.
        source: what the files are made from: a path or an address. Another source's files are not replaced; None where
            a command has no source of its own.
        inputs: files and folders that are read: none of their files is ever replaced.
        overwrite: replace also files that are not this command's.
        stem: what the lock is for; None takes the first name, without its ending.
        wait: seconds to wait for another run that writes these files.

    Raises:
        OutputError: the folder cannot be written, a file is not ours to replace, or another run is writing it.
    """

    def __init__(
        self,
        folder: str | Path,
        names: Iterable[str] = (),
        *,
        command: str,
        source: str | Path | None = None,
        inputs: Sequence[str | Path] = (),
        overwrite: bool = False,
        stem: str | None = None,
        wait: float = 0.0,
    ) -> None:
        self.names = list(names)
        self.folder = ensure_folder(folder)
        self._command, self._source, self._overwrite = command, source, overwrite
        self._inputs = [Path(path) for path in inputs if os.path.lexists(path)]
        self._ledger = Ledger(self.folder)
        self._own = self._own_source()
        stem = stem if stem is not None else Path(self.names[0]).stem if self.names else "all"
        self._lock = Lock(self.folder / f".{file_name(stem)}.lock", self.folder / stem, command)
        self._lock.take(wait)
        try:
            self.check(self.names)
        except BaseException:
            self.release()
            raise

    def check(self, names: Iterable[str]) -> None:
        """Raise OutputError if a file of one of these names must not be replaced."""
        for name in names:
            self._check(name)

    def file(self, name: str) -> PartFile:
        """Return a file to write, after a check that its name is free or ours."""
        self.check([name])
        return PartFile(self.folder / name, self)

    def write_text(self, name: str, text: str) -> None:
        """Write a small text file whole."""
        _write(self.file(name), text)

    def complete(self, files: Sequence[PartFile]) -> None:
        """Give these files their final names, all or, where one fails, those before it; parts of dead runs go.

        Raises:
            OutputError: a name cannot be given, or its file was changed during the run; the part is kept.
        """
        files = [file for file in files if file.part.exists()]
        for file in files:
            try:
                self.check([file.path.name])
            except OutputError as error:
                raise OutputError(f"{error}; the new file is {file.part}") from error
        self._ledger.enter({file.path.name: self._entry(file) for file in files})
        for file in files:
            file.rename()
        self._ledger.settle([file.path.name for file in files])
        remove_parts(self.folder, {file.path.name for file in files})

    def remove(self, name: str) -> None:
        """Remove a file that is about to be written anew, after the same check as for writing it."""
        self.check([name])
        try:
            (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(PartFile(self.folder / name).explain(error)) from error

    def stamps(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return size, time and SHA-256 of files that were completed here."""
        found = {name: self._ledger.owner(name) or {} for name in names}
        return {name: {k: entry[k] for k in ("size", "time", "sha256") if k in entry} for name, entry in found.items()}

    def is_unchanged(self, name: str) -> bool:
        """Return whether a file is what this program wrote there."""
        return self._ledger.owner(name) is not None

    def release(self) -> None:
        """Let other runs write these files."""
        self._lock.release()

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _check(self, name: str) -> None:
        path = self.folder / name
        if Path(name).name != name or name in ("", "..", LEDGER):
            raise OutputError(f"{path}: {name!r} cannot be the name of an output")
        if not os.path.lexists(path):
            return
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; choose another place")
        owner = self._ledger.owner(name)
        self._refuse_input(path, owner)
        if self._overwrite:
            return
        if owner is None:
            ours = self._ledger.entries(name)
            how = "was changed since it was written" if ours else "was not written by this program"
            raise OutputError(f"{path}: {how}; choose another place, or replace it with --overwrite")
        if not self._is_same(owner):
            of = f" of {owner['source']}" if owner.get("source") else ""
            raise OtherSourceError(
                f"{path}: is the result{of} ({owner.get('command')}); choose another place, "
                "or replace it with --overwrite"
            )

    def _refuse_input(self, path: Path, owner: dict[str, Any] | None) -> None:
        for given in self._inputs:
            within = given.is_dir() and owner is None and given.resolve() in path.resolve().parents
            with suppress(OSError):
                if within or path.samefile(given):
                    raise OutputError(f"{path}: is an input of this run; choose another place")

    def _is_same(self, owner: dict[str, Any]) -> bool:
        """Return whether an entry's file is of this command and source, which may have been moved or copied."""
        if owner.get("command") != self._command:
            return False
        if self._source is None or owner.get("source") == identity(self._source):
            return True
        if self._own is not None:
            return bool(owner.get("source") == self._own["source"])
        return Path(self._source).is_file() and matches(self._source, owner.get("source_stamp"))

    def _own_source(self) -> dict[str, Any] | None:
        """Return the entry of a source that this command itself wrote, such as a recording of the true source."""
        path = Path("" if self._source is None else self._source)
        entry = Ledger(path.parent).owner(path.name)
        return entry if entry and entry.get("command") == self._command and entry.get("source") else None

    def _entry(self, file: PartFile) -> dict[str, Any]:
        try:
            with file.part.open("rb+") as stream:
                os.fsync(stream.fileno())  # some file systems report only now that the disk is full
            entry = stamp(file.part) | {"command": self._command}
        except OSError as error:
            raise OutputError(file.explain(error)) from error
        if self._own is not None:
            entry |= {key: self._own[key] for key in ("source", "source_stamp") if key in self._own}
        elif self._source is not None:
            entry["source"] = identity(self._source)
            with suppress(OSError):
                if Path(self._source).is_file():
                    entry["source_stamp"] = stamp(self._source)
        return entry


def remove_parts(folder: Path, names: Iterable[str]) -> None:
    """Remove what dead runs left of these files under temporary names; their lock says that no other run lives."""
    patterns = [re.compile(f"{re.escape(Path(n).stem)}{_TOKEN}{re.escape(Path(n).suffix)}") for n in names]
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if ".part" in entry.name and any(pattern.fullmatch(entry.name) for pattern in patterns):
                with suppress(OSError):
                    Path(entry.path).unlink()


def identity(source: str | Path) -> str:
    """Return what identifies a source: an address as it is, a path in full, through links."""
    with suppress(OSError, ValueError):
        if os.path.exists(source):  # noqa: PTH110 - Path() would change an address
            return os.path.realpath(source)
    return re.sub(r"(?<=://)[^/@]*@", "", str(source))  # without a password


def remove_own(folder: str | Path) -> None:
    """Remove a folder's files that this program wrote, if unchanged since, and the folder if nothing else is in it."""
    folder = Path(folder)
    ledger = Ledger(folder)
    with suppress(OSError):
        names = [entry.name for entry in os.scandir(folder)]
        passing = re.compile(rf"{_TOKEN}|^\..*\.lock$")
        ours = [name for name in names if passing.search(name) or ledger.owner(name) is not None]
        for name in ours:
            (folder / name).unlink()
        if set(names) - set(ours) <= {LEDGER}:
            (folder / LEDGER).unlink(missing_ok=True)
            folder.rmdir()


def ensure_folder(folder: str | Path) -> Path:
    """Make `folder` and prove that files can be written there; OutputError otherwise."""
    path = Path(folder)
    probe = PartFile(path / ".sportstrack")
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.part.touch()
        probe.part.unlink(missing_ok=True)
    except FileExistsError as error:
        raise OutputError(f"{path}: is a file, not a folder; choose another place") from error
    except NotADirectoryError as error:
        raise OutputError(f"{path}: a part of this path is a file, not a folder; choose another place") from error
    except OSError as error:
        raise OutputError(PartFile(path).explain(error)) from error
    return path


def write_text(path: str | Path, text: str) -> None:
    """Write a small text file whole, through its temporary name, in a folder that no other process writes."""
    _write(PartFile(path), text)


def _write(file: PartFile, text: str) -> None:
    try:
        with file.open_text() as stream:
            stream.write(text)
    except OSError as error:
        with suppress(OSError):
            file.part.unlink()
        raise OutputError(file.explain(error)) from error
    file.complete()


def _token() -> str:
    return f"{os.getpid()}-{secrets.token_hex(3)}"
