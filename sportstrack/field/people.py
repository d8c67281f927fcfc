"""Which classes are people, by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

PEOPLE = frozenset(
    (
        *("person", "people", "human", "pedestrian", "man", "woman", "boy", "girl"),
        *("player", "athlete", "goalkeeper", "goalie", "keeper", "goaltender", "referee", "ref", "umpire", "official"),
        *("linesman", "assistant", "coach", "staff", "team", "attacker", "defender", "libero", "skater"),
    )
)
"""A class is people if a word of its name is one of these; a plural's ending s does not matter."""


def people_of(names: Mapping[int, str]) -> tuple[int, ...]:
    """Return the classes that are people, for class id → name; a class of another name is none."""
    found = []
    for class_id, name in names.items():
        words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
        if PEOPLE & {form for word in words for form in (word, word.removesuffix("s"))} and "ball" not in words:
            found.append(class_id)
    return tuple(found)
