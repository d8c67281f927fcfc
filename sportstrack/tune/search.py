"""The search itself: Optuna proposes, sequences are scored one by one, and every finished trial is kept in a file.

Trials run one after the other; the sequences of a trial are scored side by side. What a trial tries follows from the
seed, its number and the finished trials before it, and from nothing else. So a search that was killed goes on as if
nothing had happened, and the number of processes changes nothing.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.score.scores import Scores
from sportstrack.spaces import OneOf, Range
from sportstrack.tune.folds import SearchPart
from sportstrack.tune.pool import SequencePool
from sportstrack.tune.space import distributions
from sportstrack.tune.store import TrialStore, TunedTrial

_FEWEST = 5  # sequences before a trial may be ended
_RISK = 0.05  # of ending a trial that is not worse, by one look at it
_RANDOM = 10  # trials at first, before the sampler has something to learn from


@dataclass(frozen=True)
class FirstTrial:
    """A trial that is tried before the sampler is asked.

    Attributes:
        title: what it is, for people.
        values: changes of the settings; also names outside the space.
        params: the nearest point of the space.
    """

    title: str
    values: Mapping[str, Any]
    params: Mapping[str, Any]


class Deadline:
    """Says when to end."""

    def __init__(self, minutes: float | None) -> None:
        self._end = math.inf if minutes is None else time.monotonic() + 60 * minutes

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end


def search(
    part: SearchPart,
    space: Mapping[str, Range | OneOf],
    starts: Sequence[FirstTrial],
    pool: SequencePool,
    store: TrialStore,
    *,
    trials: int,
    seed: int,
    prune: bool,
    deadline: Deadline,
    finished: Callable[[TunedTrial, bool], None] = lambda *_: None,
) -> list[TunedTrial]:
    """Run a search, or go on with one that was ended; return all its finished trials.

    Args:
        part: which sequences are scored.
        space: what is searched.
        starts: the first trials; the first of them is what all others are compared with.
        pool: scores sequences.
        store: where finished trials are kept.
        trials: how many there are to be.
        seed: of the sampler.
        prune: end trials that are worse than the best.
        deadline: when to end before that.
        finished: called after each trial, with whether it is the best so far.
    """
    import optuna

    done = store.read(part.name)
    study = optuna.create_study(direction="maximize")
    places = distributions(space)
    for one in done:
        study.add_trial(_known(one, places))
    while len(done) < trials and not deadline.is_over:
        number = len(done)
        study.sampler = _sampler(seed, part.name, number)
        start = starts[number] if number < len(starts) else None
        if start is not None:
            study.enqueue_trial(dict(start.params))
        asked = study.ask(places)
        values = {n: _short(v) for n, v in asked.params.items()} if start is None else dict(start.values)
        best = None if start is not None or not prune else _best(done)
        trial = _tried(number, dict(asked.params), values, "" if start is None else start.title, part, pool, best)
        store.add(part.name, trial, places)
        study.tell(asked, trial.value)
        done.append(trial)
        finished(trial, trial is _best(done))
    return done


def _short(value: Any) -> Any:
    """Return a number with four digits, so that the settings that are written are those that were tried."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _sampler(seed: int, name: str, number: int) -> Any:
    import optuna

    drawn = np.random.SeedSequence([seed, zlib.crc32(name.encode()), number]).generate_state(1)
    return optuna.samplers.TPESampler(seed=int(drawn[0]), n_startup_trials=_RANDOM, multivariate=True)


def _known(trial: TunedTrial, places: Mapping[str, Any]) -> Any:
    import optuna

    return optuna.trial.create_trial(value=trial.value, params=dict(trial.params), distributions=dict(places))


def _best(done: Sequence[TunedTrial]) -> TunedTrial | None:
    complete = [one for one in done if one.complete]
    return max(complete, key=lambda one: one.value) if complete else None


def best_of(done: Sequence[TunedTrial]) -> TunedTrial:
    """Return the best finished trial; of equal ones the first."""
    found = _best(done)
    assert found is not None
    return found


def _tried(
    number: int,
    params: dict[str, Any],
    values: dict[str, Any],
    title: str,
    part: SearchPart,
    pool: SequencePool,
    best: TunedTrial | None,
) -> TunedTrial:
    """Score the sequences one by one until all are, or it is clear that the trial is worse than the best."""
    began, objective = time.monotonic(), pool.bench.objective
    single: list[float] = []
    try:
        with closing(pool.scores(values, part.seen)) as found:
            scores = list(_until_worse(found, objective.of, single, best))
    except SettingError:
        if title:
            raise
        return TunedTrial(number, 0.0, params, values, title, (), complete=False, seconds=time.monotonic() - began)
    complete = len(scores) == len(part.seen)
    if complete:
        value = objective.of(Scores.pool(scores))
    else:  # what it would have been, judged by the sequences that both have
        assert best is not None
        value = max(best.value + float(np.mean(np.subtract(single, best.single[: len(single)]))), 0.0)
    return TunedTrial(number, value, params, values, title, tuple(single), complete, time.monotonic() - began)


def _until_worse(
    found: Iterator[Scores], of: Callable[[Scores], float], single: list[float], best: TunedTrial | None
) -> Iterator[Scores]:
    for one in found:
        single.append(of(one))
        yield one
        if best is not None and len(single) < len(best.single) and _is_worse(single, best.single):
            return


def _is_worse(single: Sequence[float], best: Sequence[float]) -> bool:
    """Return whether a trial's sequences show it to be worse than the best, by Wilcoxon's signed ranks."""
    difference = np.subtract(single, best[: len(single)])
    if len(single) < _FEWEST or difference.mean() >= 0 or not difference.any():
        return False
    from scipy.stats import wilcoxon

    return bool(wilcoxon(difference, alternative="less", zero_method="zsplit").pvalue < _RISK)
