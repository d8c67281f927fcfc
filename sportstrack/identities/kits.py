"""Kits as points: how unlike two of them are, how light one is, and what a person would call it.

A kit is a row of shares of the palette's colours for shirt, shorts and socks (`sportstrack.identities.palette`), as
`sportstrack.embed.clothes` measures it. Two kits are compared by the Bhattacharyya coefficient of each region's shares.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sportstrack.identities.palette import COLOURS, FAMILIES, REGIONS
from sportstrack.types import FloatArray

Kits: TypeAlias = NDArray[np.float16] | NDArray[np.float32] | FloatArray
"""(N, regions × colours) shares, or sums of them."""

WIDTH = len(REGIONS) * len(COLOURS)
WEIGHTS = np.array([0.45, 0.35, 0.2])  # of shirt, shorts and socks in a distance
_LEAST = 0.05  # share of a region that must be seen

_NAMES = tuple(COLOURS)
_LIGHT = np.array([0.30 * r + 0.59 * g + 0.11 * b for r, g, b in COLOURS.values()]) / 255
_OWN_NAME = 0.7  # share of its family from which on a shade is called by its own name
_BETWEEN = {"red": ("pink", "brown"), "blue": ("sky blue",), "green": ("mint",), "black": ("grey",)}
"""What narrow stripes of a colour and white look like where they are blurred into one another."""
_STRIPES = 0.12  # share of either from which on these are taken for them
_TWO_SHARE, _TWO_RATIO = 0.18, 0.35  # a shirt has two colours if the second has this share, and this part of the first


def points(kits: Kits, frames: FloatArray | float = 1.0) -> FloatArray:
    """Return (N, regions × colours) square roots of shares within each region; zeros where too little was seen.

    Args:
        kits: (N, regions × colours) sums of shares.
        frames: of how many frames they are sums.
    """
    parts = np.asarray(kits, np.float64).reshape(-1, len(REGIONS), len(COLOURS))
    seen = parts.sum(axis=2)
    enough = seen > _LEAST * np.reshape(frames, (-1, 1))
    scale = enough / np.maximum(seen, 1e-12)
    found: FloatArray = np.sqrt(parts * scale[..., None]).reshape(len(parts), WIDTH)
    return found


def distances(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return (N, M) distances of points, 0 (alike) to 1; NaN where no region is seen of both."""
    weights = np.repeat(WEIGHTS, len(COLOURS))
    dots = (one * weights) @ other.T
    has_one, has_other = (p.reshape(-1, len(REGIONS), len(COLOURS)).any(axis=2) for p in (one, other))
    shared = (has_one * WEIGHTS) @ has_other.T.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = 1 - dots / shared
    found[shared < WEIGHTS[0]] = np.nan  # socks or shorts alone say too little
    return np.maximum(found, 0.0)


def lightness(point: FloatArray) -> float:
    """Return how light a kit is, 0 (black) to 1 (white); the shirt counts most."""
    shares = point.reshape(len(REGIONS), -1) ** 2
    weights = WEIGHTS * (shares.sum(axis=1) > 0)
    return float(weights @ (shares @ _LIGHT) / max(weights.sum(), 1e-12))


def colour_shares(point: FloatArray, region: str = "shirt") -> dict[str, float]:
    """Return name → share of the colours of a region, the greatest first; shades of one colour count together."""
    shares = dict(zip(_NAMES, (point.reshape(len(REGIONS), -1)[REGIONS.index(region)] ** 2).tolist(), strict=True))
    found = {}
    for family in FAMILIES:
        total = sum(shares[name] for name in family)
        most = max(family, key=lambda name: shares[name])
        found[most if shares[most] > _OWN_NAME * total else family[0]] = total
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def in_words(point: FloatArray) -> str:
    """Return what a person would call a kit, such as ``red and white, black shorts``."""
    shirt, shorts = _words(point, "shirt"), _words(point, "shorts")
    if not shirt:
        return "unseen"
    return shirt if not shorts or shorts == shirt else f"{shirt}, {shorts} shorts"


def _words(point: FloatArray, region: str) -> str:
    shares = colour_shares(point, region)
    for colour, blurred in _BETWEEN.items():
        if min(shares.get(colour, 0.0), shares.get("white", 0.0)) >= _STRIPES:
            mixed = sum(shares.pop(name, 0.0) for name in blurred)
            shares[colour] += mixed / 2
            shares["white"] += mixed / 2
    (first, most), (second, next_most) = sorted(shares.items(), key=lambda one: -one[1])[:2]
    if most == 0:
        return ""
    two = region == "shirt" and next_most > _TWO_SHARE and next_most > _TWO_RATIO * most
    return f"{first} and {second}" if two else first
