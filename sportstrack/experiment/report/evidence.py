"""Everything that the stages have measured, read from their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.experiment.settings import ExperimentSettings
from sportstrack.experiment.stage import read_record
from sportstrack.experiment.stages.detector import RUN
from sportstrack.experiment.stages.scoring import scores_of
from sportstrack.files.reading import read_json, read_table
from sportstrack.score.scores import Scores
from sportstrack.tune.gain import Gain, gain_of
from sportstrack.tune.objective import Objective


@dataclass(frozen=True)
class MeasuredTracker:
    """One tracker.

    Attributes:
        name: as tables call it.
        tracker: its algorithm.
        scores: on all sequences.
        by_match: match → scores of its sequences.
        causes: kind of error → cause → number.
        by: light, occlusion … → bin → counts.
        moments: its worst moments.
        folder: of its pictures.
        ms: stage → milliseconds a frame.
    """

    name: str
    tracker: str
    scores: Scores
    by_match: dict[str, list[Scores]]
    causes: Mapping[str, Mapping[str, int]]
    by: Mapping[str, Any]
    moments: tuple[Mapping[str, Any], ...]
    folder: Path
    ms: Mapping[str, float]


@dataclass(frozen=True)
class ReportEvidence:
    """What an experiment has found.

    Attributes:
        experiment: its settings.
        results: stage → folder.
        trackers: what was compared.
        audit: what was found in the data, or None.
        train: scores and notes of the training, or None.
        epochs: a row for each epoch.
        val: a judgement for each detector.
        detect: how the detections were found, or None.
        compared: of each improvement.
        records: stage → what its folder says of it.
    """

    experiment: ExperimentSettings
    results: Mapping[str, Path]
    trackers: tuple[MeasuredTracker, ...]
    audit: Mapping[str, Any] | None
    train: Mapping[str, Any] | None
    epochs: tuple[Mapping[str, float], ...]
    val: tuple[Mapping[str, Any], ...]
    detect: Mapping[str, Any] | None
    compared: tuple[Mapping[str, Any], ...]
    records: Mapping[str, Mapping[str, Any]]

    @property
    def objective(self) -> Objective:
        """What is to be great."""
        return Objective.parse(self.experiment.objective)

    @property
    def ranked(self) -> list[MeasuredTracker]:
        """The trackers, the best first."""
        return sorted(self.trackers, key=lambda one: -self.objective.of(one.scores))

    def gain(self, before: MeasuredTracker, after: MeasuredTracker) -> Gain:
        """Return how far one tracker is ahead of another, and the spread of that."""
        return gain_of(before.by_match, after.by_match, self.objective, self.experiment.seed)


def read_evidence(experiment: ExperimentSettings, results: Mapping[str, Path]) -> ReportEvidence:
    """Read what the stages have left.

    Args:
        experiment: its settings.
        results: stage → folder, of all stages before the report.
    """

    def found(stage: str, file: str) -> Any:
        return read_json(results[stage] / file) if stage in results else None

    trackers = []
    for run in experiment.trackers:
        record = found(f"score {run.name}", "score.json")
        parts = [scores_of(one) for one in record["scores"]]
        by_match: dict[str, list[Scores]] = {}
        for part in parts:
            by_match.setdefault(record["matches"][part.name], []).append(part)
        trackers.append(
            MeasuredTracker(
                run.name,
                run.tracker,
                Scores.pool(parts, run.name),
                by_match,
                record["causes"],
                record["by"],
                tuple(record["moments"]),
                results[f"score {run.name}"],
                found(f"track {run.name}", "track.json")["stages_ms"],
            )
        )
    return ReportEvidence(
        experiment=experiment,
        results=results,
        trackers=tuple(trackers),
        audit=found("audit", "audit.json"),
        train=found("train", "train.json"),
        epochs=_epochs(results),
        val=tuple(found("val", "val.json") or ()),
        detect=found("detect", "detect.json"),
        compared=tuple(found(f"compare {n}", "compare.json") for n in range(1, len(experiment.compare) + 1)),
        records={name: read_record(folder) or {} for name, folder in results.items()},
    )


def _epochs(results: Mapping[str, Path]) -> tuple[Mapping[str, float], ...]:
    path = results["train"] / RUN / "results.csv" if "train" in results else None
    if path is None or not path.is_file():
        return ()
    rows = []
    for row in read_table(path):
        numbers = {}
        for name, text in row.items():
            try:
                numbers[name] = float(text)
            except ValueError:
                continue
        rows.append(numbers)
    return tuple(rows)
