"""One comparison of all variants of a detector: size, start, speed, accuracy, agreement, and tracking."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.detect import Connector, load_detector
from sportstrack.detect.common import STAGES
from sportstrack.errors import SettingError
from sportstrack.export.advice import MOST_LOSS, Recommendation, recommend
from sportstrack.export.agreement import agreement
from sportstrack.export.pictures import Chosen, chosen_pictures
from sportstrack.export.run import size_on_disk
from sportstrack.export.start import measured_start
from sportstrack.export.tracked import Tracking, read_sequences, track_with
from sportstrack.export.variants import VariantFile, variants_of
from sportstrack.types import Detections
from sportstrack.val.ap import Accuracy
from sportstrack.val.run import FLOOR, judgement
from sportstrack.val.truth import Classes, TestSet, read_test_set

Progress = Callable[[int, int | None], None]

_PICTURES = 100  # of a folder or a video without labels
_NAN = float("nan")


@dataclass(frozen=True)
class VariantFigures:
    """What one variant is worth. Shares are 0…1; NaN where something is unknown.

    Attributes:
        name: how tables call it.
        path: its file or folder.
        engine: what runs it.
        precision: of the numbers in its file.
        bytes: its size on disk.
        start: seconds from the start of Python to the first frame's boxes.
        memory: highest memory of a process that does so, in megabytes.
        network_ms: median milliseconds of the network alone, one picture at a time.
        ms: median milliseconds of a picture: letterbox, network, decoding and NMS.
        ms_p95: 95th percentile of the same.
        rate: frames/s: of whole trackings where there are sequences, else of pictures read and detected.
        ap50: average precision at IoU 0.5.
        ap: average precision, COCO's.
        classes: class → its AP50 and AP.
        agreement: share of boxes that it has in common with the first variant.
        hota: HOTA of the sequences with truth.
        idf1: IDF1 of the same.
    """

    name: str
    path: Path
    engine: str
    precision: str
    bytes: int
    start: float = _NAN
    memory: float = _NAN
    network_ms: float = _NAN
    ms: float = _NAN
    ms_p95: float = _NAN
    rate: float = _NAN
    ap50: float = _NAN
    ap: float = _NAN
    classes: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    agreement: float = _NAN
    hota: float = _NAN
    idf1: float = _NAN


@dataclass(frozen=True)
class Comparison:
    """Variants side by side; the first one is what the others are compared with.

    Attributes:
        variants: their figures.
        recommendation: which to take.
        data: what the pictures were.
        pictures: how many.
        shape: (height, width) of most of them.
        imgsz: longer side of the network's input, where a variant does not fix it.
        sequences: names of those that were tracked.
        notes: what a reader of the figures should know.
    """

    variants: tuple[VariantFigures, ...]
    recommendation: Recommendation
    data: str
    pictures: int
    shape: tuple[int, int]
    imgsz: int
    sequences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def compare_variants(
    variants: Sequence[str | Path],
    data: str | Path,
    *,
    replay: Sequence[str | Path] = (),
    imgsz: int | None = None,
    split: str = "val",
    limit: int | None = None,
    same: Mapping[str, Sequence[str]] | None = None,
    most_loss: float = MOST_LOSS,
    trust: bool = False,
    progress: Callable[[str, str], Progress] | None = None,
) -> Comparison:
    """Compare detectors: checkpoints in torch and exports in their engines, the first one being the reference.

    All variants take turns picture by picture, so that a busy moment slows all of them.

    Args:
        variants: checkpoints and exports.
        data: a YOLO data set's data.yaml or folder; without truth, a folder of pictures or a video.
        replay: sequence folders with truth, which are tracked from their frames with each variant, or videos.
        imgsz: longer side of the input, where a variant does not fix it. None is what another fixes, else 640.
        split: of the data set.
        limit: at most so many pictures, spread evenly, and so many first frames of each sequence folder.
        same: as `sportstrack.judge_detectors`.
        most_loss: points of AP or HOTA that a recommended variant may lose.
        trust: let weights run code of their own while they load.
        progress: given a title and a unit, returns what is called with (done, expected or None).

    Raises:
        SportstrackError: the data or the classes will not do, or a variant cannot be opened.
    """
    if len(known := variants_of(variants)) < 2:
        raise SettingError("a comparison needs two variants or more")
    if imgsz is None:
        imgsz = max((max(one.size) for one in known if one.size is not None), default=640)
    show = progress or (lambda _title, _unit: lambda _done, _expected: None)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sportstrack-")))
        pictures = _pictures(data, split, limit, stack)
        sequences = read_sequences(replay, limit, folder)
        run = _run(known, pictures, imgsz, trust, show("comparing", "picture"))
        accuracy = run.accuracy(Classes(same))
        rows = []
        for one in known:
            start = measured_start(one, imgsz, run.shape, trust)
            bar = show(f"tracking with {one.name}", "frame")
            tracking = track_with(one, sequences, imgsz=imgsz, trust=trust, progress=bar) if sequences else None
            figures = {"start": start.seconds, "memory": start.memory, **_tracking(tracking)}
            rows.append(_row(one, run.figures(one.name) | figures, accuracy.get(one.name), known[0].name, run))
    return Comparison(
        tuple(rows),
        recommend(rows, most_loss),
        str(data),
        len(run.found[known[0].name]),
        run.shape,
        imgsz,
        tuple(sequence.name for sequence in sequences),
        tuple(run.notes),
    )


@dataclass
class _Run:
    """What detectors found in the same pictures, and how long they took.

    Attributes:
        pictures: what they looked at.
        detectors: name → detector.
        found: name → a table per picture.
        times: name → stage → (M,) milliseconds.
        reading: seconds that reading all pictures took.
        shape: (height, width) of the first picture.
        notes: what a reader of the figures should know.
    """

    pictures: TestSet | Chosen
    detectors: dict[str, Connector]
    found: dict[str, list[Detections]]
    times: dict[str, dict[str, NDArray[np.float64]]]
    reading: float = 0.0
    shape: tuple[int, int] = (0, 0)
    notes: list[str] = field(default_factory=list)

    def figures(self, name: str) -> dict[str, float]:
        """Return the speed of a detector."""
        total = np.sum(list(self.times[name].values()), axis=0)
        return {
            "network_ms": float(np.median(self.times[name]["inference"])),
            "ms": float(np.median(total)),
            "ms_p95": float(np.percentile(total, 95)),
            "rate": len(total) / (self.reading + total.sum() / 1000),
        }

    def accuracy(self, classes: Classes) -> dict[str, Accuracy]:
        """Return name → accuracy on the classes that all detectors know; nothing without truth."""
        if not isinstance(self.pictures, TestSet):
            return {}
        names = {name: dict(detector.names) for name, detector in self.detectors.items()}
        shared = classes.shared(self.pictures.classes, names)
        judged = [
            judgement(name, one, self.pictures, classes, shared, self.found[name], self.times[name])
            for name, one in self.detectors.items()
        ]
        self.notes += judged[0].notes
        return {one.name: one.accuracy for one in judged}


def _pictures(data: str | Path, split: str, limit: int | None, stack: ExitStack) -> TestSet | Chosen:
    """Return the labelled pictures of a data set, or pictures without truth."""
    path = Path(data)
    if path.suffix.lower() in (".yaml", ".yml") or (path / "data.yaml").is_file():
        return read_test_set(data, split, limit)
    return stack.enter_context(chosen_pictures(data, limit or _PICTURES))


def _run(
    variants: Sequence[VariantFile], pictures: TestSet | Chosen, imgsz: int, trust: bool, progress: Progress
) -> _Run:
    """Detect picture by picture with all variants in turn; the first picture is run twice."""
    detectors = {
        one.name: load_detector(one.path, score=FLOOR, imgsz=imgsz, trust=trust, **one.settings) for one in variants
    }
    count = len(pictures)
    times = {name: {stage: np.zeros(count) for stage in STAGES} for name in detectors}
    run = _Run(pictures, detectors, {name: [] for name in detectors}, times)
    started = time.perf_counter()
    for row, picture in enumerate(pictures.pictures()):
        run.reading += time.perf_counter() - started
        if row == 0:
            run.shape = (picture.shape[0], picture.shape[1])
        for name, detector in detectors.items():
            if row == 0:
                detector([picture])  # the first call prepares what later calls use
            before = dict(detector.timings)
            run.found[name] += detector([picture])
            for stage in STAGES:
                run.times[name][stage][row] = 1000 * (detector.timings[stage] - before[stage])
        progress(row + 1, count)
        started = time.perf_counter()
    return run


def _row(
    one: VariantFile, figures: Mapping[str, float], accuracy: Accuracy | None, reference: str, run: _Run
) -> VariantFigures:
    known: dict[str, Any] = {"agreement": agreement(run.found[reference], run.found[one.name]), **figures}
    if accuracy is not None:
        known |= {"ap50": accuracy.ap(overlap=0.5), "ap": accuracy.ap()}
        known["classes"] = {name: (accuracy.ap(i, overlap=0.5), accuracy.ap(i)) for i, name in accuracy.classes.items()}
    return VariantFigures(one.name, one.path, one.engine, one.precision, size_on_disk(one.path), **known)


def _tracking(tracking: Tracking | None) -> dict[str, float]:
    if tracking is None:
        return {}
    scores = tracking.scores
    found = {} if scores is None else {"hota": scores.HOTA, "idf1": scores.IDF1}
    return {"rate": tracking.rate, **found}
