"""The colours of large, even surfaces in a picture.

A colour is known by its two ratios, red to green and blue to green, in octaves. Light scales all three alike, so a
lawn in the sun, its mown stripes and its part in the shade have nearly one colour (Finlayson and others use the same
log-chromaticities against shadows: *Removing shadows from images*, ECCV 2002). Where a surface has no colour, as ice,
brightness has to tell it from grey stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.images.opencv import require_cv2
from sportstrack.types import BoolArray, FloatArray, Image

OCTAVE = 24  # steps of a logarithm in an octave of light
BIN = 3  # steps in a bin of the histogram of colours
SIDE = 48  # bins on either axis: −3 to 3 octaves
OFFSET = 10.0  # grey levels added before the logarithm, so that noise in the dark makes no colour

DARK = 36  # grey levels; a pixel whose brightest channel is below has no colour to speak of
ROUGH = 4  # steps, a sixth of an octave: mean difference of neighbours from which on a surface is not smooth
LEAST_SHARE = 0.04  # of the coloured pixels: fewer make no surface
EDGE = 0.06  # of the histogram's peak: a surface's colours end where it is lower
REACH = 5  # bins from the peak to the farthest colour of a surface
MOST_SURFACES = 4
NO_COLOUR = 0.27  # octaves; a surface nearer to grey is told by its brightness
BRIGHT = 135  # grey levels; a surface without colour is ice or a white floor, and at least so bright

SHADED = 1.3  # octaves by which the shaded part of a surface without colour may be darker
GLARE = 200  # grey levels; light bleaches a colour from here on

_LOGARITHM = np.rint(OCTAVE * np.log2(np.arange(256) + OFFSET)).astype(np.uint8)
_BIN = np.minimum(np.arange(256) // BIN, SIDE - 1).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Chroma:
    """A small picture as indices of colours.

    Attributes:
        index: (h, w) bin of the histogram, flattened: red to green times `SIDE`, plus blue to green.
        light: (h, w) logarithm of the brightest of the three in steps.
        lit: (h, w) whether the pixel is bright enough to have a colour, and its surroundings are smooth: a crowd has
            all colours, but no even ones.
        rough: (h, w) mean difference of light from its surroundings, in steps.
    """

    index: NDArray[np.int32]
    light: NDArray[np.uint8]
    lit: BoolArray
    rough: NDArray[np.uint8]

    @property
    def dark(self) -> NDArray[np.uint8]:
        """(h, w) mask, 0 or 1, of smooth pixels that are too dark to have a colour."""
        found: BoolArray = (self.light < _LOGARITHM[DARK]) & (self.rough < ROUGH)
        return found.view(np.uint8)


@dataclass(frozen=True, eq=False)
class Surface:
    """The colours of one surface.

    Attributes:
        bins: (SIDE², ) whether a bin belongs to it.
        light: lowest and highest brightness in steps; all for a surface with colour.
        grey: whether it has no colour.
        glare: (SIDE², ) bins of its colour where the sun bleaches it.
        bleached: brightness in steps from which on these bins belong to it.
    """

    bins: BoolArray
    light: tuple[int, int]
    grey: bool
    glare: BoolArray
    bleached: int

    def mask(self, chroma: Chroma) -> NDArray[np.uint8]:
        """Return the (h, w) mask of its pixels, 0 or 1."""
        found: BoolArray = self.bins[chroma.index] & chroma.lit
        if self.grey:
            found &= (chroma.light >= self.light[0]) & (chroma.light <= self.light[1])
        return found.view(np.uint8)

    def glaring(self, chroma: Chroma) -> NDArray[np.uint8]:
        """Return the (h, w) mask of pixels that may be its own, bleached by light, 0 or 1."""
        found: BoolArray = self.glare[chroma.index] & chroma.lit & (chroma.light >= self.bleached)
        return found.view(np.uint8)


def to_chroma(small: Image) -> Chroma:
    """Return the colours of a small (h, w, 3) BGR picture."""
    cv2 = require_cv2()
    blue, green, red = cv2.split(cv2.LUT(small, _LOGARITHM))
    half = SIDE * BIN // 2
    across = cv2.LUT(cv2.addWeighted(red, 1, green, -1, half), _BIN).astype(np.int32)
    along = cv2.LUT(cv2.addWeighted(blue, 1, green, -1, half), _BIN)
    brightest = cv2.max(cv2.max(blue, green), red)
    rough = cv2.blur(cv2.absdiff(brightest, cv2.blur(brightest, (5, 5))), (5, 5))
    lit: BoolArray = (brightest >= _LOGARITHM[DARK]) & (rough < ROUGH)
    return Chroma(across * SIDE + along, brightest, lit, rough)


def histogram(chroma: Chroma) -> NDArray[np.float32]:
    """Return the (SIDE, SIDE) shares of the lit pixels by colour; they sum to the share of lit pixels."""
    counts = np.bincount(chroma.index[chroma.lit], minlength=SIDE * SIDE)
    shares: NDArray[np.float32] = (counts / chroma.index.size).astype(np.float32).reshape(SIDE, SIDE)
    return shares


def find_surfaces(shares: NDArray[np.float32], chroma: Chroma) -> list[Surface]:
    """Return the surfaces that a histogram shows, the most even one first.

    Args:
        shares: (SIDE, SIDE), as of `histogram`, or a mean of several.
        chroma: the latest picture, for the brightness of surfaces without colour.
    """
    cv2 = require_cv2()
    smooth = cv2.blur(shares, (3, 3), borderType=cv2.BORDER_CONSTANT)
    found: list[Surface] = []
    for _ in range(MOST_SURFACES + 2):
        across, along = np.unravel_index(int(smooth.argmax()), smooth.shape)
        peak = float(smooth[across, along])
        if peak <= 0:
            break
        bins = _around(smooth, int(across), int(along), EDGE * peak)
        smooth = np.where(cv2.dilate(bins, np.ones((3, 3), np.uint8)) > 0, np.float32(0), smooth)
        if float(shares[bins > 0].sum()) < LEAST_SHARE:
            continue
        surface = _surface(bins.astype(np.bool_).ravel(), int(across), int(along), chroma)
        if surface is not None:
            found.append(surface)
        if len(found) == MOST_SURFACES:
            break
    return found


def _around(smooth: NDArray[np.float32], across: int, along: int, least: float) -> Any:
    """Return the (SIDE, SIDE) bins, 0 or 1, that are as high as ``least``, near a peak and joined to it."""
    cv2 = require_cv2()
    high = (smooth >= least).astype(np.uint8)
    near = np.zeros_like(high)
    cv2.circle(near, (along, across), REACH, 1, -1)
    _, labels = cv2.connectedComponents(high & near)
    return (labels == labels[across, along]).astype(np.uint8)


def _surface(bins: BoolArray, across: int, along: int, chroma: Chroma) -> Surface | None:
    """Return the surface of some bins; None if it is grey and dark, as roads, stands and walls are."""
    inside = chroma.light[bins[chroma.index] & chroma.lit]
    place = (np.array([across, along]) + 0.5 - SIDE / 2) * BIN / OCTAVE
    if np.hypot(*place) >= NO_COLOUR:
        usual = float(np.median(inside)) if len(inside) else 0.0
        bleached = max(OCTAVE * np.log2(GLARE + OFFSET), usual + OCTAVE / 3)
        return Surface(bins, (0, 255), False, _bleached(place), int(bleached))
    counts = np.bincount(inside // 4, minlength=64).astype(np.float64)
    peak = int(counts.argmax())
    if peak * 4 < OCTAVE * np.log2(BRIGHT + OFFSET):
        return None
    high, darkest = peak, max(0, peak - int(SHADED * OCTAVE) // 4)
    low = darkest + int(np.argmax(counts[darkest : peak + 1] >= 0.05 * counts[peak]))
    while high < 63 and counts[high + 1] >= 0.08 * counts[peak]:
        high += 1
    return Surface(bins, (4 * low, 4 * high + 3), True, np.zeros_like(bins), 255)


def _bleached(place: FloatArray) -> BoolArray:
    """Return the (SIDE²,) bins near a colour (octaves of red and of blue to green), and between it and white."""
    axis = (np.arange(SIDE) + 0.5 - SIDE / 2) * BIN / OCTAVE
    across, along = np.meshgrid(axis, axis, indexing="ij")
    length, full = np.hypot(across, along), float(np.hypot(*place))
    cosine = (across * place[0] + along * place[1]) / (length * full)
    paler = (cosine >= 0.9) & (length <= full) & (length >= max(0.3 * full, NO_COLOUR))
    near = np.hypot(across - place[0], along - place[1]) <= 0.5
    bins: BoolArray = (near & (length >= NO_COLOUR)) | paler
    return bins.ravel()
