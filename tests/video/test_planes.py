"""Pictures as the planes of video: ffmpeg reads the colours that went in."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack.video.planes import Planes


def exact(image: np.ndarray, hd: bool) -> np.ndarray:
    """(H, W, 3) luma and colour differences, by the definitions of BT.709 and BT.601."""
    red, blue = (0.2126, 0.0722) if hd else (0.299, 0.114)
    b, g, r = np.moveaxis(image.astype(float) / 255, -1, 0)
    luma = red * r + (1 - red - blue) * g + blue * b
    return np.stack([16 + 219 * luma, 128 + 112 * (b - luma) / (1 - blue), 128 + 112 * (r - luma) / (1 - red)], axis=-1)


@pytest.mark.parametrize("hd", [True, False])
@pytest.mark.parametrize(("width", "height"), [(848, 478), (2, 2), (34, 6)])
def test_planes_are_exact_to_a_level(width: int, height: int, hd: bool) -> None:
    planes = Planes(width, height, hd=hd)
    for seed in range(2):  # the second picture reuses the first one's memory
        image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        frame = planes.frame(image)
        found = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width] for p in frame.planes]
        wanted = exact(image, hd)
        mean = wanted.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
        for plane, values in zip(found, (wanted[..., 0], mean[..., 1], mean[..., 2]), strict=True):
            assert np.abs(plane - values).max() < 1.01
            assert abs((plane - values).mean()) < 0.3 + (width < 100)


def test_frames_do_not_share_memory() -> None:
    planes = Planes(16, 8, hd=False)
    first = planes.frame(np.full((8, 16, 3), 255, np.uint8))
    planes.frame(np.zeros((8, 16, 3), np.uint8))
    assert (first.to_ndarray()[:8] == 235).all()


@pytest.mark.parametrize("hd", [True, False])
def test_ffmpeg_gives_the_colours_back(hd: bool) -> None:
    from av.video.reformatter import VideoReformatter

    blocks = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = np.kron(blocks, np.ones((16, 16, 1), np.uint8))
    frame = Planes(128, 128, hd=hd).frame(image[:, ::-1][:, ::-1])
    back = VideoReformatter().reformat(frame, format="bgr24", src_colorspace=1 if hd else 5).to_ndarray()
    inside = np.abs(back.astype(int) - image).reshape(8, 16, 8, 16, 3)[:, 4:12, :, 4:12]
    assert inside.max() <= 5
    assert inside.mean() < 1.5
