"""Routes of sessions: boxes (and embeddings) in, tracks out."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.service import Service, TheService
from sportstrack.serve.sessions.pool import SessionPool
from sportstrack.trackers import DEFAULT_TRACKER

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
_BEGIN: dict[str, Any] = {
    "tracker": "bytetrack",
    "settings": {"track_high_thresh": 0.5},
    "frame_rate": 25,
    "width": 1280,
    "height": 720,
}
_BOX = [100.0, 200.0, 140.0, 300.0, 0.9, 0]
_FRAMES = {"frames": [{"frame": 1, "boxes": [_BOX]}, {"frame": 2, "boxes": [[102.0, 200.0, 142.0, 300.0, 0.9, 0]]}]}
_FRAMES_ABOUT = (
    "`frames`: frame numbers from 1 without gaps; `boxes`: rows of x1, y1, x2, y2, score, class in pixels; optional: "
    "`embeddings` (a row for each box), `camera` (2×3, previous frame's pixels to this one's), `time` in seconds, "
    "`cut` (true: another shot begins)."
)


class SessionRequest(BaseModel):
    """What a session is begun with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_BEGIN]})
    tracker: str = Field(DEFAULT_TRACKER, max_length=200, description="a tracker by its name")
    settings: dict[str, Any] = Field(default_factory=dict, description="settings of the tracker by name")
    frame_rate: float = Field(25.0, gt=0, le=1000, description="frames per second")
    width: int | None = Field(None, ge=1, le=65536, description="of the picture, in pixels")
    height: int | None = Field(None, ge=1, le=65536, description="of the picture, in pixels")
    ball: list[int] | None = Field(None, max_length=100, description="classes that the ball tracker follows")
    time_to_live: float = Field(60.0, ge=1, le=86400, description="seconds without a frame after which it ends")


def set_up(service: Service) -> None:
    """Make what is behind the routes."""
    pool = service.parts["sessions"] = SessionPool(service)
    service.at_end.append(lambda: service.bell.call(pool.close))


async def _pool(connection: HTTPConnection) -> SessionPool:
    found: SessionPool = connection.app.state.service.parts["sessions"]
    return found


ThePool = Annotated[SessionPool, Depends(_pool)]


@router.post("", status_code=201, summary="Begin a session")
async def begin(asked: SessionRequest, pool: ThePool, service: TheService) -> JSONResponse:
    """Open a tracker; 503 with Retry-After where as many sessions are open as the service takes."""
    if ":" in asked.tracker and asked.tracker not in service.settings.plugins:
        raise RefusedError(f"tracker: {asked.tracker!r} is not among the plug-ins that this service allows", "setting")
    if service.stopping.is_set():
        raise RefusedError("the service is stopping", "full", retry_after=30)
    session = await pool.begin(asked.model_dump(exclude={"time_to_live"}), asked.time_to_live)
    return JSONResponse(session.as_dict(), 201, headers={"Location": f"/v1/sessions/{session.id}"})


@router.get("", summary="All open sessions")
async def listed(pool: ThePool) -> list[dict[str, Any]]:
    """Open sessions, oldest first."""
    return [session.as_dict() for session in pool.open.values()]


@router.get("/{name}", summary="One session")
async def one(name: str, pool: ThePool) -> dict[str, Any]:
    """Its settings, the number of its next frame, and how long it still lives without one."""
    return pool.get(name).as_dict()


@router.delete("/{name}", summary="End a session")
async def end(name: str, pool: ThePool) -> dict[str, Any]:
    """Close the tracker."""
    return (await pool.end(name)).as_dict()


@router.post(
    "/{name}/frames",
    summary="Boxes of the next frames",
    description="The answer has the rows of tracks of each frame: id, x1, y1, x2, y2, score, class, detection (the row "
    "in the frame's boxes, −1 where the box is predicted). A request whose answer was lost may be sent "
    "again. 409 and the number of the next frame where numbers do not follow.",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["frames"],
                        "description": _FRAMES_ABOUT,
                        "properties": {"frames": {"type": "array", "items": {"type": "object"}}},
                    },
                    "example": _FRAMES,
                }
            },
        }
    },
)
async def frames(request: Request) -> Response:
    """Track the frames of a request; the work is done in another process."""
    began = time.perf_counter()
    service: Service = request.app.state.service  # no arguments that FastAPI would look for: this route is asked most
    pool: SessionPool = service.parts["sessions"]
    status, text, new = await pool.track(request.path_params["name"], await request.body())
    figures = service.figures
    if status == 200:
        figures.frames.labels("session", "", "tracked").inc(new)
        figures.latency.labels("session", "").observe(time.perf_counter() - began)
    else:
        figures.frames.labels("session", "", "failed").inc()
    return Response(text, status, media_type="application/json")
