"""Decoded frames as upright BGR arrays of one size, each with its index and time."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from typing import Any

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.images.levels import Levels, as_picture
from sportstrack.images.light import has_colour
from sportstrack.types import Image
from sportstrack.video.decode import Decoder
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.messages import counted, plain
from sportstrack.video.times import ASSUMED_RATE, DEFAULT_RATE, Clock, Gaps, as_rate

BT709, SMPTE170M = 1, 6  # ffmpeg's numbers for the colours of HD and of older video
SHORTFALL = Fraction(1, 2)  # seconds by which a video may end before its container, as where sound goes on
ONE_THREAD = 1  # converting one frame gains nothing from more (measured: half as slow again)


class Painter:
    """Turns decoded frames into upright BGR arrays of one ``size``: (width, height), that of the first.

    One channel of more than 8 bits is stretched between two percentiles that follow the scene slowly.
    """

    def __init__(self, frame: Any, warnings: list[str], frame_rate: float = 25.0):
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()
        self._stored = (frame.width, frame.height)
        self._levels = Levels(frame_rate)
        self._matrix = _display_matrix(frame)
        self._warnings = warnings
        self._rescaled = False
        self._odd_matrix = -1
        turned = self._matrix is not None and not self._matrix[0]
        self.turned = turned
        self.size = self._stored[::-1] if turned else self._stored

    def image(self, frame: Any, now: Fraction) -> Image:
        """Return (H, W, 3) uint8 BGR; a frame of another size is scaled to the first one's."""
        if (frame.width, frame.height) != self._stored and not self._rescaled:
            self._rescaled = True
            old, new = "x".join(map(str, self._stored)), f"{frame.width}x{frame.height}"
            self._warnings.append(f"the frame size changes from {old} to {new} at {float(now):.1f} s; scaled to {old}")
        if _is_deep_grey(frame):
            grey = self._reformatter.reformat(frame, *self._stored, "gray16le", threads=ONE_THREAD)
            array = as_picture(grey.to_ndarray(), self._levels)
        else:
            array = np.ascontiguousarray(self._bgr(frame).to_ndarray())
        return array if self._matrix is None else _turn(array, self._matrix)

    def _bgr(self, frame: Any) -> Any:
        import av

        try:
            return self._convert(frame)
        except (av.FFmpegError, OSError, ValueError) as error:
            if frame.colorspace in (BT709, self._odd_matrix):
                raise SourceError(f"its {frame.format.name} pictures cannot be converted ({plain(error)})") from error
            # swscale refuses rare matrices such as YCgCo: approximate colours are better than none.
            self._odd_matrix = frame.colorspace
            self._warnings.append(f"its colour matrix (number {frame.colorspace}) is not supported; read as BT.709")
            return self._convert(frame)

    def _convert(self, frame: Any) -> Any:
        if frame.colorspace == self._odd_matrix:
            frame.colorspace = BT709
        return self._reformatter.reformat(frame, *self._stored, "bgr24", threads=ONE_THREAD)


def _is_deep_grey(frame: Any) -> bool:
    components = frame.format.components
    return len(components) == 1 and components[0].bits > 8 and frame.format.name.startswith("gray")


def _display_matrix(frame: Any) -> tuple[int, int, int, int] | None:
    """Return (a, b, c, d), each −1, 0 or 1, of the turn a container asks for: x' = ax + cy, y' = bx + dy; or None."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    values = np.frombuffer(bytes(data), dtype=np.int32, count=9)
    a, b, c, d = (int(v) for v in np.sign(np.rint(values[[0, 1, 3, 4]] / 65536.0)))
    quarter = (a, d) == (0, 0) and b and c
    upright = (b, c) == (0, 0) and a and d
    return (a, b, c, d) if (quarter or upright) and (a, b, c, d) != (1, 0, 0, 1) else None


def _turn(image: Image, matrix: tuple[int, int, int, int]) -> Image:
    """Apply `_display_matrix` with OpenCV, which needs a quarter of numpy's time for a transposed copy."""
    import cv2

    a, b, c, d = matrix
    turned: Any = image if a else cv2.transpose(image)
    left, up = a + c < 0, b + d < 0
    if left or up:
        turned = cv2.flip(turned, -1 if left and up else int(left))
    return np.ascontiguousarray(turned)


class Pictures:
    """What file and stream readers share: a decoder, a clock and a painter behind `frames`."""

    info: SourceInfo

    def __init__(self, every: int):
        self.every = every
        self.decoded = 0
        self.warnings: list[str] = []

    def _set_up(self, decoder: Decoder, given: float | Fraction | None = None) -> None:
        rate = decoder.rate
        if given is not None and not decoder.timed:
            rate = as_rate(given)
        elif given is not None:
            self.warnings.append(f"the frame rate {float(given):g} was not used: the source carries times of its own")
        if rate is None:
            self.warnings.append(ASSUMED_RATE)
        self.rate = rate or DEFAULT_RATE
        self.clock = Clock(1 / self.rate)
        self._gaps = Gaps(1 / self.rate)
        self.painter = Painter(decoder.first, self.warnings, float(self.rate) / self.every)
        ratio = decoder.pixel_ratio
        self.pixel_ratio = 1 / ratio if self.painter.turned else ratio
        self.colour = has_colour(Painter(decoder.first, []).image(decoder.first, Fraction(0))) is not False

    def _yield_from(self, decoder: Decoder, start: int = 0) -> Generator[Frame, None, None]:
        for position, stamp, picture in decoder:
            self.decoded += 1
            now = self.clock.tick(stamp)
            self._gaps.note(position, float(now))
            index = start + position
            if index % self.every == 0:
                yield Frame(index, float(now), now, self.painter.image(picture, now))

    def _cut_off(self, decoder: Decoder) -> list[str]:
        """Return a sentence if the container declares a later end than what could be read."""
        declared = decoder.declared_end
        if declared is None or declared - decoder.end < max(SHORTFALL, 2 / self.rate):
            return []
        expected = round(declared * self.rate)
        stated = f"{float(declared):.1f} s (about {expected} frames)"
        read = f"{float(decoder.end):.1f} s ({counted(self.decoded, 'frame')} decoded)"
        return [f"truncated: the file declares {stated}, its video ends at {read}"]
