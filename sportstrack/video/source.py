"""Opens anything that holds frames; the form of its name or address decides how."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from sportstrack.errors import SourceError
from sportstrack.files.folders import settled
from sportstrack.video.camera import CameraReader, camera_number
from sportstrack.video.file import FileReader
from sportstrack.video.folder import ImageReader
from sportstrack.video.frame import Frame, Reader, SourceInfo
from sportstrack.video.live import Newest
from sportstrack.video.stack import StackReader, is_stack
from sportstrack.video.stream import TIMEOUT, StreamReader


class VideoSource:
    """An open source: iterate once for its frames, and close it (or use it as a context manager).

    Attributes:
        info: `SourceInfo`.
        warnings: plain sentences about damage; complete when the iteration has ended.
        dropped: frames that live mode skipped because the consumer was slower.
    """

    def __init__(self, reader: Reader, *, live: bool = False):
        self._reader = reader
        self._newest = Newest(reader) if live else None
        self._used = False
        self.info = reader.info
        self.warnings = reader.warnings

    @property
    def decoded(self) -> int:
        """Frames decoded so far, those included that ``every`` left out."""
        return self._reader.decoded

    @property
    def dropped(self) -> int:
        """Frames that live mode skipped so far."""
        return self._newest.dropped if self._newest else 0

    def __iter__(self) -> Generator[Frame, None, None]:
        if self._used:
            raise SourceError(f"{self.info.name}: a source can be read once; open it again")
        self._used = True
        return self._newest.frames() if self._newest else self._reader.frames()

    def close(self) -> None:
        """Release the file, device or connection; calling it twice is harmless."""
        (self._newest or self._reader).close()

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(
    source: str | Path | int,
    *,
    every: int = 1,
    live: bool = False,
    frame_rate: float | Fraction | None = None,
    reconnect: int = 5,
    timeout: float = TIMEOUT,
) -> VideoSource:
    """Open anything that holds frames; the first frame is decoded at once, so that a bad source fails here.

    Args:
        source: a video file; a folder of images; a TIFF with many pages; a sequence folder (``img1/`` with
            ``seqinfo.ini``); a camera's number; an ``rtsp://``, ``rtmp://``, ``udp://`` or ``http(s)://`` address.
        every: yield only frames whose index is a multiple of this.
        live: keep only the newest frame, so that a slow consumer sees the present; files then play at their own speed.
        frame_rate: frames/s of a source without times of its own (image folder, raw H.264); by default what it states
            (``seqinfo.ini``, the stream's header), else 25, with a warning. Where there are times, they hold, with a
            warning that says so.
        reconnect: tries, with doubling waits, to get an endless stream back; 0 takes its end as the end.
        timeout: seconds without data after which a stream counts as lost.

    Raises:
        SourceError: if there is nothing to read; the message says what was found and what to do.
    """
    if every < 1:
        raise SourceError(f"every: expected 1 or more, got {every}")
    address = str(source)
    path = Path(address.removeprefix("file://"))
    reader: Reader
    if (camera := camera_number(source)) is not None:
        reader = CameraReader(camera, every)
        if frame_rate is not None:
            reader.warnings.append(f"the frame rate {float(frame_rate):g} was not used: a camera is timed by the clock")
    elif "://" in address and not address.startswith("file://"):
        reader = StreamReader(
            address, every=every, live=live, reconnect=reconnect, timeout=timeout, frame_rate=frame_rate
        )
    elif is_stack(path):
        reader = StackReader(path, every=every, live=live, frame_rate=frame_rate)
    elif is_folder(settled(path)) or path.name.lower() == "seqinfo.ini":
        reader = ImageReader(path, every=every, live=live, frame_rate=frame_rate)
    else:
        reader = FileReader(path, every=every, live=live, frame_rate=frame_rate)
    return VideoSource(reader, live=live)


def probe(source: str | Path | int) -> SourceInfo:
    """Return a source's `SourceInfo`; opens it and decodes its first frame.

    Raises:
        SourceError: as `open_source`.
    """
    with open_source(source) as opened:
        return opened.info


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder that may be looked at."""
    with suppress(OSError):  # what may not be looked at is refused later, as a file
        return path.is_dir()
    return False
