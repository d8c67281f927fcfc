"""Settings of jobs that the command line takes as arguments: they become the same options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.mine.loss import LossWeights
from sportstrack.options import check_options, option
from sportstrack.refine.settings import PRESETS, STEPS, preset
from sportstrack.score.preprocess import BENCHMARKS

METHODS = ("csrt", "kcf", "mil")
"""Single-object trackers that need no file of a network."""


@dataclass(frozen=True)
class SotRequest:
    """What a job ``sot`` follows."""

    init: Sequence[float] | None = option(
        None, "box in the first frame: left, top, width, height in pixels", metavar="X,Y,W,H"
    )
    detect: str | None = option(None, "the detection of highest score of this class", metavar="CLASS")
    ball: bool = option(False, "the ball: detector and tracker complete each other")
    start: int = option(0, "first frame, from 0", low=0, high=10_000_000, metavar="FRAME")
    method: str = option("csrt", "the tracker", choices=METHODS)
    redetect: bool = option(True, "search for the object when it is gone")

    def __post_init__(self) -> None:
        check_options(self)
        if sum((self.init is not None, self.detect is not None, self.ball)) != 1:
            raise SettingError("what to follow: give one of init, detect and ball")
        if self.init is not None and len(self.init) != 4:
            raise SettingError("init: expected four numbers: left, top, width, height")


@dataclass(frozen=True)
class RefineRequest:
    """How a job ``refine`` works; ``set`` has the steps' numbers by name."""

    preset: str = option("sports", "settings for a kind of scene", choices=tuple(PRESETS))
    steps: Sequence[str] = option(STEPS, f"comma-separated: {','.join(STEPS)}", choices=STEPS, metavar="LIST")
    set: Mapping[str, float] = field(default_factory=dict)
    classes: Sequence[int | str] | None = option(None, "these classes only", shown="all", metavar="CLASS,…")
    size: tuple[int, int] | None = option(None, "of the picture", shown="as recorded", metavar="WxH")
    frame_rate: float | None = option(
        None, "frames per second", shown="as recorded, else 25", low=0, high=100_000, above=True, metavar="FPS"
    )
    zero_based: bool = option(False, "MOT text counts frames from 0")

    def __post_init__(self) -> None:
        check_options(self)
        try:
            preset(self.preset, steps=tuple(self.steps), **self.set)
        except TypeError as error:
            raise SettingError(f"set: {error}") from error
        if self.size is not None and not all(0 < side <= 16384 for side in self.size):
            raise SettingError("size: expected two whole numbers from 1 to 16384")


@dataclass(frozen=True)
class EvaluateRequest:
    """How a job ``evaluate`` scores."""

    benchmark: str | None = option(None, "preprocess as this benchmark does", choices=tuple(BENCHMARKS))
    classes: Sequence[int | str] | None = option(None, "these classes only", shown="all", metavar="CLASS,…")
    per_class: bool = option(False, "score each class by itself, and their average")
    plots: bool = option(False, "draw HOTA over alpha and sequences side by side")
    diagnose: bool = option(False, "name the cause of every error")
    allow_missing: bool = option(False, "score what both sides have if sequences have no result")
    zero_based: bool = option(False, "MOT text counts frames from 0")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class MineRequest:
    """What a job ``mine`` looks at; ``loss`` has the weights of its parts, ``same`` other names of classes."""

    split: str = option("train", "of the data set; only train is enriched", choices=("train", "val", "test"))
    loss: Mapping[str, float] = field(default_factory=dict)
    same: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_options(self)
        try:
            LossWeights(**self.loss)
        except TypeError as error:
            raise SettingError("loss: expected box, cls, miss and false with numbers") from error
        for names in self.same.values():
            if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
                raise SettingError("same: expected a table of names with lists of names")
