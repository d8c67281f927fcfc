"""Renders and augmented pictures of bad light and bad weather."""

from __future__ import annotations

import numpy as np
import pytest

from data_prep.augment import NIGHT, augment_image
from data_prep.synthetic import Settings, render_sequence
from data_prep.synthetic.dark import noise_table
from sportstrack.types import Image

SIZE = {"frames": 1, "width": 320, "height": 180, "view": "main"}


@pytest.fixture(scope="module")
def renders() -> dict[str, tuple[Image, object]]:
    kinds = ("even", "dusk", "floodlight", "night")
    return {kind: next(render_sequence(Settings(seed=3, lighting=kind, **SIZE))) for kind in kinds}


def test_evenings_and_nights_are_darker_than_days_and_show_the_same_play(renders: dict) -> None:
    light = {kind: float(image.mean()) for kind, (image, _) in renders.items()}
    assert light["night"] < 0.4 * light["dusk"]
    assert max(light["dusk"], light["floodlight"]) < 0.9 * light["even"]
    truth = renders["even"][1]
    for _, other in renders.values():
        assert other.xyxy.tolist() == truth.xyxy.tolist()
        assert other.track_id.tolist() == truth.track_id.tolist()


def test_what_is_left_at_night_is_the_day_picture_under_noise(renders: dict) -> None:
    day, night = (renders[kind][0].astype(float).ravel() for kind in ("even", "night"))
    assert 0.5 < np.corrcoef(day, night)[0, 1] < 0.97


def test_noise_is_a_larger_part_of_dark_grey_values_than_of_bright_ones() -> None:
    sigma = noise_table(4000.0)
    assert sigma[20] / 20 > 4 * sigma[200] / 200
    light = 40 / 255  # by hand: photons and read-out noise of this much light, through the gamma curve
    electrons = light**2.2 * 4000
    by_hand = 40 / 2.2 * np.sqrt(electrons + 9) / electrons
    assert sigma[40] == pytest.approx(by_hand, rel=0.1)


def test_equal_seeds_give_equal_nights() -> None:
    first, second = (next(render_sequence(Settings(seed=4, lighting="night", **SIZE)))[0] for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("name", NIGHT)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bad_light_and_weather_leave_boxes_as_they_are(renders: dict, name: str, seed: int) -> None:
    image, truth = renders["even"]
    changed, boxes, classes, record = augment_image(image, truth.xyxy, truth.class_id, [name], seed)
    assert boxes.tolist() == truth.xyxy.tolist()
    assert classes.tolist() == truth.class_id.tolist()
    assert record["dropped"] == 0
    assert changed.shape == image.shape
    assert (changed != image).mean() > 0.2


def test_each_look_is_what_its_name_says(renders: dict) -> None:
    image, truth = renders["even"]
    for seed in range(4):
        made = {name: augment_image(image, truth.xyxy, truth.class_id, [name], seed)[0] for name in NIGHT}
        assert made["low_light"].mean() < 0.6 * image.mean()
        assert (made["infrared"] == made["infrared"][..., :1]).all()
        assert made["fog"].std() < 0.85 * image.std()
        assert made["rain"].mean() > image.mean()
