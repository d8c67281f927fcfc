"""What people wear, in colours: shirt, shorts and socks of each box, freed of the ground, of skin and of the light.

Every colour is taken relative to what is beside its box: that is the ground under the same light, so a shirt has one
colour in the sun, in the shade and under floodlight. The ratios of red and blue to green tell colours (as in
`sportstrack.field.colour`), the brightness relative to the ground's tells dark ones from light ones.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.crops import check_input
from sportstrack.identities.palette import COLOURS, REGIONS
from sportstrack.masks.places import labels, values_at
from sportstrack.masks.table import Masks
from sportstrack.types import MAX_COORDINATE, BoolArray, FloatArray, Image, IntArray

Kits = NDArray[np.float32]
"""(N, regions × colours): of each region (shirt, shorts, socks) the share that shows each colour of the palette."""

_ROWS = {  # region → first and last row as shares of the box's height, rows sampled, spread of the columns' weights
    "shirt": (0.19, 0.47, 8, 0.17),
    "shorts": (0.51, 0.65, 5, 0.20),
    "socks": (0.74, 0.92, 6, 0.35),
}
_COLUMNS, _BESIDE = 14, 5  # columns sampled of the box, and on either side of it
_OFFSET = 10.0  # grey levels added before the logarithm, so that noise in the dark makes no colour
_OCTAVE = 20  # steps of a logarithm in an octave of light
_LOGARITHM = np.rint(_OCTAVE * np.log2(np.arange(256) + _OFFSET)).astype(np.int16)
_CELL, _CELLS, _LOWEST = 5, 17, -25  # steps of a cell of either ratio less the ground's, cells, and the lowest step
_LIGHT_CELL, _LIGHT_CELLS, _DARKEST = 7, 12, -49  # the same of brightness
_GROUND_LIGHT = np.log2(110 + _OFFSET)  # octaves; the ground's brightness is set to it before colours are named

_OTHER_PLACE = np.array([0.5, 0.5, 1.8])  # octaves; what differs so much from the usual ground is something else
_ALIKE = np.array([0.22, 0.22, 0.4])  # octaves; spread of the ground's ratios and brightness
_SHADOW = 0.5  # how much of a lower brightness counts: shadows lie on the ground
_SKIN, _SKIN_SPREAD = np.array([0.45, -0.4]), np.array([0.15, 0.25])  # octaves: red and blue to green
_SKIN_LEFT = 0.3  # share of skin's weight that is left, below the shirt
_SPREAD = np.array([0.22, 0.22, 0.35])  # octaves over which a pixel belongs to a colour of the palette
_LEAST_GROUND = 10  # pixels beside a box that are nobody's; with fewer, its ground is the usual one
_NO_COLOUR = 3  # steps; a picture whose ratios all lie within has no colour


def kit_colours(frame: Image, xyxy: FloatArray, masks: Masks | None = None) -> Kits:
    """Return (N, regions × colours) shares of the colours of `sportstrack.identities.palette` for (N, 4) boxes.

    What a region lacks to a sum of 1 is ground, skin or hidden. A box without usable corners gives zeros, and so do
    all boxes of a picture without colour.

    Args:
        frame: (H, W, 3) BGR.
        xyxy: pixels; boxes may reach outside the frame, whose border is then repeated.
        masks: of the boxes, at the frame's size: what lies outside a box's own does not count for its kit, and what
            lies in anybody's does not count for the ground.
    """
    boxes = check_input(frame, xyxy)
    found: Kits = np.zeros((len(boxes), len(REGIONS) * len(COLOURS)), np.float32)
    rows = _usable(boxes, frame.shape[1], frame.shape[0]).nonzero()[0]
    if not len(rows):
        return found
    x, y = _places(boxes[rows], frame.shape[1], frame.shape[0])
    body, beside = _sample(frame, x, y)
    weight: FloatArray = _WEIGHT[None]
    ground = np.median(beside, axis=1)
    usual = np.median(ground, axis=0)
    if masks is not None and masks.shape == frame.shape[:2]:
        own, covered = _by_mask(masks, rows, x, y)
        weight = weight * own
        clear = np.count_nonzero(~covered, axis=1) >= _LEAST_GROUND
        ground[clear] = np.nanmedian(np.where(covered[clear, :, None], np.nan, beside[clear]), axis=1)
        ground[~clear] = usual
    if max(np.abs(beside[..., :2]).max(), np.abs(body[..., :2]).max()) <= _NO_COLOUR:
        return found
    elsewhere = (np.abs(ground - usual) > _OTHER_PLACE * _OCTAVE).any(axis=1)
    ground[elsewhere] = usual
    relative = body - np.rint(ground).astype(np.int16)[:, None]
    cells = (relative[..., :2] - _LOWEST) // _CELL
    np.clip(cells, 0, _CELLS - 1, out=cells)
    light = np.clip((relative[..., 2] - _DARKEST) // _LIGHT_CELL, 0, _LIGHT_CELLS - 1)
    cell = (cells[..., 0].astype(np.int64) * _CELLS + cells[..., 1]) * _LIGHT_CELLS + light
    shirt, legs = _tables(*np.rint(usual[:2] / 2).astype(int).tolist())
    parts = []
    for number, region in enumerate(REGIONS):
        place = np.flatnonzero(number == _REGION)
        shares = (shirt if region == "shirt" else legs)[cell[:, place]]
        # No product of matrices: its threads would go on waiting on the cores that the detector needs.
        weights = np.broadcast_to(weight[:, place], shares.shape[:2]).astype(np.float32)
        parts.append(np.einsum("np,npc->nc", weights, shares))
    found[rows] = np.concatenate(parts, axis=1)
    return found


def _usable(boxes: FloatArray, width: int, height: int) -> BoolArray:
    """Return (N,) which boxes are finite and have a part in the frame."""
    finite = np.logical_and.reduce(np.abs(boxes) <= MAX_COORDINATE, axis=1)  # False for NaN
    safe = np.where(finite[:, None], boxes, 0.0)
    seen = (safe[:, 2:] > np.maximum(safe[:, :2], 0)) & (safe[:, :2] < (width, height))
    usable: BoolArray = finite & seen.all(axis=1)
    return usable


def _places(boxes: FloatArray, width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns (N, X) and rows (N, Y) of the pixels that are sampled."""
    size = boxes[:, 2:] - boxes[:, :2]
    x = boxes[:, :1] + size[:, :1] * _X
    y = boxes[:, 1:2] + size[:, 1:] * _Y
    return np.clip(x, 0, width - 1).astype(np.intp), np.clip(y, 0, height - 1).astype(np.intp)


def _by_mask(
    masks: Masks, rows: IntArray, columns: NDArray[np.intp], lines: NDArray[np.intp]
) -> tuple[BoolArray, BoolArray]:
    """Return which pixels on the bodies are their own, (N, P), and which beside are anybody's, (N, Q).

    A box without a mask has all of its pixels.
    """
    inside = columns[:, None, _BESIDE:-_BESIDE]
    own = values_at(masks, rows[:, None, None], inside, lines[:, :, None]).reshape(len(rows), -1)
    own |= ~masks.has[rows][:, None]
    sides = np.concatenate((columns[:, :_BESIDE], columns[:, -_BESIDE:]), axis=1)
    anybody = labels(masks)[lines[:, ::2, None], sides[:, None]] > 0
    return own, anybody.reshape(len(rows), -1)


def _sample(
    frame: Image, columns: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return (N, P, 3) steps of the pixels on the bodies and (N, Q, 3) of those beside: two ratios and brightness."""
    pixels = frame.reshape(-1, 3)[(rows[:, :, None] * frame.shape[1] + columns[:, None, :])]
    steps = _LOGARITHM[pixels]
    found = np.empty_like(steps)
    np.subtract(steps[..., 2], steps[..., 1], out=found[..., 0])
    np.subtract(steps[..., 0], steps[..., 1], out=found[..., 1])
    np.maximum(np.maximum(steps[..., 0], steps[..., 1]), steps[..., 2], out=found[..., 2])
    body = found[:, :, _BESIDE:-_BESIDE].reshape(len(rows), -1, 3)
    left, right = found[:, ::2, :_BESIDE], found[:, ::2, -_BESIDE:]
    return body, np.concatenate((left, right), axis=2).reshape(len(rows), -1, 3)


@lru_cache(maxsize=64)
def _tables(red: int, blue: int) -> tuple[Kits, Kits]:
    """Return (cells, colours) how much a pixel of a cell counts for each colour: on shirts, and on legs.

    Args:
        red: the ground's ratio of red to green, in pairs of steps.
        blue: the same of blue.
    """
    ratio = (_LOWEST + (np.arange(_CELLS) + 0.5) * _CELL) / _OCTAVE
    light = (_DARKEST + (np.arange(_LIGHT_CELLS) + 0.5) * _LIGHT_CELL) / _OCTAVE
    cells = np.stack(np.meshgrid(ratio, ratio, light, indexing="ij"), axis=-1).reshape(-1, 3)
    squares = (cells / _ALIKE) ** 2
    squares[:, 2] *= np.where(cells[:, 2] < 0, _SHADOW**2, 1.0)
    stands_out = 1 - np.exp(-np.maximum(squares.sum(axis=1) - 1, 0) / 2)
    colour = cells + np.array([red, blue, 0]) * 2 / _OCTAVE
    apart = (colour[:, None] - _PALETTE) / _SPREAD
    near = np.exp(-(apart**2).sum(axis=2) / 2) + 1e-12
    near *= (stands_out / near.sum(axis=1))[:, None]
    skin = np.exp(-(((colour[:, :2] - _SKIN) / _SKIN_SPREAD) ** 2).sum(axis=1) / 2)
    legs = near * (1 - (1 - _SKIN_LEFT) * skin)[:, None]
    return near.astype(np.float32), legs.astype(np.float32)


def _grid() -> tuple[FloatArray, FloatArray, NDArray[np.int64], FloatArray]:
    """Return columns and rows as shares of a box, and (P,) region and weight of each pixel on a body."""
    inside = (np.arange(_COLUMNS) + 0.5) / _COLUMNS
    x = (np.arange(-_BESIDE, _COLUMNS + _BESIDE) + 0.5) / _COLUMNS
    y, region, weight = [], [], []
    for number, name in enumerate(REGIONS):
        first, last, rows, spread = _ROWS[name]
        y.append(first + (np.arange(rows) + 0.5) / rows * (last - first))
        weights = np.tile(np.exp(-(((inside - 0.5) / spread) ** 2) / 2), rows)
        weight.append(weights / weights.sum())
        region.append(np.full(rows * _COLUMNS, number))
    return x, np.concatenate(y), np.concatenate(region), np.concatenate(weight)


_X, _Y, _REGION, _WEIGHT = _grid()


def _palette() -> FloatArray:
    """Return (colours, 3) octaves: red and blue to green, and brightness relative to the ground's."""
    light = np.log2(np.array(list(COLOURS.values()), dtype=np.float64) + _OFFSET)
    red, green, blue = light[:, 0], light[:, 1], light[:, 2]
    return np.stack([red - green, blue - green, light.max(axis=1) - _GROUND_LIGHT], axis=1)


_PALETTE = _palette()
