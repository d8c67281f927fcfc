"""The appearance of one object, and how similar a box is to it: colours that its surroundings lack, and a grey pattern.

The similarity is the share of the object's own colours in the box: the intersection of colour histograms (Swain and
Ballard, 1991), in which each colour is weighted by how much it belongs to the object and not to its surroundings. So a
box on bare turf scores 0 and a covered object little, however much turf the object's own box contains.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import FloatArray, Image

GRID = 32  # A box is sampled at this many points across and down.
RING = 2.0  # The surroundings of a box reach this many times its size.
PATTERNS = 12  # So many grey patterns are remembered.
NEW_PATTERN = 0.8  # A pattern is new if its correlation with all remembered ones is below this.
SLOW = 0.02  # Weight of a new view in the slow memory.
FAST = 0.2  # Weight of a new view in the fast memory.
FULL_EVERY = 5  # One view of so many goes into the slow memory, with so many times the weight.
SCORE_RATE = 0.1  # Weight of a new score in the usual score.
MATCH_RATE = 0.3  # Weight of a new match in the usual match.
COLOUR_SHARE = 0.75  # Weight of the colours in a match; the grey pattern has the rest.

# CIE L*a*b* in 9 × 17 × 17 bins whose middles are round numbers, so that grey (128, 128) lies in a bin, not on an edge.
_LEVELS = np.arange(256)
_SHAPE = (9, 17, 17)
_L = ((_LEVELS + 16) >> 5).astype(np.int16) * (17 * 17)
_A = ((_LEVELS + 8) >> 4).astype(np.int16) * 17
_B = ((_LEVELS + 8) >> 4).astype(np.int16)
_BINS = int(np.prod(_SHAPE))
_SPREAD, _STAY = np.array([0.25, 0.5, 0.25]), np.ones(1)

Codes = NDArray[np.int16]


class Appearance:
    """What is known of one object's colours and patterns.

    Attributes:
        around: (bins,) colours of its surroundings lately.
        usual_score: running mean of `score` where the object was seen.
        usual_match: running mean of `match` where the object was seen.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: (4,) ``xyxy`` of the object.
    """

    def __init__(self, image: Image, box: FloatArray) -> None:
        view = View(image, box)
        self._first = self._now = view.parts
        self._lately = self._view = self._now[0]
        self._weight, self._strict = np.zeros(_BINS), np.zeros(_BINS)
        self._weigh(view, 1.0)
        self._patterns: deque[FloatArray] = deque([view.pattern], maxlen=PATTERNS)
        self._first_pattern = self._patterns[0]
        self._learnt = 0
        self.around = view.around
        self.usual_score = 1.0
        self.usual_match = self._match(view)

    def score(self, image: Image, box: FloatArray) -> tuple[float, float]:
        """Return the shares, 0…1, of the object's colours that a box holds: of its colours lately, and ever."""
        grid, inside = sample(image, box)
        self._view = histogram = _histogram(colour_codes(grid), inside, _KERNEL)
        ever = max(_shared(histogram, t[0], self._weight) for t in (self._first, self._now))
        return _shared(histogram, self._lately, self._weight), ever

    def match(self, image: Image, box: FloatArray) -> float:
        """Return a stricter similarity, 0…1, for boxes found by a search.

        Colours must be in the right half of the box, the grey pattern counts, and the object must end where the box
        does: the middle of a black shirt has the colours of the referee, but so have its surroundings.
        """
        return self._match(View(image, box))

    def learn(self, image: Image, box: FloatArray, score: float) -> None:
        """Learn the view that `score` was last called with, fast into the fast memory and slowly into the slow one.

        The first view is never forgotten.
        """
        self._lately = (1 - FAST) * self._lately + FAST * self._view
        self.usual_score += SCORE_RATE * (score - self.usual_score)
        self._learnt += 1
        if self._learnt % FULL_EVERY:
            return
        view = View(image, box)
        self._now = self._now + FULL_EVERY * SLOW * (view.parts - self._now)
        self.usual_match += MATCH_RATE * (self._match(view) - self.usual_match)
        self._weigh(view, FULL_EVERY * SLOW)
        self.around = view.around
        if float((np.stack(self._patterns) @ view.pattern).max()) < NEW_PATTERN:
            self._patterns.append(view.pattern)

    @property
    def usual(self) -> FloatArray:
        """(bins,) colours of the object in the slow memory."""
        usual: FloatArray = self._now[0]
        return usual

    def probabilities(self, codes: Codes) -> tuple[NDArray[np.float32], float]:
        """Return the (H, W) probability that each pixel is the object's, given its colour code (Bayes).

        The second value is the mean probability to expect of the pixels in the object's own box.
        """
        around = np.bincount(codes.ravel(), minlength=_BINS) / codes.size
        own = np.maximum(self._first[0], self._now[0]) * self._strict
        table = (own / (own + around + 1e-6)).astype(np.float32)
        return table[codes], float(table @ self._now[0])

    def _match(self, view: View) -> float:
        colour = max(
            sum(_shared(p, t, self._strict) for p, t in zip(view.parts, template, strict=True)) / 3
            for template in (self._first, self._now)
        )
        pattern = float((np.stack((self._first_pattern, *self._patterns)) @ view.pattern).max())
        both = COLOUR_SHARE * colour + (1 - COLOUR_SHARE) * max(pattern, 0.0)
        return both * (1 - self._spill(view))

    def _spill(self, view: View) -> float:
        """Return how much the object's colours fill the surroundings of a box, 0…1."""
        own = float(self._strict @ self._now[0])
        return min(1.0, float(self._strict @ view.around) / max(own, 1e-9))

    def _weigh(self, view: View, rate: float) -> None:
        """Learn the weight of each colour: 0 if only the surroundings have it, 1 if only the object has it.

        The strict weight of a colour is 0 already if both have equal shares of it.
        """
        own, around = self._now[0], view.around
        both = own + around + 1e-6
        self._weight += rate * (own / both - self._weight)
        self._strict += rate * (np.maximum(own - around, 0.0) / both - self._strict)


class View:
    """Colours and pattern of one box.

    Attributes:
        parts: (3, bins) colours of the whole box, its upper and its lower half.
        pattern: zero-mean unit vector of its grey values.
        around: (bins,) colours of its surroundings.
    """

    def __init__(self, image: Image, box: FloatArray) -> None:
        grid, inside = sample(image, box)
        self.parts = _templates(colour_codes(grid), inside)
        self.pattern = _pattern(grid)
        self.around = _surroundings(image, box)


def colours(image: Image, box: FloatArray) -> FloatArray:
    """(bins,) colours of a box, most weight on its middle."""
    grid, inside = sample(image, box)
    return _histogram(colour_codes(grid), inside, _KERNEL)


def _surroundings(image: Image, box: FloatArray) -> FloatArray:
    """(bins,) colours of the surroundings of a box."""
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    grid, inside = sample(image, np.concatenate([middle - RING * half, middle + RING * half]))
    return _histogram(colour_codes(grid), inside, _AROUND)


def sample(image: Image, box: FloatArray) -> tuple[Image, NDArray[np.bool_]]:
    """Return a (GRID, GRID, 3) picture of a box and which of its samples lie inside the image."""
    height, width = image.shape[:2]
    steps = (np.arange(GRID) + 0.5) / GRID
    x = np.floor(box[0] + steps * (box[2] - box[0])).astype(np.intp)
    y = np.floor(box[1] + steps * (box[3] - box[1])).astype(np.intp)
    inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))
    rows = image[y.clip(0, height - 1)]
    return np.ascontiguousarray(rows[:, x.clip(0, width - 1)]), inside


def colour_codes(image: Image) -> Codes:
    """Return the (H, W) bin of each pixel's colour."""
    import cv2

    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    codes: Codes = _L[lab[..., 0]] + _A[lab[..., 1]] + _B[lab[..., 2]]
    return codes


def _templates(codes: Codes, inside: NDArray[np.bool_]) -> FloatArray:
    """(3, bins) histograms of the whole box and of its upper and lower half."""
    return np.stack([_histogram(codes, inside, kernel) for kernel in (_KERNEL, _UPPER, _LOWER)])


def _histogram(codes: Codes, inside: NDArray[np.bool_], kernel: FloatArray) -> FloatArray:
    """(bins,) shares of the kernel's weight; samples outside the image count as none of the colours."""
    counts: FloatArray = np.bincount(codes.ravel(), (kernel * inside).ravel(), _BINS).astype(np.float64)
    return _smoothed(counts)


def _smoothed(histogram: FloatArray) -> FloatArray:
    """Spread each bin over its neighbours, 1:2:1 along each axis: noise and light move colours across bin edges."""
    import cv2

    lightness, a, b = _SHAPE
    # Rows of the first picture are (L*, a*) pairs. What spills from one lightness to the next are extreme colours that
    # do not occur.
    flat = cv2.sepFilter2D(histogram.reshape(lightness * a, b), -1, _SPREAD, _SPREAD)
    cube: FloatArray = cv2.sepFilter2D(flat.reshape(lightness, a * b), -1, _STAY, _SPREAD)
    return cube.ravel()


def _shared(histogram: FloatArray, template: FloatArray, weight: FloatArray) -> float:
    """Return the weighted share of the template's colours that the histogram holds."""
    return float(weight @ np.minimum(histogram, template)) / max(float(weight @ template), 1e-9)


def _pattern(grid: Image) -> FloatArray:
    """Zero-mean unit vector of the box's grey values at 16 × 16, blurred, so that dot products are correlations."""
    import cv2

    grey = cv2.resize(cv2.cvtColor(grid, cv2.COLOR_BGR2GRAY), (16, 16), interpolation=cv2.INTER_AREA)
    vector = grey.astype(np.float64).ravel()
    vector -= vector.mean()
    unit: FloatArray = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit


def _kernels() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Weights of a grid's samples, each summing to 1: most in the box's middle; its halves; a box's surroundings."""
    at = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    across = np.broadcast_to(at, (GRID, GRID))
    down = across.T
    whole = np.clip(1.2 - across**2 - 0.8 * down**2, 0.0, None)
    around = ((np.abs(across) > 1.1 / RING) | (np.abs(down) > 1.1 / RING)).astype(np.float64)
    upper, lower = whole * (down < 0), whole * (down >= 0)
    whole, upper, lower, around = (k / k.sum() for k in (whole, upper, lower, around))
    return whole, upper, lower, around


_KERNEL, _UPPER, _LOWER, _AROUND = _kernels()
