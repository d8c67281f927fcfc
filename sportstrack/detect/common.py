"""What the detectors share: classes by name, the stages' times, frames by shape, and packages that may be missing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError, WeightsError, nearest
from sportstrack.files.reading import same_name
from sportstrack.images.check import check_image
from sportstrack.models.devices import import_torch
from sportstrack.plugins import first_line
from sportstrack.types import Detections, Image

NO_CLASS = ("__background__", "N/A")
"""Names in lists of labels that stand for no class."""

COCO_SPORTS = ("person", "sports ball")
OF_ENGINES = ("engine", "precision")
"""Settings of weights that this project's engines run; other libraries' models have none."""

STAGES = ("preprocess", "inference", "postprocess")
"""The stages of a detector that `Stages` measures."""

Frames: TypeAlias = Sequence[Image]


def class_ids(classes: Sequence[int | str] | str | None, names: Mapping[int, str]) -> list[int] | None:
    """Return the sorted ids for ids, numbers as text, or names (upper and lower case alike); None means all.

    ``all`` is None; ``sports`` is persons and sports balls if the model has both (COCO's 80 classes), else all.

    Raises:
        SettingError: if the model has no such class; the message gives the nearest name.
    """
    if classes is None or classes == "all" or "all" in classes:
        return None
    if classes == "sports":
        return (
            [k for k, name in names.items() if name in COCO_SPORTS] if set(COCO_SPORTS) <= set(names.values()) else None
        )
    ids: set[int] = set()
    for wanted in [classes] if isinstance(classes, str) else classes:
        text = same_name(str(wanted).strip())
        named = [k for k, name in names.items() if same_name(name) == text] or [
            k for k, name in names.items() if same_name(name).lower() == text.lower()
        ]
        if not named and text.isdigit() and int(text) in names:
            named = [int(text)]
        if not named:
            some = ", ".join(list(names.values())[:20]) + (", …" if len(names) > 20 else "")
            raise SettingError(
                f"class {text!r} is not one of this model's{nearest(text, list(names.values()))} (it has: {some})"
            )
        ids.update(named)
    return sorted(ids)


class ClassTable:
    """A model's own class numbers, renumbered from 0 without those that stand for nothing.

    So COCO's classes get the numbers 0 to 79 that YOLO gives them, whatever the model calls them.

    Args:
        spec: the model, for messages.
        labels: the model's class number → name.
        classes: ids or names to keep; see `sportstrack.detect.common.class_ids`.

    Attributes:
        names: class id → name.

    Raises:
        SettingError: if a class to keep is unknown.
    """

    def __init__(self, spec: str, labels: Mapping[int, str], classes: Sequence[int | str] | str | None = None) -> None:
        kept = [label for label in sorted(labels) if labels[label] not in NO_CLASS]
        self.names: dict[int, str] = {i: labels[label] for i, label in enumerate(kept)}
        self._spec = spec
        self._ids = np.full(max(labels, default=-1) + 1, -1, np.int64)
        self._ids[kept] = range(len(kept))
        self._keep = class_ids(classes, self.names)

    def renumbered(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return (N,) class ids for the model's own (N,) numbers, and the (N,) mask of the rows to keep.

        Raises:
            WeightsError: if a number has no name, not even one that stands for nothing.
        """
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(self._ids):
            odd = labels[(labels < 0) | (labels >= len(self._ids))][0]
            raise WeightsError(f"{self._spec}: found a class {odd}; its names go up to {len(self._ids) - 1} only")
        ids = self._ids[labels]
        return ids, ids >= 0 if self._keep is None else np.isin(ids, self._keep)

    def table(self, found: Any, score: float) -> Detections:
        """Return `Detections` of a ``supervision.Detections``: boxes of kept classes from a score upwards."""
        class_id, kept = self.renumbered(np.asarray(found.class_id, np.int64))
        kept &= found.confidence >= score
        return Detections(
            found.xyxy[kept].astype(np.float64),
            found.confidence[kept].astype(np.float64),
            class_id[kept],
            mask=None if found.mask is None else found.mask[kept],
        )


class Stages:
    """Seconds per stage, as every detector reports them.

    Args:
        device: where the model runs; a GPU is waited for at the end of a stage.

    Attributes:
        timings: stage → seconds since construction.
    """

    def __init__(self, device: str = "") -> None:
        self.timings = dict.fromkeys(STAGES, 0.0)
        self._device = device

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time that a with-block takes."""
        started = time.perf_counter()
        yield
        if self._device.startswith("cuda"):
            import_torch().cuda.synchronize(self._device)
        elif self._device == "mps":
            import_torch().mps.synchronize()
        self.timings[stage] += time.perf_counter() - started


def in_shapes(frames: Frames, detect: Callable[[Frames], Sequence[Detections]]) -> list[Detections]:
    """Detect in (H, W, 3) frames in one batch per shape, so that padding cannot make a frame depend on the others.

    Raises:
        SettingError: if a frame is no (H, W, 3) uint8 array.
    """
    for frame in frames:
        check_image(frame)
    found = [Detections.empty()] * len(frames)
    for rows in rows_by_shape(frames):
        for row, table in zip(rows, detect([frames[row] for row in rows]), strict=True):
            found[row] = table
    return found


def rows_by_shape(frames: Frames) -> list[list[int]]:
    """Return the rows of the frames of each shape that occurs."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, frame in enumerate(frames):
        groups.setdefault(frame.shape, []).append(row)
    return list(groups.values())


@contextlib.contextmanager
def inference(device: str, half: bool) -> Iterator[None]:
    """Run torch without gradients, and in 16 bits where the network allows if `half`."""
    torch = import_torch()
    mixed = torch.autocast(device.partition(":")[0], torch.float16) if half else contextlib.nullcontext()
    with torch.inference_mode(), mixed:
        yield


def require_package(name: str, spec: str, fix: str) -> None:
    """Raise SettingError unless a package is installed; the message says how to get it. It is not imported."""
    if find_spec(name) is None:
        raise SettingError(f"{spec}: needs the package {name}: {fix}")


def import_package(name: str, spec: str, fix: str) -> Any:
    """Import and return a package that need not be there.

    Raises:
        SettingError: if it is not installed or does not load; the message says how to mend that.
    """
    require_package(name, spec, fix)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SettingError(f"{spec}: {name} lacks its package {error.name!r}: pip install {error.name}") from error
    except ImportError as error:
        raise SettingError(f"{spec}: {name} is installed but cannot be imported ({first_line(error)})") from error


def check_range(name: str, value: Any, low: float, high: float, whole: bool = False) -> None:
    """Raise SettingError unless a setting is a number, or a whole number, of a range."""
    kind: Any = (int, np.integer) if whole else (int, float, np.number)
    if not isinstance(value, kind) or not low <= value <= high:
        raise SettingError(f"{name}: expected {'a whole number ' if whole else ''}{low}…{high}, got {value}")
