"""The client itself: uploads, jobs, streams, sessions and alerts of one service."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sportstrack.client.connection import TIMEOUT, ServiceConnection, ServiceError
from sportstrack.client.job import RemoteJob
from sportstrack.client.session import RemoteSession
from sportstrack.client.stream import RemoteStream
from sportstrack.errors import SourceError

TOKEN_VARIABLE = "SPORTSTRACK_TOKEN"
PATIENCE = 60.0  # seconds for which an upload tries again where the service is gone


class Client:
    """Talks to one ``sportstrack serve``; also a context manager, which closes the connections.

    Args:
        address: ``http://host:port``.
        token: what the service asks for; None takes the variable SPORTSTRACK_TOKEN, if it is set.
        timeout: seconds without an answer.

    Raises:
        SettingError: the address is none. Whatever the service refuses is a `ServiceError`.
    """

    def __init__(
        self, address: str = "http://127.0.0.1:8765", token: str | None = None, timeout: float = TIMEOUT
    ) -> None:
        token = token or os.environ.get(TOKEN_VARIABLE, "").strip() or None
        self._connection = ServiceConnection(address, token, timeout)

    def close(self) -> None:
        """Close the connections; the client can be used on."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def about(self) -> dict[str, Any]:
        """Return version, limits and what is installed."""
        found: dict[str, Any] = self._connection.ask("GET", "/v1/about")
        return found

    def upload(
        self,
        path: str | Path,
        *,
        resume: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> str:
        """Send a file in chunks and return the upload's id; a connection that breaks goes on where it was.

        Args:
            path: the file.
            resume: id of an upload of the same file that broke off earlier.
            progress: called with the bytes sent and the file's.

        Raises:
            SourceError: no such file.
        """
        file = Path(path)
        if not file.is_file():
            raise SourceError(f"{file}: no such file")
        size = file.stat().st_size
        state = (
            self._connection.ask("GET", f"/v1/uploads/{resume}")
            if resume
            else self._connection.ask("POST", "/v1/uploads", {"name": file.name, "bytes": size})
        )
        if state.get("bytes", size) != size:
            raise SourceError(f"{file}: has {size} bytes, upload {resume} is of a file with {state['bytes']}")
        name, chunk, offset = state["id"], int(state["chunk_bytes"]), int(state["offset"])
        with file.open("rb") as data:
            while offset < size:
                data.seek(offset)
                offset = self._send_chunk(name, offset, data.read(chunk))
                if progress is not None:
                    progress(offset, size)
        return str(name)

    def job(
        self,
        kind: str,
        source: str | Path | RemoteJob | Mapping[str, str],
        *,
        name: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        **settings: Any,
    ) -> RemoteJob:
        """Send a job.

        Args:
            kind: ``track``, ``sot``, ``refine``, ``evaluate`` or ``mine``.
            source: a file here, which is uploaded; an address with ``://``; another job; or the service's own form,
                ``{"path": …}``, ``{"upload": …}``.
            name: for people.
            progress: of the upload, called with bytes sent and all.
            **settings: as the command line's.
        """
        content: dict[str, Any] = {"kind": kind, "source": self._source(source, progress), "settings": settings}
        if name is not None:
            content["name"] = name
        return RemoteJob(self._connection, self._connection.ask("POST", "/v1/jobs", content))

    def track(self, source: str | Path | RemoteJob | Mapping[str, str], **settings: Any) -> RemoteJob:
        """Send a job that tracks a video; arguments as `job`."""
        return self.job("track", source, **settings)

    def jobs(self, state: str | None = None, limit: int = 100) -> list[RemoteJob]:
        """Return the newest jobs, of a state if one is given."""
        found = self._connection.ask("GET", "/v1/jobs", state=state, limit=limit)
        return [RemoteJob(self._connection, one) for one in found["jobs"]]

    def get_job(self, name: str) -> RemoteJob:
        """Return a job by its id."""
        return RemoteJob(self._connection, {"id": name, "state": ""}).refresh()

    def stream(
        self,
        url: str,
        *,
        name: str = "",
        udp: str | None = None,
        webhook: str | None = None,
        record: bool = False,
        **settings: Any,
    ) -> RemoteStream:
        """Begin a live stream.

        Args:
            url: that the service allows.
            name: for people and files.
            udp: ``udp://host:port`` that gets a datagram a frame.
            webhook: address that gets lines of JSON each second.
            record: record on the service, by the hour.
            **settings: as of ``sportstrack track``.
        """
        outputs = {"udp": udp, "webhook": webhook, "record": record}
        content = {"name": name, "source": {"url": url}, "settings": settings, "outputs": outputs}
        return RemoteStream(self._connection, self._connection.ask("POST", "/v1/streams", content))

    def streams(self) -> list[RemoteStream]:
        """Return all streams, also those that have ended."""
        return [RemoteStream(self._connection, one) for one in self._connection.ask("GET", "/v1/streams")]

    def session(
        self,
        tracker: str = "sports",
        *,
        frame_rate: float = 25.0,
        size: tuple[int, int] | None = None,
        ball: list[int] | None = None,
        time_to_live: float = 60.0,
        **settings: Any,
    ) -> RemoteSession:
        """Begin a session.

        Args:
            tracker: by its name.
            frame_rate: frames per second.
            size: width and height of the picture in pixels.
            ball: class ids that the ball tracker follows.
            time_to_live: seconds without a frame after which the service ends it.
            **settings: of the tracker.
        """
        width, height = (None, None) if size is None else size
        content = {"tracker": tracker, "settings": settings, "frame_rate": frame_rate, "width": width, "height": height}
        content |= {"ball": ball, "time_to_live": time_to_live}
        return RemoteSession(self._connection, self._connection.ask("POST", "/v1/sessions", content))

    def alerts(self, since: float = 0.0, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest alerts, the newest first; `since` is in seconds since 1970."""
        found: list[dict[str, Any]] = self._connection.ask("GET", "/v1/alerts", since=since, limit=limit)
        return found

    def alert_rules(self, text: str | None = None) -> str:
        """Return the rules in force as YAML; with a text these are the rules from now on."""
        if text is not None:
            self._connection.ask(
                "PUT", "/v1/alerts/rules", data=text.encode(), headers={"Content-Type": "application/yaml"}
            )
        return str(self._connection.ask("GET", "/v1/alerts/rules"))

    def metrics(self) -> str:
        """Return all figures as Prometheus reads them."""
        return str(self._connection.ask("GET", "/metrics"))

    def _source(self, source: Any, progress: Callable[[int, int], None] | None) -> dict[str, str]:
        if isinstance(source, RemoteJob):
            return {"job": source.id}
        if isinstance(source, Mapping):
            return dict(source)
        if "://" in str(source):
            return {"url": str(source)}
        return {"upload": self.upload(source, progress=progress)}

    def _send_chunk(self, name: str, offset: int, piece: bytes) -> int:
        """Send a chunk and return the next offset; where the service is gone, wait for it and ask where to go on."""
        path, wait, lost = f"/v1/uploads/{name}", 0.5, None
        while True:
            try:
                if lost is None:
                    answer = self._connection.ask("PATCH", path, data=piece, headers={"Upload-Offset": str(offset)})
                else:
                    answer = self._connection.ask("GET", path)
                return int(answer["offset"])
            except ServiceError as error:
                if error.status == 409 and "offset" in error.content:
                    return int(error.content["offset"])
                lost = time.monotonic() if lost is None else lost
                if error.status not in (0, 429, 503) or time.monotonic() - lost > PATIENCE:
                    raise
                time.sleep(error.retry_after or wait)
                wait = min(2 * wait, 8.0)
