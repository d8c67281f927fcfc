"""The settings of mining and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.mine.loss import ImageLoss, LossWeights
from sportstrack.types import Detections, IntArray

AUGMENTATIONS = ("flip", "brightness", "contrast", "blur", "motion_blur", "noise", "jpeg")
KEEP = ("harder", "easier", "all", "none")


@dataclass(frozen=True)
class MineSettings:
    """What is mined, and what is made of it.

    Attributes:
        top: most pictures.
        per_sequence: most pictures of one clip.
        gap: least distance of two pictures of one clip, in frames.
        weights: of the losses.
        augment: operations of `data_prep.augment`, each tried alone on each mined picture.
        keep: which augmented pictures to train on: those that are ``harder`` than the picture itself, ``easier``,
            ``all`` or ``none``.
        score: least score of a detection in the table of confusions.
        seed: of the augmentations.

    Raises:
        SettingError: a value out of range.
    """

    top: int = 50
    per_sequence: int = 3
    gap: int = 12
    weights: LossWeights = field(default_factory=LossWeights)
    augment: Sequence[str] = AUGMENTATIONS
    keep: str = "harder"
    score: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("top", "per_sequence", "gap"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name}: expected a whole number from 1, got {getattr(self, name)}")
        if self.keep not in KEEP:
            raise SettingError(f"keep: expected one of {', '.join(KEEP)}, got {self.keep!r}")


@dataclass(frozen=True, eq=False)
class Hard:
    """A mined picture.

    Attributes:
        row: in the split's labelled pictures.
        picture: its path.
        sequence: the clip that it is from.
        loss: weighted, per true box.
        parts: the parts of the loss.
        truth: true boxes, with the shared class numbers.
        found: detections, with the shared class numbers.
    """

    row: int
    picture: str
    sequence: str
    loss: float
    parts: ImageLoss
    truth: Detections
    found: Detections


@dataclass(frozen=True, eq=False)
class Variant:
    """A mined picture after one augmentation.

    Attributes:
        picture: path of the picture that it was made from.
        operation: its name.
        loss: of the augmented picture.
        change: that loss minus the picture's own; above 0 the picture has become harder.
        parameters: the random numbers of the operation.
        file: where it was written for training, or "".
    """

    picture: str
    operation: str
    loss: float
    change: float
    parameters: Mapping[str, Any]
    file: str = ""


@dataclass(frozen=True, eq=False)
class Mined:
    """What was found.

    Attributes:
        detector: its name.
        data: the data set's.
        classes: the names that truth and detector share; numbers index into it.
        pictures: how many were measured.
        losses: (M,) of all of them.
        mean: mean loss.
        hard: the mined ones, worst first.
        confusion: (K + 1, K + 1): true class (last: none) by detector's class (last: missed), over all pictures.
        variants: of the mined pictures.
        left_out: the data set's classes that the detector does not know.
        settings: in force.
        training: the enriched data.yaml, or "".
        notes: settings that the detector ignored.
    """

    detector: str
    data: str
    classes: tuple[str, ...]
    pictures: int
    losses: Mapping[str, float]
    mean: float
    hard: tuple[Hard, ...]
    confusion: IntArray
    variants: tuple[Variant, ...]
    left_out: tuple[str, ...]
    settings: MineSettings
    training: str = ""
    notes: tuple[str, ...] = ()
