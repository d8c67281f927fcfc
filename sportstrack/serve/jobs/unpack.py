"""A data set that was uploaded as a zip archive: unpacked with care, and kept from naming files outside of it."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from sportstrack.errors import FormatError, SourceError
from sportstrack.files.reading import read_text, read_yaml
from sportstrack.serve.jobs.task import Reporter, Task

MOST_FILES = 200_000
_SPLITS = ("train", "val", "test")


def data_set(task: Task, report: Reporter) -> str:
    """Return the path of a job's data set: its source, or the data.yaml of an uploaded archive.

    Raises:
        SourceError: the archive is broken, too large, or has no data.yaml.
        FormatError: a name in it leads out.
    """
    source = Path(task.source)
    if source.suffix.lower() != ".zip" or not source.is_file():
        return task.source
    report.stage("unpacking")
    folder = Path(task.folder) / "set"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(source) as archive:
            _check(archive.infolist(), source.name, int(task.limits["upload_bytes"]), folder)
            for member in archive.infolist():
                archive.extract(member, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise SourceError(f"{source.name}: cannot be unpacked: {error}") from error
    found = sorted(folder.rglob("data.yaml"), key=lambda path: len(path.parts))
    if not found:
        raise SourceError(f"{source.name}: holds no data.yaml; zip the folder of a YOLO data set")
    check_names(found[0], folder)
    return str(found[0])


def check_names(data: Path, folder: Path) -> None:
    """Refuse a data.yaml that names pictures outside of a folder; what is in the folder is no link.

    Raises:
        FormatError: it does, itself or by a list of pictures.
    """
    values = read_yaml(data)
    if not isinstance(values, dict):
        raise FormatError(f"{data.name}: expected a table with train, val and names")
    root = data.parent / _inside(values.get("path") or ".", data.name)
    for split in _SPLITS:
        for name in _texts(values.get(split), data.name):
            path = root / _inside(name, data.name)
            if folder.resolve() not in (path.resolve(), *path.resolve().parents):
                raise FormatError(f"{data.name}: {name!r} leads out of the data set")
            if path.is_file():
                for line in read_text(path).splitlines():
                    _inside(line.strip() or ".", path.name)


def _texts(value: Any, where: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        if not isinstance(one, str):
            raise FormatError(f"{where}: expected names of folders or lists, got {one!r}")
        yield one


def _inside(name: Any, where: str) -> str:
    text = str(name)
    parts = PurePosixPath(text.replace("\\", "/")).parts
    if text.startswith(("/", "~")) or PureWindowsPath(text).drive or ".." in parts or "\0" in text:
        raise FormatError(f"{where}: {text[:200]!r} leads out of the data set")
    return text


def _check(members: list[zipfile.ZipInfo], name: str, most: int, folder: Path) -> None:
    """Refuse an archive before anything of it is written."""
    if len(members) > MOST_FILES:
        raise SourceError(f"{name}: holds {len(members):,} files; at most {MOST_FILES:,} are taken")
    total = sum(member.file_size for member in members)
    room = shutil.disk_usage(folder.parent).free
    if total > min(most, room // 2):
        raise SourceError(f"{name}: unpacks to {total >> 20:,} MiB, which is more than this service takes")
    for member in members:
        _inside(member.filename, name)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise FormatError(f"{name}: {member.filename!r} is a link or no plain file; leave it out")
