"""How good detectors are: average precision as COCO counts it, score thresholds, milliseconds, side by side."""

from __future__ import annotations

from sportstrack.val.ap import Accuracy, measure
from sportstrack.val.run import Judgement, judge_detectors
from sportstrack.val.sweep import Advice, Point, advise, sweep

__all__ = ["Accuracy", "Advice", "Judgement", "Point", "advise", "judge_detectors", "measure", "sweep"]
