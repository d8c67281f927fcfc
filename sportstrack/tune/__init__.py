"""``sportstrack tune``: settings of trackers, refinement and thresholds, searched on detections with truth."""

from sportstrack.tune.run import tune_tracker
from sportstrack.tune.settings import TuneSettings

__all__ = ["TuneSettings", "tune_tracker"]
