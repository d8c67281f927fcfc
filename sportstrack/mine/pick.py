"""Which pictures to take: the worst, but not the same moment again and again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from sportstrack.types import FloatArray

_ROBOFLOW = re.compile(r"_(jpe?g|png)\.rf\.[0-9a-f]+$", re.IGNORECASE)
_NUMBER = re.compile(r"[ _.-]*(?:frame|img|f)?[ _.-]*(\d+)$", re.IGNORECASE)
_NO_CLIP = {"images", "train", "val", "valid", "test", "img1"}


def sequence_of(path: str) -> tuple[str, int | None]:
    """Return the clip that a picture comes from, and its number there, from its path.

    ``clip/000012.jpg``, as `data_prep` writes it, and ``clip_000012.jpg`` are picture 12 of ``clip``. A number on its
    own beneath ``images/train`` belongs to no clip: such a picture is its own.
    """
    file = PurePath(path.replace("\\", "/"))
    stem = _ROBOFLOW.sub("", file.stem)
    found = _NUMBER.search(stem)
    number = int(found[1]) if found else None
    head = stem[: found.start()] if found else stem
    folder = file.parent.name
    if folder == "img1":  # MOT keeps a clip's pictures there
        folder = file.parent.parent.name
    if folder and folder.lower() not in _NO_CLIP:
        return f"{folder}/{head}" if head else folder, number
    return (head, number) if head and number is not None else (stem, None)


def pick(
    losses: FloatArray, places: Sequence[tuple[str, int | None]], top: int, per_sequence: int, gap: int
) -> list[int]:
    """Return the rows of the greatest losses, worst first.

    Args:
        losses: (M,) of the pictures; those without loss are never taken.
        places: (M,) clip and number of each, `sequence_of`.
        top: most pictures.
        per_sequence: most pictures of one clip.
        gap: least distance, in frames, of two pictures of one clip.
    """
    taken: dict[str, list[int | None]] = defaultdict(list)
    rows: list[int] = []
    for row in np.argsort(-losses, kind="stable").tolist():
        if len(rows) >= top or losses[row] <= 0:
            break
        clip, number = places[row]
        if len(taken[clip]) >= per_sequence:
            continue
        if number is not None and any(other is not None and abs(number - other) < gap for other in taken[clip]):
            continue
        taken[clip].append(number)
        rows.append(row)
    return rows
