"""Readings that contradict one another: two tracks of one number, a track of two numbers or two teams."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sportstrack.edits.spans import Dense
from sportstrack.identities import Identities


def contradictions(dense: Dense, identities: Identities) -> Iterator[tuple[str, tuple[int, ...], int, float]]:
    """Yield ``number`` or ``team``, the tracks, the frame, and how sure both readings are together."""
    ends = {
        int(dense.seen.track_id[low]): (int(dense.seen.frame[low]), int(dense.seen.frame[high - 1]))
        for low, high in pairwise(dense.starts.tolist())
    }
    rows = [one for one in identities if one.track_id in ends]
    for one, other in pairwise(rows):
        if one.track_id != other.track_id:
            continue
        for name in ("number", "team"):
            before, after = getattr(one, name), getattr(other, name)
            if before and after and before != after:
                sure = getattr(one, f"{name}_confidence") * getattr(other, f"{name}_confidence")
                yield name, (one.track_id,), other.first_frame, sure
    wearing: dict[tuple[str, str], list[tuple[int, int, int, float]]] = {}
    for one in rows:
        if one.number and one.team:
            first, last = ends[one.track_id]
            span = max(first, one.first_frame), min(last, one.last_frame)
            sure = one.number_confidence * one.team_confidence
            wearing.setdefault((one.team, one.number), []).append((*span, one.track_id, sure))
    for spans in wearing.values():
        spans.sort()
        for i, (_, last, track, sure) in enumerate(spans):
            for begin, _, twin, also in spans[i + 1 :]:
                if begin <= last and twin != track:
                    yield "number", (twin, track), begin, sure * also
