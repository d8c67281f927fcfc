"""All live streams of a service: those that run go on after a restart."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.files.claim import ensure_folder
from sportstrack.files.names import file_name
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.service import Service
from sportstrack.serve.settings import GIB
from sportstrack.serve.store import loaded
from sportstrack.serve.streams.protocol import STATES
from sportstrack.serve.streams.recorder import complete_parts, remove_old
from sportstrack.serve.streams.stream import FINAL, LiveStream, StreamSpec

_TABLE = """CREATE TABLE streams (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, settings TEXT NOT NULL, outputs TEXT NOT NULL,
    created REAL NOT NULL, ended REAL, state TEXT NOT NULL, message TEXT NOT NULL)"""

SOURCE_TIMEOUT = 10.0  # seconds without data after which a connection counts as lost
SAMPLE_EVERY = 5.0  # seconds between rows of a stream's time series
SAMPLED = (
    *("frames_per_s", "latency_s", "latency_p95_s", "mean_score", "tracks_alive"),
    *("frames_tracked", "frames_dropped", "ids_created", "reconnections"),
)
INPUTS = "inputs"
"""Folder of what a stream was begun with, in its own."""
COUNTED = ("frames_dropped", "ids_created", "reconnections")
Heard = Callable[[LiveStream, dict[str, Any] | None], None]
"""Called with a stream and a frame's result, or with None when its state may have changed."""


class StreamManager:
    """The streams; used in the server's loop alone.

    Args:
        service: whose streams these are.

    Attributes:
        streams: id → stream, in the order of their beginning.
        hearers: told of frames and states.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.streams: dict[str, LiveStream] = {}
        self.hearers: list[Heard] = []
        self._sampled: dict[str, float] = {}
        self._known: dict[str, tuple[str, str, float | None]] = {}
        self._stages: dict[str, dict[str, float]] = {}
        service.store.migrate("streams", [_TABLE])
        service.sweeps.append(self.sweep)
        service.at_start.append(lambda: service.bell.call(self._resume))
        service.at_end.append(lambda: service.bell.call(self._close))

    def folder(self, stream: str) -> Path:
        """Return the folder of a stream's files."""
        return self._service.settings.data / "streams" / stream

    def get(self, name: str) -> LiveStream:
        """Return a stream by its id; RefusedError (not_found) if there is none."""
        if name not in self.streams:
            raise not_found("stream", name[:40])
        return self.streams[name]

    async def begin(
        self, name: str, url: str, settings: dict[str, Any], outputs: dict[str, Any], roster: Path | None = None
    ) -> LiveStream:
        """Start a stream whose address, settings and outputs have been checked.

        Args:
            name: of the stream.
            url: the source.
            settings: of `TrackSettings`; the roster as the request named it.
            outputs: as `StreamSpec`.
            roster: the roster's file, which is copied.

        Raises:
            RefusedError: as many run as the service takes.
        """
        self._check_room()
        spec = StreamSpec(secrets.token_hex(6), name, url, settings, outputs)
        if roster is not None:
            kept = ensure_folder(self.folder(spec.id) / INPUTS) / f"roster{roster.suffix}"
            await asyncio.to_thread(shutil.copyfile, roster, kept)
        stream = self._add(spec)
        self._service.store.insert(
            "streams", **vars(spec) | {"ended": None, "state": stream.state, "message": stream.message}
        )
        await stream.start()
        return stream

    async def stop(self, name: str) -> LiveStream:
        """End a stream; one that has ended goes, with its files."""
        stream = self.get(name)
        if stream.is_active:
            await stream.stop()
        else:
            del self.streams[name]
            self._stages.pop(name, None)
            self._service.store.run("DELETE FROM streams WHERE id = ?", name)
            self._service.series.remove(f"stream {name}")
            await asyncio.to_thread(shutil.rmtree, self.folder(name), ignore_errors=True)
            self._count()
        return stream

    def files(self, name: str) -> list[Path]:
        """Return the files of a stream, oldest first; those that still grow have ``.part`` in their names."""
        folder = self.folder(self.get(name).spec.id)
        return sorted(path for path in folder.glob("*.*") if path.is_file() and not path.is_symlink())

    def sweep(self) -> None:
        """Remove recordings that are old; any thread may."""
        days = self._service.settings.keep_days
        for folder in self.folder("").glob("*/") if days else ():
            remove_old(folder, time.time() - days * 86_400)

    def _check_room(self) -> None:
        most = self._service.settings.max_streams
        if self._service.stopping.is_set():
            raise RefusedError("the service is stopping", "full", retry_after=30)
        if sum(stream.is_active for stream in self.streams.values()) >= most:
            raise RefusedError(f"{most} streams run, as many as this service takes; stop one", "full", retry_after=30)

    def _add(self, spec: StreamSpec) -> LiveStream:
        folder = self.folder(spec.id)
        allowed = self._service.settings
        roster = next((str(path) for path in (folder / INPUTS).glob("roster.*")), None)
        work = {
            "url": spec.url,
            "name": file_name(spec.name),
            "settings": spec.settings | {"live": True, "roster": roster},
            "outputs": spec.outputs | {"record": str(folder) if spec.outputs.get("record") else None},
            "timeout": SOURCE_TIMEOUT,
            "megapixels": allowed.max_megapixels,
            "keep_free": allowed.keep_free * GIB,
            "allowed": {"streams": list(allowed.streams), "targets": list(allowed.targets)},
        }
        stream = LiveStream(spec, work, self._service.stopping, self._heard_state, self._heard_frame)
        self.streams[spec.id] = stream
        return stream

    async def _resume(self) -> None:
        """Start the streams that ran when the service ended, and complete what was left of recordings."""
        for row in self._service.store.all("SELECT * FROM streams ORDER BY created"):
            spec = StreamSpec(
                row["id"], row["name"], row["url"], loaded(row["settings"]), loaded(row["outputs"]), row["created"]
            )
            stream = self._add(spec)
            folder = self.folder(spec.id)
            if folder.is_dir():
                await asyncio.to_thread(complete_parts, folder)
            if row["state"] in FINAL:
                stream.state, stream.message, stream.ended = row["state"], row["message"], row["ended"]
            else:
                await stream.start()
        self._count()

    async def _close(self) -> None:
        """End all processes; the streams go on at the next start."""
        running = [stream for stream in self.streams.values() if stream.is_active]
        await asyncio.gather(*(stream.stop() for stream in running))

    def _heard_state(self, stream: LiveStream, before: Mapping[str, Any]) -> None:
        self._measure(stream.spec.id, stream.counters, before)
        self._measure_stages(stream)
        if stream.state != "running":
            self._service.figures.alive.labels("stream", stream.spec.id).set(0)
        now = (stream.state, stream.message, stream.ended)
        if self._known.get(stream.spec.id) != now and not self._service.stopping.is_set():
            self._known[stream.spec.id] = now
            self._service.store.update("streams", stream.spec.id, state=now[0], message=now[1], ended=now[2])
            self._count()
        if time.monotonic() - self._sampled.get(stream.spec.id, 0.0) >= SAMPLE_EVERY and stream.counters.get(
            "frames_tracked"
        ):
            self._sampled[stream.spec.id] = time.monotonic()
            with suppress(SportstrackError):  # the disk is full
                numbers = {name: stream.counters.get(name) for name in SAMPLED}
                self._service.series.add(f"stream {stream.spec.id}", numbers)
        for hearer in self.hearers:
            hearer(stream, None)

    def _measure(self, name: str, counters: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Add what a stream's process has counted since its report before."""
        figures = self._service.figures
        more = {key: counters.get(key, 0) - before.get(key, 0) for key in COUNTED}
        if not before or min(more.values()) < 0:  # another process, which counts from 0
            return
        figures.frames.labels("stream", name, "dropped").inc(more["frames_dropped"])
        figures.ids.labels("stream", name).inc(more["ids_created"])
        figures.reconnections.labels(name).inc(more["reconnections"])

    def _measure_stages(self, stream: LiveStream) -> None:
        """Add the seconds of each stage that are new; a process that was started again counts from 0."""
        before = self._stages.get(stream.spec.id, {})
        for stage, seconds in stream.stages.items():
            more = seconds - before.get(stage, 0.0)
            self._service.figures.stage_seconds.labels("stream", stage).inc(more if more >= 0 else seconds)
        self._stages[stream.spec.id] = stream.stages

    def _heard_frame(self, stream: LiveStream, record: dict[str, Any]) -> None:
        figures, name, tracks = self._service.figures, stream.spec.id, record["tracks"]
        figures.frames.labels("stream", name, "tracked").inc()
        figures.latency.labels("stream", name).observe(record["latency_s"])
        figures.alive.labels("stream", name).set(len(tracks))
        if tracks:
            figures.mean_score.labels("stream", name).observe(sum(one["score"] for one in tracks) / len(tracks))
        for hearer in self.hearers:
            hearer(stream, record)

    def _count(self) -> None:
        states = [stream.state for stream in self.streams.values()]
        for state in STATES:
            self._service.figures.streams.labels(state).set(states.count(state))
