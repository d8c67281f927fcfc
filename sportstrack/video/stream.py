"""Network addresses, taken up again when the connection is lost."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

from sportstrack.errors import SourceError
from sportstrack.video.convert import Pictures
from sportstrack.video.decode import Decoder
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.messages import counted, plain
from sportstrack.video.times import FINE_TICKS

TIMEOUT = 10.0  # seconds to wait for a stream before it counts as dead
FIRST_WAIT = 0.5  # seconds before the first reconnection; doubles with each failure
LONGEST_WAIT = 8.0  # seconds


class StreamReader(Pictures):
    """A network address; endless ones are reconnected, finite ones (a file behind http) end."""

    def __init__(
        self,
        address: str,
        *,
        every: int,
        live: bool,
        reconnect: int,
        timeout: float,
        frame_rate: float | Fraction | None = None,
        on_lost: Callable[[str], None] | None = None,
        on_back: Callable[[], None] | None = None,
    ):
        super().__init__(every)
        self._on_lost, self._on_back = on_lost, on_back  # called in the thread that reads
        self._address, self._label = address, without_password(address)
        self._reconnect, self._timeout = reconnect, timeout
        self._closed = threading.Event()
        self._reading = False
        self._decoder = self._open()
        self._set_up(self._decoder, frame_rate)
        self._first = self._mark()
        self._endless = _is_endless(address, self._decoder.container)
        count = None if self._endless else self._decoder.stream.frames or None
        name, size, live = address_name(address), self.painter.size, live or self._endless
        self.info = SourceInfo(name, *size, self.rate, count, live, "stream", self.pixel_ratio, self.colour)

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames; of an endless stream until `close`, or until it is not back after ``reconnect`` tries."""
        begin = time.monotonic()
        index, self._reading = 0, True
        try:
            while True:
                for frame in self._yield_from(self._decoder, index):
                    yield frame
                    if self._closed.is_set():
                        return
                index += self._decoder.count
                if self._closed.is_set() or not self._endless or not self._reconnect or self._playlist_ended():
                    self._report()
                    return
                self._again()
                if self._over():
                    self._report()
                    return
                self.clock.restart(Fraction(time.monotonic() - begin).limit_denominator(FINE_TICKS))
        finally:
            self._decoder.close()

    def close(self) -> None:
        """Ask for the end; any thread may."""
        self._closed.set()
        if not self._reading:  # while another thread reads, only that one may close the container
            self._decoder.close()

    def _open(self) -> Decoder:
        options = _stream_options(self._address, self._timeout)
        return Decoder(self._address, self._label, options=options, timeout=self._timeout, patient=False)

    def _again(self) -> None:
        """Open the address again, waiting longer after each failure."""
        lost_at = self.clock.last or Fraction(0)
        reason = plain(self._decoder.failure) if self._decoder.failure else "the sender ended it"
        self._decoder.close()
        if self._on_lost is not None:
            self._on_lost(reason)
        for attempt in range(self._reconnect):
            if self._closed.wait(min(FIRST_WAIT * 2 ** min(attempt, 10), LONGEST_WAIT)):
                return
            with suppress(SourceError):
                self._decoder = self._open()
                if self._on_back is not None:
                    self._on_back()
                self.warnings.append(f"connection lost at {float(lost_at):.1f} s ({reason}) and taken up again")
                return
        raise SourceError(
            f"{self._label}: connection lost at {float(lost_at):.1f} s ({reason}) and not back after "
            f"{counted(self._reconnect, 'try', 'tries')}; check the sender, or allow more tries"
        )

    def _playlist_ended(self) -> bool:
        """Return whether a playlist came to its end: ffmpeg follows a live one until it is marked as complete."""
        return self._decoder.failure is None and _is_playlist(self._decoder.container)

    def _over(self) -> bool:
        """Return whether the reopened address shows the old content from its start, or a completed playlist.

        A sender that is still live continues with other pictures.
        """
        container = self._decoder.container
        if _is_playlist(container):
            return bool(container.duration)
        return self._address.lower().startswith("http") and self._mark() == self._first

    def _mark(self) -> tuple[Any, bytes]:
        """Return what the first picture of the connection is known by."""
        first = self._decoder.first
        return (None, b"") if first is None else (first.pts, bytes(first.planes[0]))

    def _report(self) -> None:
        if self._decoder.errors:
            self.warnings.append(f"{counted(self._decoder.errors, 'damaged piece')} of the stream skipped")
        elif self._decoder.failure is not None:
            self.warnings.append(f"the stream ended early: {plain(self._decoder.failure)}")
        declared = self.info.frame_count
        if declared and self.decoded + self._decoder.hidden < declared:
            self.warnings.append(f"truncated: {self.decoded} of {declared} declared frames decoded")
        elif not declared and not self._endless:
            self.warnings += self._cut_off(self._decoder)


def _stream_options(address: str, timeout: float) -> dict[str, str]:
    microseconds = str(int(timeout * 1e6))
    scheme = address.split("://")[0].lower()
    if scheme.startswith("rtsp"):  # TCP: with UDP each lost packet smears the picture
        return {"rtsp_transport": "tcp", "timeout": microseconds, "fflags": "nobuffer"}
    if scheme == "udp":
        return {"overrun_nonfatal": "1", "timeout": microseconds, "fflags": "nobuffer"}
    return {"rw_timeout": microseconds}


def _is_endless(address: str, container: Any) -> bool:
    """A known duration, or a length of what a web server sends (unless that is a playlist), means a recording."""
    if container.duration and not address.lower().startswith("udp:"):
        return False
    return not address.lower().startswith("http") or _is_playlist(container) or (container.size or 0) <= 0


def _is_playlist(container: Any) -> bool:
    return any(name in container.format.name for name in ("hls", "dash"))


def without_password(address: str) -> str:
    """Return an address as it may be shown: without user and password."""
    return re.sub(r"(?<=://)[^/@]*@", "", address)


def address_name(address: str) -> str:
    """Return what a stream's outputs are called: its host and path."""
    parts = urlsplit(without_password(address))
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"{parts.netloc}{parts.path}").strip("-.")[:80] or "stream"
