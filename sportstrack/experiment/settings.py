"""What an experiment is made of, as plain frozen tables; `sportstrack.experiment.config` fills them from YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sportstrack.options import check_options, option
from sportstrack.score.bins import BY

FIRST_TEST_SEED = 10_000
"""Renders to track on: neither the demo weights nor an experiment's own training have seen such seeds."""

COMPARED = "comparison"
"""What the names of the runs of comparisons begin with."""

_TRAIN_SEEDS = 1000  # renders with smaller seeds are for training


@dataclass(frozen=True)
class RenderedData:
    """Rendered football with exact truth.

    Attributes:
        train: sequences that the detector learns from.
        val: sequences that judge it.
        test: sequences that are tracked.
        every: every Nth frame of train and val is a picture of the data set.
        more: settings of the renders: those of `data_prep.synthetic.Settings`, but for the seed.

    Raises:
        SettingError: a value out of range.
    """

    train: int = option(6, "sequences that the detector learns from", low=1, high=900)
    val: int = option(2, "sequences that judge it", low=1, high=100)
    test: int = option(4, "sequences that are tracked", low=1, high=500)
    every: int = option(10, "every Nth frame of train and val is a picture of the data set", low=1)
    more: Mapping[str, Any] = option(dict, "settings of the renders")

    def __post_init__(self) -> None:
        check_options(self)

    def seeds(self, seed: int) -> tuple[list[int], list[int]]:
        """Return the seeds of the sequences to learn from and judge with, and of those to track."""
        first = 37 * seed
        learned = [(first + i) % _TRAIN_SEEDS for i in range(self.train + self.val)]
        return learned, [FIRST_TEST_SEED + 500 * seed + i for i in range(self.test)]


@dataclass(frozen=True)
class OwnData:
    """Data that are there already.

    Attributes:
        detector: a YOLO data set to learn from and to judge with, or None.
        sequences: folder of sequences with truth (``gt/gt.txt``).
        detections: file in each sequence's folder that takes the detector's place, or None.
        limit: at most so many sequences, in the order of their names.
    """

    sequences: str
    detector: str | None = None
    detections: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class ConvertedData:
    """A benchmark of tracking whose pictures also teach the detector.

    Attributes:
        sportsmot: SportsMOT's folder; the detector learns from its train split, the val split is tracked.
        sport: basketball, football, volleyball or all.
        every: every Nth frame is a picture of the data set.
        limit: at most so many sequences are tracked, in the order of their names.
    """

    sportsmot: str
    sport: str = "all"
    every: int = 25
    limit: int | None = None


@dataclass(frozen=True)
class TrackerRun:
    """A tracker with its settings, run on all sequences.

    Attributes:
        name: as tables call it.
        values: fields of `sportstrack.TrackSettings` that differ from the experiment's.
    """

    name: str
    values: Mapping[str, Any]

    @property
    def tracker(self) -> str:
        """The tracker's name."""
        return str(self.values["tracker"])

    @property
    def identity(self) -> str:
        """The same text for the same settings."""
        return json.dumps(dict(self.values), sort_keys=True, default=str)


@dataclass(frozen=True)
class BeforeAfter:
    """A proposed improvement: a baseline and one or more variants of it.

    Attributes:
        title: of the proposal.
        about: what it is, for the report.
        baseline: what it is compared with.
        variants: what is proposed; of a sweep one for each value.
        setting: of a sweep, the setting that is varied, else None.
        points: of a sweep, its values, one for each variant.
    """

    title: str
    about: str
    baseline: TrackerRun
    variants: tuple[TrackerRun, ...]
    setting: str | None = None
    points: tuple[float, ...] = ()


@dataclass(frozen=True)
class ExperimentSettings:
    """An experiment.

    Attributes:
        title: of the report.
        author: under its title.
        question: what the experiment is to answer.
        seed: of renders, training and draws.
        data: what it is made on.
        audit: kinds of findings that are left out, and other settings; None audits nothing.
        train: settings of `sportstrack.train_detector`; None trains nothing.
        val: settings of the judgement; None judges nothing.
        detect: settings of `sportstrack.TrackSettings` that decide what every tracker gets.
        classes: classes that count in the scores; None takes all.
        benchmark: preprocess as this benchmark does.
        by: what the scores are cut by: light, occlusion, scale, speed.
        trackers: what is compared.
        compare: proposed improvements.
        objective: what the gain of an improvement is counted in.
        pdf: also write the report as PDF.
        trust: let weights and settings run code.
        text: the configuration as it was written, for the report.
    """

    title: str = "An experiment on tracking in sports video"
    author: str = ""
    question: str = ""
    seed: int = 0
    data: RenderedData | OwnData | ConvertedData = field(default_factory=RenderedData)
    audit: Mapping[str, Any] | None = field(default_factory=dict)
    train: Mapping[str, Any] | None = field(default_factory=dict)
    val: Mapping[str, Any] | None = field(default_factory=dict)
    detect: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[int | str, ...] | None = None
    benchmark: str | None = None
    by: tuple[str, ...] = BY
    trackers: tuple[TrackerRun, ...] = ()
    compare: tuple[BeforeAfter, ...] = ()
    objective: str = "HOTA"
    pdf: bool = True
    trust: bool = False
    text: str = ""

    @property
    def runs(self) -> tuple[TrackerRun, ...]:
        """Every run once: the trackers, and those of the comparisons whose settings no run before them has."""
        found = list(self.trackers)
        known = {run.identity for run in found}
        for number, pair in enumerate(self.compare, 1):
            for run in (pair.baseline, *pair.variants):
                if run.identity not in known:
                    known.add(run.identity)
                    found.append(TrackerRun(f"{COMPARED} {number}, {run.name}", run.values))
        return tuple(found)

    def run_of(self, run: TrackerRun) -> TrackerRun:
        """Return the run of `runs` that has these settings."""
        return next(one for one in self.runs if one.identity == run.identity)

    @property
    def has_detections(self) -> bool:
        """Whether detections are given, so that no detector runs."""
        return isinstance(self.data, OwnData) and self.data.detections is not None

    @property
    def has_pictures(self) -> bool:
        """Whether there is a data set for a detector."""
        return not isinstance(self.data, OwnData) or self.data.detector is not None
