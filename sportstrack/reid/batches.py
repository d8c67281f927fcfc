"""Batches of P people with K crops each, in which team-mates come together; and how their crops are varied."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.crops import NetworkInput
from sportstrack.images.opencv import require_cv2
from sportstrack.reid.settings import ReidSettings
from sportstrack.types import Image, IntArray

_ORDER, _VARY = 0, 1  # streams of random numbers
_HIDDEN = (0.02, 0.25)  # share of a crop that an erased rectangle has
_SIDES = (0.3, 3.3)  # its height by its width


def epoch_batches(person: IntArray, group: IntArray, settings: ReidSettings, epoch: int) -> list[IntArray]:
    """Return the rows of each batch of an epoch.

    Each round takes every person once, in bundles of up to `mates` of one group; so the nearest wrong answers in a
    batch wear the same kit. As many batches are made as the crops fill.

    Args:
        person: (N,) the person of each crop, 0…P − 1; all have one.
        group: (P,) team-mates have the same.
        settings: people, crops, mates and seed.
        epoch: its number.
    """
    rng = np.random.default_rng([settings.seed, _ORDER, epoch])
    order = np.argsort(person, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(person[order])) + 1)
    at_once = min(settings.people, len(rows))
    count = max(1, round(len(person) / (at_once * settings.crops)))
    queue: list[int] = []
    batches = []
    for _ in range(count):
        while len(set(queue)) < at_once:
            queue += _round(group, settings.mates, rng)
        chosen = list(dict.fromkeys(queue))[:at_once]
        for one in chosen:
            queue.remove(one)
        batches.append(np.concatenate([_some(rows[one], settings.crops, rng) for one in chosen]))
    return batches


def _round(group: IntArray, mates: int, rng: np.random.Generator) -> list[int]:
    """Return all people once, team-mates in bundles."""
    bundles = []
    for one in np.unique(group).tolist():
        people = rng.permutation(np.flatnonzero(group == one))
        bundles += [people[i : i + mates].tolist() for i in range(0, len(people), mates)]
    return [person for i in rng.permutation(len(bundles)).tolist() for person in bundles[i]]


def _some(rows: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """Return `count` crops of a person; some twice where there are too few."""
    if len(rows) >= count:
        return rng.permutation(rows)[:count]
    return np.concatenate([rng.permutation(rows), rng.choice(rows, count - len(rows))])


def varied(crops: Image, settings: ReidSettings, rng: np.random.Generator) -> Image:
    """Return (n, H, W, 3) crops mirrored, moved, scaled, lit otherwise and partly hidden; equal rng, equal result.

    Hues stay: a red shirt is never a blue one.
    """
    cv2 = require_cv2()
    n, height, width, _ = crops.shape
    out = np.empty_like(crops)
    flip = np.less(rng.random(n), settings.flip)
    move = rng.uniform(-settings.shift, settings.shift, (n, 2)) * (width, height)
    scale = 1 + rng.uniform(-settings.shift, settings.shift, (n, 2))
    for i in range(n):
        x, y = scale[i] * (-1 if flip[i] else 1, 1)
        affine = np.array([[x, 0, (1 - x) * width / 2 + move[i, 0]], [0, y, (1 - y) * height / 2 + move[i, 1]]])
        affine[:, 2] += 0.5 * (affine[:, :2].sum(axis=1) - 1)  # centres of pixels lie at halves
        cv2.warpAffine(crops[i], affine, (width, height), dst=out[i], borderMode=cv2.BORDER_REPLICATE)
    gain = (
        1
        + rng.uniform(-settings.lighting_change, settings.lighting_change, (n, 1))
        + _small(rng, settings.colour_change, (n, 3))
    )
    offset = 255 * _small(rng, settings.lighting_change / 2, (n, 1))
    means = out.mean(axis=(1, 2), dtype=np.float32)  # contrast turns about the crop's own mean
    lit = out * gain[:, None, None].astype(np.float32)
    lit += ((1 - gain) * means * _small(rng, 1.0, (n, 1)) + offset)[:, None, None].astype(np.float32)
    lit = np.clip(np.rint(lit), 0, 255).astype(np.uint8)
    for i in np.flatnonzero(rng.random(n) < settings.erasing).tolist():
        _hide(lit[i], rng)
    return lit


def _small(rng: np.random.Generator, most: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    return rng.uniform(-most, most, shape)


def _hide(crop: Image, rng: np.random.Generator) -> None:
    """Hide a rectangle behind noise of the crop's mean colour (Zhong et al., "Random Erasing", AAAI 2020)."""
    height, width, _ = crop.shape
    area = rng.uniform(*_HIDDEN) * height * width
    ratio = np.exp(rng.uniform(*np.log(_SIDES)))
    h = int(np.clip(round((area * ratio) ** 0.5), 1, height))
    w = int(np.clip(round((area / ratio) ** 0.5), 1, width))
    y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    noise = rng.normal(crop.mean(axis=(0, 1)), 25.0, (h, w, 3))
    crop[y : y + h, x : x + w] = np.clip(noise, 0, 255).astype(np.uint8)


def prepared_batches(
    pictures: Any, batches: Sequence[IntArray], settings: ReidSettings, epoch: int, first: int = 0
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield number and (P·K, 3, H, W) normalised planes of the batches from `first` on, prepared by threads ahead.

    What a batch looks like depends on seed, epoch and its number alone, so a resumed run sees the same.
    """
    wants = NetworkInput(settings.input_size)

    def make(number: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([settings.seed, _VARY, epoch, number])
        return wants.planes(varied(np.asarray(pictures[batches[number]]), settings, rng))

    numbers = iter(range(first, len(batches)))
    with ThreadPoolExecutor(settings.workers) as pool:
        waiting: deque[tuple[int, Future[NDArray[np.float32]]]] = deque(
            (number, pool.submit(make, number)) for number in islice(numbers, 2 * settings.workers)
        )
        try:
            while waiting:
                number, planes = waiting.popleft()
                found = planes.result()
                if (following := next(numbers, None)) is not None:
                    waiting.append((following, pool.submit(make, following)))
                yield number, found
        finally:
            for _, planes in waiting:
                planes.cancel()
