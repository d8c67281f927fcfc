"""The video as the editor needs it: how many frames, when each is shown, where decoding can begin, who can play it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SourceError
from sportstrack.files.folders import settled
from sportstrack.types import FloatArray, IntArray
from sportstrack.video.folder import ImageReader
from sportstrack.video.source import is_folder, open_source

Ticks = NDArray[np.int64]

_STEADY = 0.2  # frames by which times may waver before they are sent as a table
_PLAYED = {  # codec → pixel formats that browsers show
    "h264": ("yuv420p", "yuvj420p"),
    "vp8": ("yuv420p",),
    "vp9": ("yuv420p",),
    "av1": ("yuv420p", "yuv420p10le"),
}
_CONTAINERS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
SPARSE = 4.0  # seconds between key frames from which seeking is slow
_LONG = 60.0  # seconds of a video in which slow seeks matter
_TELL = 5000  # packets between two reports of progress


@dataclass(frozen=True, eq=False)
class EditClip:
    """A video, or a folder of images, described.

    Attributes:
        path: as it was given.
        name: stem for files.
        width: pixels, after rotation.
        height: pixels.
        frame_rate: frames per second; the average where the rate varies.
        frames: how many there are.
        times: (F,) seconds from the first frame; None where the rate is constant.
        ticks: (F,) each frame's time in the container, ascending; None for a folder of images.
        keys: (K,) frames with which decoding can begin, ascending; all frames of a folder.
        images: (index, file) of a folder's images; empty for a video file.
        unplayable: why browsers do not play the file; empty where they do.
        warnings: what is to be told.
    """

    path: Path
    name: str
    width: int
    height: int
    frame_rate: float
    frames: int
    times: FloatArray | None = None
    ticks: Ticks | None = None
    keys: IntArray | None = None
    images: tuple[tuple[int, Path], ...] = ()
    unplayable: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def key_seconds(self) -> float:
        """Seconds from one key frame to the next, in the mean: so much is decoded for a seek, at most."""
        count = 1 if self.keys is None else max(1, len(self.keys))
        return self.frames / self.frame_rate / count

    @property
    def sparse(self) -> bool:
        """Whether key frames are so rare that browsers seek slowly."""
        return not self.images and self.key_seconds > SPARSE and self.frames > _LONG * self.frame_rate

    @property
    def media_type(self) -> str:
        """What the file is called over HTTP."""
        return _CONTAINERS.get(self.path.suffix.lower(), "application/octet-stream")


def open_clip(
    source: str | Path, *, frame_rate: float | None = None, tell: Callable[[int], None] | None = None
) -> EditClip:
    """Look through a video; its pictures are not decoded.

    Args:
        source: video file, folder of images, or sequence folder.
        frame_rate: of a source without times.
        tell: called with the number of frames found so far, now and then.

    Raises:
        SourceError: it cannot be read, or is a camera or a stream.
    """
    path = settled(Path(source))
    if "://" in str(source) or str(source).isdigit():
        raise SourceError(f"{source}: is live; save it as a video first, then edit that")
    if is_folder(path) or path.name.lower() == "seqinfo.ini":
        return _folder(path, frame_rate)
    with open_source(path, frame_rate=frame_rate) as opened:
        info, warnings = opened.info, tuple(opened.warnings)
    ticks, keys, base, unplayable = _packets(path, tell)
    seconds = (ticks - ticks[0]) * float(base) if len(ticks) else np.zeros(0)
    times, rate = _times(seconds, float(info.frame_rate))
    return EditClip(
        path, info.name, info.width, info.height, rate, len(ticks), times, ticks, keys, unplayable=unplayable,
        warnings=warnings,
    )  # fmt: skip


def _folder(path: Path, frame_rate: float | None) -> EditClip:
    reader = ImageReader(path, every=1, live=False, frame_rate=frame_rate)
    info, images = reader.info, tuple(reader.numbered)
    frames = max(images[-1][0] + 1, info.frame_count or 0)
    return EditClip(
        path, info.name, info.width, info.height, float(info.frame_rate), frames, None, None, np.arange(frames), images,
        "it is a folder of images", tuple(reader.warnings),
    )  # fmt: skip


def _packets(path: Path, tell: Callable[[int], None] | None) -> tuple[Ticks, IntArray, Fraction, str]:
    """Return each frame's time in ticks, the key frames, the length of a tick, and why browsers do not play it."""
    import av

    stamps: list[int] = []
    starts: list[int] = []
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            dts_only = container.format.name == "avi"
            for packet in container.demux(stream):
                stamp = packet.dts if dts_only or packet.pts is None else packet.pts
                if not packet.size or packet.is_discard or stamp is None:
                    continue
                stamps.append(stamp)
                if packet.is_keyframe:
                    starts.append(stamp)
                if tell is not None and len(stamps) % _TELL == 0:
                    tell(len(stamps))
            context, base = stream.codec_context, Fraction(stream.time_base or Fraction(1, 1000))
            codec, pixels = context.name, str(context.pix_fmt)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise SourceError(f"{path}: its frames cannot be listed ({error})") from error
    ticks = np.unique(np.array(stamps, np.int64))
    keys = np.searchsorted(ticks, np.unique(np.array(starts or stamps[:1], np.int64)))
    return ticks, keys, base, _why_not(path, codec, pixels)


def _why_not(path: Path, codec: str, pixels: str) -> str:
    if codec not in _PLAYED:
        return f"browsers do not play its {codec} video"
    if pixels not in _PLAYED[codec]:
        return f"browsers do not play its {codec} video in {pixels}"
    if path.suffix.lower() not in _CONTAINERS:
        return f"browsers do not open {path.suffix or 'this kind of file'}"
    return ""


def _times(seconds: FloatArray, rate: float) -> tuple[FloatArray | None, float]:
    """Return the table of times, None where the rate is constant, and the rate."""
    if len(seconds) < 2:
        return None, rate
    average = (len(seconds) - 1) / float(seconds[-1])
    for steady in (rate, average):
        if np.abs(seconds * steady - np.arange(len(seconds))).max() < _STEADY:
            return None, steady
    return seconds, average


def raw_times(clip: EditClip) -> FloatArray:
    """Return (F,) seconds from the first frame, also where the rate is constant."""
    found: Any = np.arange(clip.frames) / clip.frame_rate if clip.times is None else clip.times
    seconds: FloatArray = found
    return seconds
