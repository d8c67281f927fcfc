"""The stages ``train``, ``val`` and ``detect``: a detector made, judged, and run once over the sequences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.experiment.runs import track_settings
from sportstrack.experiment.settings import ExperimentSettings
from sportstrack.experiment.stage import Work
from sportstrack.experiment.stages.data import detector_data, sequences_of
from sportstrack.files.claim import write_text

RUN = "run"  # the training's own folder
_POINTS = 101  # of precision over recall


def train_stage(experiment: ExperimentSettings, work: Work) -> None:
    """Train the detector; a stopped training goes on."""
    from sportstrack.train.run import train_detector
    from sportstrack.train.settings import RESUMABLE

    data = detector_data(experiment, dict(work.results))
    assert data is not None
    assert experiment.train is not None
    folder = work.folder / RUN
    goes_on = (folder / "last.pt").is_file()
    asked: dict[str, Any] = {**experiment.train, "seed": experiment.seed, "trust": experiment.trust}
    if goes_on:  # the run itself knows the others
        asked = {name: value for name, value in asked.items() if name in RESUMABLE}
    with work.bar("training", "step") as bar:
        result = train_detector(
            data,
            folder,
            resume=goes_on,
            overwrite=not goes_on,
            progress=None if work.quiet else bar,
            note=work.say,
            **asked,
        )
    record = {"scores": dict(result.scores), "epochs": result.epochs, "notes": list(result.notes)}
    write_text(work.folder / "train.json", json.dumps(record))


def weights_of(experiment: ExperimentSettings, results: Mapping[str, Path]) -> str | None:
    """Return the weights that detect: those that were trained, those that are named, or None for the default."""
    if experiment.train is not None:
        return str(results["train"] / RUN / "best.pt")
    found = experiment.detect.get("detector", experiment.detect.get("weights"))
    return None if found is None else str(found)


def val_stage(experiment: ExperimentSettings, work: Work) -> None:
    """Judge the detector, and others beside it, on the data set's val split."""
    from sportstrack.val.by import BY
    from sportstrack.val.run import judge_detectors

    results = dict(work.results)
    data = detector_data(experiment, results)
    assert data is not None
    assert experiment.val is not None
    asked = {name: experiment.detect[name] for name in ("imgsz", "device", "engine") if name in experiment.detect}
    asked |= dict(experiment.val)
    split, limit, beside = asked.pop("split", "val"), asked.pop("limit", None), asked.pop("beside")
    first = weights_of(experiment, results) or "yolov8n.pt"
    judged = judge_detectors(
        list(dict.fromkeys([first, *beside])),
        data,
        split=split,
        limit=limit,
        by=[name for name in experiment.by if name in BY],
        progress=lambda name: work.bar(f"val of {name}", "picture"),
        trust=experiment.trust,
        **asked,
    )
    record = []
    for one in judged:
        curves = {
            name: [max(float(value), 0.0) for value in one.accuracy.precision[0, :, k, 0]]
            for k, name in enumerate(one.accuracy.classes.values())
            if one.accuracy.precision[0, :, k, 0].max() >= 0
        }
        record.append(one.to_dict() | {"precision_over_recall": curves, "split": split})
    if experiment.train is not None:
        record[0]["name"] = "trained"
    write_text(work.folder / "val.json", json.dumps(record, ensure_ascii=False))


def detect_stage(experiment: ExperimentSettings, work: Work) -> None:
    """Find detections, with embeddings and camera motion where asked for, and record them for all trackers."""
    from sportstrack.track.detector import LazyDetector
    from sportstrack.track.run import track_video

    results = dict(work.results)
    values = dict(experiment.detect)
    if (weights := weights_of(experiment, results)) is not None and "detector" not in values:
        values["weights"] = weights
    settings = track_settings(values, trust=experiment.trust)
    settings = settings.changed(save_detections=True, formats=["mot"], offline=False)
    detector, found = LazyDetector(settings), []
    sequences = sequences_of(experiment, results)
    for number, one in enumerate(sequences, 1):
        with work.bar(f"detecting in {one.name} ({number}/{len(sequences)})") as bar:
            summary = track_video(
                one.folder, work.folder, settings=settings, detector=detector, name=one.stem, resume=True, progress=bar
            )
        found.append(summary)
    frames = np.array([one.frames for one in found], float)
    stages = {name: 0.0 for one in found for name in one.stages_ms}
    for name in stages:
        stages[name] = float(np.average([one.stages_ms.get(name, 0.0) for one in found], weights=frames))
    record: dict[str, Any] = {
        "stages_ms": stages,
        "frames": int(frames.sum()),
        "boxes": sum(one.boxes for one in found),
        "device": found[0].device,
        "engine": found[0].engine,
        "settings": {name: found[0].settings.get(name) for name in ("imgsz", "score", "iou", "embedder", "camera")},
        "warnings": list(dict.fromkeys(text for one in found for text in one.warnings)),
    }
    write_text(work.folder / "detect.json", json.dumps(record, default=str))
