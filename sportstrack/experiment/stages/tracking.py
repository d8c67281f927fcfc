"""The stages ``track …``: the recorded detections replayed through one tracker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.experiment.runs import needs_pictures, track_settings
from sportstrack.experiment.settings import ExperimentSettings, OwnData, TrackerRun
from sportstrack.experiment.stage import Work
from sportstrack.experiment.stages.data import TestSequence, sequences_of
from sportstrack.files.claim import write_text


def track_stage(experiment: ExperimentSettings, run: TrackerRun, work: Work) -> None:
    """Run a tracker on the detections of all sequences."""
    import scipy.optimize  # noqa: F401 - loaded now, so that no tracker's time contains it

    from sportstrack.track.run import track_video

    results = dict(work.results)
    values = dict(run.values) | {"formats": ["mot"]}
    settings = track_settings(values, trust=experiment.trust)
    seconds: dict[str, float] = {}
    frames, warnings = 0, []
    sequences = sequences_of(experiment, results)
    with work.bar(run.name, "sequence") as bar:
        for number, one in enumerate(sequences, 1):
            source = _detections(experiment, one, results)
            again = needs_pictures(run)
            summary = track_video(
                one.folder if again else source,
                work.folder,
                settings=settings.changed(detections=str(source) if again or source.suffix != ".npz" else None),
                name=one.stem,
                resume=True,
            )
            frames += summary.frames
            warnings += summary.warnings
            for stage, ms in summary.stages_ms.items():
                seconds[stage] = seconds.get(stage, 0.0) + ms * summary.frames
            bar(number, len(sequences))
    record: dict[str, Any] = {
        "frames": frames,
        "stages_ms": {name: total / max(frames, 1) for name, total in seconds.items()},
        "warnings": list(dict.fromkeys(warnings)),
    }
    write_text(work.folder / "track.json", json.dumps(record))


def _detections(experiment: ExperimentSettings, one: TestSequence, results: dict[str, Path]) -> Path:
    if not experiment.has_detections:
        return results["detect"] / f"{one.stem}.npz"
    assert isinstance(experiment.data, OwnData)
    assert experiment.data.detections is not None
    path = one.folder / experiment.data.detections
    if not path.exists():
        raise SettingError(f"{path}: no detections there; data.detections names their file in each sequence's folder")
    return path
