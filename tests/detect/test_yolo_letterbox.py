"""The letterbox: the same input of the network as Ultralytics makes, and the same way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.detect.yolo import Letterbox, input_size, letterbox
from sportstrack.detect.yolo.letterbox import placing, to_frame

SHAPES = [
    (478, 848),
    (1080, 1920),
    (2160, 3840),
    (640, 360),
    (3, 5),
    (1, 700),
    (700, 1),
    (353, 641),
    (33, 64),
    (64, 64),
]
side = st.integers(1, 4000)


def picture(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(shape).integers(0, 256, (*shape, 3), dtype=np.uint8)


def theirs(image: np.ndarray, size: int | tuple[int, int], auto: bool) -> np.ndarray:
    from ultralytics.data.augment import LetterBox

    boxed = LetterBox(size, auto=auto, stride=32)(image=image)
    return np.ascontiguousarray(boxed[..., ::-1].transpose(2, 0, 1)[None]).astype(np.float32) / np.float32(255)


@pytest.mark.parametrize("imgsz", [320, 640])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_input_is_that_of_predict(shape: tuple[int, int], imgsz: int) -> None:
    image = picture(shape)
    before = image.copy()
    np.testing.assert_array_equal(letterbox(image, input_size(shape, imgsz)), theirs(image, imgsz, auto=True))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("size", [(640, 640), (384, 640), (640, 384), (32, 320)])
@pytest.mark.parametrize("shape", [s for s in SHAPES if s != (353, 641)])
def test_a_model_of_one_size_gets_the_input_that_ultralytics_gives_it(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    image = picture(shape)
    np.testing.assert_array_equal(letterbox(image, size), theirs(image, size, auto=False))


def test_nothing_of_an_earlier_frame_stays() -> None:
    boxed, out = Letterbox((320, 320)), np.full((3, 320, 320), 7, np.float32)
    for shape in ((180, 320), (320, 180), (5, 320), (320, 320), (180, 320)):
        image = picture(shape)
        before = image.copy()
        boxed(image, out)
        np.testing.assert_array_equal(out, letterbox(image, (320, 320))[0])
        np.testing.assert_array_equal(image, before)


def test_a_view_is_fine() -> None:
    image = picture((200, 300))
    np.testing.assert_array_equal(letterbox(image[:, ::-1], (224, 320)), letterbox(image[:, ::-1].copy(), (224, 320)))


@settings(max_examples=100, deadline=None)
@given(side, side, st.integers(1, 2000))
def test_the_size_is_the_smallest_that_fits(height: int, width: int, imgsz: int) -> None:
    size = input_size((height, width), imgsz)
    longer = -(-imgsz // 32) * 32
    assert max(size) == longer
    assert not any(s % 32 for s in size)
    inner = placing((height, width), size)
    assert max(inner.height, inner.width) == longer
    assert 0 <= size[0] - inner.height < 32
    assert 0 <= size[1] - inner.width < 32
    assert 0 <= size[0] - inner.height - 2 * inner.top <= 1  # centred, the odd pixel below
    assert 0 <= size[1] - inner.width - 2 * inner.left <= 1


@settings(max_examples=100, deadline=None)
@given(side, side, st.sampled_from([(640, 640), (384, 640), (736, 1280), (640, 32)]), st.integers(0, 1000))
def test_the_way_back_is_that_of_ultralytics(height: int, width: int, size: tuple[int, int], seed: int) -> None:
    import torch
    from ultralytics.utils.ops import scale_boxes

    boxes = np.random.default_rng(seed).uniform(-50, 1300, (6, 4)).astype(np.float32)
    expected = scale_boxes(size, torch.from_numpy(boxes.copy()), (height, width)).numpy()
    found = to_frame(boxes.reshape(-1, 2, 2), (height, width), size).reshape(-1, 4)
    np.testing.assert_allclose(found, expected, atol=1e-3, rtol=1e-6)


@settings(max_examples=100, deadline=None)
@given(side, side, st.integers(32, 1600))
def test_a_corner_of_the_frame_comes_back(height: int, width: int, imgsz: int) -> None:
    size = input_size((height, width), imgsz)
    inner = placing((height, width), size)
    corners = np.array([[inner.left, inner.top], [inner.left + inner.width, inner.top + inner.height]], np.float64)
    back = to_frame(corners, (height, width), size)
    allowed = 1 / min(inner.height, inner.width)  # a rounded side, see `to_frame`
    np.testing.assert_allclose(back / (width, height), [[0, 0], [1, 1]], atol=allowed)
