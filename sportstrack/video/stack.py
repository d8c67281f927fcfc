"""TIFF files with many pages, as heat cameras and microscopes write them: a page is a frame."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.images.decode import DEEP
from sportstrack.images.levels import Levels, as_picture
from sportstrack.images.light import has_colour
from sportstrack.limits import MAX_PIXELS
from sportstrack.types import Image
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.messages import counted
from sportstrack.video.times import ASSUMED_RATE, DEFAULT_RATE, as_rate

STACK_SUFFIXES = (".tif", ".tiff")


def is_stack(path: Path) -> bool:
    """Return whether a path is a file that is called TIFF."""
    return path.suffix.lower() in STACK_SUFFIXES and path.is_file()


class StackReader:
    """The pages of a TIFF, one after the other; none but the present one is in memory."""

    def __init__(self, path: Path, *, every: int, live: bool, frame_rate: float | Fraction | None):
        from PIL import Image as Pillow

        self.warnings: list[str] = []
        self.decoded = 0
        self._path, self._every = path, every
        self._file: Any = None
        try:
            self._file = Pillow.open(path, formats=("TIFF",))
            self._pages = int(self._file.n_frames)
        except Exception as error:  # Pillow's readers let out what struct and others raise
            raise SourceError(f"{path}: not a readable TIFF; its data are damaged") from error
        width, height = self._file.size
        if width * height > MAX_PIXELS:
            raise SourceError(f"{path}: says {width}x{height}; pictures are read up to {MAX_PIXELS:,} pixels")
        rate = DEFAULT_RATE if frame_rate is None else as_rate(frame_rate)
        if frame_rate is None:
            self.warnings.append(ASSUMED_RATE)
        self._size = (width, height)
        first = self._page(0, Levels())
        if first is None:
            raise SourceError(f"{path}: its first page is damaged")
        self._levels = Levels(float(rate) / every)
        colour = has_colour(first) is not False
        self.info = SourceInfo(path.resolve().stem, width, height, rate, self._pages, live, "images", colour=colour)

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the pages that can be decoded; SourceError if one has another size."""
        bad = []
        for index in range(0, self._pages, self._every):
            image = self._page(index, self._levels)
            if image is None:
                bad.append(index + 1)
                continue
            self.decoded += 1
            pts = index / self.info.frame_rate
            yield Frame(index, float(pts), pts, image)
        if bad:
            self.warnings.append(f"{counted(len(bad), 'page')} could not be decoded (first: page {bad[0]})")

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        self._file.close()

    def _page(self, index: int, levels: Levels) -> Image | None:
        """Return a page as a picture; None if it is damaged."""
        try:
            self._file.seek(index)
            size = self._file.size
            deep = self._file.mode in DEEP
            data = np.asarray(self._file if deep else self._file.convert("RGB")) if size == self._size else None
        except Exception:  # as above
            return None
        if data is None:
            raise SourceError(
                f"{self._path}: page {index + 1} is {size[0]}x{size[1]}, the pages before it "
                f"{self._size[0]}x{self._size[1]}; give each size a file of its own"
            )
        return as_picture(data, levels) if deep else np.ascontiguousarray(data[..., ::-1])
