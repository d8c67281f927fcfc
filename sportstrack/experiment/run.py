"""From a configuration to a report: what has changed runs, all else stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.experiment.config import read_experiment
from sportstrack.experiment.environment import environment
from sportstrack.experiment.plan import stages_of
from sportstrack.experiment.settings import ExperimentSettings
from sportstrack.experiment.stage import ExperimentStage, PlannedStage, carry_out, planned
from sportstrack.experiment.stages.scoring import scores_of
from sportstrack.files.claim import ensure_folder
from sportstrack.files.locks import Lock
from sportstrack.files.reading import read_json
from sportstrack.score.scores import Scores

PROGRAM = "sportstrack experiment"

Told = Callable[[int, int, PlannedStage], None]
"""Called before a stage runs, with its number among those that run, how many those are, and its plan."""


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment has found.

    Attributes:
        output: its folder.
        report: the report's HTML page.
        pdf: the report as PDF; None where it was not asked for, or its library is missing.
        stages: all stages, as they were planned.
        scores: tracker → its scores on all sequences.
        comparisons: of each improvement, a table as in ``compare/N/compare.json``.
        notes: what the user should know.
    """

    output: Path
    report: Path
    pdf: Path | None
    stages: tuple[PlannedStage, ...]
    scores: Mapping[str, Scores]
    comparisons: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()

    @property
    def ran(self) -> tuple[str, ...]:
        """Names of the stages that ran."""
        return tuple(one.name for one in self.stages if one.runs)


def plan_experiment(
    config: str | Path | Mapping[str, Any], output: str | Path = "runs/experiment", *, trust: bool = False
) -> list[PlannedStage]:
    """Return what an experiment would run, and why, without running anything.

    Args:
        config: a YAML file, or a table of what would be in it.
        output: the experiment's folder.
        trust: let the configuration run code; only one that you trust.

    Raises:
        SportstrackError: the configuration is wrong; the message names file, line and key.
    """
    return _planned(stages_of(read_experiment(config, trust=trust)), Path(output))


def run_experiment(
    config: str | Path | Mapping[str, Any],
    output: str | Path = "runs/experiment",
    *,
    trust: bool = False,
    progress: bool = False,
    on_stage: Told | None = None,
) -> ExperimentResult:
    """Run the stages of an experiment whose settings, inputs or code have changed, and write the report.

    Args:
        config: a YAML file, or a table of what would be in it.
        output: the experiment's folder; a stopped run goes on there.
        trust: let the configuration run code; only one that you trust.
        progress: show bars, in notebooks too.
        on_stage: called before each stage that runs.

    Raises:
        SportstrackError: the configuration is wrong, or a stage has failed; the message names it. What was finished
            before is kept.
    """
    experiment = read_experiment(config, trust=trust)
    stages, folder = stages_of(experiment), ensure_folder(output)
    lock = Lock(folder / ".experiment.lock", output, PROGRAM)
    lock.take()
    try:
        plans = _planned(stages, folder)
        around = environment() | {"config": "" if isinstance(config, Mapping) else str(config)}
        due = [one for one in plans if one.runs]
        results = {one.name: one.folder for one in plans}
        for stage, plan in zip(stages, plans, strict=True):
            if plan.runs:
                if on_stage is not None:
                    on_stage(due.index(plan) + 1, len(due), plan)
                _one(stage, plan, results, around, quiet=not progress)
    finally:
        lock.release()
    return _result(experiment, folder, plans)


def _planned(stages: list[ExperimentStage], output: Path) -> list[PlannedStage]:
    found: dict[str, PlannedStage] = {}
    for stage in stages:
        found[stage.name] = planned(stage, output, found)
    return list(found.values())


def _one(
    stage: ExperimentStage, plan: PlannedStage, results: Mapping[str, Path], around: Mapping[str, Any], *, quiet: bool
) -> None:
    """Carry out a stage; what goes wrong is said with its name."""
    try:
        carry_out(stage, plan, results, around, quiet=quiet)
    except SportstrackError as error:
        kept = "the stages before it are kept; mend this and run the same command again"
        raise type(error)(f"stage {stage.name}: {error} ({kept})") from error


def _result(experiment: ExperimentSettings, folder: Path, plans: list[PlannedStage]) -> ExperimentResult:
    place = {one.name: one.folder for one in plans}
    scores = {
        run.name: Scores.pool(
            [scores_of(one) for one in read_json(place[f"score {run.name}"] / "score.json")["scores"]], run.name
        )
        for run in experiment.trackers
    }
    compared = tuple(
        {"title": pair.title, **read_json(place[f"compare {number}"] / "compare.json")}
        for number, pair in enumerate(experiment.compare, 1)
    )
    pdf = place["report"] / "report.pdf"
    notes = read_json(place["report"] / "report.json")["notes"]
    return ExperimentResult(
        folder,
        place["report"] / "report.html",
        pdf if pdf.is_file() else None,
        tuple(plans),
        scores,
        compared,
        tuple(notes),
    )
