"""The editor's routes. What a page sees of the tracks has a version; what it changes names the version it has seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sportstrack import __version__
from sportstrack.edit.clip import raw_times
from sportstrack.edit.desk import DeskChange
from sportstrack.edit.exports import FORMATS
from sportstrack.edit.room import EditRoom
from sportstrack.identities.table import ROLES
from sportstrack.serve.app import PAGE as SHARED
from sportstrack.serve.app import add_answers
from sportstrack.serve.events import EventStream, ServerEvent
from sportstrack.serve.guard import AccessGuard
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.settings import ServeSettings

PAGE = Path(__file__).parent / "page"
MOST_FRAMES = 3000  # of one answer with boxes
_FOREVER = {"Cache-Control": "private, max-age=86400, immutable"}  # a picture of the video never changes

router = APIRouter(prefix="/v1/edit", tags=["edit"])


def _room(connection: HTTPConnection) -> EditRoom:
    found: EditRoom = connection.app.state.room
    return found


TheRoom = Annotated[EditRoom, Depends(_room)]
"""The type of a route's argument that is the editor's room."""


class EditRequest(BaseModel):
    """An operation to apply.

    Attributes:
        version: of the tracks that the page has seen.
        edit: the operation as a line of a file of edits has it; frames from 1.
        moment: what the edit answers, the moment's key.
        follow: add what follows from it.
    """

    version: str = Field(max_length=100)
    edit: dict[str, Any]
    moment: str = Field("", max_length=200)
    follow: bool = False


class VersionRequest(BaseModel):
    """An undo or a redo, of the tracks that the page has seen."""

    version: str = Field(max_length=100)


class ExportRequest(BaseModel):
    """The corrected tracks in a format."""

    format: str = Field(max_length=40)
    every: int = Field(1, ge=1, le=1_000_000)


def create_edit_app(room: EditRoom, settings: ServeSettings) -> FastAPI:
    """Return the editor as an ASGI application.

    Args:
        room: the video, its tracks and all that works on them; it is closed with the application.
        settings: host and port; nobody but this machine may ask.
    """
    app = FastAPI(
        title="sportstrack edit", version=__version__, openapi_url=None, docs_url=None, redoc_url=None,
        lifespan=_lifespan,
    )  # fmt: skip
    app.state.room = room
    app.include_router(router)
    add_answers(app)
    app.mount("/static/edit", StaticFiles(directory=PAGE), name="edit")
    app.mount("/static", StaticFiles(directory=SHARED), name="static")

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    def guarded(inner: ASGIApp) -> AccessGuard:
        return AccessGuard(inner, settings)

    app.add_middleware(guarded)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    room: EditRoom = app.state.room
    room.bell.attach(asyncio.get_running_loop())
    await asyncio.to_thread(room.begin)
    try:
        yield
    finally:
        await asyncio.to_thread(room.close)


# --- the video -------------------------------------------------------------------------------------------------------


@router.get("/project")
def project(room: TheRoom) -> dict[str, Any]:
    """What the page begins with: the video, the rows of all tracks, what can be undone."""
    return room.about() | {"roles": ROLES, "formats": FORMATS} | room.desk.state()


@router.get("/times")
def times(room: TheRoom) -> Response:
    """When each frame is shown: seconds from the first one, float64, little-endian."""
    data = raw_times(room.clip).astype("<f8").tobytes()
    return Response(data, media_type="application/octet-stream", headers=_FOREVER)


@router.get("/video")
def video(room: TheRoom) -> FileResponse:
    """The video file, or its H.264 copy where one was made; with ranges."""
    copy = room.copies.ready
    if copy is not None:
        return FileResponse(copy, media_type="video/mp4")
    if room.clip.images:
        raise not_found("video file", room.clip.name)
    return FileResponse(room.clip.path, media_type=room.clip.media_type)


@router.post("/copy")
def make_copy(room: TheRoom) -> dict[str, Any]:
    """Begin to make an H.264 copy, unless one is there or in the making."""
    room.copies.begin()
    return room.copies.state()


@router.get("/frames/{number}.jpg")
def frame(number: int, room: TheRoom) -> Response:
    """A frame (from 1) as a picture."""
    return Response(room.pictures.frame(number - 1), media_type="image/jpeg", headers=_FOREVER)


@router.get("/crop.jpg")
def crop(
    room: TheRoom, frame: Annotated[int, Query(ge=1)], box: str, height: Annotated[int, Query(ge=8, le=400)] = 64
) -> Response:
    """What is in a box (x1,y1,x2,y2) of a frame, as a picture."""
    try:
        x1, y1, x2, y2 = (float(value) for value in box.split(","))
        if not (x1 < x2 and y1 < y2 and max(map(abs, (x1, y1, x2, y2))) < 1e6):
            raise ValueError
    except ValueError:
        raise RefusedError("box: expected x1,y1,x2,y2 in pixels", "input") from None
    data = room.pictures.crop(frame - 1, (x1, y1, x2, y2), height)
    return Response(data, media_type="image/jpeg", headers=_FOREVER)


# --- the tracks ------------------------------------------------------------------------------------------------------


@router.get("/boxes")
def boxes(room: TheRoom, first: Annotated[int, Query(ge=1)], last: Annotated[int, Query(ge=1)]) -> Response:
    """The boxes of some frames as columns: see `EditDesk.boxes`; the header X-Version says of which version."""
    if last - first >= MOST_FRAMES:
        raise RefusedError(f"first, last: expected up to {MOST_FRAMES} frames", "too_large")
    version, data = room.desk.boxes(first - 1, last - 1)
    return Response(data, media_type="application/octet-stream", headers={"X-Version": version})


@router.get("/state")
def state(room: TheRoom) -> dict[str, Any]:
    """The rows of all tracks, and what can be undone: for a page that has fallen behind."""
    return room.desk.state()


@router.get("/history")
def history(room: TheRoom) -> dict[str, Any]:
    """What was done, in order."""
    return {"edits": room.desk.history()}


@router.get("/partners")
def partners(
    room: TheRoom, kind: str, track: Annotated[int, Query(ge=0)], frame: Annotated[int, Query(ge=1)]
) -> dict[str, Any]:
    """The tracks that a track may be swapped or merged with, the likeliest first."""
    if kind not in ("swap", "merge"):
        raise RefusedError("kind: expected swap or merge", "input")
    return {"partners": room.desk.partners(kind, track, frame - 1)}


@router.post("/edits")
def apply(asked: EditRequest, room: TheRoom) -> dict[str, Any]:
    """Apply an operation and save it."""
    return _told(room, room.apply(asked.edit, asked.version, asked.moment, follow=asked.follow))


@router.post("/undo")
def undo(asked: VersionRequest, room: TheRoom) -> dict[str, Any]:
    """Take the last edit back."""
    return _told(room, room.desk.undo(asked.version))


@router.post("/redo")
def redo(asked: VersionRequest, room: TheRoom) -> dict[str, Any]:
    """Do again what was undone last."""
    return _told(room, room.desk.redo(asked.version))


def _told(room: EditRoom, change: DeskChange) -> dict[str, Any]:
    room.bell.ring("tracks")
    return asdict(change)


# --- where to look, and what comes out --------------------------------------------------------------------------------


@router.get("/moments")
def moments(room: TheRoom) -> dict[str, Any]:
    """The doubtful moments, the most doubtful first; and how many were looked at."""
    return room.moments()


@router.get("/answers")
def answers(room: TheRoom, moment: Annotated[str, Query(max_length=200)]) -> dict[str, Any]:
    """The tracks that a moment concerns now, and its plausible corrections, each with pictures."""
    return room.answers(moment)


@router.post("/export")
def export(asked: ExportRequest, room: TheRoom) -> dict[str, Any]:
    """Write the corrected tracks; the files' names."""
    return {"files": [str(path) for path in room.export(asked.format, asked.every)]}


@router.get("/events")
async def events(room: TheRoom) -> EventStream:
    """Tell when the tracks, the moments or the copy have changed, in whatever window it was done."""
    return EventStream(_news(room))


async def _news(room: EditRoom) -> AsyncIterator[ServerEvent]:
    last: dict[str, Any] = {}
    async for _ in room.bell.listen("tracks"):
        now = {"tracks": {"version": room.desk.version}, "moments": room.search(), "copy": room.copies.state()}
        now["kits"] = room.kits
        for name, value in now.items():
            if last.get(name) != value:
                last[name] = value
                yield ServerEvent(name, value)
