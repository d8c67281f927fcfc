"""COCO's coding of masks: ``{"size": [height, width], "counts": run lengths}``, as a list or as a text.

Run lengths come from files of strangers, so sizes, letters and sums are checked before anything is allotted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    lengths = _listed(counts) if isinstance(counts, list) else _text(counts) if isinstance(counts, str) else None
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


def _text(counts: str) -> Ints | None:
    found = decoded([counts])
    return None if found is None else found[0]


def table_runs(
    rows: Sequence[Any], place: Callable[[int], str], shape: tuple[int, int] | None
) -> tuple[Ints, Ints, tuple[int, int]]:
    """Return counts and offsets of many masks, and their common (height, width).

    Args:
        rows: COCO's dictionaries, or None for a row without a mask.
        place: what a row is called in messages.
        shape: height and width that they must have; None takes those of the first.

    Raises:
        FormatError: what is wrong with the first broken one.
    """
    there = [i for i, row in enumerate(rows) if row is not None]
    if there and (quick := _plain_texts([rows[i] for i in there], shape)) is not None:
        values, offsets, shape = quick
        lengths = np.diff(offsets)
    else:
        parts: list[Ints] = []
        for i in there:
            found, size = mask_runs(rows[i], place(i))
            shape = shape or size
            if size != tuple(shape):
                (tall, wide), (h, w) = size, shape
                raise FormatError(f"{place(i)}: the mask's size is {tall} x {wide}, not {h} x {w} as the others'")
            parts.append(found)
        values = np.concatenate([np.zeros(0, np.int64), *parts])
        lengths = np.array([len(part) for part in parts], np.int64)
    counted = np.zeros(len(rows), np.int64)
    counted[there] = lengths
    return values, np.concatenate([[0], np.cumsum(counted)]).astype(np.int64), shape or (0, 0)


def _plain_texts(rows: list[Any], shape: tuple[int, int] | None) -> tuple[Ints, Ints, tuple[int, int]] | None:
    """Decode sound texts of one size all at once; None if anything is unusual, which `mask_runs` then looks into."""
    if not all(type(row) is dict and type(row.get("counts")) is str for row in rows):
        return None
    sizes = {tuple(size) if isinstance(size := row.get("size"), (list, tuple)) else None for row in rows}
    size = sizes.pop()
    if sizes or size is None or len(size) != 2 or (shape is not None and size != tuple(shape)):
        return None
    if not all(type(side) is int and side >= 1 for side in size) or size[0] * size[1] > MAX_PIXELS:
        return None
    if (found := decoded([row["counts"] for row in rows])) is None:
        return None
    values, offsets = found
    if (values < 0).any() or (np.add.reduceat(values, offsets[:-1]) != size[0] * size[1]).any():
        return None
    return values, offsets, (size[0], size[1])


def decoded(texts: Sequence[str]) -> tuple[Ints, Ints] | None:
    """Return the run lengths of COCO's texts, one after the other, and (N + 1,) where each begins; None if one is none.

    A text holds numbers in letters of 5 bits, lowest first; from the fourth on they are the change since the last but
    one. The lengths may be anything: negative, or too many for the picture.
    """
    if not all(text and text.isascii() for text in texts):
        return None
    letters = np.frombuffer("".join(texts).encode("ascii"), np.uint8).astype(np.int64) - 48
    last = (letters & 0x20) == 0
    ends = np.cumsum([len(text) for text in texts])
    if (letters < 0).any() or (letters > 63).any() or not last[ends - 1].all():
        return None
    stops = np.flatnonzero(last)
    starts = np.concatenate([[0], stops[:-1] + 1])
    lengths = stops - starts + 1
    if lengths.max(initial=0) > _MAX_LETTERS:
        return None
    shift = 5 * (np.arange(len(letters)) - np.repeat(starts, lengths))
    values = np.add.reduceat((letters & 0x1F) << shift, starts)
    negative = (letters[last] & 0x10) != 0
    values[negative] -= 1 << (5 * lengths[negative])
    offsets = np.concatenate([[0], np.searchsorted(stops, ends)]).astype(np.int64)
    place = np.arange(len(values)) - np.repeat(offsets[:-1], np.diff(offsets))
    owner = np.repeat(np.arange(len(texts)), np.diff(offsets))
    for chosen in (np.flatnonzero(place & 1), np.flatnonzero((place > 0) & (place & 1 == 0))):
        sums = np.concatenate([[0], np.cumsum(values[chosen])])
        before = sums[np.searchsorted(owner[chosen], np.arange(len(texts)))]
        values[chosen] = sums[1:] - before[owner[chosen]]
    return values, offsets


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
