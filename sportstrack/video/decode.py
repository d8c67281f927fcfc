"""Frames out of one container through ffmpeg, whatever damage it holds."""

from __future__ import annotations

import heapq
import re
from collections.abc import Generator
from fractions import Fraction
from typing import Any

from sportstrack.errors import SourceError
from sportstrack.limits import MAX_PIXELS
from sportstrack.video.messages import plain, why_not_open
from sportstrack.video.restrict import how_to_open

READ_FAILURES = 100  # in a row, after which the rest of a damaged file is given up


class Decoder:
    """One opened container; yields (index, seconds, frame), counts damage, and once open never raises for it.

    ``lost`` frames gave no picture, ``damaged`` ones a spoilt picture. Presentation times of packets sent are kept
    until their frame comes out, so a lost frame is known by its own time and keeps its number.
    """

    def __init__(self, address: str, label: str, *, options: dict[str, str], timeout: float | None, patient: bool):
        import av

        self.label = label
        self.count = self.errors = self.lost = self.damaged = self.hidden = 0
        self.first_bad: Fraction | None = None
        self.failure: Exception | None = None
        self.end = Fraction(0)  # seconds; when the last packet read stops being shown
        self._patient = patient
        self._pending: list[int] = []
        self._given_up: set[int] = set()
        try:
            opened, options = how_to_open(address, options)
            self.container: Any = av.open(opened, options=options, timeout=timeout)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(why_not_open(address, label, error)) from error
        try:
            self.stream = self._video_stream()
            self._dts_only = self.container.format.name == "avi"  # knows when to decode a frame, not when to show it
            self._frames = self._decode()
            self._head = next(self._frames, None)
            if self._head is None:
                raise SourceError(self._no_frame())
            if not patient:  # a stream joined in its middle begins with its first whole picture
                self._head = (0, *self._head[1:])
                self.count = self.lost = self.errors = 0
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Generator[tuple[int, Fraction | None, Any], None, None]:
        if self._head is not None:
            head, self._head = self._head, None
            yield head
            yield from self._frames

    @property
    def first(self) -> Any:
        """The first frame, before the iteration has started."""
        return None if self._head is None else self._head[2]

    @property
    def timed(self) -> bool:
        """Whether the container holds times. Raw streams and piped pictures hold none: ffmpeg makes up 25 a second."""
        from av.format import Flags

        made_up = self.container.format.flags & Flags.no_timestamps.value
        return not made_up and not self.container.format.name.endswith("_pipe")

    @property
    def pixel_ratio(self) -> Fraction:
        """Width of a stored pixel over its height; 1 where nothing is declared."""
        return Fraction(self.stream.sample_aspect_ratio or 1)

    @property
    def declared_end(self) -> Fraction | None:
        """Seconds after which the video ends, as the container declares; None where it does not say.

        What the demuxer only estimates is left out: MPEG's duration is read off the last times that are there.
        """
        tag = _seconds(self.stream.metadata.get("DURATION", ""))  # Matroska's, of this stream
        if tag is not None:
            return tag
        if self.container.format.name in ("mpegts", "mpeg") or not self.timed or not self.container.duration:
            return None
        return Fraction(self.container.duration, 1_000_000)

    @property
    def rate(self) -> Fraction | None:
        """The nominal rate where the container agrees with itself, else the average."""
        if not self.timed:
            declared = self.stream.codec_context.framerate
            return Fraction(declared) if declared and 0 < declared <= 1000 else None
        average, nominal = self.stream.average_rate, self.stream.guessed_rate
        if average and nominal and abs(nominal / average - 1) < Fraction(1, 50):
            return Fraction(nominal)
        rate = average or nominal
        return Fraction(rate) if rate and 0 < rate <= 1000 else None

    def close(self) -> None:
        """Close the container; calling it twice is harmless."""
        self.container.close()

    def _video_stream(self) -> Any:
        from av.codec.context import Flags
        from av.stream import Disposition

        for stream in self.container.streams.video:
            if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
                # Frame threads decode fastest but hold frames back, which a live picture must not.
                stream.thread_type = "AUTO" if self._patient else "SLICE"
                width, height = stream.codec_context.width, stream.codec_context.height
                if width * height > MAX_PIXELS:
                    raise SourceError(f"{self.label}: says {width}x{height}; up to {MAX_PIXELS:,} pixels are read")
                stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # frames say their size as well
                if self._patient:  # a spoilt picture keeps the count, as in ffmpeg's own program
                    stream.codec_context.flags |= Flags.output_corrupt
                return stream
        found = ", ".join(sorted({stream.type for stream in self.container.streams})) or "nothing"
        raise SourceError(f"{self.label}: holds no video (only {found}); pass a file with a picture")

    def _no_frame(self) -> str:
        codec = self.stream.codec_context.name
        if self.errors or self.failure or self.stream.frames:
            reason = f": {plain(self.failure)}" if self.failure else ""
            return f"{self.label}: no frame of its {codec} video could be decoded{reason}; the file is damaged"
        return f"{self.label}: the video holds no frames"

    def _decode(self) -> Generator[tuple[int, Fraction | None, Any], None, None]:
        for packet in self._packets():
            for frame in self._frames_of(packet):
                if frame.pts in self._given_up:  # damage let it come after its successors
                    continue
                pts = self._place(frame)
                yield self.count, self.stamp(pts), frame
                self.count += 1
        self._pass_lost(float("inf"))

    def _packets(self) -> Generator[Any, None, None]:
        import av

        failures, torn = 0, None
        while failures < (READ_FAILURES if self._patient else 1):
            try:
                for packet in self.container.demux(self.stream):
                    if not packet.size:
                        continue
                    failures = 0
                    if torn is not None:
                        yield torn
                    torn = packet if packet.is_corrupt else None
                    if torn is None:
                        yield packet
                break
            except (av.FFmpegError, OSError) as error:
                self.failure = error
                failures += 1
        if torn is not None and not self.count:
            yield torn  # else left out: where a file was cut off, half a packet would spoil the frames still held
        yield None  # hands out what the decoder still holds

    def _frames_of(self, packet: Any) -> list[Any]:
        import av

        if packet is not None:
            if packet.is_discard:
                self.hidden += 1
            elif (ticks := packet.dts if self._dts_only else packet.pts) is not None:
                heapq.heappush(self._pending, ticks)
                self.end = max(self.end, (ticks + (packet.duration or 0)) * Fraction(self.stream.time_base))
        try:
            return list(self.stream.codec_context.decode(packet))
        except av.error.EOFError:
            return []
        except (av.FFmpegError, OSError) as error:
            self.errors += 1
            self.failure = error
            self._mark(packet.pts if packet is not None else None)
            return []

    def _place(self, frame: Any) -> int | None:
        """Return the frame's own time in ticks, having counted what was lost before it."""
        if frame.is_corrupt:
            self._mark(frame.pts)
            self.damaged += 1
        if self._dts_only:  # presentation is in order, so each frame takes the earliest time left
            return heapq.heappop(self._pending) if self._pending else None
        if frame.pts is not None:
            self._pass_lost(frame.pts)
            if self._pending and self._pending[0] == frame.pts:
                heapq.heappop(self._pending)
        return None if frame.pts is None else int(frame.pts)

    def _pass_lost(self, limit: float) -> None:
        """Count the packets before ``limit`` that gave no picture; without errors those are invisible by design."""
        while self._pending and self._pending[0] < limit:
            stamp = heapq.heappop(self._pending)
            if self.errors:
                self._mark(stamp)
                self._given_up.add(stamp)
                self.lost += 1
                self.count += 1

    def stamp(self, pts: int | None) -> Fraction | None:
        """Return ticks as seconds; a frame's own time base is not set on those that the last flush hands out."""
        return None if pts is None or not self.timed else pts * Fraction(self.stream.time_base)

    def _mark(self, pts: int | None) -> None:
        stamp = self.stamp(pts)
        if stamp is not None:
            self.first_bad = stamp if self.first_bad is None else min(stamp, self.first_bad)


def _seconds(text: str) -> Fraction | None:
    """Read ``00:01:30.040000000``; None if it is nothing like that, or 0."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text.strip("\0 "))
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds) or None
