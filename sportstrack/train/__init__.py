"""Fine-tune a detector on a YOLO data set, offline and safe to interrupt."""

from __future__ import annotations

from sportstrack.train.guard import Epoch
from sportstrack.train.run import TrainResult, train_detector
from sportstrack.train.settings import TrainSettings

__all__ = ["Epoch", "TrainResult", "TrainSettings", "train_detector"]
