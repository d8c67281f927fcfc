"""H.264 files with true timestamps, which survive a kill while they grow."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from sportstrack.errors import OutputError, SourceError
from sportstrack.files.claim import PartFile
from sportstrack.images.check import check_image
from sportstrack.types import Image
from sportstrack.video.convert import BT709, SMPTE170M
from sportstrack.video.messages import plain
from sportstrack.video.planes import Planes
from sportstrack.video.sound import Sound, sound_failure
from sportstrack.video.source import is_folder, open_source
from sportstrack.video.times import as_rate, ticks_per_second

OUTPUT_SUFFIXES = (".mp4", ".m4v", ".mov")
PRESET, X264 = "superfast", "bframes=0:mbtree=1:rc-lookahead=5"
"""How video is encoded by default: in half the time of veryfast.

At crf 24, the annotated football clip was 8 % larger than with veryfast at crf 23 (PSNR 34.4 and 34.2 dB), the demo's
clip 22 % (34.3 and 35.0 dB).
"""

FRAGMENT = 1_000_000  # microseconds of video that a hard kill may cost


class VideoWriter:
    """Writes BGR images as H.264 in an mp4 that browsers play, with true timestamps.

    While it grows, `file.part` is a fragmented mp4: readable up to the last second even if the process is killed.
    `finish` turns it into an ordinary mp4 with the index in front, and `close` gives it its name, too.
    Leaving the context by an exception drops the file, except by KeyboardInterrupt, which closes it.

    Args:
        path: .mp4, .m4v or .mov.
        width: pixels of the images to come; odd sizes get one more column or row (4:2:0 video has none).
        height: pixels.
        frame_rate: nominal frames/s; sets the clock and the last frame's duration.
        pixel_ratio: width of a pixel over its height, so that the video plays with the proportions of its source.
        crf: x264's constant quality, 0 (lossless) to 51.
        preset: x264's speed, ``ultrafast`` to ``veryslow``.
        codec: any encoder of ffmpeg that takes yuv420p.
        keys: most frames from one key frame to the next, which is what a seek decodes; None is the encoder's.
        file: a file of that path which the caller has claimed; None makes one.
        sound: what to copy beside the pictures, so far as mp4 holds it; None is silent.

    Raises:
        OutputError: if the file cannot be written; the message says why.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        frame_rate: Fraction | float,
        *,
        pixel_ratio: Fraction = Fraction(1),
        crf: int = 24,
        preset: str = PRESET,
        codec: str = "libx264",
        keys: int | None = None,
        file: PartFile | None = None,
        sound: Sound | None = None,
    ):
        self.path = Path(path)
        self.warnings: list[str] = []
        self.written = 0
        self._size = (width, height)
        self._pad = (height % 2, width % 2)
        self._rate, self._pixel_ratio = as_rate(frame_rate), pixel_ratio
        self._clock = ticks_per_second(self._rate)
        self._last = self._first = -1
        self.file = PartFile(self.path) if file is None else file
        self._part = self.file.part
        self._final = self._part.with_name(self._part.name.replace(".part", ".final.part"))
        self._container: Any = None
        self._sound = sound
        if sound is not None and (reason := sound.why_not()) is not None:
            self.warnings.append(reason)
            self._sound = None
        self._check_target()
        if any(self._pad):
            self.warnings.append(
                f"{width}x{height} written as {width + width % 2}x{height + height % 2}: H.264 wants even sizes"
            )
        self._open(crf, preset, codec, keys)

    def write(self, image: Image, pts: Fraction | float) -> None:
        """Append a frame that is shown at ``pts`` seconds; a time that does not grow is moved one tick up.

        Args:
            image: (H, W, 3) uint8 BGR.
            pts: seconds.

        Raises:
            SettingError: if the image has another size.
            OutputError: if the disk is full.
        """
        if self._container is None:
            raise OutputError(f"{self.path}: the writer is closed")
        check_image(image, str(self.path), size=self._size)
        if any(self._pad):
            image = np.pad(image, ((0, self._pad[0]), (0, self._pad[1]), (0, 0)), mode="edge")
        frame = self._planes.frame(image)
        self._last = max(round(Fraction(pts) * self._clock), self._last + 1)
        if not self.written:
            self._first = self._last
        frame.pts, frame.time_base = self._last, Fraction(1, self._clock)
        self._mux(frame)
        self.written += 1

    def close(self) -> None:
        """Finish the file and give it its name; without a frame no file is left. Calling it twice is harmless."""
        if self._container is None:
            return
        self.finish()
        if self.written:
            self.file.complete()

    def finish(self) -> None:
        """Make the temporary file an ordinary mp4 with all frames; without a frame no file is left.

        Raises:
            OutputError: frames are missing in the file, because it could not be written to its end.
        """
        if self._container is None:
            return
        if not self.written:
            self.abort()
            self.warnings.append(f"{self.path.name} not written: no frames came")
            return
        self.abandon()
        self._put_index_in_front()

    def abandon(self) -> None:
        """Close without renaming: what was written plays under its ``.part`` name. Harmless after `close`."""
        import av

        if self._container is None:
            return
        if not self.written:
            self.abort()
            return
        self._mux(None)
        container, self._container = self._container, None
        try:
            container.close()
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def abort(self) -> None:
        """Drop what was written, the temporary file included."""
        container, self._container = self._container, None
        if container is not None:
            with suppress(Exception):
                container.close()
            self._part.unlink(missing_ok=True)

    @contextmanager
    def nothing_half(self) -> Iterator[None]:
        """Drop the file also where the block is interrupted; inside the writer's own context."""
        try:
            yield
        except BaseException:
            self.abort()
            raise

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        else:
            self.abort()

    def _check_target(self) -> None:
        if self.path.suffix.lower() not in OUTPUT_SUFFIXES:
            raise OutputError(f"{self.path}: cannot write {self.path.suffix or 'this'} files; end the name in .mp4")
        if min(self._size) < 1:
            raise OutputError(f"{self.path}: expected a size of at least 1x1, got {self._size[0]}x{self._size[1]}")
        if is_folder(self.path):
            raise OutputError(f"{self.path}: is a folder; name a file in it")
        try:
            self._part.open("wb").close()
        except FileNotFoundError:
            raise OutputError(f"{self.path}: the folder {self.path.parent} does not exist; create it first") from None
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({plain(error)}); choose another folder") from error

    def _open(self, crf: int, preset: str, codec: str, keys: int | None) -> None:
        import av

        # Fragments, each flushed when complete, survive a kill; an ordinary mp4 has no index until its end.
        options = {
            "movflags": "frag_keyframe+empty_moov+default_base_moof",
            "frag_duration": str(FRAGMENT),
            "flush_packets": "1",
        }
        try:
            self._container = av.open(f"file:{self._part}", "w", format="mp4", options=options)
            more = {"x264-params": X264} if (codec, preset) == ("libx264", PRESET) else {}
            more |= {"g": str(keys)} if keys is not None else {}
            self._stream = self._add_stream(codec, {"crf": str(crf), "preset": preset} | more)
        except (av.FFmpegError, OSError, ValueError) as error:
            self.abort()
            self._part.unlink(missing_ok=True)
            reason = f"the encoder {codec!r} cannot be used with preset {preset!r} and crf {crf} ({plain(error)})"
            raise OutputError(f"{self.path}: {reason}") from error

    def _add_stream(self, codec: str, options: dict[str, str]) -> Any:
        stream = self._container.add_stream(codec, rate=self._rate)
        stream.width, stream.height = self._size[0] + self._pad[1], self._size[1] + self._pad[0]
        stream.pix_fmt = "yuv420p"
        stream.options = options
        stream.thread_type = "FRAME"  # PyAV's default, slices, takes half as long again
        context = stream.codec_context
        context.time_base = Fraction(1, self._clock)
        # Untagged video is taken for BT.709 if it is HD and for BT.601 below; write what even such players expect.
        hd = self._size[1] >= 720
        self._planes = Planes(stream.width, stream.height, hd=hd)
        tag = BT709 if hd else SMPTE170M
        context.colorspace, context.color_primaries, context.color_trc = tag, tag, tag
        context.color_range = 1
        if self._pixel_ratio != 1:
            context.sample_aspect_ratio = self._pixel_ratio
        context.open()
        return stream

    def _mux(self, frame: Any) -> None:
        import av

        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> OutputError:
        """Close after a failure; keep the temporary file if it plays, for hours of work may be in it."""
        container, self._container = self._container, None
        if container is not None:
            with suppress(Exception):
                container.close()
        kept = _playable(self._part)
        if not kept:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)
        rest = f"what was written until then is in {self._part}" if kept else "nothing of it is left"
        return OutputError(f"{self.path}: writing stopped at frame {self.written}: {plain(error)}; {rest}")

    def _put_index_in_front(self) -> None:
        import av

        try:
            self._remux_with_sound()
            self._final.replace(self._part)
        except (av.FFmpegError, OSError) as error:
            # The fragmented file plays as well, only seeking is slower: better that than nothing.
            self._final.unlink(missing_ok=True)
            if _count_frames(self._part) != self.written:
                raise self._failed(error) from error
            self.warnings.append(f"{self.path.name} is left in fragments, which play but seek slowly: {plain(error)}")
        except BaseException:
            self._final.unlink(missing_ok=True)
            raise

    def _remux_with_sound(self) -> None:
        import av

        if self._sound is not None:
            try:
                self._remux(self._sound)
                return
            except (av.FFmpegError, OSError, ValueError) as error:  # of the sound, or of the disk: then it comes again
                self.warnings.append(sound_failure(error))
        self._remux()

    def _remux(self, sound: Sound | None = None) -> None:
        """Copy the packets into an ordinary mp4 with the index in front, and the sound with them."""
        import av

        copied = 0
        options = {"movflags": "faststart"}
        with (
            av.open(f"file:{self._part}") as source,
            av.open(f"file:{self._final}", "w", format="mp4", options=options) as target,
            ExitStack() as stack,
        ):
            stream = source.streams.video[0]
            copy = target.add_stream_from_template(stream)
            copy.time_base = stream.time_base
            length = Fraction(self._last - self._first, self._clock) + 1 / self._rate
            heard = iter(()) if sound is None else sound.join(target, stack, length)
            waiting = next(heard, None)
            shift: int | None = None
            for packet in source.demux(stream):
                if packet.pts is None or packet.dts is None:
                    continue
                if shift is None:  # fragments begin at the encoder's delay; the frames began at _first
                    shift = packet.pts - self._first
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                copied += not packet.is_corrupt  # as it is where the file ends within it
                if copied == self.written:
                    packet.duration = round(self._clock / self._rate)
                packet.stream = copy
                time = packet.dts * stream.time_base
                target.mux(packet)
                while waiting is not None and waiting[0] <= time:
                    target.mux(waiting[1])
                    waiting = next(heard, None)
            while waiting is not None:
                target.mux(waiting[1])
                waiting = next(heard, None)
        for count in (copied, _count_frames(self._final)):
            if count != self.written:  # FFmpeg does not report every error of a full disk
                raise OSError(errno.EIO, f"{count} of {self.written} frames could be written; is the disk full?")


def _count_frames(path: Path) -> int:
    """Return how many of a video's frames are in the file whole; 0 if it cannot be opened."""
    import av

    count = 0
    with suppress(av.FFmpegError, OSError, IndexError), av.open(f"file:{path}") as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            count += bool(packet.size and not packet.is_corrupt)
    return count


def _playable(path: Path) -> bool:
    with suppress(SourceError), open_source(path):
        return True
    return False
