"""What every kind of source hands on: its description, its frames, and the interface behind both."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from sportstrack.types import Image


@dataclass(frozen=True)
class SourceInfo:
    """What is known of a source before it is read.

    Attributes:
        name: stem for output files: ``match`` for match.mp4, a folder's name, ``camera0``, host and path of a stream.
        width: pixels, after rotation.
        height: pixels, after rotation.
        frame_rate: nominal frames/s of the source, before ``every``; the average rate if the rate varies.
        frame_count: declared number of frames (container, seqLength or number of images); None if unknown.
        live: True for cameras, endless streams and whatever was opened with ``live=True``.
        kind: ``video``, ``images``, ``sequence``, ``camera`` or ``stream``.
        pixel_ratio: width of a pixel over its height, after rotation; 1 where pixels are square.
        colour: whether the first frame has colour; True where it has too little contrast to tell.
    """

    name: str
    width: int
    height: int
    frame_rate: Fraction
    frame_count: int | None
    live: bool
    kind: str
    pixel_ratio: Fraction = Fraction(1)
    colour: bool = True


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded image.

    Attributes:
        index: 0-based position in the source; frames that ``every`` or damage left out count too.
        time: seconds since the first frame.
        pts: the same, exact.
        image: (H, W, 3) uint8 BGR, C-contiguous, upright.
    """

    index: int
    time: float
    pts: Fraction
    image: Image


class Reader(Protocol):
    """What `VideoSource` asks of a kind of source."""

    info: SourceInfo
    warnings: list[str]
    decoded: int

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames, once."""
        ...

    def close(self) -> None:
        """Release the file, device or connection; calling it twice is harmless."""
        ...
