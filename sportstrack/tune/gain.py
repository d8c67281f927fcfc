"""What a search has gained, on matches that took no part, and how far that depends on which matches they are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.score.scores import Scores
from sportstrack.tune.folds import SearchPart
from sportstrack.tune.objective import Objective
from sportstrack.tune.pool import SequencePool
from sportstrack.types import FloatArray

SHOWN = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW")
_DRAWS = 2000
_SPREAD = (5, 95)


@dataclass(frozen=True)
class Gain:
    """Scores before and after, and the difference.

    Attributes:
        before: match → scores of the defaults.
        after: match → scores of what was found.
        value: gain of the objective over all matches.
        low: 5 % of draws of as many matches, with repetition, have less …
        high: … and 5 % have more; both are ``value`` where there is one match.
    """

    before: dict[str, Scores]
    after: dict[str, Scores]
    value: float
    low: float
    high: float

    @property
    def totals(self) -> tuple[Scores, Scores]:
        """The scores of all matches together, before and after."""
        return Scores.pool(self.before.values(), "defaults"), Scores.pool(self.after.values(), "tuned")

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each figure: its name, before and after."""
        before, after = self.totals
        return [{"figure": name, "before": before[name], "after": after[name]} for name in SHOWN]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        figures = {row["figure"]: {"before": row["before"], "after": row["after"]} for row in self.rows()}
        return {
            "matches": len(self.before),
            "sequences": sum(one.sequences for one in self.before.values()),
            "gain": self.value,
            "low": self.low,
            "high": self.high,
            "figures": figures,
        }


def judge(parts: Sequence[tuple[SearchPart, Sequence[Mapping[str, Any]]]], pool: SequencePool, seed: int) -> list[Gain]:
    """Score the defaults and what each search has found on the sequences that it is judged on.

    Args:
        parts: (search, values that are judged); all searches have as many.
        pool: scores sequences.
        seed: of the draws.

    Returns:
        A gain for each of the values; nothing where no search is judged.
    """
    sides: list[dict[str, list[Scores]]] = [{} for _ in range(1 + max((len(values) for _, values in parts), default=0))]
    for part, values in parts:
        for found, tried in zip(sides, ({}, *values), strict=True):
            scores = pool.scores(tried, part.judged, everything=True)
            for number, one in zip(part.judged, scores, strict=True):
                found.setdefault(pool.bench.sources[number].match, []).append(one)
    before, *after = sides
    return [gain_of(before, one, pool.bench.objective, seed) for one in after] if before else []


def gain_of(
    before: Mapping[str, list[Scores]], after: Mapping[str, list[Scores]], objective: Objective, seed: int
) -> Gain:
    """Return the gain of scores by match, with its spread over draws of matches."""
    old, new = ({match: Scores.pool(one, match) for match, one in sorted(side.items())} for side in (before, after))
    everything = objective.of(Scores.pool(new.values())) - objective.of(Scores.pool(old.values()))
    draws = _draws([_alone(one) for one in old.values()], [_alone(one) for one in new.values()], objective, seed)
    low, high = np.percentile(draws, _SPREAD).tolist() if len(draws) else (everything, everything)
    return Gain(old, new, everything, low, high)


def _alone(scores: Scores) -> Scores:
    """Return a match's scores as if they were one sequence's, which adds up faster."""
    return replace(scores, pooled=())


def _draws(old: list[Scores], new: list[Scores], objective: Objective, seed: int) -> FloatArray:
    """(D,) gains of draws of matches with repetition; none for a single match."""
    if len(old) < 2:
        return np.empty(0)
    generator = np.random.default_rng(seed)
    gains: dict[tuple[int, ...], float] = {}  # of few matches, many draws are the same
    found = np.empty(_DRAWS)
    for i in range(_DRAWS):
        drawn = tuple(sorted(generator.integers(0, len(old), len(old)).tolist()))
        if drawn not in gains:
            after, before = (objective.of(Scores.pool(side[k] for k in drawn)) for side in (new, old))
            gains[drawn] = after - before
        found[i] = gains[drawn]
    return found


def importance(trials: Sequence[Any], places: Mapping[str, Any]) -> dict[str, float]:
    """Return how much each setting decides of the objective, by PED-ANOVA (Watanabe, Bansal, Hutter, IJCAI 2023).

    Args:
        trials: finished trials.
        places: Optuna's distributions.

    Returns:
        Setting → share, the largest first; nothing where there are too few trials to say, or they are all as good.
    """
    import optuna

    if len(trials) < 2 * len(places) or len(trials) < 10 or len({one.value for one in trials}) == 1:
        return {}
    study = optuna.create_study(direction="maximize")
    for one in trials:
        study.add_trial(optuna.trial.create_trial(value=one.value, params=dict(one.params), distributions=dict(places)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # many trials are as good as the best: equal shares
            found = optuna.importance.get_param_importances(
                study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
            )
    except (RuntimeError, ValueError) as error:
        raise SettingError(f"importance: {error}") from error
    return {name: float(share) for name, share in found.items()}
