"""A live stream of a service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sportstrack.client.files import ServiceFile, download
from sportstrack.client.remote import RemoteObject


class RemoteStream(RemoteObject):
    """A stream as the service knew it last; `refresh` asks again."""

    _folder = "streams"

    @property
    def state(self) -> str:
        """``starting``, ``running``, ``stalled``, ``reconnecting``, ``ended``, ``failed`` or ``stopped``."""
        return str(self._content["state"])

    @property
    def message(self) -> str:
        """A sentence about the state, where there is something to say."""
        return str(self._content.get("message") or "")

    @property
    def counters(self) -> dict[str, Any]:
        """Frames tracked and dropped, frames/s, latency in seconds, ids, reconnections and more."""
        return dict(self._content.get("counters") or {})

    def results(self) -> Iterator[dict[str, Any]]:
        """Yield each frame's result as it comes, until the end: ``frame``, ``time``, ``latency_s``, ``tracks``."""
        for event, data in self._connection.events(f"{self._path}/events"):
            if event == "frame":
                yield data

    def picture(self) -> bytes:
        """Return the newest picture with the tracks drawn, as JPEG."""
        return self._connection.read(f"{self._path}/picture.jpg")

    def files(self) -> list[ServiceFile]:
        """Return the recorded files."""
        return [ServiceFile.of(one) for one in self._connection.ask("GET", f"{self._path}/files")]

    def download(self, folder: str | Path = ".") -> list[Path]:
        """Fetch the recorded files that are complete, and return where they are."""
        complete = [one for one in self._connection.ask("GET", f"{self._path}/files") if one["complete"]]
        return [download(self._connection, ServiceFile.of(one), Path(folder)) for one in complete]

    def stop(self) -> RemoteStream:
        """End the stream; its files are complete then."""
        if self.refresh().state not in ("ended", "failed", "stopped"):
            self._content = self._connection.ask("DELETE", self._path)
        return self

    def delete(self) -> None:
        """End the stream if it runs, and remove it with its files."""
        self.stop()
        self._connection.ask("DELETE", self._path)
