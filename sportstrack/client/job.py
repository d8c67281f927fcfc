"""A job of a service: its progress, its end, and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sportstrack.client.connection import ServiceError
from sportstrack.client.files import ServiceFile, download
from sportstrack.client.remote import RemoteObject

ENDED = ("done", "failed", "cancelled")


class RemoteJob(RemoteObject):
    """A job as the service knew it last; `refresh` asks again."""

    _folder = "jobs"

    @property
    def state(self) -> str:
        """``queued``, ``running``, ``done``, ``failed`` or ``cancelled``."""
        return str(self._content["state"])

    @property
    def error(self) -> str | None:
        """What it failed with, or None."""
        found = self._content.get("error")
        return None if found is None else str(found["message"])

    @property
    def progress(self) -> dict[str, Any]:
        """``frames_done``, ``frames_total``, ``frames_per_s``, ``eta_s``, ``stage``."""
        return dict(self._content.get("progress") or {})

    @property
    def summary(self) -> dict[str, Any] | None:
        """What the run says of itself at its end, or None."""
        return self._content.get("summary")

    @property
    def files(self) -> list[ServiceFile]:
        """Its files."""
        return [ServiceFile.of(one) for one in self._content.get("files") or []]

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield ``state``, ``progress`` and ``log`` events, each with its data, until the job ends."""
        yield from self._connection.events(f"{self._path}/events")

    def wait(self, progress: Callable[[int, int | None], None] | None = None) -> RemoteJob:
        """Wait for the end and return the job.

        Args:
            progress: called with the frames done and expected (None if unknown).

        Raises:
            ServiceError: the job failed or was cancelled; its message is the job's.
        """
        while self.refresh().state not in ENDED:
            for event, data in self.events():
                if event == "progress" and progress is not None:
                    progress(data.get("frames_done") or 0, data.get("frames_total"))
        if self.state != "done":
            raise ServiceError(f"job {self.id} {self.state}: {self.error or 'no reason given'}", kind=self.state)
        return self

    def download(self, folder: str | Path = ".", *names: str) -> list[Path]:
        """Fetch files into a folder and return where they are.

        Args:
            folder: is made.
            *names: of the files; none are all.
        """
        wanted = [one for one in self.files if not names or one.name in names]
        if missing := set(names) - {one.name for one in wanted}:
            raise ServiceError(f"job {self.id} has no file {min(missing)!r}", kind="not_found")
        return [download(self._connection, one, Path(folder)) for one in wanted]

    def tracks(self, first: int = 1, last: int | None = None) -> dict[str, Any]:
        """Return ``columns`` and ``rows`` of the tracks of some frames, from 1, with size, rate and times."""
        found: dict[str, Any] = self._connection.ask("GET", f"{self._path}/tracks", first=first, last=last)
        return found

    def cancel(self) -> RemoteJob:
        """Stop the job; what was done stays."""
        self._connection.ask("POST", f"{self._path}/cancel")
        return self.refresh()

    def delete(self) -> None:
        """Remove the job with its files."""
        self._connection.ask("DELETE", self._path)
