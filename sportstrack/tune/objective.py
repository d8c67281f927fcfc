"""What a search makes as great as it can: a figure of the scores, or a weighted sum of several."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sportstrack.errors import SettingError, unknown
from sportstrack.score.hota import ALPHAS, count_hota
from sportstrack.score.identity import count_identity
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence

FIGURES = ("HOTA", "DetA", "AssA", "IDF1")
_TERM = re.compile(r"(?:([0-9.]+)\*)?([A-Za-z0-9]+)")
_ARRAYS = {field.name for field in fields(Scores) if field.name.startswith(("HOTA_", "LocA_", "AssA_", "AssRe_"))}
_ARRAYS |= {"AssPr_sum"}


@dataclass(frozen=True)
class Objective:
    """A weighted sum of figures; the weights add up to 1.

    Attributes:
        weights: figure → weight.
        text: as it was written.
    """

    weights: dict[str, float]
    text: str

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read ``HOTA`` or ``HOTA+0.5*IDF1``; SettingError for anything else."""
        weights: dict[str, float] = {}
        for term in text.replace(" ", "").split("+"):
            found = _TERM.fullmatch(term)
            if found is None:
                raise SettingError(f"objective {text!r}: expected a figure or a sum such as HOTA+0.5*IDF1")
            if found[2] not in FIGURES:
                raise SettingError(f"objective: {unknown('figure', found[2], FIGURES)}")
            try:
                weights[found[2]] = weights.get(found[2], 0.0) + float(found[1] or 1)
            except ValueError:
                raise SettingError(f"objective {text!r}: {found[1]} is no number") from None
        if (total := sum(weights.values())) <= 0:
            raise SettingError(f"objective {text!r}: expected weights above 0")
        return cls({name: weight / total for name, weight in weights.items()}, text)

    def of(self, scores: Scores) -> float:
        """Return the value, 0…1."""
        return sum(weight * scores[name] for name, weight in self.weights.items())

    def count(self, seq: Sequence) -> Scores:
        """Return the scores of a sequence with the counts that the figures need; the others are 0."""
        counts: dict[str, Any] = {field.name: 0 for field in fields(Scores) if field.name not in ("name", "pooled")}
        counts |= {name: np.zeros(len(ALPHAS)) for name in _ARRAYS}
        counts |= {"MOTP_sum": 0.0, "sequences": 1, "frames": seq.frames}
        counts |= {"GT_Dets": len(seq.truth), "Dets": len(seq.result)}
        if set(self.weights) - {"IDF1"}:
            counts |= count_hota(seq)
        if "IDF1" in self.weights:
            counts |= count_identity(seq)
        return Scores(name=seq.name, **counts)
