"""Makes small videos for tests: plain ones, odd ones and broken ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = (64, 48)  # width, height


def picture(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Return a smooth BGR image whose upper left quarter is as bright as ``number`` says (see `number_of`)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([255 * x / width, 255 * y / height, 200 - 150 * x / width], axis=-1).astype(np.uint8)
    image[: height // 2, : width // 2] = 16 + 9 * (number % 25)
    return image


def number_of(image: NDArray[np.uint8]) -> int:
    """Return the number (modulo 25) that `picture` put into an image."""
    height, width = image.shape[:2]
    patch = image[height // 8 : height * 3 // 8, width // 8 : width * 3 // 8]
    return round((float(patch.mean()) - 16) / 9)


def make_video(
    path: Path,
    count: int = 30,
    *,
    size: tuple[int, int] = SIZE,
    rate: Fraction = Fraction(25),
    ticks: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    movflags: str = "",
    pictures: Sequence[NDArray[np.uint8]] | None = None,
    colour: tuple[int, int] | None = None,
) -> Path:
    """Encode `picture` 0, 1, … (or ``pictures``); ``colour`` is (matrix, range) as ffmpeg numbers them."""
    import av

    base = time_base or 1 / rate
    with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.options = {"preset": "veryfast"} | (options or {}) if codec == "libx264" else options or {}
        stream.codec_context.time_base = base
        matrix, colour_range = colour or (5, 1)
        if colour:
            stream.codec_context.colorspace, stream.codec_context.color_range = colour
        images = pictures if pictures is not None else [picture(number, size) for number in range(count)]
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(
                format=pix_fmt,
                dst_colorspace=1 if matrix == 1 else 5,
                dst_color_range=colour_range,
                interpolation=0x40002,  # bilinear, accurate
            )
            frame.pts, frame.time_base = (ticks[number] if ticks else number), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_images(folder: Path, names: Sequence[str], size: tuple[int, int] = SIZE) -> Path:
    """Write `picture` 0, 1, … under the names given."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        assert cv2.imwrite(str(folder / name), picture(number, size))
    return folder


def make_sequence(root: Path, numbers: Sequence[int], *, ini: str | None = None, suffix: str = ".png") -> Path:
    """Write a MOT-like sequence; picture n−1 stands in file n."""
    import cv2

    (root / "img1").mkdir(parents=True)
    for number in numbers:
        assert cv2.imwrite(str(root / "img1" / f"{number:06d}{suffix}"), picture(max(number - 1, 0)))
    if ini is not None:
        (root / "seqinfo.ini").write_text(ini, encoding="utf-8")
    return root


def make_audio(path: Path) -> Path:
    """Write a tenth of a second of silence."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first ``share`` of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def scramble(path: Path, start: float, end: float, seed: int = 1) -> Path:
    """Overwrite the part of a file between two shares of its length with random bytes."""
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = np.random.default_rng(seed).bytes(last - first)
    path.write_bytes(bytes(data))
    return path


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Make an mp4 ask for x' = ax + cy, y' = bx + dy at play time, by its track header."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44  # version 0: the matrix follows 40 bytes of version, times, id and volume
    for offset, value in ((0, a), (4, b), (12, c), (16, d)):
        struct.pack_into(">i", data, place + offset, value * 65536)
    path.write_bytes(bytes(data))
    return path


def count_frames(path: Path) -> int:
    """How many frames a video decodes to."""
    import av

    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
