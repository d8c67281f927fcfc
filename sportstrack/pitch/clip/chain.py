"""A shot as a chain of views: filtered from frame to frame by the motion, corrected by evidence, and smoothed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.errors import errors, ground_in_view, on_pitch
from sportstrack.pitch.clip.model import REACH, Painted, covered, in_view
from sportstrack.pitch.clip.places import Places
from sportstrack.pitch.clip.step import Correction, State, ViewMotion, correct, find_motion
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame
from sportstrack.pitch.model import Pitch

LEAST_LENGTH = 0.1
"""Of the width: with less of painted lines in view, they tell nothing."""
LEAST_ON = 0.25
"""Of the painted lines in view that line pixels must be beside."""
LEAST_EXPLAINED = 0.45
"""Of the line pixels that must be on painted lines."""
FAINT_ON, FAINT_EXPLAINED = 0.08, 0.65
"""The same where most lines are too faint to be seen, and those that are seen are right."""
MOST_ON, MOST_EXPLAINED = 0.65, 0.35
"""The same where nearly all lines are seen, and others, of the mower or of other sports, as well."""
MANY = 60
"""Line pixels that are no accident: where so many are seen, and few of them are on painted lines, the view is wrong."""
LOST = 0.03
"""Of the width: error from which on a view is not carried on."""


@dataclass(frozen=True, eq=False)
class ClipScene:
    """What all frames of a clip have in common.

    Attributes:
        pitch: the model.
        painted: its lines as points.
        size: (width, height) of the frames.
        evidence: frame → named places.
    """

    pitch: Pitch
    painted: Painted
    size: tuple[int, int]
    evidence: Mapping[int, PitchEvidence]

    def places(self, frame: int) -> Places:
        """Return the places of a frame that someone has marked.

        Those of a network are not among them: a network that takes the edge of a board for the touchline does so in all
        frames of a shot. They begin a shot; what its camera is, line pixels tell.
        """
        found = self.evidence.get(frame)
        return Places.of(found if found is not None and found.by_hand else None, self.pitch, self.painted)

    def hints(self, frame: int) -> Places:
        """Return the places of a frame, those of a network, too: to begin with."""
        return Places.of(self.evidence.get(frame), self.pitch, self.painted)


@dataclass(frozen=True, eq=False)
class Link:
    """One frame of a chain.

    Attributes:
        frame: counts from 0.
        prior: what the motion predicts.
        state: with the frame's own evidence, where it was believed.
        information: (4, 4) of the frame's own evidence; 0 where there is none or it was not believed.
        length: of the painted lines in view, in pixels.
        on: part of them beside which line pixels are.
        explained: part of the line pixels that are on painted lines.
        count: line pixels on the pitch.
        known_motion: whether the motion from the frame before was seen.
    """

    frame: int
    prior: State
    state: State
    information: Floats
    length: float = 0.0
    on: float = 0.0
    explained: float = 0.0
    count: int = 0
    known_motion: bool = True

    @property
    def contradicted(self) -> bool:
        """The frame shows lines, and they are elsewhere than the view has them."""
        return self.count >= MANY and not self.information.any()


def agrees(on: float, explained: float) -> bool:
    """Return whether line pixels agree with a view, see `support`: the fewer lines are seen, the more must be right."""
    seen, right = zip((FAINT_ON, FAINT_EXPLAINED), (LEAST_ON, LEAST_EXPLAINED), (MOST_ON, MOST_EXPLAINED), strict=True)
    least = np.interp(on, seen, right, left=np.inf)
    return bool(explained >= least)


def link(scene: ClipScene, shared: Floats, seen: SeenFrame, prior: State, *, known_motion: bool = True) -> Link:
    """Return a frame's link: its prior, corrected by its own evidence if that is believed."""
    places = scene.places(seen.frame)
    lines = on_pitch(scene.pitch, shared, prior.view, seen.lines, scene.size)
    made: Correction = correct(shared, prior, scene.painted, lines, places, scene.size)
    at = in_view(scene.painted, shared, made.state.view, scene.size)
    length, on = covered(lines, at, scene.size)
    explained = made.match.explained(REACH)
    believed = places.by_hand or (length >= LEAST_LENGTH * scene.size[0] and agrees(on, explained))
    state = made.state if believed else prior
    information = made.information if believed else np.zeros_like(made.information)
    return Link(seen.frame, prior, state, information, length, on, explained, len(lines), known_motion)


def moved(scene: ClipScene, shared: Floats, view: Floats, seen: SeenFrame, *, back: bool = False) -> ViewMotion:
    """Return the motion from the frame before to this one, or ``back`` from this one to the frame before."""
    before, after = (seen.after, seen.before) if back else (seen.before, seen.after)
    return find_motion(shared, view, before, after, scene.size)


def after_motion(state: State, motion: ViewMotion) -> State:
    """Return the state of the next frame before it has been looked at."""
    return State(state.view + motion.change, state.covariance + motion.covariance)


def is_lost(scene: ClipScene, shared: Floats, state: State) -> bool:
    """Return whether a view is known too badly to go on with, or no ground is in it."""
    at = ground_in_view(shared, state.view, scene.pitch, scene.size)
    if len(at) < 3:
        return True
    return not errors(shared, state.view, state.covariance, at, scene.size)[0] <= LOST * scene.size[0]


def filter_chain(
    scene: ClipScene,
    shared: Floats,
    frames: Iterable[SeenFrame],
    first: State,
    motions: Mapping[int, ViewMotion] | None = None,
) -> list[Link]:
    """Return the links of successive frames, the first of which has this prior.

    ``motions``: frame → the motion to it, where it is known already.
    """
    known = motions or {}
    links: list[Link] = []
    for seen in frames:
        if not links:
            links.append(link(scene, shared, seen, first))
            continue
        motion = known.get(seen.frame) or moved(scene, shared, links[-1].state.view, seen)
        links.append(link(scene, shared, seen, after_motion(links[-1].state, motion), known_motion=motion.known))
    return links


def smooth_chain(links: Sequence[Link]) -> list[State]:
    """Return the views with the whole chain known (Rauch, Tung and Striebel 1965); they follow the motion as it was."""
    states = [one.state for one in links]
    for i in range(len(links) - 2, -1, -1):
        own, ahead = links[i].state, links[i + 1].prior
        gain = own.covariance @ np.linalg.inv(ahead.covariance)
        states[i] = State(
            own.view + gain @ (states[i + 1].view - ahead.view),
            own.covariance + gain @ (states[i + 1].covariance - ahead.covariance) @ gain.T,
        )
    return states
