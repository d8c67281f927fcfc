"""The stages of an experiment, in the order in which they run."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from sportstrack.experiment.settings import (
    BeforeAfter,
    ConvertedData,
    ExperimentSettings,
    OwnData,
    RenderedData,
    TrackerRun,
)
from sportstrack.experiment.stage import ExperimentStage, Work
from sportstrack.experiment.stages import comparing, data, detector, scoring, tracking
from sportstrack.files.names import file_name, file_names
from sportstrack.files.reading import is_file
from sportstrack.trackers import TRACKERS

_NETWORKS = ("torch", "ultralytics", "numpy", "opencv-contrib-python")
_ENGINES = ("openvino", "onnxruntime")
_HERE = "sportstrack.experiment.stages"


def stages_of(experiment: ExperimentSettings) -> list[ExperimentStage]:
    """Return the stages; each stands behind those that it needs."""
    found: list[ExperimentStage] = []
    made = not isinstance(experiment.data, OwnData)
    if made:
        found.append(_data(experiment))
    if experiment.audit is not None:
        found.append(_audit(experiment))
    if experiment.train is not None:
        found.append(_train(experiment))
    if experiment.val is not None:
        found.append(_val(experiment))
    if not experiment.has_detections:
        found.append(_detect(experiment))
    runs = experiment.runs
    stems = dict(zip((run.name for run in runs), file_names([run.name for run in runs]), strict=True))
    found += [_track(experiment, run, stems[run.name]) for run in runs]
    found += [_score(experiment, run, stems[run.name]) for run in runs]
    found += [_compare(experiment, pair, number) for number, pair in enumerate(experiment.compare, 1)]
    return [*found, _report(experiment, tuple(one.name for one in found))]


def _outside(experiment: ExperimentSettings, *, pictures: bool) -> tuple[str, ...]:
    """Return the files and folders from outside that hold the sequences or, asked for, the detector's pictures."""
    own = experiment.data
    if isinstance(own, ConvertedData):
        return (own.sportsmot,)
    if isinstance(own, RenderedData):
        return ()
    if not pictures:
        return (own.sequences,)
    return () if own.detector is None else (_folder(own.detector),)


def _folder(path: str) -> str:
    from pathlib import Path

    return str(Path(path).parent) if Path(path).suffix.lower() in (".yaml", ".yml") else path


def _made(experiment: ExperimentSettings, *names: str) -> tuple[str, ...]:
    """Return the names of stages that this experiment has."""
    there = {
        "data": not isinstance(experiment.data, OwnData),
        "train": experiment.train is not None,
        "detect": not experiment.has_detections,
    }
    return tuple(name for name in names if there[name])


def _data(experiment: ExperimentSettings) -> ExperimentStage:
    own = experiment.data
    if isinstance(own, RenderedData):
        learned, tracked = own.seeds(experiment.seed)
        settings: dict[str, Any] = {"render": dict(own.more), "learned": learned, "tracked": tracked}
        settings |= {"every": own.every, "val": own.val}
        about = f"render {len(learned)} sequences to learn from and {len(tracked)} to track"
        code: tuple[str, ...] = ("data_prep.synthetic.layouts",)
    else:
        assert isinstance(own, ConvertedData)
        settings = {"sport": own.sport, "every": own.every}
        about = f"make a YOLO data set of {own.sportsmot}"
        code = ("data_prep.formats.sportsmot", "data_prep.formats.yolo")
    return ExperimentStage(
        "data",
        "data",
        about,
        partial(data.make_data, experiment),
        settings,
        inputs=_outside(experiment, pictures=False),
        code=(f"{_HERE}.data", *code),
        libraries=("numpy", "opencv-contrib-python"),
    )


def _audit(experiment: ExperimentSettings) -> ExperimentStage:
    own = experiment.data
    inputs = (*_outside(experiment, pictures=True), own.sequences) if isinstance(own, OwnData) else ()
    return ExperimentStage(
        "audit",
        "audit",
        "look for faults of the data",
        partial(data.audit_data, experiment),
        dict(experiment.audit or {}),
        needs=_made(experiment, "data"),
        inputs=inputs,
        code=(f"{_HERE}.data", "data_prep.audit.run", "data_prep.audit.page"),
        libraries=("numpy", "opencv-contrib-python", "imagehash"),
    )


def _weights(spec: Any) -> tuple[str, ...]:
    """Return a weights file from outside whose contents matter."""
    return (str(spec),) if spec is not None and is_file(str(spec)) else ()


def _train(experiment: ExperimentSettings) -> ExperimentStage:
    asked = dict(experiment.train or {})
    return ExperimentStage(
        "train",
        "train",
        f"train {asked['weights']}, {asked.get('epochs', 50)} epochs at most",
        partial(detector.train_stage, experiment),
        asked | {"seed": experiment.seed},
        needs=_made(experiment, "data"),
        inputs=(*_outside(experiment, pictures=True), *_weights(asked["weights"]))
        if isinstance(experiment.data, OwnData)
        else _weights(asked["weights"]),
        code=("sportstrack.train.run",),
        libraries=_NETWORKS,
    )


def _val(experiment: ExperimentSettings) -> ExperimentStage:
    asked = dict(experiment.val or {})
    own = experiment.data
    seen = {name: experiment.detect.get(name) for name in ("imgsz", "device", "engine", "weights", "detector")}
    files = [one for spec in (*asked["beside"], seen["weights"]) for one in _weights(spec)]
    return ExperimentStage(
        "val",
        "val",
        "judge the detector on the val split",
        partial(detector.val_stage, experiment),
        {"val": asked, "detect": seen, "by": experiment.by},
        needs=_made(experiment, "data", "train"),
        inputs=(*(_outside(experiment, pictures=True) if isinstance(own, OwnData) else ()), *files),
        code=("sportstrack.val.run", f"{_HERE}.detector"),
        libraries=(*_NETWORKS, *_ENGINES),
    )


def _detect(experiment: ExperimentSettings) -> ExperimentStage:
    inputs = _outside(experiment, pictures=False) if isinstance(experiment.data, OwnData) else ()
    return ExperimentStage(
        "detect",
        "detect",
        "find and record what all trackers get",
        partial(detector.detect_stage, experiment),
        dict(experiment.detect) | {"limit": getattr(experiment.data, "limit", None)},
        needs=_made(experiment, "data", "train"),
        inputs=(*inputs, *_weights(experiment.detect.get("weights"))),
        code=("sportstrack.track.run", f"{_HERE}.detector"),
        libraries=(*_NETWORKS, *_ENGINES, "av"),
    )


def _track(experiment: ExperimentSettings, run: TrackerRun, stem: str) -> ExperimentStage:
    own = experiment.data
    outside = _outside(experiment, pictures=False) if isinstance(own, OwnData) else ()
    given = {"detections": getattr(own, "detections", None), "limit": getattr(own, "limit", None)}
    return ExperimentStage(
        f"track {run.name}",
        f"track/{stem}",
        f"replay the detections through {run.tracker}",
        partial(tracking.track_stage, experiment, run),
        dict(run.values) | given,
        needs=_made(experiment, "data", "detect"),
        inputs=(*outside, *_own_code(run.tracker)),
        code=("sportstrack.track.run", f"{_HERE}.tracking", *_tracker_module(run.tracker)),
        libraries=("numpy", "scipy"),
    )


def _tracker_module(tracker: str) -> tuple[str, ...]:
    """Return the module of a built-in tracker; it is imported by its name."""
    return (f"sportstrack.trackers.{tracker}",) if tracker in TRACKERS else ()


def _own_code(tracker: str) -> tuple[str, ...]:
    """Return the file of a tracker of one's own, if it lies in the current folder."""
    module = tracker.partition(":")[0].replace(".", "/")
    places = (f"{module}.py", f"{module}/__init__.py") if ":" in tracker else ()
    return tuple(one for one in places if is_file(one))


def _score(experiment: ExperimentSettings, run: TrackerRun, stem: str) -> ExperimentStage:
    outside = _outside(experiment, pictures=False) if isinstance(experiment.data, OwnData) else ()
    return ExperimentStage(
        f"score {run.name}",
        f"score/{stem}",
        "score it and name the cause of each error",
        partial(scoring.score_stage, experiment, run),
        {
            "classes": experiment.classes,
            "benchmark": experiment.benchmark,
            "by": experiment.by,
            "moments": run in experiment.trackers,
        },
        needs=(*_made(experiment, "data"), f"track {run.name}"),
        inputs=outside,
        code=("sportstrack.score.run", "sportstrack.score.by", "sportstrack.evaluate.page", f"{_HERE}.scoring"),
        libraries=("numpy", "scipy"),
    )


def _compare(experiment: ExperimentSettings, pair: BeforeAfter, number: int) -> ExperimentStage:
    runs = list(dict.fromkeys(experiment.run_of(one).name for one in (pair.baseline, *pair.variants)))
    order = {"variants": [one.name for one in pair.variants], "points": list(pair.points), "setting": pair.setting}
    return ExperimentStage(
        f"compare {number}",
        f"compare/{file_name(str(number))}",
        f"gain of {pair.title}",
        partial(comparing.compare_stage, experiment, pair),
        {"title": pair.title, "objective": experiment.objective, "seed": experiment.seed, **order},
        needs=(*_made(experiment, "data"), *(f"{what} {name}" for name in runs for what in ("track", "score"))),
        inputs=_outside(experiment, pictures=False) if isinstance(experiment.data, OwnData) else (),
        code=(f"{_HERE}.comparing",),
        libraries=("numpy",),
    )


def _report(experiment: ExperimentSettings, needs: tuple[str, ...]) -> ExperimentStage:
    def write(work: Work) -> None:
        from sportstrack.experiment.report.write import write_report

        write_report(experiment, work)

    return ExperimentStage(
        "report",
        "report",
        "write the report",
        write,
        {
            "title": experiment.title,
            "author": experiment.author,
            "question": experiment.question,
            "pdf": experiment.pdf,
            "about": [pair.about for pair in experiment.compare],
            "configuration": hashlib.sha256(experiment.text.encode()).hexdigest()[:8],
        },
        needs=needs,
        code=("sportstrack.experiment.report.write",),
        libraries=("matplotlib", "reportlab"),
    )
