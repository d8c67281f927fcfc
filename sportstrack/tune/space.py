"""What is searched: the settings that a trial changes, and where their values lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sportstrack.errors import SettingError, unknown
from sportstrack.files.reading import parse_yaml
from sportstrack.refine.spaces import SPACE as OF_REFINE
from sportstrack.spaces import OneOf, Range, Space
from sportstrack.track.settings import TrackSettings
from sportstrack.trackers import TRACKERS, create_tracker, setting_types
from sportstrack.trackers.spaces import search_space
from sportstrack.tune.measure import REFINE, SCORE
from sportstrack.tune.settings import REFINE as WHAT_REFINE
from sportstrack.tune.settings import SCORE as WHAT_SCORE
from sportstrack.tune.settings import TRACKER, TuneSettings

_SCORES = Range(0.01, 0.6)


def whole_space(settings: TrackSettings, tune: TuneSettings, has: Callable[[str], bool]) -> dict[str, Range | OneOf]:
    """Return all that may be searched; what the detections lack evidence for, or is fixed, is left out.

    Args:
        settings: of the runs; the settings of tracker and refinement that they name are fixed.
        tune: says what is searched.
        has: whether the detections hold ``embedding`` or other evidence.
    """
    found: dict[str, Range | OneOf] = {}
    if TRACKER in tune.what:
        found |= {n: p for n, p in _of_tracker(settings.tracker).items() if n not in settings.tracker_settings}
    if WHAT_REFINE in tune.what:
        found |= {REFINE + n: p for n, p in OF_REFINE.items() if n not in settings.refine_settings}
    if WHAT_SCORE in tune.what and settings.score is None:
        found[SCORE] = _SCORES
    return {name: place for name, place in found.items() if not place.needs or has(place.needs)}


def _of_tracker(name: str) -> Space:
    if ":" not in name:
        return search_space(name)
    from sportstrack.plugins import attribute

    return search_space(attribute(name))


def chosen_space(
    space: Mapping[str, Range | OneOf], given: Mapping[str, Range | OneOf], only: Sequence[str] = ()
) -> dict[str, Range | OneOf]:
    """Return the space with some places given by the user, and of all of them only some names.

    Raises:
        SettingError: an unknown name, or nothing is left to search.
    """
    joined = {**space, **given}
    for name in only:
        if name not in joined:
            raise SettingError(f"--only: {unknown('setting in the search space', name, joined)}")
    chosen = {name: place for name, place in joined.items() if not only or name in only}
    if not chosen:
        raise SettingError("nothing to search: the tracker has no search space, or all of it is fixed (see --space)")
    return chosen


def parse_place(text: str, tracker: str) -> tuple[str, Range | OneOf]:
    """Read ``NAME=LOW:HIGH``, ``NAME=LOW:HIGH:log`` or ``NAME=A,B,C``.

    Raises:
        SettingError: the text is none of them, or the tracker has no such setting.
    """
    name, equals, places = text.partition("=")
    if not equals or not places:
        raise SettingError(f"--space {text}: expected NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=A,B,C")
    known = [*(setting_types(tracker) if tracker in TRACKERS else ()), *(REFINE + one for one in OF_REFINE), SCORE]
    if tracker in TRACKERS and name not in known:
        raise SettingError(f"--space: {unknown('setting', name, known)}")
    if ":" not in places:
        return name, OneOf(tuple(parse_yaml(one, f"--space {text}") for one in places.split(",")))
    low, _, rest = places.partition(":")
    high, _, kind = rest.partition(":")
    numbers = [parse_yaml(one, f"--space {text}") for one in (low, high)]
    if kind not in ("", "log") or not all(isinstance(one, (int, float)) for one in numbers):
        raise SettingError(f"--space {text}: expected NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=A,B,C")
    if tracker in TRACKERS and setting_types(tracker).get(name) is float:
        numbers = [float(one) for one in numbers]
    return name, Range(numbers[0], numbers[1], log=kind == "log")


def default_values(space: Mapping[str, Range | OneOf], settings: TrackSettings) -> dict[str, Any]:
    """Return the values that the runs have without a trial, brought into the space where they lie outside.

    They are what a search starts from; trial 0 itself changes nothing.
    """
    from sportstrack.refine.settings import RefineSettings

    refine = RefineSettings()
    tracker = create_tracker(settings.tracker, **settings.tracker_settings) if settings.tracker in TRACKERS else None
    own = getattr(tracker, "config", None)
    values: dict[str, Any] = {}
    for name, place in space.items():
        if name == SCORE:
            value: Any = place.low if isinstance(place, Range) else place.values[0]
        elif name.startswith(REFINE):
            value = getattr(refine, name.removeprefix(REFINE))
        else:
            value = getattr(own, name, None)
        values[name] = _inside(place, value)
    return values


def _inside(place: Range | OneOf, value: Any) -> Any:
    if place.holds(value):
        return value
    if isinstance(place, OneOf) or not isinstance(value, (int, float)):
        return place.values[0] if isinstance(place, OneOf) else place.low
    return min(max(value, place.low), place.high)


def distributions(space: Mapping[str, Range | OneOf]) -> dict[str, Any]:
    """Return the space as Optuna has it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, Any] = {}
    for name, place in space.items():
        if isinstance(place, OneOf):
            found[name] = CategoricalDistribution(place.values)
        elif place.whole:
            found[name] = IntDistribution(int(place.low), int(place.high), log=place.log)
        else:
            found[name] = FloatDistribution(float(place.low), float(place.high), log=place.log)
    return found
