"""Whether a shot's camera, which a network has begun, is believed: by how much is it confirmed, and by what?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.chain import ClipScene, agrees
from sportstrack.pitch.clip.errors import ground_in_view, to_ground
from sportstrack.pitch.clip.joint import Key
from sportstrack.pitch.clip.model import REACH, in_view, pair, support
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.evidence import PitchEvidence

ALONE = 0.85
"""A frame whose camera has this score is believed without another one; see `PitchEvidence.score`."""
CHANCE = 0.65
"""A wrong camera may score this by chance. What frames score above it adds up, for the camera or against it."""
ELSEWHERE = 2.5
"""Metres on the ground, at the median, from which on a frame's own camera contradicts that of its shot."""

BESIDE = 0.35
"""Part of the line pixels along circles and arcs that may be beside them: stripes of grass are straight, these not."""
LEAST_BESIDE = 60
"""Fewer line pixels along circles and arcs in a picture tell nothing."""


def doubt(walk: Walk, others: Sequence[Walk]) -> str | None:
    """Return why a shot's camera is not believed; None where it is.

    A weak frame may be a mistake: it takes the one touchline for the other, or the one end of the pitch for the other.
    Several frames make the same mistake less often. Nor do two shots that are seen from one place; but then one of them
    must be sure by itself, for two weak ones may share a mistake. If only one frame tells a camera, its circles and
    arcs must be right, too.

    Args:
        walk: the views of the shot.
        others: those of the other shots of the clip.
    """
    if any(one.by_hand for one in walk.scene.evidence.values()):
        return None
    if not any(_lines_agree(walk, key) for key in walk.joint.keys):
        return "in no frame the lines are where its camera has them"
    alone = sum(one.camera is not None for one in walk.scene.evidence.values()) == 1
    if alone and (off := _beside_arcs(walk)) > BESIDE:
        return f"{off:.0%} of the line pixels along its circles and arcs are beside them"
    told, why = _told(walk)
    beside = [one for one in others if (walk.joint.shared == one.joint.shared).all()]
    sure = told or any(_told(one)[0] for one in beside)
    return None if sure else why


def _told(walk: Walk) -> tuple[bool, str]:
    """Return whether the frames of a shot tell its camera by themselves, and else why not."""
    looks = [one for one in walk.scene.evidence.values() if one.camera is not None]
    if not looks or any(one.by_hand for one in looks):
        return True, ""  # marks, or another shot's camera, have begun it
    agree = [_apart(walk, one) <= ELSEWHERE for one in looks]
    score = sum((1 if same else -1) * max(0.0, one.score - CHANCE) for one, same in zip(looks, agree, strict=True))
    least = ALONE - CHANCE
    why = f"its frames tell a camera by {max(0.0, score):.2f} of {least:.2f}: {sum(agree)} of {len(looks)} agree"
    return score >= least, why


def _lines_agree(walk: Walk, key: Key) -> bool:
    """Return whether the line pixels of a key frame are where the shot's camera has painted lines."""
    seen = in_view(walk.scene.painted, walk.joint.shared, key.view, walk.scene.size)
    _, on, explained = support(key.lines, seen, walk.scene.size)
    return agrees(on, explained)


def _beside_arcs(walk: Walk) -> float:
    """Return which part of the line pixels along circles and arcs is beside them, over the key frames of a shot.

    A camera that takes a stripe of the grass for the touchline bends its circles, and only a part of them fits.
    """
    scene, lines = walk.scene, len(walk.scene.pitch.lines)
    near, beside, keys = 0, 0, [key for key in walk.joint.keys if len(key.lines)]
    for key in keys:
        seen = in_view(scene.painted, walk.joint.shared, key.view, scene.size)
        pairs = pair(key.lines, seen, GATES[1] * scene.size[0])
        away = ((key.lines[pairs.row, :2] - seen.pixels[pairs.at]) * seen.normal[pairs.at]).sum(1)
        arcs = np.abs(away[scene.painted.part[seen.index[pairs.at]] >= lines])
        near, beside = near + len(arcs), beside + int((arcs > REACH).sum())
    return beside / near if near >= LEAST_BESIDE * max(1, len(keys)) else 0.0


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


def _apart(walk: Walk, one: PitchEvidence) -> float:
    """Return how far apart, in metres, a frame's own camera and its shot's put the ground; infinite where unknown."""
    if one.camera is None or one.frame not in walk.views:
        return float("inf")
    scene, numbers = walk.scene, np.concatenate([walk.joint.shared, walk.views[one.frame]])
    pixels = ground_in_view(walk.joint.shared, walk.views[one.frame], scene.pitch, scene.size)
    if not len(pixels):
        return float("inf")
    return _middle(one.camera.to_ground(pixels) - to_ground(numbers[None], pixels, scene.size)[0])
