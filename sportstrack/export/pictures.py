"""Pictures that stand for what a detector will see: few of them, spread over matches and sequences."""

from __future__ import annotations

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sportstrack.errors import SettingError, SportstrackError
from sportstrack.types import Image
from sportstrack.video import IMAGE_SUFFIXES, natural_key, open_source


@dataclass(frozen=True)
class Chosen:
    """Pictures that were chosen from a data set, a folder or a video.

    Attributes:
        source: what the user named.
        files: the pictures.
        groups: matches, sequences or folders that they come from.
        shape: (height, width) that most of them have.
    """

    source: str
    files: tuple[str, ...]
    groups: int
    shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.files)

    def pictures(self) -> Iterator[Image]:
        """Yield (H, W, 3) BGR pictures in order; FormatError for one that cannot be read."""
        from data_prep.pictures import read_picture

        yield from map(read_picture, self.files)


@contextmanager
def chosen_pictures(source: str | Path, count: int) -> Iterator[Chosen]:
    """Choose at most `count` pictures, spread over what there is; frames of a video are kept for the block only.

    Args:
        source: a YOLO data set (its data.yaml or folder; the training pictures, where there are some), a folder of
            pictures with all below it, or a video.
        count: how many.

    Raises:
        SettingError: there are no pictures.
        FormatError, SourceError: the data set or the video cannot be read.
    """
    path = Path(source)
    with tempfile.TemporaryDirectory(prefix="sportstrack-") as folder:
        if path.suffix.lower() in (".yaml", ".yml") or (path / "data.yaml").is_file():
            groups = _of_data_set(path)
        elif path.is_dir():
            groups = _of_folder(path)
        else:
            groups = {path.name: _of_video(path, count, Path(folder))}
        files = spread(groups, count)
        if not files:
            raise SettingError(
                f"{source}: no pictures found; expected a data.yaml, a folder of pictures or a video of yours"
            )
        yield Chosen(str(source), tuple(files), len(groups), _commonest_shape(files))


def spread(groups: Mapping[str, Sequence[str]], count: int) -> list[str]:
    """Return at most `count` files: as many from each group, as far as it has them, evenly spaced in each.

    Example:
        >>> spread({"a": ["a1", "a2", "a3", "a4", "a5"], "b": ["b1"]}, 4)
        ['a1', 'a3', 'a5', 'b1']
    """
    left, quotas = count, {}
    ordered = sorted(groups, key=lambda name: len(groups[name]))
    for place, name in enumerate(ordered):  # the small groups first: what they lack goes to the larger ones
        quotas[name] = min(len(groups[name]), left // (len(ordered) - place))
        left -= quotas[name]
    return [
        groups[name][row]
        for name in groups
        for row in (
            np.linspace(0, len(groups[name]) - 1, quotas[name]).round().astype(int).tolist() if quotas[name] else ()
        )
    ]


def _of_data_set(path: Path) -> dict[str, list[str]]:
    from data_prep.formats.yolo_read import read_yolo

    table = read_yolo(path, need=())
    images = table.images
    split = "train" if (images.split == "train").any() else images.split[0]
    groups: dict[str, list[str]] = defaultdict(list)
    for name, file, place, row in zip(images.name, images.file, images.sequence.tolist(), images.split, strict=True):
        if row == split and isinstance(file, str):
            clip = table.sequences[place] if place >= 0 else None
            groups[clip.match or clip.name if clip else _without_number(name)].append(file)
    return dict(groups)


def _of_folder(folder: Path) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    found = [path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    for path in sorted(found, key=lambda path: natural_key(str(path))):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            groups[_without_number(str(path.relative_to(folder)))].append(str(path))
    return dict(groups)


def _of_video(path: Path, count: int, folder: Path) -> list[str]:
    """Write frames of a video as pictures, evenly spaced although its length is known only at its end."""
    import cv2

    kept: list[str] = []
    stride = 1
    with open_source(path) as source:
        for frame in source:
            if frame.index % stride:
                continue
            file = folder / f"{frame.index:08d}.png"
            if not cv2.imwrite(str(file), frame.image):
                raise SportstrackError(f"{folder}: frames of {path} cannot be written there; is the disk full?")
            kept.append(str(file))
            if len(kept) > 2 * count:
                for left_out in kept[1::2]:
                    Path(left_out).unlink()
                kept, stride = kept[::2], 2 * stride
    return kept


def _without_number(name: str) -> str:
    """Return what names of one clip's pictures share: all but the last number, and the ending."""
    return re.sub(r"\d+(?=[^\d/\\]*$)", "", name.rpartition(".")[0] or name)


def _commonest_shape(files: Sequence[str]) -> tuple[int, int]:
    from data_prep.pictures import picture_size

    shapes = Counter(picture_size(file)[::-1] for file in files)
    return shapes.most_common(1)[0][0]
