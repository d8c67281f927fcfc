"""Dividing a data set: by match, never by frame; and thinning near-identical frames."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_prep.table import NO_SEQUENCE, Table
from sportstrack.errors import SettingError
from sportstrack.types import IntArray


def split_by_match(table: Table, *, val_share: float = 0.2, test_share: float = 0.0, seed: int = 0) -> Table:
    """Return the table with whole matches drawn into train, val and test; equal seeds give equal splits.

    Neighbouring frames, and clips of one video, look alike: were they in two splits, the validation would measure
    memory. Clips without ground truth keep their split.

    Args:
        table: clips with `Clip.match`; single pictures are refused.
        val_share: of the labelled frames, 0…1; at least one match.
        test_share: the same for test; 0: none.
        seed: of the draw.

    Raises:
        SettingError: too few matches, shares that leave nothing for training, or pictures that belong to no clip.
    """
    if not (0 < val_share < 1 and 0 <= test_share < 1 and val_share + test_share < 1):
        raise SettingError(
            f"shares of val {val_share:g} and test {test_share:g}: expected above 0 and together below 1"
        )
    if (table.images.sequence == NO_SEQUENCE).any():
        raise SettingError("--split-by match: single pictures have no match; keep their splits")
    frames = _frames_per_match(table)
    shares = {"val": val_share, **({"test": test_share} if test_share else {})}
    if len(frames) <= len(shares):
        raise SettingError(
            f"--split-by match: {len(frames)} labelled matches ({', '.join(frames) or 'none'}) cannot be divided into "
            f"train and {' and '.join(shares)}"
        )
    chosen = _draw(frames, shares, seed)
    split = [
        chosen[_match(table, i)] if sequence.labelled else sequence.split for i, sequence in enumerate(table.sequences)
    ]
    return table.with_splits([split[i] for i in table.images.sequence.tolist()])


def every_nth(table: Table, every: int) -> Table:
    """Return the table with frames 0, N, 2N … of each clip, and each N-th of the single pictures.

    Raises:
        SettingError: N below 1.
    """
    if every < 1:
        raise SettingError(f"--every is {every}, must be 1 or more")
    if every == 1:
        return table
    images = table.images
    single = images.sequence == NO_SEQUENCE
    position: IntArray = np.where(single, np.cumsum(single) - 1, images.frame)
    return table.select(position % every == 0)


def _match(table: Table, sequence: int) -> str:
    return table.sequences[sequence].match or table.sequences[sequence].name


def _frames_per_match(table: Table) -> dict[str, int]:
    """Match → labelled frames, in the order of the names."""
    frames = np.bincount(table.images.sequence, minlength=len(table.sequences)).tolist()
    found: dict[str, int] = {}
    for i, sequence in enumerate(table.sequences):
        if sequence.labelled:
            found[_match(table, i)] = found.get(_match(table, i), 0) + frames[i]
    return dict(sorted(found.items()))


def _draw(frames: Mapping[str, int], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Match → split: each share takes matches in a drawn order while that brings it nearer to its size."""
    names = list(frames)
    order = [names[i] for i in np.random.default_rng(seed).permutation(len(names)).tolist()]
    chosen = dict.fromkeys(names, "train")
    total = sum(frames.values())
    for later, (split, share) in enumerate(reversed(list(shares.items()))):
        free = [name for name in order if chosen[name] == "train"]
        most = len(free) - (len(shares) - later)  # train and the shares to come need one match each
        taken, wanted = 0, share * total
        for name in free:
            if most and abs(taken + frames[name] - wanted) < abs(taken - wanted):
                chosen[name], taken, most = split, taken + frames[name], most - 1
        if not taken:  # each is more than twice the share
            chosen[min(free, key=lambda name: frames[name])] = split
    return chosen
