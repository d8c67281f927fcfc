"""What a user should know about what is scored, before the figures: classes, masks or boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sportstrack.classes import names_beside
from sportstrack.mots import is_mots
from sportstrack.score.run import Job

_LOOKED_AT = 3  # sequences, for classes that the truth does not have


def mention_classes(name: str, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
    """Say where boxes count whose class the truth does not have; the first sequences show it."""
    for job in jobs[:_LOOKED_AT]:
        truth, result = job.sides()
        there, found = (set(np.unique(side.class_id[side.class_id >= 0]).tolist()) for side in (truth, result))
        if (not there and len(found) < 2) or not (more := sorted(found - there)):
            continue
        names = names_beside(job.result)
        listed = ", ".join(f"{number} {names[number - 1]}" if number - 1 in names else str(number) for number in more)
        lacks = "no classes" if not there else f"no class {listed}"
        has = f"; the result has {listed}" if not there else ""
        say(f"{name}: the truth of {job.name} has {lacks}{has}: all boxes count alike; choose with --classes")
        return


def mention_masks(name: str, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
    """Say whether masks or boxes are scored where a side has masks; the first sequence shows it."""
    if not jobs:
        return
    truth, result = (is_mots(side) for side in (jobs[0].truth, jobs[0].result))
    if not truth and not result:
        return
    if jobs[0].iou == "box":
        say(f"{name}: the boxes around the masks are scored")
    elif truth and result:
        say(f"{name}: masks are scored; --iou box scores the boxes around them")
    elif jobs[0].iou == "auto":
        say(f"{name}: the {'result' if truth else 'truth'} has no masks, so boxes are scored")
