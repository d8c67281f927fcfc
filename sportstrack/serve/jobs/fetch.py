"""A video behind an address is fetched first, whole: the player needs it, and every redirect is checked."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sportstrack.errors import OutputError, SourceError
from sportstrack.files.claim import PartFile
from sportstrack.files.names import file_name
from sportstrack.serve.jobs.task import Reporter, Task
from sportstrack.serve.remote import RemoteFile

_PIECE = 1 << 20


def fetched(task: Task, report: Reporter) -> str:
    """Fetch the source of a job and return its path; one that is there already is not fetched again.

    Raises:
        SourceError: it cannot be read, or is larger than the service takes.
        OutputError: the disk is full.
    """
    folder = Path(task.folder) / "source"
    folder.mkdir(exist_ok=True)
    path = folder / file_name(unquote(urlsplit(task.source).path).rpartition("/")[2].lstrip(".") or "video.mp4")
    if path.is_file():
        return str(path)
    for left in folder.iterdir():
        left.unlink()
    report.stage("fetching")
    most, got = int(task.limits["upload_bytes"]), 0
    target = PartFile(path)
    try:
        with RemoteFile(task.source, task.allowed) as remote, target.part.open("wb") as file:
            if (remote.size or 0) > most:
                raise SourceError(f"the file is larger than {most >> 20} MiB, which is more than this service takes")
            while piece := remote.read(_PIECE):
                got += len(piece)
                if got > most or shutil.disk_usage(folder).free < _PIECE:
                    raise SourceError(f"the file is larger than {most >> 20} MiB, or the disk is full")
                file.write(piece)
            if remote.size is not None and got < remote.size:
                raise SourceError(f"the sender broke off after {got} of {remote.size} bytes; try again")
    except OSError as error:
        raise OutputError(target.explain(error)) from error
    target.rename()
    return str(path)
