"""Noise of the trackers' Kalman filters, fitted to detections with truth by maximum likelihood.

Detections that belong to one true track, in a row, are what a filter would see if association were perfect. The filter
of the tracker itself, with some noise, predicts each next box from those before. The noise under which the boxes that
came are most likely, summed over all tracks, is the fit. One box counts at most as much as one that lies four standard
deviations off, because a few wrong boxes would otherwise decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.boxes import xyxy_to_xyah, xyxy_to_xysr, xyxy_to_xywh
from sportstrack.errors import SettingError
from sportstrack.trackers import create_tracker, xyah, xysr
from sportstrack.tune.chains import Chains, chains_of
from sportstrack.tune.sequences import LoadedSequence
from sportstrack.types import FloatArray

_MOST = 16.0  # squared standard deviations that one box counts
_EVALUATIONS = 150  # of the likelihood, in each fit
_LEAST = -11.5  # logarithm of 1e-5; smaller noise is none
_BANDS = 4  # of box heights, with as many boxes each


@dataclass(frozen=True)
class NoisyFilter:
    """A tracker's filter with some noise.

    Attributes:
        measure: (4, N) corners → (4, N) measurement.
        start: measurement → state.
        predict: (state, camera's shift (2, N)) → state one step later.
        noise: (state, measurement, score) → (4, N) variance of the measurement.
    """

    measure: Callable[[FloatArray], FloatArray]
    start: Callable[[FloatArray], FloatArray]
    predict: Callable[[FloatArray, FloatArray], FloatArray]
    noise: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class NoiseFit:
    """Settings that are fitted together.

    Attributes:
        names: of the settings.
        coordinates: of the measurement that say something of them.
        at: index within settings that are lists, else None.
    """

    names: tuple[str, ...]
    coordinates: tuple[int, ...]
    at: int | None = None


@dataclass(frozen=True)
class Band:
    """Boxes of about one height: standard deviations in shares of the height.

    Attributes:
        low: least height in pixels.
        high: greatest.
        boxes: how many.
        x: of a detection's centre from the truth's, horizontally.
        y: the same vertically.
        width: of the width.
        height: of the height.
        change: by which a player's velocity changes from frame to frame.
    """

    low: float
    high: float
    boxes: int
    x: float
    y: float
    width: float
    height: float
    change: float


@dataclass(frozen=True)
class FilterNoise:
    """Fitted noise.

    Attributes:
        values: setting → value.
        before: setting → default.
        likelihood: mean log-likelihood of a box with the defaults, and with the fit.
        boxes: how many detections were used.
        bands: what was measured by size of the box.
    """

    values: dict[str, Any]
    before: dict[str, Any]
    likelihood: tuple[float, float]
    boxes: int
    bands: tuple[Band, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def as_text(self) -> str:
        """Return tables for people."""
        before, after = self.likelihood
        lines = [
            f"noise fitted to {self.boxes:,} detections; log-likelihood of a box {before:.2f} -> {after:.2f}",
            f"{'setting':<28}{'default':>34}{'fitted':>34}",
        ]
        lines += [f"{n:<28}{_plain(self.before[n]):>34}{_plain(v):>34}" for n, v in self.values.items()]
        lines.append(f"{'height, pixels':<18}{'boxes':>9}{'x':>9}{'y':>9}{'width':>9}{'height':>9}{'velocity':>10}")
        for one in self.bands:
            parts = "".join(f"{value:>9.4f}" for value in (one.x, one.y, one.width, one.height))
            lines.append(f"{f'{one.low:.0f} to {one.high:.0f}':<18}{one.boxes:>9}{parts}{one.change:>10.4f}")
        lines.append("(standard deviations of detections from the truth, and of changes of velocity, in box heights)")
        return "\n".join(lines)


def can_calibrate(tracker: str) -> bool:
    """Return whether a tracker has a filter that is known here."""
    return tracker in _FITS


def calibrate(tracker: str, settings: Mapping[str, Any], sequences: Sequence[LoadedSequence]) -> FilterNoise:
    """NoiseFit the noise of a tracker's filter.

    Args:
        tracker: name of a built-in one.
        settings: its settings that are fixed.
        sequences: with truth.

    Raises:
        SettingError: the tracker has no such filter, or hardly a detection belongs to a true track.
    """
    if not can_calibrate(tracker):
        raise SettingError(f"--calibrate: {tracker} has no Kalman filter to fit (those that have: {', '.join(_FITS)})")
    chains = chains_of(sequences)
    boxes = int(np.isfinite(chains.xyxy[0]).sum())
    if boxes < 200:
        raise SettingError(f"--calibrate: only {boxes} detections belong to true tracks; expected 200 or more")
    own = dict(settings)
    before = {name: getattr(_config(tracker, own), name) for fit in _FITS[tracker] for name in fit.names}
    values = dict(before)
    for fit in _FITS[tracker]:
        if not set(fit.names) & set(own):
            values |= _fitted(tracker, own, values, fit, chains)
    every = tuple(sorted({c for fit in _FITS[tracker] for c in fit.coordinates}))
    likelihood = tuple(-_cost(_made(tracker, own | v, chains), every, chains) for v in (before, values))
    return FilterNoise(values, before, (likelihood[0], likelihood[1]), boxes, _bands(chains))


_XYAH = (
    NoiseFit(("std_weight_position", "std_weight_velocity"), (0, 1, 3)),
    NoiseFit(("std_aspect", "std_aspect_velocity", "std_aspect_measurement"), (2,)),
)
_XYSR = tuple(NoiseFit(("position_noise", "velocity_noise", "measurement_noise"), (c,), at=c) for c in range(4))
_FITS: Mapping[str, tuple[NoiseFit, ...]] = {
    "bytetrack": _XYAH,
    "deepsort": _XYAH,
    "jde": _XYAH,
    "botsort": (NoiseFit(("std_weight_position", "std_weight_velocity"), (0, 1, 2, 3)),),
    "sort": _XYSR,
    "ocsort": _XYSR,
    "sports": (NoiseFit(("position_noise", "velocity_noise", "measurement_noise"), (0, 1)),),
}


def _fitted(
    tracker: str, own: Mapping[str, Any], values: Mapping[str, Any], fit: NoiseFit, chains: Chains
) -> dict[str, Any]:
    """Return the settings of a fit, found by Nelder and Mead's search of their logarithms."""
    from scipy.optimize import minimize

    start = [_at(values[name], fit.at) for name in fit.names]
    free = [i for i, value in enumerate(start) if value > 0]  # a noise of 0 is a decision of the tracker's

    def put(logarithms: FloatArray) -> dict[str, Any]:
        numbers = list(start)
        for i, one in zip(free, logarithms, strict=True):
            numbers[i] = float(np.exp(np.clip(one, _LEAST, -_LEAST)))
        return {n: _with(values[n], fit.at, v) for n, v in zip(fit.names, numbers, strict=True)}

    def cost(logarithms: FloatArray) -> float:
        return _cost(_made(tracker, {**own, **values, **put(logarithms)}, chains), fit.coordinates, chains)

    begin = np.log([start[i] for i in free])
    simplex = np.vstack([begin, begin + np.eye(len(free)) * 0.7])
    options: Any = {"maxfev": _EVALUATIONS, "initial_simplex": simplex, "xatol": 0.01, "fatol": 1e-4}
    found = minimize(cost, begin, method="Nelder-Mead", options=options)
    return {name: _rounded(value) for name, value in put(found.x).items()}


def _at(value: Any, place: int | None) -> float:
    return float(value if place is None else value[place])


def _with(value: Any, place: int | None, number: float) -> Any:
    return number if place is None else tuple(number if i == place else one for i, one in enumerate(value))


def _rounded(value: Any) -> Any:
    return tuple(map(_rounded, value)) if isinstance(value, tuple) else float(f"{value:.3g}")


def _plain(value: Any) -> str:
    return ", ".join(f"{one:.3g}" for one in value) if isinstance(value, tuple) else f"{value:.3g}"


def _cost(filters: NoisyFilter, coordinates: tuple[int, ...], chains: Chains) -> float:
    """Return the mean negative log-likelihood of a box, over some coordinates of the measurement."""
    some = list(coordinates)
    state = filters.start(filters.measure(chains.xyxy[:, 0]))
    total, count = 0.0, 0
    for step in range(1, chains.length):
        alive = chains.alive[step]
        state = filters.predict(state[:, :, :alive], chains.shift[:, step, :alive])
        corners = chains.xyxy[:, step, :alive]
        seen = np.flatnonzero(np.isfinite(corners[0]))
        if not len(seen):
            continue
        known, measurement = state.take(seen, axis=2), filters.measure(corners.take(seen, axis=1))
        noise = filters.noise(known, measurement, chains.score[step, seen])
        variance = (known[2] + noise)[some]
        away = (measurement - known[0])[some]
        total += float((np.log(variance) + np.minimum(away * away / variance, _MOST)).sum())
        count += away.size
        state[:, :, seen] = kalman.update(known, measurement, noise)
    return float(0.5 * (total / max(count, 1) + np.log(2 * np.pi)) * len(some))


def _made(tracker: str, settings: Mapping[str, Any], chains: Chains) -> NoisyFilter:
    config = _config(tracker, settings)
    if tracker == "sports":
        return _sports(config, chains.frame_rate)
    if tracker == "botsort":
        return _xywh(config)
    return _xysr(config) if tracker in ("sort", "ocsort") else _xyah(config)


def _config(tracker: str, settings: Mapping[str, Any]) -> Any:
    made: Any = create_tracker(tracker, **settings)
    return made.config


def _xyah(config: Any) -> NoisyFilter:
    first, process, measured = xyah.noises(config)
    return NoisyFilter(
        lambda corners: xyxy_to_xyah(corners.T),
        lambda measurement: xyah.start(measurement, first),
        lambda state, _: kalman.predict(state, xyah.scaled(process, state[0, 3])),
        lambda state, _, __: xyah.scaled(measured, state[0, 3]),
    )


def _xysr(config: Any) -> NoisyFilter:
    first, process, measured = xysr.noises(config)
    return NoisyFilter(
        lambda corners: xyxy_to_xysr(corners.T),
        lambda measurement: kalman.initiate(measurement, first),
        lambda state, _: xysr.predict(state, process),
        lambda _, measurement, __: np.broadcast_to(measured, measurement.shape),
    )


def _xywh(config: Any) -> NoisyFilter:
    position, velocity = config.std_weight_position**2, config.std_weight_velocity**2

    def squared(sizes: FloatArray) -> FloatArray:
        return np.tile(sizes * sizes, (2, 1))

    def planes(sizes: FloatArray, a: float, b: float) -> FloatArray:
        return kalman.planes(a * squared(sizes), b * squared(sizes))

    return NoisyFilter(
        lambda corners: xyxy_to_xywh(corners.T),
        lambda measurement: kalman.initiate(measurement, planes(measurement[2:], 4 * position, 100 * velocity)),
        lambda state, _: kalman.predict(state, planes(state[0, 2:], position, velocity)),
        lambda state, _, __: position * squared(state[0, 2:]),
    )


def _sports(config: Any, frame_rate: float) -> NoisyFilter:
    from sportstrack.trackers.sports.config import Tuning
    from sportstrack.trackers.sports.motion import Motion

    tuning = Tuning()
    motion = Motion(config, tuning, frame_rate)

    def noise(_: FloatArray, measurement: FloatArray, score: FloatArray) -> FloatArray:
        deviation = config.measurement_noise * measurement[3]
        doubt = np.maximum(1.0 - score, tuning.noise_floor)
        return np.broadcast_to(tuning.noise_gain * deviation * deviation * doubt, measurement.shape)

    return NoisyFilter(
        lambda corners: xyxy_to_xywh(corners.T),
        lambda measurement: motion.start(measurement, np.zeros(2)),
        lambda state, shift: motion.moved(motion.predict(state, 1.0), shift, 1.0),
        noise,
    )


def _bands(chains: Chains) -> tuple[Band, ...]:
    """Measure errors of detections and changes of velocity by size of the box."""
    true, found = xyxy_to_xywh(chains.truth.reshape(4, -1).T), xyxy_to_xywh(chains.xyxy.reshape(4, -1).T)
    known = np.isfinite(true[0]) & np.isfinite(found[0])
    height = true[3]
    off = (found - true) / height
    walk = _changes(chains)
    limits = np.quantile(height[known], np.linspace(0, 1, _BANDS + 1))
    bands = []
    for low, high in zip(limits[:-1].tolist(), limits[1:].tolist(), strict=True):
        here = known & (height >= low) & (height <= high)
        x, y, width, tall = (float(np.std(off[c, here])) for c in range(4))
        change = walk.reshape(-1)[here]
        rms = float(np.sqrt(np.nanmean(change**2))) if np.isfinite(change).any() else 0.0
        bands.append(Band(low, high, int(here.sum()), x, y, width, tall, rms))
    return tuple(bands)


def _changes(chains: Chains) -> FloatArray:
    """(L, N) change of the horizontal velocity of the truth, in box heights per step; NaN where unknown."""
    x = (chains.truth[0] + chains.truth[2]) / 2 - np.cumsum(chains.shift[0], axis=0)
    height = chains.truth[3] - chains.truth[1]
    changes = np.full(x.shape, np.nan)
    changes[1:-1] = (x[2:] - 2 * x[1:-1] + x[:-2]) / height[1:-1]
    return changes
