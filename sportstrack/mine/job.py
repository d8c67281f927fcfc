"""What every step of mining needs: the data set, the detector, classes under one numbering, settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sportstrack.errors import SettingError
from sportstrack.mine.loss import ImageLoss, image_loss
from sportstrack.mine.mined import MineSettings
from sportstrack.mine.source import Source
from sportstrack.types import Detections, Detector, Image
from sportstrack.val.truth import Classes, TestSet, renumbered

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, pictures done and pictures in all."""


class SharedClasses:
    """The classes of truth and detector under one numbering.

    Args:
        spec: the detector, for messages.
        test: the pictures and their truth.
        model: the detector.
        same: class name → other names for it.

    Attributes:
        shared: number → name of the classes that both know.
        own: the data set's class numbers → shared ones.

    Raises:
        SettingError: the detector has no class names, or no class in common with the truth.
    """

    def __init__(self, spec: str, test: TestSet, model: Detector, same: Mapping[str, Sequence[str]] | None) -> None:
        if not model.names:
            raise SettingError(f"{spec}: has no class names; give your detector a `names` attribute, id → name")
        classes = Classes(same)
        self.shared = classes.shared(test.classes, {spec: model.names})
        self.own = classes.numbers(dict(enumerate(test.classes)), self.shared)
        self._detectors = classes.numbers(model.names, self.shared)

    @property
    def names(self) -> tuple[str, ...]:
        """The shared classes' names in the order of their numbers."""
        return tuple(self.shared.values())

    def truth(self, boxes: Detections) -> Detections:
        """Return true boxes of shared classes."""
        return renumbered(boxes, self.own)

    def found(self, boxes: Detections) -> Detections:
        """Return detections of shared classes, without the unusable ones."""
        return renumbered(boxes if boxes.valid is None else boxes[boxes.valid], self._detectors)


@dataclass(frozen=True, eq=False)
class MineJob:
    """A detector and the data set that it is measured on.

    Attributes:
        source: the data set.
        classes: brings truth and detections under one numbering.
        model: the detector.
        settings: in force.
        progress: called while pictures are worked on.
    """

    source: Source
    classes: SharedClasses
    model: Detector
    settings: MineSettings
    progress: Progress

    def loss(self, image: Image, truth: Detections) -> ImageLoss:
        """Return the loss of a picture with true boxes of the data set's classes, detected anew."""
        return image_loss(self.classes.truth(truth), self.classes.found(self.model([image])[0]))
