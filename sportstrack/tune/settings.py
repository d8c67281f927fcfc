"""How to search: the options of ``sportstrack tune`` that are settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.options import check_options, option
from sportstrack.tune.objective import Objective

TRACKER, REFINE, SCORE = "tracker", "refine", "score"
WHAT = (TRACKER, REFINE, SCORE)


@dataclass(frozen=True)
class TuneSettings:
    """How to search; each field is an option of ``sportstrack tune``.

    Attributes:
        what: what is searched: the tracker's settings, those of the refinement (then tracks are refined in each
            trial), the lowest score of a detection; one or several.
        objective: what is to be greatest: HOTA, DetA, AssA or IDF1, or a weighted sum such as ``HOTA+0.5*IDF1``.
        trials: how many settings are tried, the defaults included. None is 100, or with ``calibrate`` the defaults and
            the calibrated ones.
        held_out: share of the boxes whose matches are kept out of the search and judge its result; 0 for none.
        folds: instead of that, so many searches, each judged on the matches of one fold, and one more on all.
        match: pattern of a sequence's name; its first group names the match.
        prune: end a trial when its sequences show that it is worse than the best so far.
        calibrate: fit the noise of the Kalman filters to the truth, and try that right after the defaults.
        processes: how many sequences are tracked side by side; the result does not depend on it.
        seed: same seed, same result.
        minutes: end the search after so long; it can go on later.
    """

    what: Sequence[str] = option(
        (TRACKER,),
        "what is searched: tracker, refine (tracks are refined in each trial), score (the lowest of a detection)",
        choices=WHAT,
        metavar="LIST",
    )
    objective: str = option("HOTA", "HOTA, DetA, AssA or IDF1, or a weighted sum such as HOTA+0.5*IDF1")
    trials: int | None = option(
        None,
        "how many settings are tried, the defaults included",
        shown="100; with --calibrate the defaults and the calibrated ones",
        low=1,
        metavar="N",
    )
    held_out: float = option(
        0.25, "share of the boxes whose matches take no part and judge the result; 0: none", low=0, high=0.9
    )
    folds: int = option(
        0, "so many searches, each judged on the matches of one fold, and one on all", shown="none", low=0, metavar="N"
    )
    match: str = option(
        r"(.+)_c\d+",
        "pattern of a sequence's name; its first group names the match",
        shown="SportsMOT's: all before _c001; SoccerNet's gameID is read",
        metavar="REGEX",
    )
    prune: bool = option(True, "end a trial when its sequences show that it is worse than the best so far")
    calibrate: bool = option(
        False, "fit the noise of the tracker's Kalman filters to the truth; tried right after the defaults"
    )
    processes: int = option(1, "track N sequences side by side; the result is the same", low=1, high=1024, metavar="N")
    seed: int = option(0, "same seed, same result", low=0, high=2**31 - 1, metavar="N")
    minutes: float | None = option(None, "end after so many minutes; the same command goes on later", low=0, above=True)

    def __post_init__(self) -> None:
        check_options(self)
        Objective.parse(self.objective)
        if not self.what:
            raise SettingError("what: expected one of tracker, refine, score")
        if self.folds == 1:
            raise SettingError("folds: expected 0 or from 2, got 1")

    @property
    def trial_count(self) -> int:
        """How many settings are tried in each search."""
        return self.trials if self.trials is not None else 2 if self.calibrate else 100

    @property
    def refines(self) -> bool:
        """Whether the tracks are refined before they are scored."""
        return REFINE in self.what

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"what": list(self.what), "trials": self.trial_count}
