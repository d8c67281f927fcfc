"""Files of a service, and how they are fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.client.connection import ServiceConnection, ServiceError

CHUNK = 1 << 20  # bytes


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
