"""Pictures are measured once (readable or not, size, light, sharpness, hashes) and the figures kept in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.audit.findings import Finding
from data_prep.audit.labels import Thresholds
from data_prep.audit.source import AuditSource
from data_prep.pictures import picture_bytes, show_picture
from data_prep.table import NO_SEQUENCE, Picture, VideoFrame
from sportstrack.errors import FormatError, OutputError, SettingError, SourceError
from sportstrack.images.decode import check_picture
from sportstrack.limits import MAX_SIDE
from sportstrack.options import check_options, option
from sportstrack.types import IntArray

_WIDTH = 320  # pixels to which pictures are brought before sharpness is measured
_ENOUGH = 8  # pictures that a clip must have before outliers are reported
_FLAT = 2.0  # grey values of standard deviation below which a picture has nothing to hash
_DARK, _BRIGHT = 8.0, 247.0  # mean grey values of pictures that are all but black or white
_LEAST = 40.0  # grey values that a picture's light must differ at least
Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class Measured:
    """One picture.

    Attributes:
        error: why it cannot be read, "" if it can.
        width: pixels, turned as EXIF asks.
        height: pixels.
        light: mean grey value, 0…255.
        sharp: variance of the Laplacian, at 320 pixels width.
        perceptual_hash: 64 bits; None for a flat picture.
        digest: of the file's bytes.
    """

    error: str = ""
    width: int = 0
    height: int = 0
    light: float = 0.0
    sharp: float = 0.0
    perceptual_hash: int | None = None
    digest: str = ""


@dataclass(frozen=True)
class PixelSettings:
    """How pictures are measured.

    Attributes:
        every: read the pixels of every Nth picture of a clip (of a split, for single pictures).
        workers: pictures measured side by side.
        cache: keep what was measured; a stopped run goes on where it was. None keeps nothing.
        perceptual: compute perceptual hashes.
        progress: called with (done, pictures in all).

    Raises:
        SettingError: a value out of range.
    """

    every: int = option(1, "read the pixels of every Nth picture of a clip", low=1, metavar="N")
    workers: int = option(1, "pictures measured side by side", low=1, metavar="N")
    cache: Path | None = option(None, "keep what was measured; a stopped run goes on where it was", metavar="FILE")
    perceptual: bool = option(True, "compute perceptual hashes")
    progress: Progress | None = None

    def __post_init__(self) -> None:
        check_options(self)


def measure(source: AuditSource, settings: PixelSettings) -> dict[int, Measured]:
    """Return row → what was measured, of the pictures that are there and picked by ``every``.

    Raises:
        SettingError: imagehash is not installed.
        OutputError: the cache cannot be written.
    """
    hasher = _hasher() if settings.perceptual else None
    files = source.table.images.file
    rows = picked(source, settings.every).tolist()
    known = _read_cache(settings.cache)
    found: dict[int, Measured] = {}
    todo = []
    for row in rows:
        if (key := _key(files[row])) in known:
            found[row] = known[key]
        else:
            todo.append((row, key))
    with ExitStack() as stack:
        cache = stack.enter_context(_Cache(settings.cache))
        pool = stack.enter_context(ThreadPoolExecutor(settings.workers)) if settings.workers > 1 else None
        work = partial(_measure, hasher=hasher)
        results: Iterator[Measured] = (pool.map if pool else map)(work, [files[row] for row, _ in todo])
        for (row, key), measured in zip(todo, results, strict=True):
            found[row] = measured
            cache.add(key, measured)
            if settings.progress:
                settings.progress(len(found), len(rows))
    return dict(sorted(found.items()))


def picked(source: AuditSource, every: int) -> IntArray:
    """Return the rows of pictures to measure: every Nth of a clip, and of a split's single pictures."""
    images = source.table.images
    there = [f is not None and not isinstance(f, VideoFrame) for f in images.file.tolist()]
    rows = np.flatnonzero(np.array(there, np.bool_) & ~source.missing)
    groups: dict[tuple[str, int], int] = {}
    kept = []
    for row, key in zip(
        rows.tolist(), zip(images.split[rows], images.sequence[rows].tolist(), strict=True), strict=True
    ):
        if groups.setdefault(key, 0) % every == 0:
            kept.append(row)
        groups[key] += 1
    return np.array(kept, np.int64)


def check_pixels(source: AuditSource, measured: dict[int, Measured], thresholds: Thresholds) -> Iterator[Finding]:
    """Yield unreadable pictures, wrong sizes, and outliers of light and sharpness."""
    for row, m in measured.items():
        if m.error:
            yield source.of_image("unreadable picture", m.error, row)
        elif (size := tuple(source.table.images.size[row].tolist())) != (m.width, m.height):
            text = f"is {m.width}x{m.height}, its labels are for {size[0]}x{size[1]}"
            yield source.of_image("picture size", text, row)
    for row in np.flatnonzero((source.table.images.size < 1).any(axis=1) & ~source.missing).tolist():
        if row not in measured:
            yield source.of_image("picture size", "its size is stated nowhere", row)
    for rows in _groups(source, measured):
        yield from _outliers(source, rows, measured, thresholds)


def _groups(source: AuditSource, measured: dict[int, Measured]) -> list[list[int]]:
    images = source.table.images
    groups: dict[tuple[str, int], list[int]] = {}
    for row, m in measured.items():
        if not m.error:
            groups.setdefault((images.split[row], int(images.sequence[row])), []).append(row)
    return list(groups.values())


def _outliers(
    source: AuditSource, rows: list[int], measured: dict[int, Measured], thresholds: Thresholds
) -> Iterator[Finding]:
    light = np.array([measured[row].light for row in rows])
    sharp = np.array([measured[row].sharp for row in rows])
    middle, enough = float(np.median(light)), len(rows) >= _ENOUGH
    spread = 1.4826 * float(np.median(np.abs(light - middle)))
    limit = max(thresholds.light * spread, _LEAST)
    group = "clip" if source.table.images.sequence[rows[0]] != NO_SEQUENCE else "split"
    usual = float(np.median(sharp))
    for row, grey, edge in zip(rows, light.tolist(), sharp.tolist(), strict=True):
        black_or_white = not _DARK <= grey <= _BRIGHT
        if black_or_white or (enough and abs(grey - middle) > limit):
            text = f"mean grey value {grey:.0f}; the {group}'s median is {middle:.0f}"
            yield source.of_image("light outlier", text, row)
        elif enough and edge < thresholds.blur * usual:
            text = f"sharpness {edge:.0f}; the {group}'s median is {usual:.0f}"
            yield source.of_image("blur outlier", text, row)


def _measure(file: Picture, hasher: Any) -> Measured:
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        data = picture_bytes(file)
        check_picture(data, show_picture(file))
        with Pillow.open(BytesIO(data)) as image:
            width, height = image.size
            if image.getexif().get(274, 1) >= 5:  # EXIF orientation: 5 to 8 are a quarter turn
                width, height = height, width
            image.draft("L", (2 * _WIDTH, 2 * _WIDTH * image.height // max(1, image.width)))  # a JPEG's cheap way
            grey = ImageOps.grayscale(image)  # decodes all of it: a file cut off says so here
    except (FormatError, SourceError) as error:
        return Measured(str(error).removeprefix(f"{show_picture(file)}: "))
    except Exception as error:  # Pillow's readers let out what struct, zlib and others raise, a division by 0 too
        return Measured(f"not a readable picture ({str(error).partition(' <')[0]})")
    if grey.width > _WIDTH:
        grey = grey.resize((_WIDTH, max(1, round(grey.height * _WIDTH / grey.width))), Pillow.Resampling.BOX)
    values = np.asarray(grey, np.float32)
    hashed = None if hasher is None or values.std() < _FLAT else int(str(hasher(grey)), 16)
    digest = blake2b(data, digest_size=12).hexdigest()
    return Measured("", width, height, float(values.mean()), _sharpness(values), hashed, digest)


def _sharpness(grey: Any) -> float:
    """Variance of the four-neighbour Laplacian (Pech-Pacheco et al., ICPR 2000)."""
    if min(grey.shape) < 3:
        return 0.0
    inner = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    return float(inner.var())


def _hasher() -> Any:
    try:
        from imagehash import phash
    except ImportError as error:
        raise SettingError(
            "near-identical pictures are found with imagehash: pip install imagehash, or pass "
            "--ignore near-identical-pictures-in-two-splits"
        ) from error
    return phash


def _key(file: Picture) -> str:
    """Name a picture as it is now: another size or date is another picture."""
    if isinstance(file, str):
        try:
            stat = os.stat(file)  # noqa: PTH116  # a million times over
        except OSError:
            return file
        return f"{file}|{stat.st_size}|{stat.st_mtime_ns}"
    return show_picture(file)


class _Cache:
    """Lines of JSON: a picture's key and what was measured."""

    def __init__(self, path: Path | None):
        self._path = path
        self._file: Any = None

    def add(self, key: str, measured: Measured) -> None:
        if self._file is not None:
            self._file.write(json.dumps([key, asdict(measured)]) + "\n")
            self._file.flush()

    def __enter__(self) -> _Cache:
        if self._path is not None:
            try:
                if not is_cache(self._path):
                    raise OutputError(f"{self._path}: is no cache of an audit; name another file")
                self._file = self._path.open("a", encoding="utf-8")
            except OSError as error:
                raise OutputError(f"{self._path}: cannot be written: {error.strerror or error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def is_cache(path: Path) -> bool:
    """Return whether a file is a cache, or there is none yet; OSError if it cannot be read."""
    if not path.exists():
        return True
    with path.open("rb") as file:
        line = file.readline(1_000_000)
    try:
        key, values = json.loads(line or b'["", {}]')
        return isinstance(key, str) and isinstance(values, dict)
    except (ValueError, TypeError, RecursionError):
        return False


def _read_cache(path: Path | None) -> dict[str, Measured]:
    if path is None or not path.is_file():
        return {}
    known: dict[str, Measured] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            key, values = json.loads(line)
            one = Measured(**values)
        except (ValueError, TypeError, RecursionError):  # the line that a kill cut off
            continue
        if isinstance(key, str) and _sound(one):
            known[key] = one
    return known


def _sound(measured: Measured) -> bool:
    """Return whether a line of the cache holds what `_measure` writes."""
    texts = isinstance(measured.error, str) and isinstance(measured.digest, str)
    sides = all(type(side) is int and 0 <= side <= MAX_SIDE for side in (measured.width, measured.height))
    greys = all(type(grey) in (int, float) and np.isfinite(float(grey)) for grey in (measured.light, measured.sharp))
    hashed = measured.perceptual_hash
    return texts and sides and greys and (hashed is None or (type(hashed) is int and 0 <= hashed < 1 << 64))
