"""A data set's folder while it is written: whole or not at all, and going on where a stopped run was."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_prep.pictures import write_whole
from sportstrack.errors import OutputError, SportstrackError
from sportstrack.files.folders import WORK, PartFolder, contents_digest, settled

MANIFEST = "manifest.json"
JOURNAL = "journal.txt"  # in a stage's work folder: a line per group that is done
JOB_KEYS = ("format", "settings", "table_sha256")
_JOB = "job.json"


@dataclass(frozen=True, eq=False)
class StagedFolder:
    """A data set being written, under a temporary name beside its own.

    Attributes:
        folder: the temporary folder.
        manifest: what ``manifest.json`` will hold; filled by the writer.
        done: groups that an earlier, stopped run has written.
        complete: the data set was written before; nothing is left to do.
        texts: name → contents of small texts that this run has written; the digest need not read them again.
    """

    folder: Path
    manifest: dict[str, Any]
    done: frozenset[str] = frozenset()
    complete: bool = False
    texts: dict[str, bytes] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """A folder for what a stopped run needs to go on; it is gone when the data set gets its name."""
        return self.folder / WORK

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file, and the folders above it."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(str(target), text.encode(errors="backslashreplace") if isinstance(text, str) else text)


@contextmanager
def staged_job(
    out: str | Path, job: dict[str, Any], command: str, overwrite: bool = False, *,
    files: Mapping[str, str] | None = None, goes_on: bool = True,
) -> Iterator[StagedFolder]:  # fmt: skip
    """Give a folder to write a data set to; it gets its name when the block ends well.

    An error clears everything away. A run that is stopped (Ctrl-C, kill) leaves the folder ``.NAME.part``, and the same
    job goes on there.

    Args:
        out: the data set's folder.
        job: what decides its contents: equal jobs give equal data sets. Its keys are `JOB_KEYS`.
        command: the command that writes, for the message to another run.
        overwrite: replace a data set that this package wrote before.
        files: name → text of files that are written last.
        goes_on: the writer can go on with what a stopped run left; otherwise that is cleared away.

    Raises:
        OutputError: the place holds something else, is being written by another run, or cannot be written.
    """
    folder = PartFolder(out)
    try:
        with folder.lock(out, command):
            settled(out)
            if _holds_this(Path(out), job, overwrite) or _waits(folder, job):
                yield StagedFolder(folder.target, read_manifest(folder.target) or {}, complete=True)
                return
            _check_part(folder.part)
            with _cleared_by_errors(folder, (OSError, SportstrackError, ValueError) if goes_on else BaseException):
                stage = _begin(folder, job, goes_on)
                yield stage
                _finish(stage, folder, files or {})
    except OSError as error:
        raise OutputError(_explain(Path(out), error)) from error


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a data set that this program wrote; None if the folder holds none."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return found if all(key in found for key in JOB_KEYS) else None
    except (OSError, ValueError, TypeError):
        return None


def _is_of(manifest: dict[str, Any], job: dict[str, Any]) -> bool:
    plain = json.loads(json.dumps(job))
    return all(manifest.get(key) == plain[key] for key in plain)


def check_place(out: str | Path) -> dict[str, Any] | None:
    """Return the manifest of the data set in a folder, None if there is none yet; for a check before the work.

    Raises:
        OutputError: it is a file, or holds something else.
    """
    target = Path(out)
    if not target.exists() and not target.is_symlink():
        return None
    if not target.is_dir():
        raise OutputError(f"{target}: is a file; name a folder")
    if not any(target.iterdir()):
        return None
    found = read_manifest(target)
    if found is None:
        raise OutputError(f"{target}: holds files that are no data set of this program; name a new folder")
    return found


def _holds_this(target: Path, job: dict[str, Any], overwrite: bool) -> bool:
    """Return whether the very job was done there before; OutputError if something else is there.

    What the same command wrote before its source changed is written anew, unless it was changed since.
    """
    found = check_place(target)
    if found is None or overwrite:
        return False
    if not _is_of(found, {key: job[key] for key in ("format", "settings")}):
        raise OutputError(
            f"{target}: exists and holds another data set ({found['format']}); name a new folder, or replace it with "
            "--overwrite"
        )
    if "files" in found and found["files"] != contents_digest(target, [MANIFEST]):
        raise OutputError(
            f"{target}: holds this data set, but its files were changed after it was written; name a new folder, or "
            "write it anew with --overwrite"
        )
    return _is_of(found, job)


def _waits(folder: PartFolder, job: dict[str, Any]) -> bool:
    """Put a complete data set in its place whose run was killed just before that; clear away that of another job."""
    if not folder.complete.exists():
        return False
    manifest = read_manifest(folder.complete)
    if manifest is None:
        raise OutputError(f"{folder.complete}: is no data set of this program; move it away")
    if not _is_of(manifest, job):
        folder.discard(folder.complete)
        return False
    folder.put_in_place()
    return True


@contextmanager
def _cleared_by_errors(
    folder: PartFolder, kinds: type[BaseException] | tuple[type[BaseException], ...]
) -> Iterator[None]:
    try:
        yield
    except kinds:
        folder.discard(folder.part)
        raise


def _check_part(part: Path) -> None:
    if part.exists() and not (part / WORK / _JOB).exists() and any(e.name != WORK for e in part.iterdir()):
        raise OutputError(f"{part}: is no unfinished data set of this program; move it away")


def _begin(folder: PartFolder, job: dict[str, Any], goes_on: bool) -> StagedFolder:
    """Make the folder to write to, or find what a stopped run of the same job has left."""
    work = folder.part / WORK
    text = json.dumps(job, indent=1, sort_keys=True)
    if folder.part.exists() and not (goes_on and _read(work / _JOB) == text):
        folder.discard(folder.part)
    work.mkdir(parents=True, exist_ok=True)
    if not (work / _JOB).exists():
        write_whole(str(work / _JOB), text.encode())
    # a line without its end was being written when the run stopped
    return StagedFolder(folder.part, dict(job), frozenset(_read(work / JOURNAL).split("\n")[:-1]))


def _read(path: Path) -> str:
    """Return a text; "" if it is not there or is damaged."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _finish(stage: StagedFolder, folder: PartFolder, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        stage.write(name, text)
    stage.manifest["files"] = contents_digest(stage.folder, [MANIFEST], stage.texts)
    text = json.dumps(stage.manifest, indent=1, ensure_ascii=False) + "\n"
    # written elsewhere first: a killed run must leave nothing that counts as a file of the data set
    write_whole(str(stage.work / MANIFEST), text.encode(errors="backslashreplace"))
    (stage.work / MANIFEST).replace(stage.folder / MANIFEST)
    folder.finish()


def _explain(target: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{target}: the disk is full; nothing was left there; make room or name another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{target}: no permission to write there; name another folder"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"{target}: cannot write there: a part of this path is a file; name another folder"
    where = f" ({error.filename})" if error.filename else ""
    return f"{target}: cannot be written: {error.strerror or error}{where}"
