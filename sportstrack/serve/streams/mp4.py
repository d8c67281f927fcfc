"""Pictures as fragmented MP4 that browsers play while it grows: one head, then parts, each a frame."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from sportstrack.types import Image
from sportstrack.video.convert import BT709, SMPTE170M
from sportstrack.video.planes import Planes

CLOCK = 90_000  # ticks per second
KEY_EVERY = 1.0  # seconds between key frames, at which viewers and files can begin
_OPTIONS: dict[str, Any] = {
    "preset": "superfast",
    "tune": "zerolatency",
    "crf": "26",
    "x264-params": "scenecut=0:keyint=100000",
}

OnPart = Callable[[bytes, bool, float], None]
"""Called with a part, whether it begins with a key frame, and its time in seconds."""


class FragmentEncoder:
    """Encodes BGR pictures as H.264 in fragmented MP4.

    Args:
        width: pixels of the pictures.
        height: pixels.
        frame_rate: nominal frames/s.
        on_head: called with the head once it is known, before any part.
        on_part: called with each part.
    """

    def __init__(
        self, width: int, height: int, frame_rate: float, on_head: Callable[[bytes], None], on_part: OnPart
    ) -> None:
        import av

        self._pad = (height % 2, width % 2)
        even = (width + width % 2, height + height % 2)
        self._planes = Planes(*even, hd=height >= 720)
        self._boxes = _Boxes(on_head, on_part)
        movflags = "empty_moov+default_base_moof+frag_every_frame+skip_trailer"
        self._container: Any = av.open(self._boxes, "w", format="mp4", options={"movflags": movflags})
        rate = Fraction(frame_rate).limit_denominator(1001)
        self._stream = self._container.add_stream("libx264", rate=rate)
        self._stream.width, self._stream.height = even
        self._stream.pix_fmt, self._stream.options = "yuv420p", _OPTIONS
        self._stream.thread_count = 1
        context = self._stream.codec_context
        context.time_base = Fraction(1, CLOCK)
        tag = BT709 if height >= 720 else SMPTE170M
        context.colorspace, context.color_primaries, context.color_trc = tag, tag, tag
        context.color_range = 1
        self._last, self._key = -1, -(10**12)

    def write(self, image: Image, seconds: float) -> None:
        """Encode a picture that is shown at some seconds; a time that does not grow is moved one tick up."""
        if any(self._pad):
            image = np.pad(image, ((0, self._pad[0]), (0, self._pad[1]), (0, 0)), mode="edge")
        frame = self._planes.frame(image)
        self._last = max(round(seconds * CLOCK), self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, CLOCK)
        frame.pict_type = 0
        if self._last - self._key >= KEY_EVERY * CLOCK:
            frame.pict_type, self._key = 1, self._last
        self._mux(self._stream.encode(frame))

    def close(self) -> None:
        """Hand on what the encoder still holds."""
        self._mux(self._stream.encode(None))
        self._container.close()

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            self._boxes.coming.append((bool(packet.is_keyframe), float(packet.pts * packet.time_base)))
            self._container.mux(packet)


class _Boxes:
    """A file for the muxer that hands on whole boxes: the head (ftyp, moov) and parts (moof, mdat)."""

    def __init__(self, on_head: Callable[[bytes], None], on_part: OnPart) -> None:
        self._on_head, self._on_part = on_head, on_part
        self._held, self._head, self._part = bytearray(), bytearray(), bytearray()
        self.coming: list[tuple[bool, float]] = []

    def write(self, data: bytes) -> int:
        self._held += data
        while len(self._held) >= 8:
            size, kind = struct.unpack_from(">I4s", self._held)
            if size < 8 or len(self._held) < size:
                break
            box = bytes(self._held[:size])
            del self._held[:size]
            self._take(kind, box)
        return len(data)

    def _take(self, kind: bytes, box: bytes) -> None:
        if kind in (b"ftyp", b"moov"):
            self._head += box
            if kind == b"moov":
                self._on_head(bytes(self._head))
        elif kind in (b"moof", b"mdat"):
            self._part += box
            if kind == b"mdat":
                part, self._part = bytes(self._part), bytearray()
                self._on_part(part, *self.coming.pop(0))


def shifted(part: bytes, ticks: int) -> bytes:
    """Return a part that is shown so many ticks earlier: its box tfdt has the time (ISO/IEC 14496-12)."""
    place = part.find(b"tfdt", 0, 256)
    if place < 0:
        return part
    wide = part[place + 4] == 1
    form = struct.Struct(">Q" if wide else ">I")
    (time,) = form.unpack_from(part, place + 8)
    return part[: place + 8] + form.pack(max(0, time - ticks)) + part[place + 8 + form.size :]


def ticks_of(part: bytes) -> int:
    """Return the time of a part in ticks of `CLOCK`."""
    place = part.find(b"tfdt", 0, 256)
    wide = part[place + 4] == 1
    (time,) = struct.unpack_from(">Q" if wide else ">I", part, place + 8)
    return int(time)
