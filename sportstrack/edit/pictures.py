"""Pictures of single frames and of single boxes, from any place of a video."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Generator
from fractions import Fraction
from typing import Any

import numpy as np

from sportstrack.edit.clip import EditClip
from sportstrack.errors import SourceError
from sportstrack.images.decode import read_picture
from sportstrack.images.encode import encode_image
from sportstrack.types import Image
from sportstrack.video.convert import Painter

_AHEAD = 48  # frames up to which decoding on is quicker than a new start
_KEPT = 96 << 20  # bytes of encoded pictures
_DECODED = 4  # frames
_MARGIN = 0.15  # of a box's size, around a crop


class PictureShelf:
    """Decodes frames on demand, one at a time, and keeps what was asked for last; for use from several threads."""

    def __init__(self, clip: EditClip) -> None:
        self._clip = clip
        self._lock = threading.Lock()
        self._container: Any = None
        self._frames: Generator[tuple[int, Any], None, None] | None = None
        self._at = -1
        self._painter: Painter | None = None
        self._images: OrderedDict[int, Image] = OrderedDict()
        self._encoded: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._bytes = 0
        self._files = dict(clip.images)

    def close(self) -> None:
        """Close the video."""
        with self._lock:
            if self._container is not None:
                self._container.close()
            self._container = self._frames = None

    def frame(self, number: int) -> bytes:
        """Return a frame (from 0) as JPEG.

        Raises:
            SourceError: there is no such frame, or it cannot be decoded.
        """
        return self._kept(("frame", number), lambda: self._image(number))

    def image(self, number: int) -> Image:
        """Return a frame as (H, W, 3) uint8 BGR; it is not to be changed. Errors as `frame`."""
        with self._lock:
            return self._image(number)

    def crop(self, number: int, box: tuple[float, float, float, float], height: int) -> bytes:
        """Return what is in a box and a little around it as JPEG.

        Args:
            number: frame, from 0.
            box: corners in pixels.
            height: of the picture, in pixels.

        Raises:
            SourceError: as `frame`.
        """
        return self._kept(("crop", number, box, height), lambda: _cut(self._image(number), box, height))

    def _kept(self, key: tuple[Any, ...], make: Callable[[], Image]) -> bytes:
        with self._lock:
            if (found := self._encoded.get(key)) is not None:
                self._encoded.move_to_end(key)
                return found
            data = encode_image(make(), ".jpg")
            self._encoded[key] = data
            self._bytes += len(data)
            while self._bytes > _KEPT:
                self._bytes -= len(self._encoded.popitem(last=False)[1])
            return data

    def _image(self, number: int) -> Image:
        if not 0 <= number < self._clip.frames:
            raise SourceError(f"{self._clip.path}: has no frame {number + 1}; its last one is {self._clip.frames}")
        if number in self._images:
            self._images.move_to_end(number)
            return self._images[number]
        image = self._from_folder(number) if self._clip.images else self._from_video(number)
        self._images[number] = image
        while len(self._images) > _DECODED:
            self._images.popitem(last=False)
        return image

    def _from_folder(self, number: int) -> Image:
        file = self._files.get(number)
        if file is None:
            return np.zeros((self._clip.height, self._clip.width, 3), np.uint8)
        return read_picture(file)

    def _from_video(self, number: int) -> Image:
        if not (self._frames is not None and self._at < number <= self._at + _AHEAD):
            self._start(number)
        for _ in range(3):
            assert self._frames is not None
            for found, picture in self._frames:
                self._at = found
                if found == number:
                    return self._painted(picture)
                if found > number:
                    break
            self._start(0)  # a container that does not go where it is sent, or a frame that is lost
        raise SourceError(f"{self._clip.path}: frame {number + 1} cannot be decoded")

    def _start(self, number: int) -> None:
        """Begin to decode with the key frame at or before a frame."""
        import av

        ticks, keys = self._clip.ticks, self._clip.keys
        assert ticks is not None
        assert keys is not None
        try:
            if self._container is None:
                self._container = av.open(f"file:{self._clip.path}")
                self._container.streams.video[0].thread_type = "AUTO"
            place = int(np.searchsorted(keys, number, side="right")) - 1
            target = int(ticks[keys[place]]) if place > 0 else int(ticks[0])
            self._container.seek(target, stream=self._container.streams.video[0], backward=True)
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self._clip.path}: frame {number + 1} cannot be reached ({error})") from error
        self._frames, self._at = self._decode(), -1 if place <= 0 else int(keys[place]) - 1

    def _decode(self) -> Generator[tuple[int, Any], None, None]:
        import av

        ticks = self._clip.ticks
        assert ticks is not None
        stream = self._container.streams.video[0]
        try:
            for picture in self._container.decode(stream):
                stamp = picture.pts if picture.pts is not None else picture.dts
                if stamp is None:
                    continue
                place = bisect_left(ticks, stamp)
                if place < len(ticks) and ticks[place] == stamp:
                    yield place, picture
        except (av.FFmpegError, OSError):
            return

    def _painted(self, picture: Any) -> Image:
        if self._painter is None:
            self._painter = Painter(picture, [])
        return self._painter.image(picture, Fraction(0))


def _cut(image: Image, box: tuple[float, float, float, float], height: int) -> Image:
    import cv2

    x1, y1, x2, y2 = box
    around = _MARGIN * max(x2 - x1, y2 - y1)
    rows = np.clip([y1 - around, y2 + around], 0, image.shape[0]).astype(int)
    columns = np.clip([x1 - around, x2 + around], 0, image.shape[1]).astype(int)
    part = image[rows[0] : rows[1], columns[0] : columns[1]]
    if not part.size:
        return np.zeros((height, max(1, height // 2), 3), np.uint8)
    width = max(1, min(4 * height, round(part.shape[1] * height / part.shape[0])))
    cut: Image = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if height < part.shape[0] else 1)
    return cut
