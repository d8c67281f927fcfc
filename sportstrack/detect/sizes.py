"""How large the network's input is: a number of pixels, or a rule that looks at the source and the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sportstrack.detect.common import check_range
from sportstrack.errors import SettingError, unknown

FAST, BALANCED, BEST = "fast", "balanced", "best"
QUALITIES = (FAST, BALANCED, BEST)

DEFAULT_SIZE = 640
STEP = 32  # pixels; networks take multiples of it
SMALLEST = 320
OF_HD = 960
"""For general weights: finds most of the small players of a wide view."""
NIGHT = 1280, 1920
"""Where time does not count, for sources up to 1280 wide and for wider ones."""

_COCO = 80  # classes of the general weights


@dataclass(frozen=True)
class SizeRule:
    """The longer side of a network's input, by level of quality.

    Own weights get the size that they were trained with: the network has seen players of that size. General ones
    (COCO's 80 classes) have seen people of all sizes; they get 960 pixels. For them small pictures are enlarged, up to
    twice: nothing more is in them, but these networks find few players who are only some 20 pixels high. For own
    weights, and where time counts, no input is larger than the source.

    Args:
        quality: fast (640 at most), balanced, or best (1280 or 1920).

    Raises:
        SettingError: an unknown level.
    """

    quality: str = BALANCED

    def __post_init__(self) -> None:
        if self.quality not in QUALITIES:
            raise SettingError(unknown("quality", self.quality, QUALITIES))

    def of(self, shape: tuple[int, ...], trained: int | None, names: Mapping[int, str]) -> int:
        """Return the longer side in pixels, a multiple of 32.

        Args:
            shape: (height, width, …) of the source's frames.
            trained: longer side that the weights were trained with, or None where nobody knows.
            names: class id → name of the weights.
        """
        longer = max(shape[:2])
        own = trained if trained is not None and not is_general(names) else None
        if self.quality == FAST:
            wanted = min(own or DEFAULT_SIZE, DEFAULT_SIZE)
        elif self.quality == BALANCED:
            wanted = own or OF_HD
        else:
            wanted = max(own or 0, NIGHT[longer > NIGHT[0]])
        most = 2 * longer if is_general(names) and self.quality != FAST else longer
        return max(min(wanted, most) // STEP * STEP, min(wanted, SMALLEST))


ImageSize: TypeAlias = int | SizeRule
"""The longer side in pixels, or how to choose it."""


def is_general(names: Mapping[int, str]) -> bool:
    """Return whether weights know COCO's 80 classes, of pictures of everything."""
    return len(names) == _COCO and "person" in names.values()


def in_pixels(size: ImageSize, shape: tuple[int, ...], trained: int | None, names: Mapping[int, str]) -> int:
    """Return the longer side of the input for frames of a shape."""
    return size.of(shape, trained, names) if isinstance(size, SizeRule) else size


def check_size(size: Any) -> None:
    """Raise SettingError unless this is a size in pixels, or a rule."""
    if not isinstance(size, SizeRule):
        check_range("imgsz", size, 32, 16384, whole=True)


def is_other(asked: ImageSize, longer: int, stride: int) -> bool:
    """Return whether a size was asked for that differs from the longer side that a network is bound to."""
    return not isinstance(asked, SizeRule) and longer != -(-int(asked) // stride) * stride
