"""A picture's size from its header, without decoding its pixels."""

from __future__ import annotations

from struct import unpack_from
from typing import BinaryIO

from sportstrack.errors import FormatError
from sportstrack.limits import MAX_PIXELS

_START = 4096  # bytes; holds the header of all but pictures with previews or colour profiles in front
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's markers of a frame, which says the size
_EXIF = 0xE1


def header_size(file: BinaryIO, name: str) -> tuple[int, int]:
    """Return (width, height) in pixels, turned as EXIF asks; FormatError naming the picture if it is none."""
    found = _jpeg_size(file.read(_START))
    width, height = _pillow_size(file, name) if found is None else found
    if width * height > MAX_PIXELS:
        raise FormatError(f"{name}: claims {width} x {height} pixels; at most {MAX_PIXELS:,} are read of a picture")
    return width, height


def _pillow_size(file: BinaryIO, name: str) -> tuple[int, int]:
    from PIL import Image as Pillow

    file.seek(0)
    try:
        with Pillow.open(file) as image:
            width, height = image.size
            turned = image.getexif().get(274, 1) >= 5  # EXIF orientation: 5 to 8 are a quarter turn
    except Exception as error:  # Pillow's readers let out what struct, zlib and others raise
        raise FormatError(f"{name}: not a readable picture ({error})") from error
    return (height, width) if turned else (width, height)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return a plain JPEG's size, a tenth of Pillow's time; None for anything else, also one that EXIF may turn."""
    at = 2 if data[:2] == b"\xff\xd8" else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF and data[at + 1] != _EXIF:
        if data[at + 1] in _FRAMES:
            height, width = unpack_from(">HH", data, at + 5)
            return (width, height) if width and height else None
        at += 2 + unpack_from(">H", data, at + 2)[0]
    return None
