"""The parts of a search: division of matches, pruning, objectives, spaces, and the spread of a gain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack import OneOf, Range, Scores, SportstrackError, TrackSettings, create_tracker
from sportstrack.errors import SettingError
from sportstrack.refine.settings import RefineSettings, checked
from sportstrack.refine.spaces import SPACE
from sportstrack.spaces import Space
from sportstrack.trackers import TRACKERS
from sportstrack.trackers.spaces import SPACES, search_space
from sportstrack.tune.folds import SearchPart, divide
from sportstrack.tune.gain import gain_of
from sportstrack.tune.objective import Objective
from sportstrack.tune.search import Deadline, FirstTrial, search
from sportstrack.tune.sequences import TruthSource
from sportstrack.tune.space import parse_place
from sportstrack.tune.store import TrialStore


class Stub:
    """A pool whose sequences score what a formula says."""

    def __init__(self, sequences: int, formula: Any) -> None:
        objective = SimpleNamespace(of=lambda one: one if isinstance(one, float) else float(np.mean(one)))
        self.bench, self.calls, self._formula = SimpleNamespace(objective=objective), 0, formula
        self.part = SearchPart("stub", tuple(range(sequences)), ())

    def scores(self, values: Mapping[str, Any], numbers: Sequence[int], **_: Any) -> Iterator[float]:
        for number in numbers:
            self.calls += 1
            yield float(self._formula(values.get("x", 0.5), number))


def run(pool: Stub, *, prune: bool, trials: int = 30, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(Scores, "pool", lambda scores, name="": list(scores))
    starts = [FirstTrial("defaults", {}, {"x": 0.5})]
    how = {"trials": trials, "seed": 1, "prune": prune, "deadline": Deadline(None)}
    return search(pool.part, {"x": Range(0.0, 1.0)}, starts, pool, TrialStore(None, {}), **how)  # type: ignore[arg-type]


def hill(x: float, number: int) -> float:
    return 0.6 - (x - 0.8) ** 2 + 0.02 * np.sin(7 * number + 3 * x)


def test_the_search_finds_the_top_of_a_hill_and_pruning_saves_work(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, ended = Stub(40, hill), Stub(40, hill)
    all_of_them = run(whole, prune=False, monkeypatch=monkeypatch)
    some = run(ended, prune=True, monkeypatch=monkeypatch)
    for trials in (all_of_them, some):
        best = max((one for one in trials if one.complete), key=lambda one: one.value)
        assert best.values["x"] == pytest.approx(0.8, abs=0.08)
    assert ended.calls < 0.6 * whole.calls
    assert all(not one.complete for one in some if len(one.single) < 40)
    assert any(not one.complete for one in some)


def test_a_trial_that_was_ended_is_never_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = run(Stub(40, hill), prune=True, monkeypatch=monkeypatch)
    best = max(one.value for one in trials if one.complete)
    assert all(one.value < best for one in trials if not one.complete)


def test_an_unknown_tracker_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingError, match=r"no tracker 'nope'.*bytetrack"):
        search_space("nope")


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_every_tracker_has_a_search_space_that_holds_its_defaults(name: str) -> None:
    config: Any = create_tracker(name).config  # type: ignore[attr-defined]
    space = search_space(name)
    assert len(space) >= 4
    for setting, place in space.items():
        assert place.holds(getattr(config, setting)), f"{setting}: {getattr(config, setting)} is not in {place}"
    assert set(SPACES) == set(TRACKERS)


def values_of(space: Space) -> st.SearchStrategy[dict[str, Any]]:
    def of(place: Range | OneOf) -> st.SearchStrategy[Any]:
        if isinstance(place, OneOf):
            return st.sampled_from(place.values)
        if place.whole:
            return st.integers(int(place.low), int(place.high))
        return st.floats(place.low, place.high) | st.sampled_from([place.low, place.high])

    return st.fixed_dictionaries({name: of(place) for name, place in space.items()})


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_every_point_of_a_space_makes_a_tracker(name: str) -> None:
    @given(values_of(search_space(name)))
    def make(values: dict[str, Any]) -> None:
        create_tracker(name, **values)

    make()


def test_the_space_of_the_refinement_holds_its_defaults() -> None:
    for name, place in SPACE.items():
        assert place.holds(getattr(RefineSettings(), name)), name


@given(values_of(SPACE))
def test_every_point_of_the_space_of_the_refinement_is_allowed(values: dict[str, Any]) -> None:
    checked(values)


def sources(*matches: str) -> list[TruthSource]:
    return [TruthSource(f"{m}_{i}", m, "", "", None, 100 + 7 * i) for i, m in enumerate(matches)]


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=30), st.floats(0.05, 0.8), st.integers(0, 50))
def test_whole_matches_are_held_out(matches: list[str], share: float, seed: int) -> None:
    found = sources(*matches, "x", "y")
    (part,) = divide(found, held_out=share, folds=0, seed=seed)
    seen, judged = ({found[i].match for i in numbers} for numbers in (part.seen, part.judged))
    assert seen
    assert judged
    assert not seen & judged
    assert sorted((*part.seen, *part.judged)) == list(range(len(found)))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=30), st.integers(2, 4), st.integers(0, 9))
def test_every_match_is_in_one_fold(matches: list[str], folds: int, seed: int) -> None:
    found = sources(*matches, "w", "x", "y", "z")
    *parts, last = divide(found, held_out=0.25, folds=folds, seed=seed)
    assert sorted(number for part in parts for number in part.judged) == list(range(len(found)))
    assert not last.judged
    assert all(not {found[i].match for i in p.seen} & {found[i].match for i in p.judged} for p in parts)


def test_the_first_sequences_of_a_trial_are_of_different_matches() -> None:
    (part,) = divide(sources("a", "a", "a", "b", "b", "c"), held_out=0, folds=0, seed=0)
    assert [("a", "a", "a", "b", "b", "c")[i] for i in part.seen[:3]] == ["a", "b", "c"]


def test_an_objective_is_a_weighted_mean() -> None:
    figures = {"HOTA": 0.6, "IDF1": 0.9, "AssA": 0.5}
    assert Objective.parse("HOTA").of(figures) == pytest.approx(0.6)  # type: ignore[arg-type]
    assert Objective.parse("HOTA + 0.5*IDF1").of(figures) == pytest.approx(0.7)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["hota", "HOTA+", "HOTA*2", "0*HOTA", "1.2.3*HOTA", "HOTA-IDF1"])
def test_other_objectives_are_refused(text: str) -> None:
    with pytest.raises(SportstrackError, match="objective"):
        Objective.parse(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("max_age=1:60", Range(1, 60)),
        ("iou_threshold=0:1", Range(0.0, 1.0)),
        ("iou_threshold=0.01:1:log", Range(0.01, 1.0, log=True)),
        ("per_class=true,false", OneOf((True, False))),
        ("refine.fill_gap=0.5:2", Range(0.5, 2.0)),
    ],
)
def test_a_place_to_look_is_read(text: str, place: Range | OneOf) -> None:
    name, found = parse_place(text, "sort")
    assert (name, found) == (text.partition("=")[0], place)
    assert not isinstance(place, Range) or place.whole == found.whole  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["max_age", "max_age=", "max_age=5:1", "max_age=a:b", "max_age=1:2:lin", "max_ag=1:2"])
def test_other_places_are_refused(text: str) -> None:
    with pytest.raises(SportstrackError):
        parse_place(text, "sort")


def scores(name: str, tp: int, fp: int, ass: float) -> Scores:
    whole = Objective.parse("HOTA").count(_empty(name))
    hits = np.full(19, float(tp))
    return whole.__class__(
        **{f: getattr(whole, f) for f in whole.__dataclass_fields__}
        | {"HOTA_TP": hits, "HOTA_FP": np.full(19, float(fp)), "AssA_sum": hits * ass}
    )


def _empty(name: str) -> Any:
    from sportstrack import MotTable
    from sportstrack.score.sequence import Sequence as Scored

    return Scored.of(name, MotTable.empty(), MotTable.empty(), 5)


def test_the_spread_of_a_gain_tells_a_sure_one_from_a_lucky_one() -> None:
    old = {m: [scores(m, 1000, 100, 0.5)] for m in "abcdefgh"}
    sure = {m: [scores(m, 1000, 100, 0.55)] for m in "abcdefgh"}
    lucky = {m: [scores(m, 1000, 100, 0.9 if m == "a" else 0.5)] for m in "abcdefgh"}
    objective = Objective.parse("HOTA")
    one, other = gain_of(old, sure, objective, 0), gain_of(old, lucky, objective, 0)
    assert one.value == pytest.approx(other.value, abs=0.002)
    assert one.low == pytest.approx(one.value, abs=1e-6)
    assert other.low == pytest.approx(0.0, abs=1e-6)
    assert other.high > 2 * other.value
    alone = gain_of({"a": old["a"]}, {"a": sure["a"]}, objective, 0)
    assert alone.low == alone.value == alone.high


def test_settings_of_the_refinement_reach_a_run() -> None:
    with pytest.raises(SportstrackError, match="did you mean 'fill_gap'"):
        TrackSettings(refine_settings={"fil_gap": 2.0})
    assert TrackSettings(refine_settings={"fill_gap": 2.0}).as_dict()["refine_settings"] == {"fill_gap": 2.0}
