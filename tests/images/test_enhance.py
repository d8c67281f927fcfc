"""Enhanced pictures: dark ones become brighter, days stay, and the video stays steady."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from data_prep.synthetic import Settings, render_sequence
from sportstrack import track_video
from sportstrack.detect import load_detector
from sportstrack.errors import SettingError
from sportstrack.images.enhance import ENHANCE, Enhancer, curve, table
from sportstrack.images.light import box_light, has_colour, measure_light
from sportstrack.types import Detections, Image
from sportstrack.video import VideoWriter

SIZE = {"width": 320, "height": 180, "view": "main"}


def render(light: str, frames: int = 1, every: int = 1) -> list[Image]:
    return [image for image, _ in render_sequence(Settings(seed=3, frames=frames, lighting=light, **SIZE), every)]


@pytest.fixture(scope="module")
def day() -> Image:
    return render("even")[0]


@pytest.fixture(scope="module")
def night() -> Image:
    return render("night")[0]


def test_auto_leaves_a_day_untouched_and_brings_a_night_near_it(day: Image, night: Image) -> None:
    enhancer = Enhancer("auto")
    assert enhancer(day) is day
    enhancer = Enhancer("auto")
    brighter = enhancer(night)
    assert measure_light(night).middle < 20
    assert 0.6 < measure_light(brighter).middle / measure_light(day).middle < 1.5
    gain, gamma = curve(measure_light(night))
    rough, smooth = (np.corrcoef(day.ravel(), image.ravel())[0, 1] for image in (table(gain, gamma)[night], brighter))
    assert smooth > rough  # it is nearer to what was there, not only brighter
    assert enhancer.report() | {"ms": 0} == {"enhance": "auto", "thermal": "none", "frames": 1, "of": 1, "ms": 0}


@pytest.mark.parametrize("how", [how for how in ENHANCE if how not in ("none", "auto")])
def test_other_ways_brighten_whatever_needs_it(how: str, day: Image, night: Image) -> None:
    assert measure_light(Enhancer(how)(night)).middle > 3 * measure_light(night).middle
    assert abs(measure_light(Enhancer(how)(day)).middle - measure_light(day).middle) < 40


def test_the_brightness_does_not_jump_with_the_sensor(night: Image) -> None:
    enhancer = Enhancer("auto")
    given = [(night * (1 + 0.25 * (k % 2))).astype(np.uint8) for k in range(40)]
    made = [float(enhancer(image).mean()) for image in given]
    assert given[1].mean() > 1.2 * given[0].mean()
    assert np.abs(np.diff(made[5:])).max() < 0.05 * np.mean(made)


def test_pictures_near_the_limit_are_not_changed_to_and_fro() -> None:
    dim = np.full((90, 160, 3), 30, np.uint8)
    dim[:, :20] = 120
    enhancer = Enhancer("auto")
    changed = [enhancer((dim + (k % 2) * 3).astype(np.uint8)) is not None and enhancer.changed for k in range(60)]
    steps = np.diff([0, *changed])
    assert np.abs(np.diff(steps)).sum() <= 1


@pytest.mark.parametrize("value", [0, 1, 7, 255])
@pytest.mark.parametrize("how", ENHANCE)
def test_flat_pictures_pass(how: str, value: int) -> None:
    flat = np.full((20, 30, 3), value, np.uint8)
    for thermal in ("none", "white", "black"):
        assert Enhancer(how, thermal)(flat).shape == flat.shape
    assert not Enhancer("auto")(np.zeros((20, 30, 3), np.uint8)).any()


def test_black_hot_pictures_become_white_hot_ones() -> None:
    heat = np.full((60, 80, 3), 120, np.uint8) + np.random.default_rng(0).integers(0, 9, (60, 80, 1), np.uint8)
    heat[20:40, 30:40] = 60  # a warm body of a black-hot camera
    white = Enhancer("auto", "black")(heat)
    assert white[30, 35, 0] > 240
    assert white[5, 5, 0] < 120
    stretched = Enhancer("auto", "white")(heat)
    assert (255 - stretched == white).mean() > 0.99


def test_unknown_ways_are_refused() -> None:
    with pytest.raises(SettingError, match=r"enhance: .*did you mean 'gamma'"):
        Enhancer("gama")
    with pytest.raises(SettingError, match="thermal"):
        load_detector(lambda frames: [], thermal="hot")


def test_colour_and_light_are_measured(day: Image) -> None:
    assert has_colour(day) is True
    assert has_colour(np.repeat(day[..., :1], 3, axis=2)) is False
    assert has_colour(np.full((20, 30, 3), 9, np.uint8)) is None
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[10:20, 10:20] = 200
    inside, around, outside = box_light(picture, np.array([[10, 10, 20, 20], [10, 10, 20, 20], [90, 90, 95, 95]]), 0.0)
    assert inside == around == pytest.approx(200)
    assert np.isnan(outside)
    assert box_light(picture, np.array([[10, 10, 20, 20]]), 0.5)[0] == pytest.approx(200 / 4, rel=0.1)


class Watching:
    """A detector that remembers how bright its frames were."""

    names = {0: "player"}

    def __init__(self) -> None:
        self.means: list[float] = []

    def __call__(self, frames: list[Image]) -> list[Detections]:
        self.means += [float(frame.mean()) for frame in frames]
        box = np.array([[20.0, 20.0, 60.0, 90.0]])
        return [Detections(box, np.array([0.9]), np.array([0])) for _ in frames]


def write(path: Path, images: list[Image]) -> Path:
    with VideoWriter(path, 320, 180, 25, crf=12) as writer:
        for number, image in enumerate(images):
            writer.write(image, Fraction(number, 25))
    return path


@pytest.fixture(scope="module")
def night_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("night") / "night.mp4", render("night", 6))


def test_a_run_enhances_for_the_detector_alone_and_says_so(night_video: Path) -> None:
    detector, seen = Watching(), []
    summary = track_video(
        night_video, detector=detector, enhance="auto", on_frame=lambda frame: seen.append(float(frame.image.mean()))
    )
    assert min(detector.means) > 3 * max(seen)
    assert summary.enhanced["enhance"] == "auto"
    assert summary.enhanced["frames"] == summary.enhanced["of"] == 6
    assert summary.stages_ms["enhance"] > 0
    assert "enhanced: auto: 6 of 6 frames" in str(summary)
    assert not [one for one in summary.warnings if "dark" in one]


def test_the_enhanced_pictures_are_shown_where_that_is_asked_for(night_video: Path) -> None:
    seen: list[float] = []
    track_video(
        night_video, detector=Watching(), enhance="auto", draw_enhanced=True,
        on_frame=lambda frame: seen.append(float(frame.image.mean())),
    )  # fmt: skip
    assert min(seen) > 30


def test_dark_pictures_without_it_get_a_hint(night_video: Path) -> None:
    summary = track_video(night_video, detector=Watching())
    assert summary.enhanced == {}
    assert [one for one in summary.warnings if "--enhance auto" in one]


def test_grey_video_is_tracked_without_what_needs_colour(tmp_path: Path) -> None:
    grey = [np.repeat(image[..., 1:2], 3, axis=2) for image in render("even", 3)]
    path = write(tmp_path / "grey.mp4", grey)
    summary = track_video(path, detector=Watching(), offline=False)
    said = [one for one in summary.warnings if "no colour" in one]
    assert len(said) == 1
    assert "teams, kit colours as appearance, people off the field" in said[0]
    assert summary.teams == {}
    assert {"embed", "teams", "field"}.isdisjoint(summary.stages_ms)
    coloured = track_video(write(tmp_path / "day.mp4", render("even", 3)), detector=Watching(), offline=False)
    assert not [one for one in coloured.warnings if "colour" in one]
