"""How probable it is that a moment is wrong: a logistic model of each kind, fitted to truth.

The table comes from ``python benchmarks/edit.py --calibrate``: SportsTrack's refined tracks of a simulated detector on
SportsMOT's training sequences, against their truth; a third of the matches was held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

WEIGHTS: dict[str, dict[str, float]] = {
    "crossing": {
        "": -4.346,
        "margin": 0.004,
        "doubt": 0.871,
        "misfit": 0.036,
        "overlap": 1.367,
        "seconds": -0.090,
        "gap": 1.162,
        "gap_other": -0.289,
        "hidden": 0.484,
        "both_hidden": 0.517,
        "hidden_doubt": 0.804,
    },
    "gap": {"": -2.785, "misfit": 0.112, "margin": -0.092, "doubt": 3.739, "seconds": 0.080, "edge": 0.105, "cut": 0.0},
    "birth": {"": 1.842, "misfit": -0.316, "partners": 0.225, "edge": -1.479, "since": 0.096, "length": 0.065},
    "death": {"": -2.006, "left": 0.048, "length": 0.168},
    "speed": {"": -3.794, "heights": -0.368, "grown": -0.160},
    "doubled": {"": -3.354, "overlap": -3.009, "seconds": -0.670, "share": -0.991},
    "look": {"": -0.306, "odds": 0.979},
}
"""Kind → log-odds of the constant ``""`` and of each feature; ``look`` weighs moments that one look shows together."""


def probability(kind: str, features: Mapping[str, float]) -> float:
    """Return the probability that a moment of a kind, with these features, is wrong."""
    weights = WEIGHTS.get(kind, {})
    odds = weights.get("", 0.0) + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return 1.0 / (1.0 + exp(-max(min(odds, 30.0), -30.0)))


def log_odds(share: float) -> float:
    """Return the logarithm of a probability's odds."""
    bounded = min(max(share, 1e-9), 1.0 - 1e-9)
    return log(bounded / (1.0 - bounded))
