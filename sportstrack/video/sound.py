"""The sound of a source, copied beside its pictures without being encoded anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sportstrack.video.messages import plain

FIT_FOR_MP4 = ("aac", "mp3", "mp2", "ac3", "eac3", "opus", "alac", "flac")
"""Codecs that an mp4 holds and players take."""


@dataclass(frozen=True)
class Sound:
    """The sound of a video file.

    Attributes:
        path: the file.
        begin: seconds after the file's first picture at which the new video begins.
    """

    path: Path
    begin: Fraction = Fraction(0)

    def why_not(self) -> str | None:
        """Return why the sound cannot be copied; None if it can, or if there is none."""
        import av

        with suppress(av.FFmpegError, OSError), av.open(f"file:{self.path}") as source:
            codecs = [stream.codec_context.name for stream in source.streams.audio if stream.codec_context]
            if codecs and codecs[0] not in FIT_FOR_MP4:
                return f"the sound was left out: it is {codecs[0]}, and mp4 holds {', '.join(FIT_FOR_MP4)}"
        return None

    def has_sound(self) -> bool:
        """Return whether the file has any sound."""
        import av

        with suppress(av.FFmpegError, OSError), av.open(f"file:{self.path}") as source:
            return bool(source.streams.audio)
        return False

    def join(self, target: Any, stack: ExitStack, end: Fraction) -> Iterator[tuple[Fraction, Any]]:
        """Add a stream to an output container, and yield its packets with their times; both before the header.

        Args:
            target: the container, open for writing.
            stack: closes the source.
            end: seconds after `begin` at which the video ends.
        """
        import av

        source = stack.enter_context(av.open(f"file:{self.path}"))
        if not source.streams.audio:
            return iter(())
        stream = source.streams.audio[0]
        copy = target.add_stream_from_template(stream)
        return self._packets(source, stream, copy, end)

    def _packets(self, source: Any, stream: Any, copy: Any, end: Fraction) -> Iterator[tuple[Fraction, Any]]:
        shift = round((self._first_picture() + self.begin) / stream.time_base)
        for packet in source.demux(stream):
            if packet.pts is None or packet.dts is None or packet.pts < shift:
                continue
            time = (packet.pts - shift) * stream.time_base
            if time >= end:
                return
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = copy
            yield time, packet

    def _first_picture(self) -> Fraction:
        """Return the file's own time of its first picture, in seconds."""
        import av

        with av.open(f"file:{self.path}") as container:
            for frame in container.decode(video=0):
                if frame.pts is not None and frame.time_base is not None:
                    return Fraction(frame.pts) * Fraction(frame.time_base)
                break
        return Fraction(0)


def sound_failure(error: BaseException) -> str:
    """Return the warning about sound that could not be copied."""
    return f"the sound was left out: {plain(error)}"
