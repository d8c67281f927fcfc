"""Whether a shot's camera, which a network has begun, is believed: by how much is it confirmed, and by what?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.errors import ground_in_view, to_ground
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.evidence import PitchEvidence

ALONE = 0.85
"""A frame whose camera has this score is believed without another one; see `PitchEvidence.score`."""
ELSEWHERE = 2.5
"""Metres on the ground, at the median, from which on a frame's own camera contradicts that of its shot."""


def doubt(scene: ClipScene, walk: Walk, others: Sequence[Walk]) -> str | None:
    """Return why a shot's camera is not believed; None where it is.

    A weak frame may be a mistake: it takes the one touchline for the other, or the one end of the pitch for the other.
    Two frames of a shot make the same mistake less often, and two shots that are seen from one place hardly ever.

    Args:
        scene: of the shot.
        walk: its views.
        others: the views of the other shots of the clip.
    """
    looks = [one for one in scene.evidence.values() if one.camera is not None]
    if not looks or any(one.by_hand for one in scene.evidence.values()):
        return None
    if any((walk.joint.shared == other.joint.shared).all() for other in others):
        return None  # it is seen from where another shot is
    off = [_apart(scene, walk, one) for one in looks]
    agreeing = [one.score for one, metres in zip(looks, off, strict=True) if metres <= ELSEWHERE]
    against = [one.score for one, metres in zip(looks, off, strict=True) if metres > ELSEWHERE]
    best = max(agreeing, default=0.0)
    if sum(against) >= sum(agreeing):
        return f"its frames tell different cameras: {len(agreeing)} of {len(looks)} agree"
    if len(agreeing) < 2 and best < ALONE:
        return f"one frame alone tells a camera, by {best:.2f} of {ALONE}, and no other frame confirms it"
    return None


def disputed(scene: ClipScene, walk: Walk, frames: Sequence[int], views: Sequence[Floats]) -> set[int]:
    """Return the rows of a chain's frames that are not believed, since it is elsewhere than the walk.

    The walk comes from the frames that are known best, the chain from the first one: where the motion was lost, either
    may have gone astray. Frames count as known where the chain is where marks or a network have the camera; from one
    such frame to the next all frames are disputed if one of them is.

    Args:
        scene: of the shot.
        walk: its views.
        frames: numbers of successive frames.
        views: what the chain has made of them.
    """
    shared, held, bad = walk.joint.shared, [], []
    for row, (frame, view) in enumerate(zip(frames, views, strict=True)):
        pixels = ground_in_view(shared, view, scene.pitch, scene.size)
        if not len(pixels) or frame not in walk.views:
            continue
        both = np.stack([np.concatenate([shared, one]) for one in (view, walk.views[frame])])
        here, there = to_ground(both, pixels, scene.size)
        if _middle(here - there) > ELSEWHERE:
            bad.append(row)
        elif (seen := scene.evidence.get(frame)) is not None and (
            seen.by_hand or (seen.camera is not None and _middle(seen.camera.to_ground(pixels) - here) <= ELSEWHERE)
        ):
            held.append(row)
    ends = np.array([-1, *held, len(frames)])
    spans = {int(np.searchsorted(ends, row)) for row in bad}
    return {row for span in spans for row in range(ends[span - 1] + 1, ends[span])}


def _middle(off: Floats) -> float:
    return float(np.median(np.nan_to_num(np.linalg.norm(off, axis=1), nan=1e3)))


def _apart(scene: ClipScene, walk: Walk, one: PitchEvidence) -> float:
    """Return how far apart, in metres, a frame's own camera and its shot's put the ground; infinite where unknown."""
    if one.camera is None or one.frame not in walk.views:
        return float("inf")
    shared, view = walk.joint.shared, walk.views[one.frame]
    pixels = ground_in_view(shared, view, scene.pitch, scene.size)
    if not len(pixels):
        return float("inf")
    places = to_ground(np.concatenate([shared, view])[None], pixels, scene.size)[0]
    return _middle(one.camera.to_ground(pixels) - places)
