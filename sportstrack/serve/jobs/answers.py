"""Jobs and their files as clients see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse

from sportstrack.serve.jobs.sources import RESULTS
from sportstrack.serve.jobs.table import JobTable, ServeJob, shown_source
from sportstrack.serve.service import Service

TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".yaml": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
}
"""Ending → type; everything else is sent as bytes, to be saved."""
_SEEN = ("video/", "image/", "text/plain", "application/json")
_POLICY = {"Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'"}


def job_json(service: Service, jobs: JobTable, job: ServeJob) -> dict[str, Any]:
    """Return a job as the interface has it."""
    kept = service.settings.keep_days
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.name,
        "state": job.state,
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "expires": job.ended + kept * 86_400 if job.ended is not None and kept else None,
        "source": shown_source(job.source),
        "settings": job.request,
        "progress": job.progress | ({"stage": "stopping"} if job.cancel and job.state == "running" else {}),
        "error": job.error,
        "files": _files(jobs, job) if job.is_over else [],
        "summary": job.summary,
        "starts": job.starts,
    }


def _files(jobs: JobTable, job: ServeJob) -> list[dict[str, Any]]:
    folder = jobs.folder(job.id) / RESULTS
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        {
            "name": path.name,
            "bytes": path.stat().st_size,
            "type": type_of(path).partition(";")[0],
            "href": f"/v1/jobs/{job.id}/files/{quote(path.name)}",
        }
        for path in paths
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    ]


def type_of(path: Path) -> str:
    """Return the type of a file by its ending."""
    return TYPES.get(path.suffix.lower(), "application/octet-stream")


def file_answer(path: Path, *, save: bool = False) -> FileResponse:
    """Return a file, or the ranges of it that are asked for. What could run in a browser is saved, never shown."""
    kind = type_of(path)
    shown = not save and kind.startswith(_SEEN)
    return FileResponse(
        path,
        media_type=kind,
        filename=path.name,
        content_disposition_type="inline" if shown else "attachment",
        headers=_POLICY | {"Cache-Control": "private, no-cache"},
    )
