"""Routes of live streams: begin, watch, listen, stop, and the recorded files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from sportstrack.identities.roster import read_roster
from sportstrack.serve.addresses import TARGET_SCHEMES, check_address
from sportstrack.serve.events import EventStream, ServerEvent
from sportstrack.serve.jobs.kinds import LIVE_QUALITY, STREAM, check_settings
from sportstrack.serve.jobs.routes import desk_of
from sportstrack.serve.metrics.series import as_csv, as_parquet
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.service import Service, TheService
from sportstrack.serve.streams.manager import StreamManager
from sportstrack.serve.streams.mp4 import shifted, ticks_of
from sportstrack.serve.streams.recorder import PART
from sportstrack.serve.streams.stream import LiveStream
from sportstrack.video.stream import address_name

router = APIRouter(prefix="/v1/streams", tags=["streams"])
BOUNDARY = "sportstrack-picture"
_TYPES = {".mp4": "video/mp4", ".jsonl": "application/x-ndjson"}
_EXAMPLE: dict[str, Any] = {
    "name": "Main camera",
    "source": {"url": "rtsp://camera.example/stream"},
    "settings": {"quality": "fast"},
    "outputs": {"record": True},
}


class StreamSource(BaseModel):
    """Where the pictures come from."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=2048, description="rtsp, udp, http … or a camera's number, as the service allows")


class StreamOutputs(BaseModel):
    """Where results go, beside those who ask for them."""

    model_config = ConfigDict(extra="forbid")
    udp: str | None = Field(None, max_length=2048, description="udp://host:port: a datagram of JSON for each frame")
    webhook: str | None = Field(None, max_length=2048, description="http(s): lines of JSON, posted each second")
    record: bool = Field(False, description="a video with the tracks drawn and the results, a file an hour")


def _no_outputs() -> StreamOutputs:
    return StreamOutputs.model_validate({})


class StreamRequest(BaseModel):
    """What a stream is begun with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field("", max_length=200)
    source: StreamSource
    settings: dict[str, Any] = Field(
        default_factory=dict, description="of sportstrack track; quality is fast if not given"
    )
    outputs: StreamOutputs = Field(default_factory=_no_outputs)


def set_up(service: Service) -> None:
    """Make what is behind the routes."""
    service.parts["streams"] = StreamManager(service)


async def _manager(connection: HTTPConnection) -> StreamManager:
    found: StreamManager = connection.app.state.service.parts["streams"]
    return found


TheStreams = Annotated[StreamManager, Depends(_manager)]


@router.post("", status_code=201, summary="Begin a stream")
async def begin(asked: StreamRequest, streams: TheStreams, service: TheService) -> JSONResponse:
    """Start a process that reads, tracks and, where asked, records; 503 where as many run as the service takes."""
    settings, outputs = service.settings, asked.outputs
    url = await asyncio.to_thread(check_address, asked.source.url, settings.streams)
    for target, schemes in ((outputs.udp, ("udp",)), (outputs.webhook, TARGET_SCHEMES[1:])):
        if target is not None:
            await asyncio.to_thread(check_address, target, settings.targets, schemes=schemes, what="--targets")
    values = await asyncio.to_thread(check_settings, STREAM, {"quality": LIVE_QUALITY, **asked.settings}, settings)
    wanted = {name: value for name, value in outputs.model_dump().items() if value}
    roster = None
    if (given := asked.settings.get("roster")) is not None:
        values["roster"], roster = await asyncio.to_thread(_roster, given, service)
    stream = await streams.begin(asked.name.strip() or address_name(url), url, values, wanted, roster)
    return JSONResponse(stream.as_dict(), 201, headers={"Location": f"/v1/streams/{stream.spec.id}"})


def _roster(given: Any, service: Service) -> tuple[dict[str, Any], Path]:
    """Return a roster as a request names it, checked, and its file; SportstrackError for one that will not do."""
    if not isinstance(given, dict):
        raise RefusedError('roster: expected {"upload": ID} or {"path": PATH}')
    finder = desk_of(service).finder
    source, _ = finder.settle("result", given)
    path = Path(finder.locate(source, "result"))
    read_roster(path)
    return source, path


@router.get("", summary="All streams")
async def listed(streams: TheStreams) -> list[dict[str, Any]]:
    """Streams that run and those that have ended, oldest first."""
    return [stream.as_dict() for stream in streams.streams.values()]


@router.get("/{name}", summary="One stream")
async def one(name: str, streams: TheStreams) -> dict[str, Any]:
    """Its state, a message where there is something to say, and its counters."""
    return streams.get(name).as_dict()


@router.delete("/{name}", summary="Stop a stream, or remove one that has ended")
async def stop(name: str, streams: TheStreams) -> dict[str, Any]:
    """End its process and complete its files; a stream that has ended already goes with its files."""
    return (await streams.stop(name)).as_dict()


@router.get("/{name}/events", summary="Results as they come (server-sent events)", response_model=None)
async def events(name: str, streams: TheStreams) -> EventStream:
    """Events ``state`` (the stream) and ``frame`` (a frame's result)."""
    return EventStream(_events(streams.get(name)))


async def _events(stream: LiveStream) -> AsyncIterator[ServerEvent]:
    with stream.view("results") as outlet:
        state = None
        yield ServerEvent("state", stream.as_dict())
        async for record in outlet:
            if state != (stream.state, stream.message):
                state = (stream.state, stream.message)
                yield ServerEvent("state", stream.as_dict())
            yield ServerEvent("frame", record)
        yield ServerEvent("state", stream.as_dict())


@router.websocket("/{name}/ws")
async def sent(socket: WebSocket, name: str, streams: TheStreams) -> None:
    """Results as they come, a JSON text each."""
    stream = streams.streams.get(name)
    if stream is None:
        await socket.close(1008, "there is no such stream")
        return
    await socket.accept()
    with stream.view("results") as outlet:
        gone = asyncio.ensure_future(_until_gone(socket))
        try:
            async for record in outlet:
                if gone.done():
                    return
                await socket.send_json(record)
            await socket.close()
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


@router.get("/{name}/picture.mjpeg", summary="The picture with the tracks drawn, as MJPEG", response_model=None)
async def mjpeg(name: str, streams: TheStreams) -> StreamingResponse:
    """JPEG after JPEG, at most 15 a second; an ``<img>`` shows it."""
    return StreamingResponse(_pictures(streams.get(name)), media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}")


async def _pictures(stream: LiveStream) -> AsyncIterator[bytes]:
    with stream.view("pictures") as outlet:
        async for picture in outlet:
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            yield head.encode() + picture + b"\r\n"


@router.get("/{name}/picture.jpg", summary="The newest picture with the tracks drawn", response_model=None)
async def picture(name: str, streams: TheStreams) -> Response:
    """One JPEG; 404 before the first frame and after the last."""
    found = await streams.get(name).snapshot()
    if found is None:
        raise RefusedError("the stream has no picture at the moment", "not_found")
    return Response(found, media_type="image/jpeg")


@router.get("/{name}/live.mp4", summary="The video with the tracks drawn, as fragmented MP4", response_model=None)
async def video(name: str, streams: TheStreams) -> StreamingResponse:
    """H.264 that a ``<video>`` plays while it grows; it begins with the next key frame."""
    return StreamingResponse(_video(streams.get(name)), media_type="video/mp4")


async def _video(stream: LiveStream) -> AsyncIterator[bytes]:
    begin, missed, waiting = None, 0, True
    with stream.view("video") as outlet:
        async for part in outlet:
            if isinstance(part, bytes):
                if begin is not None:  # another head: the process was started again, and this video is over
                    return
                yield part
                continue
            key, content = part
            waiting = (waiting or outlet.missed != missed) and not key  # where parts are missing, for a key frame
            missed = outlet.missed
            if not waiting:
                begin = ticks_of(content) if begin is None else begin
                yield shifted(content, begin)


@router.get("/{name}/series", summary="What was measured while it ran")
def series(name: str, service: TheService, since: float = 0.0) -> dict[str, Any]:
    """Rate, latency, mean score, tracks, dropped frames and reconnections over time."""
    return {"series": service.series.points(_owner(name, service), since=since)}


@router.get("/{name}/series.csv", summary="The same as CSV", response_class=Response)
def series_csv(name: str, service: TheService, since: float = 0.0) -> Response:
    """One line a sample."""
    table = service.series.table(_owner(name, service), since=since)
    return Response(as_csv(*table), media_type="text/csv; charset=utf-8")


@router.get("/{name}/series.parquet", summary="The same as Parquet", response_class=Response)
def series_parquet(name: str, service: TheService, since: float = 0.0) -> Response:
    """Needs the extra ``parquet`` in the service."""
    table = service.series.table(_owner(name, service), since=since)
    return Response(as_parquet(*table), media_type="application/vnd.apache.parquet")


def _owner(name: str, service: Service) -> str:
    streams: StreamManager = service.parts["streams"]
    return f"stream {streams.get(name).spec.id}"


@router.get("/{name}/files", summary="Recorded files")
async def files(name: str, streams: TheStreams) -> list[dict[str, Any]]:
    """Files of this stream, oldest first; one that still grows is not ``complete``."""
    found = await asyncio.to_thread(streams.files, name)
    return [
        {
            "name": path.name,
            "bytes": path.stat().st_size,
            "type": _TYPES.get(path.suffix, "application/octet-stream"),
            "complete": PART not in path.name,
            "href": f"/v1/streams/{name}/files/{path.name}",
        }
        for path in found
    ]


@router.get("/{name}/files/{file}", summary="One recorded file", response_class=FileResponse)
async def file(name: str, file: str, streams: TheStreams) -> FileResponse:
    """The file, with ranges."""
    known: dict[str, Path] = {path.name: path for path in await asyncio.to_thread(streams.files, name)}
    if file not in known:
        raise not_found("file", file[:80])
    return FileResponse(known[file], media_type=_TYPES.get(known[file].suffix, "application/octet-stream"))
