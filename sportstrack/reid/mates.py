"""Team-mates: people of one sequence in one kit, by what the source says, else by the colours of their kits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sportstrack.identities.groups import ALIKE
from sportstrack.identities.kits import distances, points
from sportstrack.reid.people import PersonCrops
from sportstrack.types import IntArray


def find_mates(crops: PersonCrops, colours: NDArray[np.float32]) -> tuple[IntArray, list[str]]:
    """Return (P,) the group of each person: same sequence and team; and what the user should know.

    Args:
        crops: the crops.
        colours: (N, C) kit colours of each crop, of `sportstrack.embed.clothes.kit_colours`; zeros where unknown.
    """
    label = np.array([f"team {one}" if one else "" for one in crops.said.tolist()], dtype=object)
    by_kit = 0
    for clip in np.unique(crops.sequence).tolist():
        unknown = np.flatnonzero((crops.sequence == clip) & (crops.said == ""))
        if len(unknown) > 1:
            kits = kit_groups(crops, colours, unknown)
            by_kit += int((kits >= 0).sum())
            label[unknown] = [f"kit {one}" for one in kits.tolist()]
    keys = [f"{clip} {text}" for clip, text in zip(crops.sequence.tolist(), label.tolist(), strict=True)]
    _, group = np.unique(keys, return_inverse=True)
    told = int((crops.said != "").sum())
    rest = len(keys) - told - by_kit
    parts = [f"{told} by the data" if told else "", f"{by_kit} by kit colours" if by_kit else ""]
    parts.append(f"{rest} unknown, taken as mates of their sequence" if rest else "")
    return group.reshape(-1), [f"teams: {', '.join(part for part in parts if part)}"]


def kit_groups(crops: PersonCrops, colours: NDArray[np.float32], people: IntArray) -> IntArray:
    """Return (K,) groups from 0 of people with like kits; −1 of those whose kit is not known."""
    from scipy.cluster.hierarchy import fcluster, linkage

    sums = np.stack([colours[crops.person == person].sum(axis=0) for person in people.tolist()])
    counts = np.array([np.count_nonzero(colours[crops.person == person].any(axis=1)) for person in people.tolist()])
    point = points(sums, np.maximum(counts, 1).astype(np.float64))
    known = np.flatnonzero(point.any(axis=1))
    groups = np.full(len(people), -1, np.int64)
    if len(known) == 1:
        groups[known] = 0
    elif len(known):
        far = np.nan_to_num(distances(point[known], point[known]), nan=1.0)
        upper = np.triu_indices(len(known), 1)
        groups[known] = fcluster(linkage(((far + far.T) / 2)[upper], "average"), ALIKE, "distance") - 1
    return groups


def without_lone(group: IntArray) -> IntArray:
    """Return (P,) groups with −1 for those of one person, who has no team-mate to be taken for."""
    lone = np.bincount(group) < 2
    return np.where(lone[group], -1, group)
