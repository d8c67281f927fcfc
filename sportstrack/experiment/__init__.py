"""One reproducible experiment: data, audit, training, judgement, tracking, scores, comparison, report."""

from sportstrack.experiment.run import ExperimentResult, plan_experiment, run_experiment
from sportstrack.experiment.settings import ExperimentSettings

__all__ = ["ExperimentResult", "ExperimentSettings", "plan_experiment", "run_experiment"]
