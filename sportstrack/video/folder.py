"""Folders of images, in the order of their numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

from sportstrack.errors import FormatError, SourceError
from sportstrack.files.reading import is_note, read_bytes
from sportstrack.images.decode import decode_picture
from sportstrack.images.levels import Levels
from sportstrack.images.light import has_colour
from sportstrack.limits import MAX_PICTURE_BYTES
from sportstrack.seqinfo import SequenceInfo
from sportstrack.types import Image
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.messages import counted, plain
from sportstrack.video.seqinfo import find_sequence
from sportstrack.video.times import ASSUMED_RATE, DEFAULT_RATE, as_rate

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".flv", ".wmv"}
)


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Return a sort key under which ``frame9`` comes before ``frame10``."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [int(part) if position % 2 else part for position, part in enumerate(parts)], name


class ImageReader:
    """A folder of images, or a sequence folder whose image numbers are frame numbers from 1."""

    def __init__(self, path: Path, *, every: int, live: bool, frame_rate: float | Fraction | None):
        self.warnings: list[str] = []
        self.decoded = 0
        self._every = every
        self._bad: list[str] = []
        root, folder, stated = find_sequence(path)
        names = _image_names(folder, stated.suffix if stated else None)
        self._paths = _number_images([folder / name for name in names], numbered=stated is not None)
        if frame_rate is not None:
            rate = as_rate(frame_rate)
        else:
            rate = as_rate(stated.frame_rate) if stated and stated.frame_rate else DEFAULT_RATE
            if stated is None or not stated.frame_rate:
                self.warnings.append(ASSUMED_RATE)
        self._levels = Levels(float(rate) / every)
        self._head = self._first_image(folder)
        self._height, self._width = self._head[1].shape[:2]
        length = (stated.frames if stated else None) or len(self._paths)
        if stated is not None:
            self._compare(stated)
        kind = "images" if stated is None else "sequence"
        colour = has_colour(self._head[1]) is not False
        self.info = SourceInfo(root.resolve().name, self._width, self._height, rate, length, live, kind, colour=colour)

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the images that can be decoded; SourceError if one has another size."""
        start = self._paths[0][0]
        for index, path in self._paths:
            if index % self._every:
                continue
            image = self._head[1] if path == self._head[0] else _read_image(path, self._levels)
            if image is None:
                self._bad.append(path.name)
                continue
            if image.shape[:2] != (self._height, self._width):
                raise SourceError(
                    f"{path}: is {image.shape[1]}x{image.shape[0]}, the images before it {self._width}x{self._height}; "
                    "give each size a folder of its own"
                )
            self.decoded += 1
            pts = (index - start) / self.info.frame_rate
            yield Frame(index, float(pts), pts, image)
        self._report()

    @property
    def numbered(self) -> list[tuple[int, Path]]:
        """The images' frame numbers from 0, and their files."""
        return list(self._paths)

    def close(self) -> None:
        """Nothing stays open between images."""

    def _first_image(self, folder: Path) -> tuple[Path, Image]:
        for _, path in self._paths:
            image = _read_image(path, self._levels)
            if image is not None:
                return path, image
        raise SourceError(f"{folder}: none of its {counted(len(self._paths), 'image')} can be decoded")

    def _compare(self, stated: SequenceInfo) -> None:
        if stated.frames is not None and stated.frames != len(self._paths):
            self.warnings.append(f"seqinfo.ini says {stated.frames} frames, folder has {len(self._paths)}")
        first, last = self._paths[0][0], self._paths[-1][0]
        present = {index for index, _ in self._paths}
        gap = next((index for index in range(first, last + 1) if index not in present), None)
        if gap is not None:
            missing = last + 1 - first - len(present)
            self.warnings.append(f"{counted(missing, 'image')} missing in between (first: frame {gap}, counted from 0)")
        if stated.size is not None and stated.size != (self._width, self._height):
            width, height = stated.size
            self.warnings.append(f"seqinfo.ini says {width}x{height}, the images are {self._width}x{self._height}")

    def _report(self) -> None:
        if self._bad:
            self.warnings.append(f"{counted(len(self._bad), 'image')} could not be decoded (first: {self._bad[0]})")


def _image_names(folder: Path, suffix: str | None) -> list[str]:
    try:
        present = [entry.name for entry in os.scandir(folder) if not is_note(entry.name) and entry.is_file()]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({plain(error)})") from error
    names = [name for name in present if Path(name).suffix.lower() in IMAGE_SUFFIXES]
    names = [name for name in names if Path(name).suffix.lower() == suffix] or names
    if names:
        return sorted(names, key=natural_key)
    videos = sorted(name for name in present if Path(name).suffix.lower() in VIDEO_SUFFIXES)
    hint = f"; it holds videos: pass {folder / videos[0]} itself" if videos else ""
    raise SourceError(f"{folder}: holds no images (looked for {', '.join(sorted(IMAGE_SUFFIXES))}){hint}")


def _number_images(paths: list[Path], *, numbered: bool) -> list[tuple[int, Path]]:
    """Pair images with frame indices: in a sequence their own numbers, from 1 or, if it is there, 0; else 0, 1, 2."""
    if numbered:
        found = [re.search(r"([0-9]+)$", path.stem) for path in paths]
        numbers = [int(match.group(1)) for match in found if match]
        if len(set(numbers)) == len(paths):
            base = min([1, *numbers])
            return sorted((number - base, path) for number, path in zip(numbers, paths, strict=True))
    return list(enumerate(paths))


def _read_image(path: Path, levels: Levels) -> Image | None:
    """Return (H, W, 3) uint8 BGR, turned as its EXIF data ask; None if it is no whole image."""
    data = _read_bytes(path)
    try:
        return decode_picture(data, str(path), levels=levels)
    except SourceError:
        return None


def _read_bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_PICTURE_BYTES)
    except FormatError as error:
        raise SourceError(str(error)) from error
