"""Hard-example mining: the pictures that a detector does worst on, why, and what to train on next."""

from __future__ import annotations

from sportstrack.mine.loss import ImageLoss, LossWeights, Pairs, image_loss, pair
from sportstrack.mine.mined import Mined, MineSettings
from sportstrack.mine.pick import pick, sequence_of
from sportstrack.mine.run import mine_hard_examples

__all__ = [
    "ImageLoss",
    "LossWeights",
    "MineSettings",
    "Mined",
    "Pairs",
    "image_loss",
    "mine_hard_examples",
    "pair",
    "pick",
    "sequence_of",
]
