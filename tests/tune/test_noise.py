"""Noise of filters: what was put into simulated walks comes out of the fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack import Detections, MotTable, SportstrackError, TuneSettings, tune_tracker
from sportstrack.recording import RecordingInfo
from sportstrack.score.sequence import Side
from sportstrack.track.frames import Observation
from sportstrack.tune.noise import calibrate
from sportstrack.tune.sequences import LoadedSequence, TruthSource

HEIGHT = 100.0


def walks(measurement: float, velocity: float, frames: int = 200, players: int = 12, seed: int = 3) -> LoadedSequence:
    """Players whose velocity changes by ``velocity`` a frame, seen with an error of ``measurement``; in box heights."""
    generator = np.random.default_rng(seed)
    change = generator.normal(0, velocity * HEIGHT, (frames, players, 2))
    change -= change.mean(axis=1, keepdims=True)  # so that the picture does not seem to move
    place = np.cumsum(np.cumsum(change, axis=0), axis=0) + np.arange(players)[None, :, None] * 4000
    size = np.array([0.4 * HEIGHT, HEIGHT])
    true = np.concatenate((place - size / 2, place + size / 2), axis=2)
    seen = generator.normal(0, measurement * HEIGHT, place.shape)
    big = size * np.exp(generator.normal(0, 0.02, place.shape))
    found = np.concatenate((place + seen - big / 2, place + seen + big / 2), axis=2)
    observations = [
        Observation(f, f / 25, Detections(found[f], np.full(players, 0.75), np.zeros(players, np.int64)))
        for f in range(frames)
    ]
    n = frames * players
    table = MotTable(
        np.repeat(np.arange(frames), players),
        np.tile(np.arange(players), frames),
        true.reshape(-1, 4),
        np.ones(n),
        np.ones(n, np.int64),
        np.ones(n),
    )
    source = TruthSource("walks", "walks", "", "", frames, n)
    return LoadedSequence(source, RecordingInfo("walks", 1280, 720, 25.0), observations, Side.of(table, frames), frames)


def test_the_noise_that_was_put_in_comes_out() -> None:
    fitted = calibrate("sports", {}, [walks(measurement=0.04, velocity=0.02, frames=120)])
    assert fitted.values["measurement_noise"] == pytest.approx(0.04, rel=0.3)
    assert fitted.values["velocity_noise"] == pytest.approx(0.02, rel=0.3)
    assert fitted.values["position_noise"] < 0.02
    assert fitted.likelihood[1] > fitted.likelihood[0]


def test_noise_in_pixels_is_found_coordinate_by_coordinate() -> None:
    fitted = calibrate("sort", {}, [walks(measurement=0.03, velocity=0.015, frames=90, players=20)])
    x, y, *_ = np.sqrt(fitted.values["measurement_noise"]) / HEIGHT
    assert (x, y) == (pytest.approx(0.03, rel=0.3), pytest.approx(0.03, rel=0.3))
    assert np.sqrt(fitted.values["velocity_noise"][0]) / HEIGHT == pytest.approx(0.015, rel=0.4)
    assert fitted.values["velocity_noise"][3] == 0.0, "the ratio has no velocity"


@pytest.mark.parametrize("name", ["bytetrack", "deepsort", "jde", "botsort", "ocsort"])
def test_every_filter_fits_better_than_the_defaults(name: str) -> None:
    fitted = calibrate(name, {}, [walks(measurement=0.02, velocity=0.02, frames=40)])
    assert fitted.likelihood[1] > fitted.likelihood[0] + 0.1
    (band, *_) = fitted.bands
    assert band.x == pytest.approx(0.02, rel=0.1)
    assert band.change == pytest.approx(0.02, rel=0.1)


def test_what_cannot_be_fitted_is_said() -> None:
    with pytest.raises(SportstrackError, match="cbiou has no Kalman filter"):
        calibrate("cbiou", {}, [])
    with pytest.raises(SportstrackError, match="only 36 detections"):
        calibrate("sort", {}, [walks(0.02, 0.02, frames=3)])


def test_calibrated_settings_are_tried_after_the_defaults_and_judged(benchmark: Path, tmp_path: Path) -> None:
    how: Any = TuneSettings(calibrate=True, held_out=0.4)
    tuned = tune_tracker([benchmark], tmp_path, tracker="bytetrack", tune=how)
    assert [one.title for one in tuned.trials] == ["defaults", "calibrated"]
    assert tuned.calibration is not None
    assert tuned.trials[1].values == tuned.calibration.values
    assert tuned.noise_gain is not None
    assert set(tuned.noise_gain.before) == set(tuned.gain.before if tuned.gain else {})
    assert "noise fitted to" in (tmp_path / "tune.txt").read_text()
