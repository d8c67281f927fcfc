"""Grey pictures of more than 8 bits: files, folders, pages and video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from sportstrack.errors import SourceError
from sportstrack.images.decode import read_picture
from sportstrack.images.levels import Levels
from sportstrack.video import open_source

RNG = np.random.default_rng(0)


def scene(shift: int = 0) -> np.ndarray:
    """(48, 64) float 0…1: a ramp with grain, and a warm square."""
    y, x = np.mgrid[0:48, 0:64]
    grey = 0.2 + 0.4 * x / 64 + 0.1 * y / 48 + RNG.normal(0, 0.01, (48, 64))
    grey[20:30, 10 + shift : 18 + shift] = 0.95
    return grey.clip(0, 1)


def test_12_bits_in_a_16_bit_file_fill_the_range(tmp_path: Path) -> None:
    for suffix in ("png", "tif"):
        path = tmp_path / f"a.{suffix}"
        cv2.imwrite(str(path), (scene() * 4095).astype(np.uint16))
        image = read_picture(path)
        assert image.shape == (48, 64, 3)
        assert image.dtype == np.uint8
        assert np.percentile(image, 99.5) > 240
        assert np.percentile(image, 1) < 15
        assert image[25, 14, 0] > image[25, 30, 0]  # what is warm is bright


def test_float_palette_and_rgba_pictures_are_read(tmp_path: Path) -> None:
    floats = scene().astype(np.float32) * 30 + 270  # kelvin
    floats[0, 0], floats[0, 1] = np.nan, np.inf
    Pillow.fromarray(floats).save(tmp_path / "f.tif")
    assert np.ptp(read_picture(tmp_path / "f.tif")) > 200
    colours = (np.dstack([scene()] * 3) * (255, 128, 0)).astype(np.uint8)
    Pillow.fromarray(colours).convert("P").save(tmp_path / "p.png")
    Pillow.fromarray(np.dstack([colours, np.full((48, 64), 9, np.uint8)])).save(tmp_path / "a.png")
    for name in ("p.png", "a.png"):
        image = read_picture(tmp_path / name)
        assert image.shape == (48, 64, 3)
        assert image[25, 14, 2] > 200
        assert image[25, 14, 0] < 40


def test_a_flickering_sensor_does_not_make_the_picture_jump() -> None:
    levels, steady, raw = Levels(), [], []
    for number in range(60):
        values = scene() * 3000 * (1.0 + 0.2 * (number % 2)) + 700 * (number % 3)
        shown = levels(values.astype(np.uint16))
        steady.append(float(np.median(shown)))
        raw.append(float(np.median(values)))
    assert np.ptp(raw) / np.mean(raw) > 0.5
    assert np.ptp(steady) < 8


def test_a_hot_object_that_comes_into_view_does_not_darken_the_rest_at_once() -> None:
    levels = Levels()
    cold = scene() * 1000
    before = [float(np.median(levels(cold.astype(np.uint16)))) for _ in range(10)][-1]
    hot = cold.copy()
    hot[5:15, 30:50] = 9000
    after = [float(np.median(levels(hot.astype(np.uint16)))) for _ in range(3)][-1]
    assert abs(after - before) < 25
    alone = float(np.median(Levels()(hot.astype(np.uint16))))
    assert before - alone > 50  # what the picture by itself would do


@pytest.mark.parametrize("value", [0, 500])
def test_pictures_without_contrast_pass(value: int) -> None:
    flat = np.full((48, 64), value, np.uint16)
    assert not Levels()(flat).any()
    levels = Levels()
    normal = levels((scene() * 4000 + 300).astype(np.uint16))
    levels(flat)
    again = levels((scene() * 4000 + 300).astype(np.uint16))
    assert abs(float(normal.mean()) - float(again.mean())) < 3
    if value == 0:
        assert not levels(flat).any()


def test_a_folder_of_16_bit_pictures_is_steady_and_has_no_colour(tmp_path: Path) -> None:
    for number in range(8):
        values = scene(number) * 3000 * (1 + 0.3 * (number % 2))
        cv2.imwrite(str(tmp_path / f"{number:03}.tiff"), values.astype(np.uint16))
    with open_source(tmp_path) as source:
        assert not source.info.colour
        medians = [float(np.median(frame.image)) for frame in source]
    assert len(medians) == 8
    assert np.ptp(medians) < 10


def test_the_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    pages = [Pillow.fromarray((scene(k) * 4095).astype(np.uint16)) for k in range(5)]
    pages[0].save(tmp_path / "heat.tif", save_all=True, append_images=pages[1:])
    with open_source(tmp_path / "heat.tif", every=2, frame_rate=10) as source:
        assert source.info.frame_count == 5
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 2, 4]
    assert frames[1].time == pytest.approx(0.2)
    where = [int(frame.image[25, :, 0].argmax()) for frame in frames]
    assert where == sorted(where)
    assert min(int(frame.image.max()) for frame in frames) > 240


def test_pages_of_another_size_and_no_tiff_are_refused(tmp_path: Path) -> None:
    pages = [Pillow.new("L", size) for size in ((64, 48), (32, 48))]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    with open_source(tmp_path / "two.tif") as source, pytest.raises(SourceError, match="page 2 is 32x48"):
        list(source)
    (tmp_path / "not.tif").write_bytes(b"II*\0nothing")
    with pytest.raises(SourceError, match="not a readable TIFF"):
        open_source(tmp_path / "not.tif")


@pytest.mark.parametrize(("format_name", "bits"), [("gray16le", 12), ("gray12le", 12), ("gray10le", 10)])
def test_video_of_one_deep_channel_fills_the_range(tmp_path: Path, format_name: str, bits: int) -> None:
    import av

    path = tmp_path / "heat.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, format_name
        for number in range(4):
            frame = av.VideoFrame(64, 48, format_name)
            rows = np.frombuffer(frame.planes[0], np.uint16).reshape(48, -1)
            rows[:, :64] = scene(number) * (2**bits - 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_source(path) as source:
        assert not source.info.colour
        images = [frame.image for frame in source]
    assert len(images) == 4
    assert all(np.percentile(image, 99.5) > 240 and np.percentile(image, 1) < 15 for image in images)
