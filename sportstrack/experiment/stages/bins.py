"""Scores cut by light, occlusion, scale and speed, as counts; each picture's light is measured once for all runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.evaluate.by import FRAME_RATE
from sportstrack.evaluate.page import Images
from sportstrack.score.by import BinScore, Cut, cut_scores, pooled
from sportstrack.score.sequence import Sequence as Scored
from sportstrack.seqinfo import read_sequence_info
from sportstrack.types import FloatArray


def cut_of(seq: Scored, folder: Path, images: Images, by: Sequence[str]) -> Cut:
    """Return what became of the true boxes of each bin.

    Args:
        seq: truth and result.
        folder: of the sequence, whose ``seqinfo.ini`` is read.
        images: its pictures; without them light is not known.
        by: of `sportstrack.score.bins.BY`.
    """
    info = read_sequence_info(folder)
    rate = float(info.frame_rate or FRAME_RATE)
    light = _light(images) if images.files and "light" in by else None
    return cut_scores(seq, by, frame_rate=rate, size=info.size, light=light)


def cuts_record(cuts: Iterable[Cut]) -> dict[str, Any]:
    """Return the counts of several sequences together: by → bin → counts; a measure that nobody knows is left out."""
    total = pooled(cuts)
    return {
        name: {label: dict(vars(score)) for label, score in bins.items()}
        for name, bins in total.items()
        if any(score.boxes for score in bins.values())
    }


def figures_of(record: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of one bin's counts."""
    return BinScore(**record).figures()


def _light(images: Images) -> Callable[[int, FloatArray], FloatArray | None]:
    def measure(frame: int, boxes: FloatArray) -> FloatArray | None:
        there = frame < len(images.files)
        return _grey(images.files[frame], np.ascontiguousarray(boxes, float).tobytes()) if there else None

    return measure


@lru_cache(maxsize=20_000)
def _grey(path: Path, boxes: bytes) -> FloatArray | None:
    from sportstrack.images.decode import read_picture
    from sportstrack.images.light import box_light

    try:
        return box_light(read_picture(path), np.frombuffer(boxes).reshape(-1, 4))
    except SourceError:
        return None
