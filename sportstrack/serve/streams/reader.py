"""A live source that is taken up again for ever, and says how it is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from fractions import Fraction

from sportstrack.errors import SourceError
from sportstrack.video.camera import CameraReader, camera_number
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.messages import is_unknown_protocol
from sportstrack.video.stream import FIRST_WAIT, LONGEST_WAIT, StreamReader, without_password

FOR_EVER = 10**9  # tries
_KEPT = 64  # frames whose arrival is remembered
_WARNINGS = 20  # of the newest

OnState = Callable[[str, str], None]
"""Called with a state and a sentence about it, in any thread."""


class PatientReader:
    """Frames of a network address or camera, whatever becomes of the connection.

    Args:
        address: a network address, or a camera's number.
        on_state: told ``running`` and ``reconnecting``.
        stop: set to end.
        timeout: seconds without data after which a connection counts as lost.

    Attributes:
        info: of the first connection; later pictures of another size are scaled to that one's.
        reconnections: how often the connection was made anew.
        decoded: frames decoded so far.
        lost_after: index of the last frame before the connection was lost; -1 if it never was.
    """

    def __init__(self, address: str, on_state: OnState, stop: threading.Event, timeout: float) -> None:
        self._address, self._on_state, self._stop, self._timeout = address, on_state, stop, timeout
        self._arrived: deque[tuple[int, float]] = deque(maxlen=_KEPT)
        self.reconnections = self.decoded = 0
        self.lost_after = -1
        self._reader = self._open()
        self.warnings: list[str] = self._reader.warnings
        self.info: SourceInfo = self._reader.info

    def arrival(self, index: int) -> float:
        """Return when a frame came out of the decoder, in seconds since 1970; now, where that is forgotten."""
        return dict(tuple(self._arrived)).get(index, time.time())  # a copy: another thread adds to it

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames until `stop` is set, or until a source that has an end is at it."""
        begin, first, last = time.monotonic(), 0, Fraction(0)
        while True:
            shift = Fraction(0) if not first else Fraction(time.monotonic() - begin).limit_denominator(90_000)
            shift = max(shift, last)
            for frame in self._reader.frames():
                if self._stop.is_set():
                    return
                self.decoded = self._reader.decoded
                self._arrived.append((frame.index + first, time.time()))
                index, pts = first + frame.index, frame.pts + shift
                yield Frame(index, float(pts), pts, frame.image) if first else frame
                last = pts
            if self._stop.is_set() or not isinstance(self._reader, CameraReader):
                return  # a stream reader ends only where the stream has an end
            first, last = index + 1, last + Fraction(1, 1000)
            self._lost("the camera gives no more pictures")
            self._reader = self._open()
            self.warnings = self._reader.warnings
            self._back()

    def close(self) -> None:
        """Ask for the end; any thread may."""
        self._stop.set()
        self._reader.close()

    def _open(self) -> StreamReader | CameraReader:
        """Open the source, trying until it is there; SourceError once `stop` is set."""
        attempt = 0
        while True:
            try:
                if (number := camera_number(self._address)) is not None:
                    return CameraReader(number, 1)
                return StreamReader(
                    self._address,
                    every=1,
                    live=True,
                    reconnect=FOR_EVER,
                    timeout=self._timeout,
                    on_lost=self._lost,
                    on_back=self._back,
                )
            except SourceError as error:
                if is_unknown_protocol(error.__cause__):
                    raise
                self._on_state("reconnecting", without_password(str(error)))
                if self._stop.wait(min(FIRST_WAIT * 2 ** min(attempt, 10), LONGEST_WAIT)):
                    raise
                attempt += 1

    def _lost(self, reason: str) -> None:
        self.lost_after = self._arrived[-1][0] if self._arrived else -1
        self._on_state("reconnecting", f"the connection was lost: {reason}")

    def _back(self) -> None:
        self.reconnections += 1
        del self._reader.warnings[:-_WARNINGS]
        self._on_state("running", "")
