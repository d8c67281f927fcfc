"""What a job works on: an upload, a path, an address, or another job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sportstrack.serve.addresses import check_address
from sportstrack.serve.jobs.table import JobTable, ServeJob
from sportstrack.serve.paths import check_path
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.settings import ServeSettings
from sportstrack.serve.uploads.shelf import Shelf

_FORMS = '{"upload": ID}, {"path": PATH}, {"url": ADDRESS} or {"job": ID}'
RESULTS = "results"
PREVIEW = "preview.jpg"
"""Folder of a job's files, in its own."""


class SourceFinder:
    """Finds what requests name.

    Args:
        settings: of the service.
        shelf: the uploads.
        jobs: the jobs.
    """

    def __init__(self, settings: ServeSettings, shelf: Shelf, jobs: JobTable) -> None:
        self._settings, self._shelf, self._jobs = settings, shelf, jobs

    def settle(self, wants: str, source: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """Check a source, and follow a job to that job's own source where a video is wanted.

        Args:
            wants: video, result or data.
            source: as it was sent.

        Returns:
            The source, and the upload that it is, if it is one.

        Raises:
            RefusedError: it is not there, not complete, or not allowed.
        """
        (name, value), *more = source.items() if source else (("", None),)
        if more or name not in ("upload", "path", "url", "job") or not isinstance(value, str):
            raise RefusedError(f"source: expected {_FORMS}")
        if name == "job":
            job = self._jobs.get(value)
            if wants == "video":
                return self.settle(wants, job.source)
            return {"job": value}, None
        if name == "upload" and not (upload := self._shelf.get(value)).complete:
            raise RefusedError(f"the upload is not complete: {upload.offset} of {upload.bytes} bytes", "conflict")
        if name == "url" and wants != "video":
            raise RefusedError(f"source: an address cannot be a {wants}; upload it")
        self.locate({name: value}, wants)
        return {name: value}, value if name == "upload" else None

    def locate(self, source: Mapping[str, Any], wants: str) -> str:
        """Return the path or address of a settled source, checked again.

        Raises:
            RefusedError: it has gone, or is not allowed any more.
        """
        ((name, value),) = source.items()
        if name == "url":
            return check_address(value, self._settings.streams)
        if name == "path":
            return str(check_path(value, self._settings.folders))
        if name == "upload":
            return str(self._shelf.get(value).path)
        return str(self.result_of(self._jobs.get(value), ".npz" if wants == "recording" else ".txt"))

    def result_of(self, job: ServeJob, ending: str) -> Path:
        """Return a job's file with tracks, or its recording.

        Raises:
            RefusedError: the job has not ended well, or has no such file.
        """
        if job.state != "done":
            raise RefusedError(f"job {job.id} has no result: it is {job.state}", "conflict")
        folder = self._jobs.folder(job.id) / RESULTS
        found = sorted(folder.glob(f"*{ending}"), key=lambda path: len(path.name)) if folder.is_dir() else []
        if not found:
            what = "recording (save_detections)" if ending == ".npz" else "MOT text (formats)"
            raise RefusedError(f"job {job.id} has no {what}", "not_found")
        return found[0]

    def video_of(self, job: ServeJob) -> Path:
        """Return the video of a job, as it was sent.

        Raises:
            RefusedError: it is gone, or is no file.
        """
        if "job" in job.source:
            return self.video_of(self._jobs.get(job.source["job"]))
        kept = self._jobs.folder(job.id) / "source"
        fetched = next(iter(sorted(kept.iterdir())), None) if kept.is_dir() else None
        path = fetched if "url" in job.source else Path(self.locate(job.source, "video"))
        if path is None or not path.is_file():
            raise RefusedError("the job has no video that could be sent", "not_found")
        return path
