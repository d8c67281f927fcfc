"""The settings of mining and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sportstrack.limits import MAX_FRAMES
from sportstrack.mine.loss import ImageLoss, LossWeights
from sportstrack.options import check_options, option
from sportstrack.types import Detections, IntArray

AUGMENTATIONS = ("flip", "brightness", "contrast", "blur", "motion_blur", "noise", "jpeg")
KEEP = ("harder", "easier", "all", "none")


@dataclass(frozen=True)
class MineSettings:
    """What is mined, and what is made of it.

    Attributes:
        top: pictures to mine.
        per_sequence: at most so many pictures of one clip.
        gap: least distance of two pictures of one clip.
        weights: of the losses.
        augment: operations of data_prep.augment to try one by one, or none. Each is tried on each mined picture.
        keep: which augmented pictures to train on, by their loss compared with the picture's own.
        score: least score of a detection in the confusion table and the contact sheet.
        seed: same seed, same random choices.

    Raises:
        SettingError: a value out of range.
    """

    top: int = option(50, "pictures to mine", low=1, high=MAX_FRAMES, metavar="N")
    per_sequence: int = option(3, "at most so many pictures of one clip", low=1, high=MAX_FRAMES, metavar="N")
    gap: int = option(12, "least distance of two pictures of one clip", low=1, high=MAX_FRAMES, metavar="FRAMES")
    weights: LossWeights = field(default_factory=LossWeights)
    augment: Sequence[str] = option(
        AUGMENTATIONS, "operations of data_prep.augment to try one by one, or none", metavar="LIST"
    )
    keep: str = option(
        "harder", "which augmented pictures to train on, by their loss compared with the picture's own", choices=KEEP
    )
    score: float = option(
        0.25, "least score of a detection in the confusion table and the contact sheet", low=0, high=1
    )
    seed: int = option(0, "same seed, same random choices", low=0, high=2**31 - 1, metavar="N")

    def __post_init__(self) -> None:
        check_options(self)


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
        notes: settings that the detector ignored, and why torch runs it where another engine was expected.
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
