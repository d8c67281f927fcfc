"""Routes of jobs: send, list, watch, cancel, fetch, delete."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from sportstrack.serve.events import EventStream, ServerEvent
from sportstrack.serve.jobs.answers import file_answer, job_json
from sportstrack.serve.jobs.desk import Desk
from sportstrack.serve.jobs.kinds import KINDS, STREAM, describe, kind_of
from sportstrack.serve.jobs.sources import PREVIEW, RESULTS
from sportstrack.serve.jobs.trackfile import page_text
from sportstrack.serve.metrics.series import as_csv, as_parquet
from sportstrack.serve.paths import inside
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.service import Service, TheService

router = APIRouter(prefix="/v1", tags=["jobs"])
_SAVE = Query(description="send it to be saved, under its name")


class NewJob(BaseModel):
    """A job as it is sent."""

    kind: str = Field(examples=["track"])
    name: str = Field("", max_length=200, examples=["first half"])
    source: dict[str, Any] = Field({}, examples=[{"path": "match.mp4"}])
    settings: dict[str, Any] = Field({}, examples=[{"quality": "fast"}])

    model_config = {"extra": "forbid"}


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": NewJob.model_json_schema(),
                "example": {"kind": "track", "source": {"path": "match.mp4"}, "settings": {"quality": "fast"}},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}, "job": {"type": "string"}},
                }
            },
        },
    }
}


def set_up(service: Service) -> None:
    """Make the part of the service that keeps the jobs."""
    desk = Desk(service)
    service.parts["jobs"], service.parts["uploads"] = desk, desk.shelf
    service.at_start.append(desk.start)
    service.at_end.append(desk.stop)


def desk_of(service: Service) -> Desk:
    """Return the service's jobs."""
    found: Desk = service.parts["jobs"]
    return found


@router.post("/jobs", status_code=201, summary="Send a job", openapi_extra=_BODY)
async def send(request: Request, service: TheService) -> JSONResponse:
    """As JSON; or, with a small file, as multipart with the parts ``file`` and ``job`` (JSON without source)."""
    from anyio.to_thread import run_sync

    desk = desk_of(service)
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form(max_files=1, max_fields=4) as form:
            new, file = _new_job(form.get("job", "{}")), form.get("file")
            if not isinstance(file, UploadFile):
                raise RefusedError("the part 'file' with the file is missing")
            if new.source:
                raise RefusedError("source: leave it out; it is the part 'file'")
            await run_sync(lambda: desk.check_new(new.kind, new.settings))
            upload = await run_sync(desk.shelf.begin, file.filename or "upload", max(file.size or 0, 1))
            await desk.shelf.append(upload, 0, _pieces(file))
            new.source = {"upload": upload.id}
    else:
        new = _new_job(await request.body())
    job = await run_sync(lambda: desk.send(new.kind, new.name, new.source, new.settings))
    where = {"Location": f"/v1/jobs/{job.id}"}
    return JSONResponse(job_json(service, desk.jobs, job), 201, headers=where)


@router.get("/jobs", summary="The jobs, the newest first")
def jobs(
    service: TheService,
    state: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[float | None, Query(description="created before this time: the next page")] = None,
) -> dict[str, Any]:
    """With the number of jobs by state."""
    desk = desk_of(service)
    found = desk.jobs.find(state, limit, before)
    return {"jobs": [job_json(service, desk.jobs, job) for job in found], "counts": desk.jobs.counts()}


@router.get("/jobs/{key}", summary="One job")
def job(key: str, service: TheService) -> dict[str, Any]:
    """State, progress, error, files and summary of a job."""
    desk = desk_of(service)
    return job_json(service, desk.jobs, desk.jobs.get(key))


@router.delete("/jobs/{key}", status_code=204, summary="Delete a job that has ended")
def delete(key: str, service: TheService) -> None:
    """With all its files; 409 while it waits or runs."""
    desk_of(service).remove(key)


@router.post("/jobs/{key}/cancel", summary="Cancel a job")
def cancel(key: str, service: TheService) -> dict[str, Any]:
    """What was done stays readable, in files with ``.part`` in their names; 409 if the job has ended."""
    desk = desk_of(service)
    return job_json(service, desk.jobs, desk.cancel(key))


@router.get("/jobs/{key}/events", summary="What happens to a job", response_class=StreamingResponse)
def events(key: str, service: TheService, last_event_id: Annotated[str | None, Header()] = None) -> EventStream:
    """Server-sent events ``state``, ``progress`` and ``log``; ends with the job. ``Last-Event-ID`` goes on."""
    desk_of(service).jobs.get(key)
    after = int(last_event_id) if last_event_id is not None and last_event_id.isdigit() else 0
    return EventStream(_events(service, key, after))


@router.get("/jobs/{key}/files/{name}", summary="A file of the result", response_class=FileResponse)
@router.head("/jobs/{key}/files/{name}", include_in_schema=False)
def file(key: str, name: str, service: TheService, save: Annotated[bool, _SAVE] = False) -> FileResponse:
    """With ranges, so that a browser can seek in a video."""
    jobs = desk_of(service).jobs
    jobs.get(key)
    return file_answer(inside(jobs.folder(key) / RESULTS, name), save=save)


@router.get("/jobs/{key}/source", summary="The video as it was sent", response_class=FileResponse)
@router.head("/jobs/{key}/source", include_in_schema=False)
def source(key: str, service: TheService, save: Annotated[bool, _SAVE] = False) -> FileResponse:
    """With ranges; 404 where the source was no file."""
    desk = desk_of(service)
    return file_answer(desk.finder.video_of(desk.jobs.get(key)), save=save)


@router.get("/jobs/{key}/preview.jpg", summary="The newest frame, with its tracks", response_class=FileResponse)
def preview(key: str, service: TheService) -> FileResponse:
    """A small picture, made anew every two seconds while a job ``track`` runs; 404 before the first."""
    jobs = desk_of(service).jobs
    jobs.get(key)
    return file_answer(inside(jobs.folder(key), PREVIEW))


@router.get("/jobs/{key}/tracks", summary="The tracks, in pages")
def tracks(
    key: str,
    service: TheService,
    first: Annotated[int, Query(ge=1, description="frame, counted from 1")] = 1,
    last: Annotated[int | None, Query(ge=1, description="frame; at most 5000 at a time")] = None,
) -> Response:
    """Rows of boxes, also while the job runs. ``times`` is in the first page, unless frames are evenly spaced."""
    jobs = desk_of(service).jobs
    jobs.get(key)
    page = page_text(jobs.folder(key) / "tracks", first, last)
    if page is None:
        raise not_found("list of tracks of job", key)
    return StreamingResponse(page, media_type="application/json")


@router.get("/jobs/{key}/series", summary="What was measured while it ran")
def series(key: str, service: TheService, since: float = 0.0) -> dict[str, Any]:
    """Frames per second, mean score, tracks, CPU and memory over time."""
    desk_of(service).jobs.get(key)
    return {"series": service.series.points(f"job {key}", since=since)}


@router.get("/jobs/{key}/series.csv", summary="The same as CSV", response_class=Response)
def series_csv(key: str, service: TheService, since: float = 0.0) -> Response:
    """One line a sample."""
    return Response(as_csv(*_series(key, service, since)), media_type="text/csv; charset=utf-8")


@router.get("/jobs/{key}/series.parquet", summary="The same as Parquet", response_class=Response)
def series_parquet(key: str, service: TheService, since: float = 0.0) -> Response:
    """Needs the extra ``parquet`` in the service."""
    return Response(as_parquet(*_series(key, service, since)), media_type="application/vnd.apache.parquet")


@router.get("/settings", summary="The kinds of jobs")
def kinds() -> dict[str, Any]:
    """What each does, and what its source is: a video, a result or a data set."""
    return {"kinds": [{"kind": one.name, "about": one.about, "source": one.wants} for one in KINDS.values()]}


@router.get("/settings/{kind}", summary="The settings of a kind of job")
def settings(kind: str, service: TheService) -> list[dict[str, Any]]:
    """Name, type, help, default, range and choices: what a form needs. They are the command line's.

    The kind ``stream`` has those of live streams.
    """
    return describe(STREAM if kind == STREAM.name else kind_of(kind), service.settings)


def _series(key: str, service: Service, since: float) -> tuple[list[str], list[list[Any]]]:
    desk_of(service).jobs.get(key)
    return service.series.table(f"job {key}", since=since)


def _new_job(data: Any) -> NewJob:
    try:
        values = json.loads(data)
        return NewJob.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the job"
        raise RefusedError(f"{where}: {first['msg']}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise RefusedError(f"the job is not JSON: {error}") from error


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(1 << 20):
        yield piece


async def _events(service: Service, key: str, after: int) -> AsyncIterator[ServerEvent]:
    jobs, told = desk_of(service).jobs, None
    async for _ in service.bell.listen(f"job {key}", longest=10.0):
        try:
            job = jobs.get(key)
        except RefusedError:
            return  # it was deleted
        while found := jobs.events(key, after):
            for number, event, data in found:
                after = number
                yield ServerEvent(event, data, number)
        if job.progress != told:
            told = job.progress
            yield ServerEvent("progress", told)
        if job.is_over:
            return
