"""The search for an object that is out of sight: where it can be, what cannot be it, and when to accept a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sportstrack.sot.appearance import Appearance
from sportstrack.sot.cover import Cover
from sportstrack.sot.distractors import Distractors, Sightings
from sportstrack.sot.motion import BoxFilter
from sportstrack.sot.search import SAME_SIZE, Area, Candidate, choose, search
from sportstrack.sot.types import share_inside
from sportstrack.types import Detect, FloatArray, Image, as_detections

if TYPE_CHECKING:
    from sportstrack.sot.settings import SotSettings

LATER_SIZE = (0.5, 0.65, 0.8, 1.0, 1.25, 1.6)  # Factors of the last size to search, after a while.
ANY_SIZE = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)  # Factors of the last size to search, after a shot change.

# Distances are in object sizes, √(width · height).
NEAR = 0.6  # The object is searched for at least this far from where it should be.
SPRINT = 0.1  # No object moves farther in a frame, relative to the motion that was expected of it.
BEHIND = 0.5  # The search widens by this share of `SotSettings.widening` while the cover stays in its place.
LOST = 4.0  # The search widens this many times as fast when the object is lost.
OUTSIDE = 0.2  # With less than this share of the guess inside the picture, the whole picture is searched.
EARLY = 10  # Everything similar in sight in so many first frames of the search is watched, if there is no cover.
EARLY_COVERED = 3  # The same if there is a cover.
DRIFTED = 1.0  # Without a cover the method may have slid off a visible object, up to this far, in the early frames.
NEWCOMER = 2.0  # What first appears farther than this out of reach is a distractor.
EMERGED = 0.5  # The same if there is, or was, a cover.
OUT = 15  # In so many frames after the cover has gone, what appears in its place is most likely the object.
EASY = 0.7  # It then needs only this share of the object's usual match…
LEAST = 0.5  # …but at least this match.
LONG_ABSENCE = 15  # Frames. After a longer absence a candidate must lead over all others…
LEAD = 4  # …by so many frames,
LEAD_DISSIMILAR = 1.5  # times this if it is less similar than `SotSettings.accept` requires,
LEAD_COVERED = 2  # or times this while the cover stays in its place.


class Hunt:
    """One search, from the frame in which it begins until the object is found.

    Args:
        settings: of the tracker.
        appearance: of the object.
        motion: where it should be; it is kept behind the cover while that stays in its place.
        last: (4,) ``xyxy`` where it was seen last.
        detector: a callable ``frames -> list[Detections]`` whose boxes are tried as well, or None.

    Attributes:
        covered: whether the object was behind a cover in the last frame.
    """

    def __init__(
        self,
        settings: SotSettings,
        appearance: Appearance,
        motion: BoxFilter,
        last: FloatArray,
        detector: Detect | None,
    ) -> None:
        self._settings, self._appearance, self._motion, self._last = settings, appearance, motion, last
        self._detector = detector
        self._distractors = Distractors()
        self._sightings = Sightings()
        self._cover: Cover | None = None
        self._gone: int | None = None  # for how many frames the object was unseen when its cover went
        self.covered = False

    def search(self, image: Image, unseen: int, camera: FloatArray | None, new_shot: bool) -> Candidate | None:
        """Search for the object in the next frame.

        Args:
            image: (H, W, 3) BGR.
            unseen: frames since the object was seen.
            camera: (2, 3) affine from the frame before, or None.
            new_shot: whether there was a shot change since.
        """
        self._unseen = unseen
        anywhere = new_shot or share_inside(self._motion.box, image.shape) < OUTSIDE
        self._watch_cover(image, camera, anywhere)
        expected = self._last if anywhere else self._motion.box
        area = None if anywhere else self._area(expected)
        distractors = None if area is None else self._watch_distractors(image, expected, area, camera)
        found = self._find(image, expected, area, distractors)
        return found if found is not None and (new_shot or self._is_sure(found)) else None

    def _find(
        self, image: Image, expected: FloatArray, area: Area | None, distractors: Distractors | None
    ) -> Candidate | None:
        settings, size = self._settings, expected[2:] - expected[:2]
        least = self._least(area) * self._appearance.usual_match
        if self._detector is not None and self._unseen % settings.detect_every == 0:
            detections = as_detections(self._detector([image])[0])
            boxes = detections.xyxy if detections.valid is None else detections.xyxy[detections.valid]
            if (found := choose(image, self._appearance, boxes, size, area, least, distractors)) is not None:
                return found
        if self._unseen % settings.search_every:
            return None
        sizes = ANY_SIZE if area is None else LATER_SIZE if self._unseen > settings.bridge // 3 else SAME_SIZE
        return search(image, self._appearance, size, area, sizes=sizes, least=least, distractors=distractors)

    def _least(self, area: Area | None) -> float:
        """Return the least share of the object's usual match that a box must have."""
        if area is not None and self._just_out:
            return min(self._settings.accept, max(EASY, LEAST / max(self._appearance.usual_match, 1e-9)))
        lost = area is None or self._unseen > self._settings.bridge
        return self._settings.accept_anywhere if lost else self._settings.accept

    @property
    def _extent(self) -> FloatArray | None:
        return None if self._cover is None else self._cover.extent

    @property
    def _just_out(self) -> bool:
        return self._extent is not None and self._gone is not None and self._unseen - self._gone < OUT

    def _watch_cover(self, image: Image, camera: FloatArray | None, anywhere: bool) -> None:
        """Check whether what covered the object when the search began is still there."""
        before, self.covered = self.covered, False
        if anywhere or self._unseen > 2 * self._settings.bridge:
            return
        expected = self._motion.box
        if self._cover is None:
            self._cover = Cover(image, expected, self._appearance)
            self.covered = self._cover.known
        else:
            self.covered = self._cover.is_present(image, expected, camera)
        if self.covered and self._extent is not None:
            self._motion.hold(*self._hidden(expected))
        if before and not self.covered:
            self._sightings = Sightings()  # the object can be seen only now
            self._gone = self._unseen
        elif self.covered:
            self._gone = None

    def _area(self, expected: FloatArray) -> Area:
        """Return where the object can be: behind its cover, around where that was, or near the guess."""
        side, bridge = _side(expected), self._settings.bridge
        if self.covered:
            return Area.around(expected, side * (NEAR + self._settings.widening * BEHIND * self._unseen))
        area = Area.around(expected, 0.0)
        if self._extent is not None and self._gone is not None:
            since = self._unseen - self._gone
            area = Area(*self._hidden(expected), 0.0)
            return area.grown(side * (NEAR + SPRINT * (since + max(0, since - bridge))))
        frames = self._unseen + LOST * max(0, self._unseen - bridge)
        return area.grown(side * (NEAR + self._settings.widening * frames))

    def _hidden(self, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the corners between which the object's centre can be, given its cover and the fastest motion."""
        assert self._cover is not None
        low, high = self._cover.hidden(expected)
        middle, far = (expected[:2] + expected[2:]) / 2, _side(expected) * (NEAR + SPRINT * self._unseen)
        return np.clip(middle - far, low, high), np.clip(middle + far, low, high)

    def _watch_distractors(
        self, image: Image, expected: FloatArray, area: Area, camera: FloatArray | None
    ) -> Distractors:
        """Watch everything else that is similar to the object, until the object has been away for too long."""
        if self._unseen > 2 * self._settings.bridge:
            self._distractors = Distractors()
            return self._distractors
        side, extent = _side(expected), self._extent
        early = self._unseen <= self._settings.patience + (EARLY if extent is None else EARLY_COVERED)
        if early:
            area = area.grown(0.0 if self.covered else DRIFTED * side)
        elif extent is None:
            area = area.grown(NEWCOMER * side)
        else:
            where = Area(*self._hidden(expected), NEAR * side) if self.covered else area
            area = where.grown(EMERGED * side)
        hiding = extent if self.covered or self._just_out else None
        self._distractors.watch(image, self._appearance, expected[2:] - expected[:2], area, camera, hiding)
        return self._distractors

    def _is_sure(self, found: Candidate) -> bool:
        """Whether to accept a candidate; after a long absence the first one, or the nearest, need not be the object."""
        expected, settings = self._motion.box, self._settings
        near = Area.around(expected, _side(expected) * (NEAR + settings.widening * self._unseen))
        similar = found.match >= settings.accept * self._appearance.usual_match
        if similar and self._unseen <= LONG_ABSENCE and near.away(found.box) <= near.reach:
            return True
        factor = LEAD_COVERED if self.covered else 1 if similar else LEAD_DISSIMILAR
        return self._sightings.lead(found, self._unseen) >= LEAD * factor


def _side(box: FloatArray) -> float:
    return float(np.sqrt(np.prod(box[2:] - box[:2])))
