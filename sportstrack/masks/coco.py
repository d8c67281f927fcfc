"""COCO's coding of masks: ``{"size": [height, width], "counts": run lengths}``, as a list or as a text.

Run lengths come from files of strangers, so sizes, letters and sums are checked before anything is allotted.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import FormatError
from sportstrack.limits import MAX_PIXELS
from sportstrack.masks.runs import Ints

_MAX_LETTERS = 6  # of one number in the text; 5 bits each


def mask_runs(segmentation: Any, where: str) -> tuple[Ints, tuple[int, int]]:
    """Return the run lengths of a mask, background first, and its (height, width).

    Where the last run of background is left out, it is added.

    Args:
        segmentation: COCO's dictionary of ``size`` and ``counts``.
        where: file and place, for messages.

    Raises:
        FormatError: what is wrong with it.
    """
    if not isinstance(segmentation, Mapping) or not {"size", "counts"} <= segmentation.keys():
        raise FormatError(f"{where}: segmentation is no mask; expected size and counts")
    size, counts = segmentation["size"], segmentation["counts"]
    if not isinstance(size, (list, tuple)) or len(size) != 2 or not all(type(s) is int and s >= 1 for s in size):
        raise FormatError(f"{where}: the mask's size is {str(size)[:40]}; expected height and width in pixels")
    height, width = size
    if height * width > MAX_PIXELS:
        raise FormatError(f"{where}: the mask has {height} x {width} pixels; at most {MAX_PIXELS:,} are read")
    if isinstance(counts, bytes):  # as pycocotools gives them
        counts = counts.decode("latin-1")
    lengths = _listed(counts) if isinstance(counts, list) else decoded(counts) if isinstance(counts, str) else None
    if lengths is None or not len(lengths) or (lengths < 0).any() or (lengths > height * width).any():
        raise FormatError(f"{where}: the mask's counts are no run lengths")
    rest = height * width - int(lengths.sum())
    if rest < 0:
        raise FormatError(f"{where}: the mask's counts add up to {lengths.sum()}, but it has {height} x {width} pixels")
    if rest:
        lengths = np.append(lengths, [rest] if len(lengths) % 2 == 0 else [0, rest])
    return lengths, (height, width)


def _listed(counts: list[Any]) -> Ints | None:
    if not all(type(count) is int and 0 <= count <= MAX_PIXELS for count in counts):
        return None
    return np.array(counts, np.int64)


def decoded(text: str) -> Ints | None:
    """Return the run lengths of COCO's text: letters of 5 bits, the fourth on as changes; None if it is none."""
    if not text or not text.isascii():
        return None
    letters = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    last = (letters & 0x20) == 0
    if (letters < 0).any() or (letters > 63).any() or not last[-1]:
        return None
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    lengths = np.diff(np.append(starts, len(letters)))
    if lengths.max() > _MAX_LETTERS:
        return None
    shift = 5 * (np.arange(len(letters)) - np.repeat(starts, lengths))
    values = np.add.reduceat((letters & 0x1F) << shift, starts)
    negative = (letters[last] & 0x10) != 0
    values[negative] -= 1 << (5 * lengths[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def encoded(counts: NDArray[np.uint32], offsets: Ints) -> list[str]:
    """Return COCO's text of each mask's run lengths; empty for a row without runs."""
    values = counts.astype(np.int64)
    place = np.arange(len(values)) - np.repeat(offsets[:-1], np.diff(offsets))
    later = np.flatnonzero(place > 2)
    values[later] -= counts[later - 2].astype(np.int64)
    # A number ends with the letter after which only its sign is left, which is this letter's highest bit.
    bits = np.zeros(len(values), np.int64)
    left = np.where(values < 0, ~values, values)
    while (left > 0).any():
        bits += left > 0
        left >>= 1
    letters = bits // 5 + 1
    ends = np.cumsum(letters)
    step = np.arange(int(letters.sum())) - np.repeat(ends - letters, letters)
    codes = (np.repeat(values, letters) >> (5 * step)) & 0x1F
    codes |= 0x20
    codes[ends - 1] &= 0x1F
    text = (codes + 48).astype(np.uint8).tobytes().decode("ascii")
    cuts = np.concatenate([[0], ends])[offsets].tolist()
    return [text[begin:end] for begin, end in pairwise(cuts)]
