"""Run detectors over a test set, measure their time, and judge what they found."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.cli.progress import Bars
from sportstrack.detect.common import STAGES
from sportstrack.detect.connector import Connector, engine_note, ignored_settings
from sportstrack.detect.names import split_spec
from sportstrack.errors import SettingError
from sportstrack.types import Detections, Detector
from sportstrack.val.ap import SIZES, Accuracy, measure
from sportstrack.val.by import Cuts, check_by, cut_accuracy, measures
from sportstrack.val.masks import NO_FIGURES, MaskJudgement, judge_masks
from sportstrack.val.sweep import Advice, Point, advise, best, sweep
from sportstrack.val.truth import Classes, TestSet, read_test_set, renumbered

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import LoadKeywords

FLOOR = 0.001  # average precision needs the low-score boxes too
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What one detector is worth on one test set.

    Attributes:
        name: how tables call the detector.
        accuracy: COCO's figures.
        points: precision, recall and F1 per score threshold, all classes together.
        times: stage → (M,) milliseconds of each picture.
        pictures: how many.
        device: where it ran, or "".
        notes: what a reader of the figures should know.
        masks: what its masks are worth; None where detector or data set have none.
        cuts: by → bin → accuracy, where that was asked for.
    """

    name: str
    accuracy: Accuracy
    points: tuple[Point, ...]
    times: Mapping[str, NDArray[np.float64]]
    pictures: int
    device: str
    notes: tuple[str, ...] = ()
    masks: MaskJudgement | None = None
    cuts: Cuts = field(default_factory=dict)

    @property
    def best(self) -> Point:
        """The threshold of the best F1."""
        return best(self.points)

    @property
    def advice(self) -> Advice:
        """Thresholds for a tracker."""
        return advise(self.points)

    def figures(self, class_id: int | None = None) -> dict[str, float]:
        """Return precision, recall and F1 at the best threshold, AP50, AP75, AP, and AP by size, of a class or all."""
        accuracy = self.accuracy
        if class_id is None:
            point = self.best
        else:
            own = accuracy.matched[list(accuracy.classes).index(class_id)]
            point = sweep([own], [self.best.threshold])[0]
        found = {"precision": point.precision, "recall": point.recall, "F1": point.f1}
        found |= {
            "AP50": accuracy.ap(class_id, overlap=0.5),
            "AP75": accuracy.ap(class_id, overlap=0.75),
            "AP": accuracy.ap(class_id),
        }
        return found | {f"AP {size}": accuracy.ap(class_id, size) for size in SIZES if size != "all"}

    def mask_figures(self, class_id: int | None = None) -> dict[str, float]:
        """Return mask AP50, AP75 and AP, and IoU and Dice of the found objects' masks; NaN without masks."""
        return dict(NO_FIGURES) if self.masks is None else self.masks.figures(class_id)

    def milliseconds(self) -> dict[str, dict[str, float]]:
        """Return stage (and ``total``) → minimum, mean, p50, p95 and maximum per picture."""
        columns = {**self.times, "total": np.sum(list(self.times.values()), axis=0)}
        return {
            stage: {
                "min": float(ms.min()),
                "mean": float(ms.mean()),
                "p50": float(np.percentile(ms, 50)),
                "p95": float(np.percentile(ms, 95)),
                "max": float(ms.max()),
            }
            for stage, ms in columns.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; a figure without true boxes is None."""
        names = self.accuracy.classes
        masks = {} if self.masks is None else {"masks": _mask_dict(self.masks)}
        return {
            "name": self.name,
            "pictures": self.pictures,
            "device": self.device,
            "figures": _plain(self.figures()),
            "classes": {names[i]: _plain(self.figures(i)) for i in names},
            "truth": {names[i]: m.truth for i, m in zip(names, self.accuracy.matched, strict=True)},
            "best_threshold": self.best.threshold,
            "track_high_thresh": self.advice.high,
            "track_low_thresh": self.advice.low,
            "sweep": [
                {"threshold": p.threshold, "precision": p.precision, "recall": p.recall, "F1": p.f1}
                for p in self.points
            ],
            "milliseconds": self.milliseconds(),
            "by": {by: {k: v.to_dict() for k, v in bins.items()} for by, bins in self.cuts.items()},
            "notes": list(self.notes),
            **masks,
        }


def judge_detectors(
    weights: Sequence[str | Path],
    data: str | Path,
    *,
    split: str = "val",
    same: Mapping[str, Sequence[str]] | None = None,
    limit: int | None = None,
    by: Sequence[str] = (),
    progress: Callable[[str], Progress] | bool | None = None,
    **settings: Unpack[LoadKeywords],
) -> list[Judgement]:
    """Judge one or more detectors on the same pictures and classes.

    Args:
        weights: what `sportstrack.detect.load_detector` takes: weights, ``transformers:FOLDER`` and the other
            connectors, ``module:attribute``.
        data: a YOLO data set's data.yaml or folder.
        split: which of its splits.
        same: class name → other names for it, where data set and detectors differ.
        limit: at most so many pictures, spread evenly.
        by: cut the accuracy by light, occlusion or scale (see `sportstrack.score.bins`).
        progress: True shows bars; or, given a detector's name, it returns what is called with (pictures done,
            pictures).
        **settings: for `load_detector`, such as imgsz, device, iou and trust.

    Raises:
        FormatError, SettingError: about the data set or the classes.
        WeightsError, DeviceError: as `load_detector`.
    """
    from sportstrack.detect import load_detector

    check_by(by)
    asked = {name for name, value in settings.items() if value}
    test, classes = read_test_set(data, split, limit), Classes(same)
    detectors: dict[str, Connector] = {}
    for spec in map(str, weights):
        detectors[_name(spec, detectors)] = load_detector(spec, score=FLOOR, **settings)
    shared = classes.shared(test.classes, {name: _names(name, d) for name, d in detectors.items()})
    judged = []
    with Bars("picture", quiet=progress is not True) as bars:
        for name, detector in detectors.items():
            called = progress(name) if callable(progress) else partial(bars, name)
            found, times = run_detector(detector, test, called)
            one = judgement(name, detector, test, classes, shared, found, times, by)
            judged.append(replace(one, notes=(*one.notes, *ignored_settings(detector, asked), *engine_note(detector))))
    return judged


def run_detector(
    detector: Connector, test: TestSet, progress: Progress | None = None
) -> tuple[list[Detections], dict[str, NDArray[np.float64]]]:
    """Detect picture by picture; return the tables and stage → (M,) milliseconds. The first picture is run twice."""
    found: list[Detections] = []
    stages = [stage for stage in ("enhance", *STAGES) if stage in STAGES or stage in detector.timings]
    times: dict[str, NDArray[np.float64]] = {stage: np.zeros(len(test)) for stage in stages}
    for row, picture in enumerate(test.pictures()):
        if row == 0:
            detector([picture])  # the first call prepares what later calls use
        before = dict(detector.timings)
        found += detector([picture])
        for stage in stages:
            times[stage][row] = 1000 * (detector.timings.get(stage, 0.0) - before.get(stage, 0.0))
        if progress is not None:
            progress(row + 1, len(test))
    return found, times


def judgement(
    name: str,
    detector: Connector,
    test: TestSet,
    classes: Classes,
    shared: Mapping[int, str],
    found: Sequence[Detections],
    times: Mapping[str, NDArray[np.float64]],
    by: Sequence[str] = (),
) -> Judgement:
    """Return what a detector's tables are worth.

    Args:
        name: how tables call the detector.
        detector: its class names and device are used.
        test: the pictures and their true boxes.
        classes: what names mean the same.
        shared: the classes that count, as `Classes.shared` gives them.
        found: a table per picture.
        times: stage → (M,) milliseconds of each picture.
        by: what to cut the accuracy by.
    """
    own = classes.numbers(dict(enumerate(test.classes)), shared)
    theirs = classes.numbers(detector.names, shared)
    masked = test.polygons is not None and all(table.mask is not None for table in found if len(table))
    truth = [renumbered(boxes, own) for boxes in (test.masked() if masked else test.boxes)]
    mine = [renumbered(boxes, theirs) for boxes in (found)]
    accuracy = measure(truth, mine, shared)
    points = tuple(sweep(accuracy.matched))
    left = [c for i, c in enumerate(test.classes) if i not in own]
    notes = [f"not judged, because not every detector knows them: {', '.join(left)}"] if left else []
    masks = judge_masks(truth, mine, shared, best(points).threshold) if masked else None
    notes += _mask_notes(test, found, masked)
    cuts = cut_accuracy(truth, mine, shared, measures(test, truth, by), by) if by else {}
    return Judgement(name, accuracy, points, times, len(test), detector.device or "", tuple(notes), masks, cuts)


def _mask_notes(test: TestSet, found: Sequence[Detections], masked: bool) -> list[str]:
    if not masked:
        lacks = any(table.mask is not None and len(table) for table in found) and test.polygons is None
        return ["masks are not judged: the data set's labels are boxes"] if lacks else []
    whole = sum(int((~polygons.there).sum()) for polygons in test.polygons or ())
    return [f"{whole} true boxes have no polygon; the whole box counts as their mask"] if whole else []


def _mask_dict(masks: MaskJudgement) -> dict[str, Any]:
    names = masks.accuracy.classes
    rows: dict[str, int | None] = {"all": None, **{name: i for i, name in names.items()}}
    return {
        name: {
            **_plain(masks.figures(i)),
            **{f"mask AP {size}": _plain({"": masks.accuracy.ap(i, size)})[""] for size in SIZES if size != "all"},
            "quality": {size: _plain(masks.quality(i, size)) for size in SIZES},
        }
        for name, i in rows.items()
    }


def _names(name: str, detector: Detector) -> Mapping[int, str]:
    if not detector.names:
        raise SettingError(f"{name}: has no class names; give your detector a `names` attribute, id → name")
    return detector.names


def detector_names(specs: Sequence[str]) -> list[str]:
    """Return what tables call the detectors; SettingError if one is named twice."""
    names: dict[str, None] = {}
    for spec in specs:
        names[_name(spec, names)] = None
    return list(names)


def _name(spec: str, taken: Mapping[str, Any]) -> str:
    """Shorten a path to its file's name (a connector's to two parts), or to more where two would be called alike."""
    kind, place = split_spec(spec)
    path = Path(place.partition(",")[0] if kind else place)  # behind a comma is a file of labels
    ending = path.suffix if not kind or path.suffix in (".yaml", ".yml") else ""  # rt_detr_v2.1 is a folder
    parts = list((path.with_suffix("") if ending else path).parts) if ending or kind else [place]
    for count in range(2 if kind else 1, max(2, len(parts)) + 1):
        name = f"{kind}:" * bool(kind) + "/".join(parts[-count:])
        if name not in taken:
            return name
    raise SettingError(f"{spec}: is named twice")


def _plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in figures.items()}
