"""Keep the object apart from others that are similar to it, such as team mates."""

from __future__ import annotations

import numpy as np

from sportstrack.sot.appearance import Appearance
from sportstrack.sot.search import Area, Candidate, best_places, distance_in_sizes, moved, window_around
from sportstrack.types import FloatArray, Image

WATCHED = 3.0  # Distractors are watched up to this many object sizes beyond the area in which the object can be.
PLACES = 10  # So many places are compared closely in each frame.
SIMILAR = 0.5  # A place with this share of the object's usual match may be mistaken for it.
NEAR = 0.4  # A place nearer to a distractor than this, in object sizes, is that distractor.
DRIFT = 0.03  # The distance grows by this in each frame in which the distractor is not seen.
BLINK = 1  # Frames for which a distractor may be missed and still be recognised where the object can come out.
FORGOTTEN = 25  # A distractor that was not seen for more frames than this is forgotten.
FADED = 8  # A sighting counts for so many frames.
SAME = 0.5  # Two boxes nearer than this, in sizes, within `FADED` frames are sightings of one object.


class Distractors:
    """Objects that are similar to the one that is followed and are seen while it is not: team mates in plain sight.

    Everything similar is followed from frame to frame. What was first seen where the object cannot be is a distractor,
    wherever it goes; the rest may be the object.
    """

    def __init__(self) -> None:
        self._boxes: list[FloatArray] = []
        self._unseen: list[int] = []
        self._other: list[bool] = []

    def is_one(self, box: FloatArray) -> bool:
        """Whether a (4,) ``xyxy`` box lies where a distractor was seen last."""
        pairs = zip(self._boxes, self._other, strict=True)
        return any(is_other and distance_in_sizes(box, known) < NEAR for known, is_other in pairs)

    def watch(
        self,
        image: Image,
        appearance: Appearance,
        size: FloatArray,
        area: Area,
        camera: FloatArray | None,
        hiding: FloatArray | None = None,
    ) -> None:
        """Follow them into the next frame, and add new ones.

        Args:
            image: (H, W, 3) BGR.
            appearance: of the object.
            size: (2,) its last width and height.
            area: where it can be. What appears outside is a distractor.
            camera: (2, 3) affine from the frame before, or None.
            hiding: (4,) ``xyxy`` of what hides the object, or did until just now. What appears there has come out from
                behind it, and is no distractor that was seen elsewhere a while ago.
        """
        if camera is not None:
            self._boxes = [moved(known, camera) for known in self._boxes]
        window = window_around(image, size, area.grown(WATCHED * float(np.sqrt(np.prod(size)))))
        places = [] if window is None else best_places(image, appearance, size, window, (1.0,), PLACES)
        places = [place for place in places if appearance.match(image, place) >= SIMILAR * appearance.usual_match]
        for place in self._linked(places, None if hiding is None else Area(hiding[:2], hiding[2:], 0.0)):
            self._boxes.append(place)
            self._unseen.append(0)
            self._other.append(area.away(place) > area.reach)
        kept = [i for i, unseen in enumerate(self._unseen) if unseen <= (FORGOTTEN if self._other[i] else FADED)]
        self._boxes, self._unseen = [self._boxes[i] for i in kept], [self._unseen[i] for i in kept]
        self._other = [self._other[i] for i in kept]

    def _linked(self, places: list[FloatArray], hiding: Area | None) -> list[FloatArray]:
        """Move each distractor to the nearest place, each place taken once; return the places that are left."""
        pairs = sorted(
            (distance_in_sizes(place, known), i, j)
            for i, known in enumerate(self._boxes)
            for j, place in enumerate(places)
        )
        came_out = [hiding is not None and not hiding.away(place) for place in places]
        self._unseen = [unseen + 1 for unseen in self._unseen]
        taken: set[int] = set()
        for away, i, j in pairs:
            if not self._unseen[i] or j in taken or (came_out[j] and self._unseen[i] > 1 + BLINK):
                continue
            if away < NEAR + DRIFT * self._unseen[i]:
                self._boxes[i], self._unseen[i] = places[j], 0
                taken.add(j)
        return [place for j, place in enumerate(places) if j not in taken]


class Sightings:
    """What was found in the last frames, and how often, because one frame is too little to recognise the object."""

    def __init__(self) -> None:
        self._boxes: list[FloatArray] = []
        self._frames: list[list[int]] = []

    def lead(self, found: Candidate, frame: int) -> int:
        """Note a frame's candidate and its rivals; return in how many more frames it was found than the next best."""
        kept = [i for i, frames in enumerate(self._frames) if frame - frames[-1] <= FADED]
        self._boxes, self._frames = [self._boxes[i] for i in kept], [self._frames[i] for i in kept]
        for rival in found.rivals:
            self._note(rival, frame)
        row = self._note(found.box, frame)
        return len(self._frames[row]) - max((len(f) for i, f in enumerate(self._frames) if i != row), default=0)

    def _note(self, box: FloatArray, frame: int) -> int:
        away = [distance_in_sizes(box, known) for known in self._boxes]
        row = int(np.argmin(away)) if away else 0
        if not away or away[row] >= SAME:
            self._boxes.append(box)
            self._frames.append([frame])
            return len(self._boxes) - 1
        self._boxes[row] = box
        if self._frames[row][-1] != frame:
            self._frames[row].append(frame)
        return row
