"""The cameras of a whole clip from what its frames show and what someone or something has marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.clip.again import KnownCamera, start_again
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.joint import Joint
from sportstrack.pitch.clip.judge import judged
from sportstrack.pitch.clip.model import Painted
from sportstrack.pitch.clip.moving import moved_away, moving_centre
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.clip.starts import ShotStart, start_by_hand, start_by_network, start_covariance
from sportstrack.pitch.clip.step import State
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame
from sportstrack.pitch.file import PitchFrame, PitchTrack
from sportstrack.pitch.fit import FOCALS, HEIGHTS
from sportstrack.pitch.model import Pitch

LOOSE = np.square([0.3, 0.3, 0.1, 0.03])
"""Variances of the first view of a chain, in degrees and logarithm: the walk has found it, the chain finds it again."""

KNOWN = 3
"""So many of the nearest other shots are asked for a camera that comes back."""

Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True, eq=False)
class ClipFit:
    """The cameras of a clip.

    Attributes:
        track: one `PitchFrame` for each frame.
        warnings: what a user should know, one sentence each.
    """

    track: PitchTrack
    warnings: list[str] = field(default_factory=list)


def fit_clip(
    seen: Sequence[SeenFrame],
    evidence: Mapping[int, PitchEvidence],
    pitch: Pitch,
    size: tuple[int, int],
    *,
    progress: Progress | None = None,
) -> ClipFit:
    """Return the cameras of all frames of a clip.

    Each shot begins with its marked frames, or with those whose places from a network agree with the lines. From there
    the view is carried to both sides by the motion and corrected by lines and places; frames that show something new
    are fitted together, with one centre and one distortion. Then all are one chain, filtered and smoothed. Shots that
    tell no camera by themselves are compared with those of the shots around them: a camera that comes back after a cut.

    Args:
        seen: the frames from 0 on, none left out; any sequence, also one that reads them from a file.
        evidence: frame, from 0 → named places.
        pitch: the model, in the size of the real pitch.
        size: (width, height) of the frames in pixels.
        progress: called with frames done and frames expected.

    Raises:
        SettingError: marks by hand tell no camera; see `fit_camera`.
    """
    for frame, marked in evidence.items():
        if marked.by_hand and not 0 <= frame < len(seen):
            raise SettingError(f"frame {frame + 1} is marked, and the video has {len(seen)} frames")
    painted = Painted.of(pitch)
    frames: dict[int, PitchFrame] = {}
    warnings: list[str] = []
    known: dict[int, KnownCamera] = {}
    unknown: list[tuple[ClipScene, ShotFrames]] = []

    def fit(scene: ClipScene, shot: ShotFrames, start: ShotStart | None) -> None:
        for one in _fit_shot(scene, shot, start, warnings, known):
            frames[one.frame] = one
            if progress is not None:
                progress(len(frames), len(seen))

    for begin, end in shots(seen):
        shot = ShotFrames(seen, begin, end)
        scene = ClipScene(pitch, painted, size, _of_shot(evidence, begin, end))
        start = start_by_hand(scene, shot) or start_by_network(scene, shot)
        if start is None:
            unknown.append((scene, shot))
        else:
            fit(scene, shot, start)
    others = dict(known)
    for scene, shot in unknown:
        nearest = sorted(others, key=lambda frame: abs(frame - shot[0].frame))[:KNOWN]
        fit(scene, shot, start_again(scene, shot, [others[frame] for frame in nearest]))
    return ClipFit(PitchTrack(pitch, size, dict(sorted(frames.items()))), warnings)


def _of_shot(evidence: Mapping[int, PitchEvidence], start: int, end: int) -> dict[int, PitchEvidence]:
    """Return the evidence of a shot; where someone has marked a frame of it, what a network found does not count."""
    inside = {frame: one for frame, one in evidence.items() if start <= frame < end}
    by_hand = {frame: one for frame, one in inside.items() if one.by_hand}
    return by_hand or inside


class ShotFrames(Sequence[SeenFrame]):
    """Successive frames of a clip, read when they are asked for."""

    def __init__(self, seen: Sequence[SeenFrame], start: int, end: int) -> None:
        self._seen, self._start, self._end = seen, start, end

    def __len__(self) -> int:
        return self._end - self._start

    @overload
    def __getitem__(self, rows: int) -> SeenFrame: ...

    @overload
    def __getitem__(self, rows: slice) -> ShotFrames: ...

    def __getitem__(self, rows: int | slice) -> SeenFrame | ShotFrames:
        if isinstance(rows, slice):
            start, end, _ = rows.indices(len(self))
            return ShotFrames(self._seen, self._start + start, self._start + max(start, end))
        if not -len(self) <= rows < len(self):
            raise IndexError(rows)
        return self._seen[self._start + rows % len(self)]


def shots(seen: Sequence[SeenFrame]) -> Iterator[tuple[int, int]]:
    """Yield the first row of each shot and the one behind its last."""
    starts = [i for i in range(len(seen)) if i == 0 or seen[i].cut]
    yield from zip(starts, [*starts[1:], len(seen)], strict=True)


def _fit_shot(
    scene: ClipScene,
    shot: Sequence[SeenFrame],
    start: ShotStart | None,
    warnings: list[str],
    known: dict[int, KnownCamera],
) -> Iterator[PitchFrame]:
    """Yield the frames of a shot; its camera joins the known ones, by its first frame."""
    if start is None:
        since = f" in the shot that begins with frame {shot[0].frame + 1}" if shot[0].frame else ""
        other = ", and it is not seen from where other shots are" if known else ""
        nothing = f"no frame{since} tells where it is{other}: mark one"
        yield from (PitchFrame(one.frame, "refused", nothing) for one in shot)
        return
    warnings += start.warnings
    walk = _walk(scene, shot, start)
    why = _implausible(walk.joint, scene) or moving_centre(scene, walk.joint) or moved_away(walk)
    if why is not None:
        warnings.append(f"frames {shot[0].frame + 1} to {shot[-1].frame + 1}: {why}")
        yield from (PitchFrame(one.frame, "refused", why) for one in shot)
        return
    known[shot[0].frame] = KnownCamera.of(walk.joint)
    for part in _held(shot, walk):
        if isinstance(part, SeenFrame):
            lost = "the camera motion from the nearest known frame was lost: mark a frame near this one"
            yield PitchFrame(part.frame, "refused", lost)
        else:
            begin = State(walk.views[part[0].frame], np.diag(LOOSE))
            yield from judged(scene, walk, part, begin)


def _walk(scene: ClipScene, shot: Sequence[SeenFrame], start: ShotStart) -> Walk:
    walk = Walk(scene, shot, start.joint, start.prior)
    for key in start.joint.keys:
        if key.frame not in walk.views:
            view = next(one.view for one in walk.joint.keys if one.frame == key.frame)
            walk.go(key.frame, State(view, start_covariance()))
    for frame, one in sorted(scene.evidence.items()):
        if one.camera is not None and frame not in walk.views:  # the motion on the way there was lost
            walk.go_anew(frame, one.camera)
    walk.settle()
    return walk


def _held(shot: Sequence[SeenFrame], walk: Walk) -> Iterator[SeenFrame | Sequence[SeenFrame]]:
    """Yield the runs of frames whose views the walk has found, and one by one the frames between them."""
    begin: int | None = None
    for row, one in enumerate(shot):
        if one.frame in walk.views:
            begin = row if begin is None else begin
            continue
        if begin is not None:
            yield shot[begin:row]
            begin = None
        yield one
    if begin is not None:
        yield shot[begin:]


def _implausible(joint: Joint, scene: ClipScene) -> str | None:
    height = float(joint.shared[2])
    if not HEIGHTS[0] <= height <= HEIGHTS[1]:
        return f"the camera would be {height:.1f} m above the ground, not between {HEIGHTS[0]:g} and {HEIGHTS[1]:g} m"
    for key in joint.keys:
        widths = float(np.exp(key.view[3])) / scene.size[0]
        if not FOCALS[0] <= widths <= FOCALS[1]:
            return (
                f"in frame {key.frame + 1} the focal length would be {widths:.2f} widths of the picture, not between "
                f"{FOCALS[0]:g} and {FOCALS[1]:g}"
            )
    return None
