"""A part of a video file: frames from one to another, with the numbers and times that they have in the whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sportstrack.errors import SourceError
from sportstrack.video.file import FileReader
from sportstrack.video.frame import Frame
from sportstrack.video.messages import plain
from sportstrack.video.source import VideoSource
from sportstrack.video.times import Clock


@dataclass(frozen=True)
class PacketTable:
    """When each frame of a file is shown, in ticks.

    Attributes:
        ticks: of all frames, ascending.
        keys: numbers of the frames with which decoding can begin, ascending.
    """

    ticks: list[int]
    keys: list[int]


def open_span(source: str | Path, first: int, end: int, *, every: int = 1) -> VideoSource:
    """Open a part of a video file; decoding begins at the key frame before it.

    Args:
        source: the file.
        first: number of the first frame, from 0.
        end: number of the frame after the last.
        every: as for `sportstrack.open_source`: numbers are those of the whole file.

    Raises:
        SourceError: the file cannot be read, or its frames carry no times by which a part can be found.
    """
    return VideoSource(_SpanReader(Path(str(source).removeprefix("file://")), first, end, every))


def list_packets(path: str | Path) -> PacketTable | None:
    """Return the times of a file's frames, which takes no decoding; None if its parts cannot be found by them."""
    import av

    ticks: list[int] = []
    keys: list[int] = []
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None or container.format.name == "avi":  # which knows when to decode, not when to show
                    return None
                ticks.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
    except (av.FFmpegError, OSError, IndexError):
        return None
    ordered = sorted(set(ticks))
    if not keys or len(ordered) != len(ticks):
        return None
    return PacketTable(ordered, [bisect_left(ordered, key) for key in sorted(keys)])


class _SpanReader(FileReader):
    def __init__(self, path: Path, first: int, end: int, every: int) -> None:
        super().__init__(path, every=every, live=False)
        self._table = list_packets(path)
        if self._table is None or not self._decoder.timed:
            self.close()
            raise SourceError(f"{path}: its frames carry no times, so that no part of it can be read alone")
        self._first, self._end = first, min(end, len(self._table.ticks))

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames of the part."""
        assert self._table is not None
        times = self._times()
        try:
            for index, picture in self._decoded():
                if index >= self._end:
                    break
                if index < self._first:
                    continue
                self.decoded += 1
                if index % self.every == 0:
                    now = times[index - self._first]
                    yield Frame(index, float(now), now, self.painter.image(picture, now))
            if self.decoded < self._end - self._first:
                lost = self._end - self._first - self.decoded
                self.warnings.append(f"{lost} of its frames from {self._first} on could not be decoded")
        finally:
            self.close()

    def _times(self) -> list[Fraction]:
        """Return the times that the frames have in the whole video."""
        assert self._table is not None
        clock = Clock(1 / self.rate)
        stamps = (self._decoder.stamp(tick) for tick in self._table.ticks[: self._end])
        return [clock.tick(stamp) for stamp in stamps][self._first :]

    def _decoded(self) -> Generator[tuple[int, Any], None, None]:
        """Yield numbered pictures from the last key frame before the part."""
        import av

        assert self._table is not None
        ticks, keys = self._table.ticks, self._table.keys
        start = keys[max(0, bisect_right(keys, self._first) - 1)]
        try:
            with av.open(f"file:{self._path}") as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                if start > 0:
                    container.seek(ticks[start], stream=stream, backward=True)
                for picture in container.decode(stream):
                    place = bisect_left(ticks, picture.pts) if picture.pts is not None else len(ticks)
                    if place < len(ticks) and ticks[place] == picture.pts:
                        yield place, picture
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self._path}: cannot be read from frame {self._first} on ({plain(error)})") from error
