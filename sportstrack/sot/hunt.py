"""The search for an object that is out of sight: where it can be by now, who cannot be it, and when to believe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.sot.appearance import Appearance
from sportstrack.sot.cover import Cover
from sportstrack.sot.motion import BoxFilter
from sportstrack.sot.search import SAME_SIZE, Area, Candidate, Distractors, Sightings, choose, search
from sportstrack.sot.types import share_inside
from sportstrack.types import FloatArray, Image, as_detections

if TYPE_CHECKING:
    from sportstrack.sot.settings import SotSettings

LATER_SIZE, ANY_SIZE = (0.5, 0.65, 0.8, 1.0, 1.25, 1.6), (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)
"""Factors of the last size to search: after a while, and after a cut."""

# Distances are in object sizes, √(width · height).
NEAR = 0.6  # how far from where it should be the object is searched for in any case
SPRINT = 0.1  # a frame: nobody is faster than this, compared with what was expected of him
BEHIND = 0.5  # of the widening, as long as what covers the object stands where it did
LOST = 4.0  # times the widening once the object is lost
EARLY, FIRST = 10, 3  # frames from the first search on in which all who are in sight are taken in; behind a cover
DRIFTED = 1.0  # out of reach in these frames without a cover: the method may have slid off an object in plain sight
NEWCOMER, EMERGED = 2.0, 0.5  # out of reach from which on a newcomer is somebody else; where there is a cover
OUT = 15  # frames after the cover has gone in which whoever shows up where it was is the object, most likely…
EASY, LEAST = 0.7, 0.5  # …and so need not be as much like it as elsewhere: share of the usual likeness; likeness
LONG_ABSENCE, HESITATION = 15, 4  # frames: after such an absence who is found must be found in so many more than others


class Hunt:
    """One search, from the frame in which it begins until the object is found.

    Args:
        settings: of the tracker.
        appearance: how the object looks.
        motion: where it should be; kept behind a cover as long as that stands.
        last: (4,) ``xyxy`` where it was seen last.
        detector: a callable ``frames -> list[Detections]`` whose boxes are tried as well, or None.

    Attributes:
        covered: whether the object is behind a cover, by the last frame.
    """

    def __init__(
        self,
        settings: SotSettings,
        appearance: Appearance,
        motion: BoxFilter,
        last: FloatArray,
        detector: Callable[..., Any] | None,
    ) -> None:
        self._settings, self._appearance, self._motion, self._last = settings, appearance, motion, last
        self._detector = detector
        self._distractors = Distractors()
        self._sightings = Sightings()
        self._cover: Cover | None = None
        self._gone: int | None = None  # how long the object had been unseen when its cover went
        self.covered = False

    def look(self, image: Image, unseen: int, camera: FloatArray | None, cut: bool) -> Candidate | None:
        """Look for the object in the next frame.

        Args:
            image: (H, W, 3) BGR.
            unseen: frames since the object was seen.
            camera: (2, 3) affine from the frame before, or None.
            cut: whether there was a cut since.
        """
        self._unseen = unseen
        anywhere = cut or share_inside(self._motion.box, image.shape) < 0.2
        self._watch_cover(image, camera, anywhere)
        expected = self._last if anywhere else self._motion.box
        area = None if anywhere else self._area(expected)
        distractors = None if area is None else self._watch_distractors(image, expected, area, camera)
        found = self._find(image, expected, area, distractors)
        return found if found is not None and (cut or self._is_sure(found)) else None

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
        """Return the share of its usual likeness from which on a box may be the object."""
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
        """See whether what stood before the object when the search began still stands there."""
        before, self.covered = self.covered, False
        if anywhere or self._unseen > 2 * self._settings.bridge:
            return
        expected = self._motion.box
        if self._cover is None:
            self._cover = Cover(image, expected, self._appearance)
            self.covered = self._cover.known
        else:
            self.covered = self._cover.stands(image, expected, camera)
        if self.covered and self._extent is not None:
            self._motion.hold(*self._hidden(expected))
        if before and not self.covered:
            self._sightings = Sightings()  # only now the object itself can show
            self._gone = self._unseen
        elif self.covered:
            self._gone = None

    def _area(self, expected: FloatArray) -> Area:
        """Return where the object can be: behind its cover, wherever that was once it has gone, or near the guess."""
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
        """Return the corners between which the object's centre can be behind its cover, as fast as it is."""
        assert self._cover is not None
        low, high = self._cover.hidden(expected)
        middle, far = (expected[:2] + expected[2:]) / 2, _side(expected) * (NEAR + SPRINT * self._unseen)
        return np.clip(middle - far, low, high), np.clip(middle + far, low, high)

    def _watch_distractors(
        self, image: Image, expected: FloatArray, area: Area, camera: FloatArray | None
    ) -> Distractors:
        """Keep an eye on those who are not the object, until it has been away for too long."""
        if self._unseen > 2 * self._settings.bridge:
            self._distractors = Distractors()
            return self._distractors
        side, extent = _side(expected), self._extent
        early = self._unseen <= self._settings.patience + (EARLY if extent is None else FIRST)
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
        """After a long absence who is found must stand out: the first to show need not be the one, nor the nearest."""
        expected, settings = self._motion.box, self._settings
        at_hand = Area.around(expected, _side(expected) * (NEAR + settings.widening * self._unseen))
        alike = found.match >= settings.accept * self._appearance.usual_match
        if alike and self._unseen <= LONG_ABSENCE and at_hand.away(found.box) <= at_hand.reach:
            return True
        return self._sightings.lead(found, self._unseen) >= HESITATION * (2 if self.covered else 1 if alike else 1.5)


def _side(box: FloatArray) -> float:
    return float(np.sqrt(np.prod(box[2:] - box[:2])))
