"""Which matches a search sees, and which judge its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.tune.sequences import TruthSource


@dataclass(frozen=True)
class SearchPart:
    """One search.

    Attributes:
        name: of the study.
        seen: numbers of the sequences that trials are scored on, matches in turn.
        judged: numbers of the sequences that its result is judged on; no match of theirs is seen.
    """

    name: str
    seen: tuple[int, ...]
    judged: tuple[int, ...]


def divide(sources: Sequence[TruthSource], *, held_out: float, folds: int, seed: int) -> list[SearchPart]:
    """Divide whole matches; the last search is the one whose result counts.

    Args:
        sources: all sequences.
        held_out: share of the boxes that is held out.
        folds: so many searches, each judged on a fold, and one on all; 0 for one search.
        seed: of the draw of matches.

    Raises:
        SettingError: too few matches.
    """
    sizes: dict[str, int] = {}
    for one in sources:
        sizes[one.match] = sizes.get(one.match, 0) + one.boxes
    if folds > len(sizes) or (held_out > 0 and len(sizes) < 2):
        wanted = f"--folds {folds}" if folds else "a search that is judged on matches of their own"
        raise SettingError(
            f"{wanted}: there are {len(sizes)} matches ({', '.join(sorted(sizes)[:8])}); --match says how sequences' "
            "names tell theirs, --held-out 0 judges nothing"
        )
    if folds:
        groups = _deal(sizes, folds, seed)
        parts = [_part(f"fold {i} of {folds}", sources, group) for i, group in enumerate(groups, 1)]
        return [*parts, _part("all", sources, set())]
    return [_part("search", sources, _draw(sizes, held_out, seed))]


def _part(name: str, sources: Sequence[TruthSource], judged: set[str]) -> SearchPart:
    seen = [number for number, one in enumerate(sources) if one.match not in judged]
    return SearchPart(
        name, tuple(_in_turn(sources, seen)), tuple(n for n, one in enumerate(sources) if one.match in judged)
    )


def _in_turn(sources: Sequence[TruthSource], numbers: Sequence[int]) -> list[int]:
    """Return sequences so that the first ones are of different matches: a bad trial shows early."""
    place: dict[str, int] = {}
    keys = []
    for number in numbers:
        match = sources[number].match
        keys.append((place.get(match, 0), match, number))
        place[match] = place.get(match, 0) + 1
    return [number for _, _, number in sorted(keys)]


def _shuffled(sizes: dict[str, int], seed: int) -> list[str]:
    names = sorted(sizes)
    return [names[i] for i in np.random.default_rng(seed).permutation(len(names)).tolist()]


def _draw(sizes: dict[str, int], share: float, seed: int) -> set[str]:
    """Draw matches while that brings their share nearer to the one wanted; at least one, and not all."""
    if not share:
        return set()
    wanted, taken, drawn = share * sum(sizes.values()), 0, set[str]()
    for name in _shuffled(sizes, seed):
        if len(drawn) < len(sizes) - 1 and abs(taken + sizes[name] - wanted) < abs(taken - wanted):
            drawn.add(name)
            taken += sizes[name]
    return drawn or {min(sizes, key=lambda name: sizes[name])}


def _deal(sizes: dict[str, int], folds: int, seed: int) -> list[set[str]]:
    """Deal matches to folds, the largest first, each to the fold that has least."""
    order = sorted(_shuffled(sizes, seed), key=lambda name: -sizes[name])
    groups: list[set[str]] = [set() for _ in range(folds)]
    for name in order:
        min(groups, key=lambda group: (sum(sizes[one] for one in group), len(group))).add(name)
    return groups
