"""Local cameras, through OpenCV."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.images.light import has_colour
from sportstrack.types import Image
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.times import DEFAULT_RATE, as_rate


class CameraReader:
    """A local camera through OpenCV, which PyAV's wheels cannot open on Linux (they are built without v4l2)."""

    def __init__(self, number: int, every: int):
        import cv2

        self.warnings: list[str] = []
        self.decoded = 0
        self._every = every
        self._closed = threading.Event()
        self._device = cv2.VideoCapture(number)
        good, image = self._device.read() if self._device.isOpened() else (False, None)
        if not good or image is None:
            self._device.release()
            raise SourceError(
                f"camera {number}: gives no picture; check that it is plugged in, free, and that you may use it"
            )
        self._head: Image | None = image
        reported = self._device.get(cv2.CAP_PROP_FPS)
        rate = as_rate(reported) if 1 <= reported <= 1000 else DEFAULT_RATE
        height, width = image.shape[:2]
        self.info = SourceInfo(
            f"camera{number}", width, height, rate, None, True, "camera", colour=has_colour(image) is not False
        )

    def frames(self) -> Generator[Frame, None, None]:
        """Yield pictures, timed by the clock, until `close` or until the camera gives no more."""
        begin, last, index = time.monotonic(), 0.0, 0
        try:
            image = self._head
            while image is not None and not self._closed.is_set():
                last = max(time.monotonic() - begin, last + 1e-6) if index else 0.0
                self.decoded += 1
                if index % self._every == 0:
                    pts = Fraction(last).limit_denominator(1_000_000)
                    yield Frame(index, float(pts), pts, np.ascontiguousarray(image, dtype=np.uint8))
                index += 1
                good, image = self._device.read()
                if not good:
                    self.warnings.append(f"{self.info.name} gave no more pictures after {last:.1f} s")
                    return
        finally:
            self._device.release()

    def close(self) -> None:
        """Ask for the end; any thread may."""
        self._closed.set()
        if not self.decoded:
            self._device.release()


def camera_number(source: str | Path | int) -> int | None:
    """Return the number that names a camera: 0, ``"0"`` (unless a file is called so) or ``/dev/video0``; else None."""
    if isinstance(source, int):
        return source
    device = re.fullmatch(r"(?:/dev/video)?([0-9]{1,3})", str(source))
    if device and (str(source).startswith("/dev/") or not Path(source).exists()):
        return int(device.group(1))
    return None
