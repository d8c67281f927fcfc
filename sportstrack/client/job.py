"""A job of a service: its progress, its end, and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sportstrack.client.connection import ServiceConnection, ServiceError

ENDED = ("done", "failed", "cancelled")
CHUNK = 1 << 20


@dataclass(frozen=True)
class ServiceFile:
    """A file of a job or stream: its name, size in bytes, type and address on the service."""

    name: str
    bytes: int
    type: str
    href: str

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> ServiceFile:
        """Make one of the service's JSON."""
        return cls(content["name"], content["bytes"], content["type"], content["href"])


class RemoteJob:
    """A job as the service knew it last; `refresh` asks again.

    Args:
        connection: to the service.
        content: the service's JSON of the job.
    """

    def __init__(self, connection: ServiceConnection, content: Mapping[str, Any]) -> None:
        self._connection, self._content = connection, dict(content)

    @property
    def id(self) -> str:
        """The job's id."""
        return str(self._content["id"])

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

    @property
    def content(self) -> dict[str, Any]:
        """The service's whole JSON."""
        return dict(self._content)

    def refresh(self) -> RemoteJob:
        """Ask for the newest state and return the same job."""
        self._content = self._connection.ask("GET", self._path)
        return self

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

    @property
    def _path(self) -> str:
        return f"/v1/jobs/{quote(self.id, safe='')}"

    def __repr__(self) -> str:
        return f"<job {self.id}: {self.state}>"


def download(connection: ServiceConnection, file: ServiceFile, folder: Path) -> Path:
    """Fetch a file; one that broke off goes on where it was.

    Raises:
        ServiceError: a refusal, no answer, or an end before the file's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(file.name).name
    part = target.with_name(f"{target.name}.part")
    have = part.stat().st_size if part.exists() else 0
    if have > file.bytes:
        part.unlink()
        have = 0
    if have < file.bytes or not have:
        headers = {"Range": f"bytes={have}-"} if have else {}
        with connection.open(file.href, headers) as answer, part.open("ab" if answer.status == 206 else "wb") as out:
            while piece := answer.read(CHUNK):
                out.write(piece)
    if part.stat().st_size < file.bytes:
        raise ServiceError(f"{file.name}: broke off at {part.stat().st_size} of {file.bytes} bytes; fetch it again")
    part.replace(target)
    return target
