"""The cameras of one shot: from its marked frames outwards, key frames fitted together, then one smoothed chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.clip.alike import pulled
from sportstrack.pitch.clip.chain import ClipScene, Link, after_motion, agrees, is_lost, link, moved
from sportstrack.pitch.clip.errors import excess, on_pitch
from sportstrack.pitch.clip.joint import Joint, Key, fit_joint
from sportstrack.pitch.clip.rows import MotionRows, ViewRows
from sportstrack.pitch.clip.step import GATES, State, backwards, rescaled
from sportstrack.pitch.clip.views import view_of
from sportstrack.pitch.evidence import SeenFrame

NEW_KEY = (0.2, 0.12)
"""A view is a key frame if it differs from all others by this part of the width, or by this logarithm of the zoom."""
MOST_KEYS = 40
MORE_KEYS, KEYS_APART = 12, 4
"""So many more key frames there are in the end, whether they show something new or not, so many frames apart."""
UNSURE = 1.0
"""Metres of error at the median from which on the network's places are asked, too."""
KEPT_KEYS = 8
"""Key frames that keep their line pixels when the shot is done."""
NEARLY = (0.15, 0.15, 0.1, 0.01)
"""Degrees and logarithm by which the views of the walk may be off."""
LOOK_EVERY = 6
"""On the way outwards every so many frames are corrected by their lines; the motion is followed in all of them."""
_KEY_ON, _KEY_EXPLAINED = 0.35, 0.5
ANEW = (2.0, 1.0, 0.5, 0.1)
"""Degrees and logarithm by which the view of a frame's own camera may differ from that with the shot's centre."""


@dataclass(eq=False)
class Walk:
    """Goes outwards from known frames of a shot and collects views and key frames.

    Attributes:
        scene: what all frames have in common.
        seen: the frames of the shot.
        joint: centre, distortion and key frames so far.
        views: frame → the view found on the way.
        doubtful: frames whose lines were elsewhere, with the views that the motion gave them.
        motions: frame → the motion from the one before it, as far as it was followed.
    """

    scene: ClipScene
    seen: Sequence[SeenFrame]
    joint: Joint
    prior: tuple[Floats, Floats] | None = None
    views: ViewRows = field(init=False)
    doubtful: list[tuple[int, Floats]] = field(default_factory=list)
    motions: MotionRows = field(init=False)

    def __post_init__(self) -> None:
        self.views, self.motions = ViewRows(self.first, len(self.seen)), MotionRows(self.first, len(self.seen))

    @property
    def first(self) -> int:
        """The shot's first frame."""
        return self.seen[0].frame

    def go(self, start: int, state: State) -> None:
        """Walk from a known frame to both ends of the shot, as far as the view is known."""
        self.views[start] = state.view
        for back in (False, True):
            self._one_way(start, state, back)

    def go_anew(self, frame: int, camera: Camera) -> None:
        """Walk from a frame with a camera of its own, if the lines agree where the shot has one centre."""
        state = State(view_of(camera), np.diag(np.square(ANEW)))
        found = link(self.scene, self.joint.shared, self.seen[frame - self.first], state)
        if agrees(found.on, found.explained) and not is_lost(self.scene, self.joint.shared, found.state):
            self.go(frame, found.state)

    def _one_way(self, start: int, state: State, back: bool) -> None:
        for number, seen in self._others(start, back):
            motion = moved(self.scene, self.joint.shared, state.view, seen, back=back)
            self.motions[seen.frame] = backwards(motion) if back else motion
            state = after_motion(state, motion)
            current = self.seen[number - self.first]
            if number in self.views and number in self.scene.evidence:
                return
            due = abs(number - start) % LOOK_EVERY == 0 or not motion.known or number in self.scene.evidence
            if due:
                found = link(self.scene, self.joint.shared, current, state)
                if found.contradicted and len(self.doubtful) < MOST_KEYS:
                    self.doubtful.append((number, state.view))
                state = self._with_key(found, current)
                if is_lost(self.scene, self.joint.shared, state):
                    return
            self.views[number] = state.view

    def _others(self, start: int, back: bool) -> Iterator[tuple[int, SeenFrame]]:
        """Yield the frames to go to, and the frame that holds the motion to or from each."""
        if back:
            for number in range(start - 1, self.first - 1, -1):
                yield number, self.seen[number + 1 - self.first]
        else:
            for number in range(start + 1, self.first + len(self.seen)):
                yield number, self.seen[number - self.first]

    def _with_key(self, found: Link, seen: SeenFrame) -> State:
        """Return a link's state; a frame that shows something new joins the key frames, and all are fitted again."""
        sure = found.on >= _KEY_ON and found.explained >= _KEY_EXPLAINED
        if not sure or len(self.joint.keys) >= MOST_KEYS or not self._is_new(found.state.view):
            return found.state
        scene, shared, view = self.scene, self.joint.shared, found.state.view
        lines = on_pitch(scene.pitch, shared, view, seen.lines, scene.size)
        key = Key(seen.frame, view, lines, scene.places(seen.frame))
        keys = (*self.joint.keys, key)
        self.joint = fit_joint(self.joint.shared, keys, self.scene.painted, self.scene.size, rounds=4, prior=self.prior)
        return replace(found.state, view=self.joint.keys[-1].view)

    def _is_new(self, view: Floats) -> bool:
        width = self.scene.size[0]
        for key in self.joint.keys:
            change = view - key.view
            across = float(np.hypot(*np.radians(change[:2]))) * np.exp(view[3]) / width
            if across < NEW_KEY[0] and abs(change[3]) < NEW_KEY[1]:
                return False
        return True

    def settle(self) -> None:
        """Fit all key frames once more, with narrow gates, then with more frames, which show the same once more.

        Each frame's line pixels err a little otherwise. Where the lines in view tell the centre badly, many frames tell
        it better. Where line pixels leave the ground unknown even so, what a network has seen has a say.
        """
        begin = self.joint
        self.adopt(self._fitted([replace(key, places=self.scene.places(key.frame)) for key in self.joint.keys]))
        more = [key for key in map(self._key_of, self._between()) if key is not None]
        if more:
            self.adopt(self._fitted([*self.joint.keys, *more]))
        if self._unsure() and any(len(self.scene.hints(key.frame)) for key in begin.keys):
            self.joint = begin
            self.adopt(self._fitted([replace(key, places=self.scene.hints(key.frame)) for key in begin.keys]))
        known = None if self.prior is None else self.prior[1]
        self.joint = replace(self.joint, pulled=pulled(self.joint, self.scene.painted, self.scene.size, known))

    def adopt(self, joint: Joint) -> None:
        """Take a new centre, and put all views and motions to where it has the key frames.

        From another centre the same pixels are seen with another zoom; turns are smaller by what the zoom is larger.
        """
        self.joint = joint
        keys = [key for key in joint.keys if key.frame in self.views]
        if not keys:
            return
        at = np.array([key.frame for key in keys])
        off = np.array([key.view - self.views[key.frame] for key in keys])
        for frame, view in self.views.items():
            own = off[np.abs(at - frame).argmin()]
            self.views[frame] = view + own
            if frame in self.motions:
                self.motions[frame] = rescaled(self.motions[frame], float(np.exp(-own[3])))

    def _unsure(self) -> bool:
        """Return whether line pixels leave the ground in the key frames' views unknown, at the median."""
        joint, scene = self.joint, self.scene
        told = [excess(joint.shared, joint.covariance, key.view, scene.pitch, scene.size)[1] for key in joint.keys]
        return bool(np.median(told) > UNSURE)

    def shelve(self) -> None:
        """Forget the line pixels of most key frames: a match has hundreds of shots."""
        rich = sorted(self.joint.keys, key=lambda key: key.frame)
        rows = np.unique(np.linspace(0, len(rich) - 1, min(KEPT_KEYS, len(rich))).round().astype(int)).tolist()
        kept = {rich[row].frame for row in rows}
        none = np.empty((0, 3))
        keys = (key if key.frame in kept else replace(key, lines=none) for key in self.joint.keys)
        self.joint = replace(self.joint, keys=tuple(keys))

    def _fitted(self, keys: Sequence[Key]) -> Joint:
        gate = GATES[0] * 1.5
        return fit_joint(
            self.joint.shared, tuple(keys), self.scene.painted, self.scene.size, gate=gate, rounds=8, prior=self.prior
        )

    def _between(self) -> list[int]:
        """Return frames that are spread over the shot, none close to a key frame."""
        known = sorted(self.views)
        rows = np.linspace(0, len(known) - 1, MORE_KEYS + 2)[1:-1].round().astype(int)
        chosen = [key.frame for key in self.joint.keys]
        found = []
        for frame in sorted({known[row] for row in rows.tolist()}):
            if all(abs(frame - other) >= KEYS_APART for other in chosen):
                chosen.append(frame)
                found.append(frame)
        return found

    def _key_of(self, frame: int) -> Key | None:
        """Return a frame as a key frame; None where its lines are not clear."""
        scene, shared, seen = self.scene, self.joint.shared, self.seen[frame - self.first]
        found = link(scene, shared, seen, State(self.views[frame], np.diag(np.square(NEARLY))))
        if not agrees(found.on, found.explained):
            return None
        view = found.state.view
        return Key(frame, view, on_pitch(scene.pitch, shared, view, seen.lines, scene.size), scene.places(frame))
