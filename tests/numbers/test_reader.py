"""The reader of crops: rendered players, bad input, and what is said where rapidocr is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_prep.synthetic.shirts import NumberCrop, Typefaces, new_player, render_crop
from data_prep.synthetic.shirts.bodies import Pose
from sportstrack import NumberReader
from sportstrack.errors import SettingError, WeightsError
from sportstrack.numbers.networks import Locator, Network
from sportstrack.numbers.windows import DIGITS, corners_of, digits_input, person_input, text_input

FACES = Typefaces()
BACK = Pose(0.0, 0.0, 1.0, 0.05, (0.2, 0.2, 0.2, 0.2), (0.1, 0.1, -0.1, -0.1), (False, False))


def from_behind(count: int) -> list[NumberCrop]:
    """Large, clear backs of one player each, with unseen seeds."""
    found, seed = [], 0
    while len(found) < count:
        rng = np.random.default_rng([20_000_000, seed])
        crop = render_crop(new_player(rng, FACES), rng, FACES, pose=BACK, height=260.0, others=0.0)
        found += [crop] if crop.legible else []
        seed += 1
    return found


@pytest.fixture(scope="module")
def reader() -> NumberReader:
    return NumberReader()


def test_clear_backs_are_read(reader: NumberReader) -> None:
    crops = from_behind(40)
    numbers, confidences = reader([crop.image for crop in crops])
    said = [(number, crop.number) for number, crop in zip(numbers, crops, strict=True) if number]
    assert len(said) >= 28
    assert sum(one == other for one, other in said) >= 0.9 * len(said)
    assert ((confidences >= 0.5) == [bool(number) for number in numbers]).all()


def test_tight_crops_are_read_without_the_locator(reader: NumberReader) -> None:
    crops, tight = from_behind(20), []
    for crop in crops:
        assert crop.corners is not None
        (x1, y1), (x2, y2) = crop.corners.min(axis=0), crop.corners.max(axis=0)
        tight.append(crop.image[max(0, int(y1) - 4) : int(y2) + 4, max(0, int(x1) - 4) : int(x2) + 4])
    numbers, _ = reader(tight, tight=True)
    assert sum(n == c.number for n, c in zip(numbers, crops, strict=True)) >= 13


def test_nothing_in_it_is_nothing_read(reader: NumberReader) -> None:
    rng = np.random.default_rng(1)
    grass = np.full((120, 60, 3), (60, 120, 70), np.uint8)
    noise = rng.integers(0, 255, (120, 60, 3), np.uint8)
    assert reader([grass, noise, np.zeros((100, 40, 3), np.uint8)])[0] == ["", "", ""]


def test_grey_one_channel_empty_tiny_and_huge_pictures(reader: NumberReader) -> None:
    crop = from_behind(1)[0].image
    grey = crop.mean(axis=2).astype(np.uint8)
    huge = np.repeat(np.repeat(crop, 12, axis=0), 12, axis=1)
    shapes = [grey, grey[..., None], np.empty((0, 5, 3), np.uint8), crop[:1, :1], huge, crop[:, :3], crop]
    numbers, confidences = reader(shapes)
    assert len(numbers) == len(confidences) == 7
    assert numbers[0] == numbers[1]
    assert (numbers[2], numbers[3]) == ("", "")
    assert numbers[4] == numbers[6]


def test_no_pictures_are_no_numbers(reader: NumberReader) -> None:
    numbers, confidences = reader([])
    assert (numbers, confidences.shape) == ([], (0,))
    assert reader([], tight=True)[0] == []


@pytest.mark.parametrize(
    "wrong", [np.zeros((5, 5, 3)), np.zeros((5, 5, 4), np.uint8), np.zeros(5, np.uint8), "x", None]
)
def test_what_is_no_picture_is_refused_by_its_place(reader: NumberReader, wrong: object) -> None:
    with pytest.raises(SettingError, match=r"crops\[1\]: expected \(H, W, 3\) or \(H, W\) uint8"):
        reader([np.zeros((20, 10, 3), np.uint8), wrong])  # type: ignore[list-item]


def test_without_rapidocr_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.numbers.networks.find_spec", lambda name: None)
    with pytest.raises(SettingError) as caught:
        NumberReader()
    assert str(caught.value) == (
        'shirt numbers are read with rapidocr, which is not installed: pip install "sportstrack[numbers]"'
    )


def test_a_broken_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"broken\.onnx: not a network that onnxruntime can run"):
        Network(path)
    with pytest.raises(WeightsError, match="no such file"):
        Network(path.with_name("missing.onnx"))


def test_the_locator_finds_clear_numbers() -> None:
    crops = from_behind(40)
    corners, scores = Locator()([person_input(crop.image) for crop in crops])
    near = []
    for crop, found in zip(crops, corners, strict=True):
        assert crop.corners is not None
        off = found.mean(axis=0) * crop.image.shape[1::-1] - crop.corners.mean(axis=0)
        near.append(float(np.linalg.norm(off)) < 0.35 * crop.tall)
    assert np.mean(near) > 0.85
    assert np.median(scores) > 0.5


@pytest.mark.parametrize("angle", [0.0, 0.3, -0.5])
def test_windows_show_a_turned_number_upright(angle: float) -> None:
    """A bar along a number's upper edge is at the same place of the window, however the number is turned."""
    import cv2

    along = np.array([np.cos(angle), np.sin(angle)])
    down = np.array([-np.sin(angle), np.cos(angle)])
    middle = np.array([100.0, 100.0])
    corners = corners_of(middle, along * 60, down * 60)
    image = np.zeros((200, 200, 3), np.uint8)
    bar = [middle - along * 30 - down * 30, middle + along * 30 - down * 30]
    cv2.line(image, *[tuple(np.round(end).astype(int).tolist()) for end in bar], (255, 255, 255), 6)
    window = digits_input(image, corners)[..., 0]
    assert window.shape == DIGITS
    rows = window.max(axis=1)
    assert abs(int(rows.argmax()) - 0.5 * DIGITS[0] * (1 - 1 / 1.3)) <= 2
    assert rows[DIGITS[0] // 2 :].max() < 60
    assert text_input(image, corners).shape[0] == 48
