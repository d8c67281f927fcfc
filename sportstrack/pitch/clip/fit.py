"""The cameras of a whole clip from what its frames show and what someone or something has marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.clip.again import TRIED, KnownCamera, start_again
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.joint import Joint, agreement
from sportstrack.pitch.clip.judge import judged
from sportstrack.pitch.clip.model import Painted
from sportstrack.pitch.clip.moving import moved_away, moving_centre
from sportstrack.pitch.clip.shot import Walk
from sportstrack.pitch.clip.starts import ShotStart, start_by_hand, start_by_network, start_covariance
from sportstrack.pitch.clip.step import State
from sportstrack.pitch.clip.together import join_cameras
from sportstrack.pitch.clip.trust import doubt
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame
from sportstrack.pitch.file import PackedFrames, PitchFrame, PitchTrack
from sportstrack.pitch.fit import FOCALS, HEIGHTS
from sportstrack.pitch.model import Pitch

LOOSE = np.square([0.3, 0.3, 0.1, 0.03])
"""Variances of the first view of a chain, in degrees and logarithm: the walk has found it, the chain finds it again."""

CLEAR, BETTER = 0.4, 1.2
"""Agreement from which on no other shot's camera is tried, and how many times better that of another one must be."""
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
    warnings: list[str] = []
    told = _Told(progress, len(seen))
    found: list[_Shot] = []
    for one in _shots(seen, evidence, pitch, size):
        one.follow(start_by_hand(one.scene, one.frames) or start_by_network(one.scene, one.frames))
        found.append(one)
        told.add(len(one.frames))
    join_cameras([one.walk for one in found if one.walk is not None])
    for one, why in [(one, one.doubted(found)) for one in found]:
        if why is not None:
            one.walk, one.why = None, why
    known = {one.frames[0].frame: KnownCamera.of(one.walk.joint) for one in found if one.walk is not None}
    for one in found:
        one.look_again(known)
        warnings += one.warnings
        if one.why:
            warnings.append(f"frames {one.frames[0].frame + 1} to {one.frames[-1].frame + 1}: {one.why}")
    frames = PackedFrames()
    for one in found:
        for judged_frame in one.judged(others=bool(known)):
            frames.add(judged_frame)
            told.add()
    frames.sort()
    return ClipFit(PitchTrack(pitch, size, frames), warnings)


class _Told:
    """Progress: each frame is followed, and later judged."""

    def __init__(self, progress: Progress | None, frames: int) -> None:
        self._progress, self._frames, self._done = progress, frames, 0

    def add(self, frames: int = 1) -> None:
        self._done += frames
        if self._progress is not None:
            self._progress(self._done // 2, self._frames)


@dataclass(eq=False)
class _Shot:
    """A shot on the way to its cameras.

    Attributes:
        scene: what its frames have in common.
        frames: the frames.
        walk: their views, once the shot has a camera.
        why: that there is none, because of this.
        warnings: of the start.
    """

    scene: ClipScene
    frames: ShotFrames
    walk: Walk | None = None
    why: str = ""
    warnings: list[str] = field(default_factory=list)

    def follow(self, start: ShotStart | None) -> None:
        """Go from a start through the shot; None leaves all as it is."""
        if start is None:
            return
        self.warnings = list(start.warnings)
        walk = _walk(self.scene, self.frames, start)
        why = _implausible(walk.joint, self.scene) or moving_centre(self.scene, walk.joint) or moved_away(walk)
        if why is None:
            walk.shelve()
            self.walk = walk
            return
        self.why = why

    def doubted(self, shots: Sequence[_Shot]) -> str | None:
        """Return why the camera is not believed beside those of all ``shots``; None where it is."""
        others = [one.walk for one in shots if one is not self and one.walk is not None]
        return None if self.walk is None else doubt(self.walk, others)

    def look_again(self, known: Mapping[int, KnownCamera]) -> None:
        """Try the cameras of other shots, of which ``known`` has the first frames, if no own one is clearly right."""
        mine = self.frames[0].frame
        by_hand = any(one.by_hand for one in self.scene.evidence.values())
        own = 0.0 if self.walk is None else self._agreement(self.walk)
        if by_hand or own >= CLEAR:
            return
        here = known[mine].shared if mine in known else None
        others = [frame for frame in known if here is None or (known[frame].shared != here).any()]
        nearest = sorted(others, key=lambda frame: abs(frame - mine))[:KNOWN]
        tried = TRIED if self.walk is None else 1
        start = start_again(self.scene, self.frames, [known[frame] for frame in nearest], tried=tried)
        other = _Shot(self.scene, self.frames)
        other.follow(start)
        if other.walk is not None and self._agreement(other.walk) > BETTER * own:
            self.walk, self.why = other.walk, ""

    def _agreement(self, walk: Walk) -> float:
        keys = tuple(key for key in walk.joint.keys if len(key.lines))
        return agreement(replace(walk.joint, keys=keys), self.scene.painted, self.scene.size)

    def judged(self, *, others: bool) -> Iterator[PitchFrame]:
        """Yield the frames; ``others`` if there are shots with a camera."""
        if self.walk is None:
            first = self.frames[0].frame
            since = f" in the shot that begins with frame {first + 1}" if first else ""
            other = ", and it is not seen from where other shots are" if others else ""
            why = self.why or f"no frame{since} tells where it is{other}: mark one"
            yield from (PitchFrame(one.frame, "refused", why) for one in self.frames)
            return
        for part in _held(self.frames, self.walk):
            if isinstance(part, SeenFrame):
                lost = "the camera motion from the nearest known frame was lost: mark a frame near this one"
                yield PitchFrame(part.frame, "refused", lost)
            else:
                begin = State(self.walk.views[part[0].frame], np.diag(LOOSE))
                yield from judged(self.scene, self.walk, part, begin)


def _shots(
    seen: Sequence[SeenFrame], evidence: Mapping[int, PitchEvidence], pitch: Pitch, size: tuple[int, int]
) -> Iterator[_Shot]:
    painted = Painted.of(pitch)
    for begin, end in shots(seen):
        yield _Shot(ClipScene(pitch, painted, size, _of_shot(evidence, begin, end)), ShotFrames(seen, begin, end))


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
