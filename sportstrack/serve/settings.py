"""The settings of the service, in one place."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from sportstrack.errors import SettingError, SourceError
from sportstrack.options import check_options, option
from sportstrack.serve.addresses import STREAM_SCHEMES, TARGET_SCHEMES, check_entry

TOKEN_VARIABLE = "SPORTSTRACK_TOKEN"
GIB = 1 << 30
_SHORTEST_TOKEN = 8


@dataclass(frozen=True)
class ServeSettings:
    """How ``sportstrack serve`` runs; each field is an option of it.

    Attributes:
        data: folder of the database, the uploads and the results.
        host: address to listen on.
        port: port to listen on; 0 lets the system choose.
        token: what requests must show. None: the variable SPORTSTRACK_TOKEN or `token_file`, else none, and then only
            this machine may ask.
        token_file: file with the token on its first line.
        hosts: names under which browsers may reach the service, besides this machine's own.
        folders: folders whose videos may be named in requests, by paths inside them.
        streams: addresses that may be named in requests: whole ones, or such that end with ``*``.
        targets: addresses of webhooks and UDP targets that may be named in requests, in the same way.
        weights: weights (files or names) that may be named in requests, besides yolov8n.pt and demo.
        plugins: plug-ins that may be named in requests, as package.module:NAME.
        configs: settings files (YAML) that may be named in requests, by their file names.
        workers: jobs that run side by side, each in a process of its own.
        max_upload: GiB of one upload.
        quota: GiB of all uploads and results together.
        keep_free: GiB that stay free on the disk.
        max_jobs: jobs that may wait at a time.
        max_minutes: minutes of one video.
        max_megapixels: millions of pixels of one frame.
        max_sessions: sessions at a time.
        max_streams: streams at a time.
        keep_days: days after which jobs, their files and recordings of streams go; 0 keeps them.
        retries: how often a job starts again whose worker was killed.
        drain: seconds that running jobs get to end when the service is stopped; what is left goes on at the next start.

    Raises:
        SettingError: a value of the wrong type or out of range, or a public address without a token.
        SourceError: the token's file cannot be read.
    """

    data: Path = option(Path("runs/serve"), "folder of the database, the uploads and the results", metavar="DIR")
    host: str = option("127.0.0.1", "address to listen on; any but this machine's own needs a token", metavar="HOST")
    port: int = option(8765, "port to listen on; 0 lets the system choose", low=0, high=65535, metavar="PORT")
    token: str | None = option(
        None, f"what requests must show; better in the variable {TOKEN_VARIABLE} or a file", metavar="TOKEN"
    )
    token_file: str | None = option(None, "file with the token on its first line", metavar="FILE")
    hosts: tuple[str, ...] = option(
        (), "names under which browsers may reach the service, besides this machine's own", metavar="NAME,…"
    )
    folders: tuple[str, ...] = option((), "folders whose videos may be named in requests", metavar="DIR,…")
    streams: tuple[str, ...] = option(
        (), "stream addresses that may be named in requests; one may end with *: rtsp://camera.example/*",
        metavar="URL,…",
    )  # fmt: skip
    targets: tuple[str, ...] = option(
        (), "webhooks and UDP targets that may be named in requests, in the same way", metavar="URL,…"
    )
    weights: tuple[str, ...] = option(
        ("yolov8n.pt", "demo"), "weights that may be named in requests, names or files", metavar="NAME,…"
    )
    plugins: tuple[str, ...] = option((), "plug-ins that may be named in requests", metavar="MODULE:NAME,…")
    configs: tuple[str, ...] = option((), "settings files that may be named in requests", metavar="YAML,…")
    workers: int = option(1, "jobs that run side by side, each in a process of its own", low=1, high=64, metavar="N")
    max_upload: float = option(20.0, "GiB of one upload", low=0, above=True, metavar="GIB")
    quota: float = option(100.0, "GiB of all uploads and results together", low=0, above=True, metavar="GIB")
    keep_free: float = option(1.0, "GiB that stay free on the disk", low=0, metavar="GIB")
    max_jobs: int = option(500, "jobs that may wait at a time", low=1, high=100_000, metavar="N")
    max_minutes: float = option(300.0, "minutes of one video", low=0, above=True, metavar="MINUTES")
    max_megapixels: float = option(40.0, "millions of pixels of one frame", low=0, above=True, metavar="MP")
    max_sessions: int = option(256, "sessions at a time", low=0, high=100_000, metavar="N")
    max_streams: int = option(8, "streams at a time", low=0, high=1000, metavar="N")
    keep_days: float = option(
        30.0, "days after which jobs, their files and recordings go; 0 keeps them", low=0, metavar="DAYS"
    )
    retries: int = option(2, "how often a job starts again whose worker was killed", low=0, high=100, metavar="N")
    drain: float = option(
        30.0, "seconds that running jobs get to end when the service is stopped", low=0, high=86400, metavar="SECONDS"
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(self.data))
        check_options(self)
        for name, schemes in (("streams", STREAM_SCHEMES), ("targets", TARGET_SCHEMES)):
            for entry in getattr(self, name):
                check_entry(entry, schemes, name)
        object.__setattr__(self, "token", self._found_token())
        if self.token is not None and len(self.token) < _SHORTEST_TOKEN:
            raise SettingError(f"token: expected at least {_SHORTEST_TOKEN} characters")
        if self.token is None and not is_local(self.host):
            raise SettingError(
                f"host: {self.host} can be reached from other machines: give a token (--token-file, or the variable "
                f"{TOKEN_VARIABLE}), or leave the host at 127.0.0.1"
            )

    def _found_token(self) -> str | None:
        if self.token is not None:
            return self.token.strip()
        if self.token_file is not None:
            try:
                lines = Path(self.token_file).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise SourceError(f"{self.token_file}: the token cannot be read: {error}") from error
            if not lines or not lines[0].strip():
                raise SourceError(f"{self.token_file}: holds no token; write one on its first line")
            return lines[0].strip()
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None


def is_local(host: str) -> bool:
    """Return whether an address or name to listen on is reached from this machine alone."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_pixels(width: int, height: int, megapixels: float) -> None:
    """Refuse pictures of more millions of pixels than the service takes, with SourceError."""
    if width * height > megapixels * 1e6:
        raise SourceError(f"the pictures have {width}x{height} pixels; at most {megapixels:g} million are taken")
