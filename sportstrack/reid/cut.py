"""Crops cut from their pictures once: a file of pixels that the training reads at random."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.clothes import kit_colours
from sportstrack.embed.crops import pixel_boxes, resized_crops
from sportstrack.embed.kit import BINS, KitEmbedder
from sportstrack.files.claim import PartFile
from sportstrack.files.reading import read_json
from sportstrack.identities.kits import WIDTH
from sportstrack.reid.people import PersonCrops
from sportstrack.types import Embeddings, IntArray

FOLDER = "crops"
"""Where they lie while a run is not finished, within its folder."""

Progress = Callable[[int, int], None]
_FILES = ("pictures.npy", "looks.npz", "crops.json")


@dataclass(frozen=True, eq=False)
class CutCrops:
    """The pixels of N crops, and what they look like without a network.

    Attributes:
        pictures: (N, H, W, 3) uint8 BGR, stretched to the network's size; in memory, or a file mapped to it.
        kit: (N, 48) unit rows of the embedder ``kit``.
        colours: (N, C) kit colours; zeros where there is no ground beside the box (crop files).
    """

    pictures: Any
    kit: Embeddings
    colours: NDArray[np.float32]


def cut_crops(
    crops: PersonCrops, size: tuple[int, int], folder: Path | None = None, progress: Progress | None = None
) -> CutCrops:
    """Cut all crops, exactly as an embedder does it.

    Args:
        crops: which.
        size: height and width of the network's input.
        folder: holds the pixels of an unfinished run, which are read again if they are of the same crops; None keeps
            them in memory.
        progress: called with the pictures read and all of them.

    Raises:
        FormatError: a picture is missing, damaged or of another size.
        OutputError: the folder cannot be written.
    """
    key = crops_key(crops, size)
    if folder is not None and (known := _read(folder, key)) is not None:
        return known
    shape = (len(crops), *size, 3)
    made = _Cutter(crops, size)
    if folder is None:
        pictures: Any = np.empty(shape, np.uint8)
        return made.cut(pictures, progress)
    folder.mkdir(parents=True, exist_ok=True)
    files = [PartFile(folder / name) for name in _FILES]
    try:
        with files[0].explained():
            pictures = np.lib.format.open_memmap(files[0].part, "w+", np.uint8, shape)
            found = made.cut(pictures, progress)
            pictures.flush()
        with files[1].explained():
            np.savez(files[1].part, kit=found.kit, colours=found.colours)
        files[2].write(json.dumps({"key": key}).encode())
    except BaseException:
        for file in files:
            file.part.unlink(missing_ok=True)
        raise
    for file in files:
        file.rename()
    return _read(folder, key) or found


def remove_crops(folder: Path) -> None:
    """Remove the pixels of a finished run."""
    shutil.rmtree(folder, ignore_errors=True)


def crops_key(crops: PersonCrops, size: tuple[int, int]) -> str:
    """Return a hash of which crops these are."""
    text = json.dumps([size, crops.names, crops.images.name.tolist(), list(map(str, crops.images.file.tolist()))])
    found = hashlib.sha256(text.encode(errors="backslashreplace"))
    for column in (crops.image, crops.xyxy, crops.person):
        found.update(np.ascontiguousarray(column).tobytes())
    return found.hexdigest()


def _read(folder: Path, key: str) -> CutCrops | None:
    with suppress(Exception):
        if read_json(folder / _FILES[2])["key"] == key:
            pictures = np.load(folder / _FILES[0], mmap_mode="r")
            with np.load(folder / _FILES[1]) as looks:
                return CutCrops(pictures, looks["kit"], looks["colours"])
    return None


class _Cutter:
    def __init__(self, crops: PersonCrops, size: tuple[int, int]) -> None:
        self._crops, self._size, self._embedder = crops, size, KitEmbedder()
        self._starts = np.searchsorted(crops.image, np.arange(len(crops.images) + 1))
        # A crop's own file has no ground beside the person.
        self._grounded = np.array([clip.width > 0 for clip in crops.clips])[crops.images.sequence]

    def cut(self, pictures: Any, progress: Progress | None) -> CutCrops:
        """Fill the pictures, and return them with the looks."""
        from data_prep.pictures import read_pictures

        crops, total = self._crops, len(self._crops.images)
        found = CutCrops(
            pictures, np.zeros((len(crops), 2 * BINS), np.float32), np.zeros((len(crops), WIDTH), np.float32)
        )
        for done, (row, image) in enumerate(read_pictures(crops.images), 1):
            rows: IntArray = np.arange(self._starts[row], self._starts[row + 1])
            boxes = crops.xyxy[rows]
            pixels, _ = pixel_boxes(boxes, *image.shape[:2])
            found.pictures[rows] = resized_crops(image, pixels, self._size)
            found.kit[rows] = self._embedder(image, boxes)
            if self._grounded[row]:
                found.colours[rows] = kit_colours(image, boxes)
            if progress is not None:
                progress(done, total)
        return found
