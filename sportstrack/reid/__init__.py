"""Train an embedder: people with identities in, a network that tells team-mates apart out."""

from __future__ import annotations

from sportstrack.reid.result import TrainedReid
from sportstrack.reid.run import train_reid
from sportstrack.reid.settings import ReidSettings
from sportstrack.reid.training import ReidEpoch

__all__ = ["ReidEpoch", "ReidSettings", "TrainedReid", "train_reid"]
