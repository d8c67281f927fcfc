"""Where to look: places in time where tracks may be wrong, found without truth and ranked by how probable an error is.

Kinds of moments:

* ``crossing``: two tracks come close to each other and part; they may have changed places;
* ``gap``: a track is not seen for a while and goes on; it may go on as somebody else;
* ``birth``: a track begins after the start of its shot; the person may have been another track before;
* ``death``: a track ends in the middle of the picture;
* ``speed``: a track jumps;
* ``doubled``: two tracks lie on one person;
* ``number``: two tracks have one shirt number at the same time, or one track has two numbers;
* ``team``: a track changes its team.

What each feature is worth was measured against truth (`sportstrack.edits.weights`); ``number`` and ``team`` rest on
readings, whose confidence is their probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sportstrack.edits.apply import Anchors
from sportstrack.edits.encounters import Encounter, doubled, encounters
from sportstrack.edits.ends import End, births, deaths, gaps
from sportstrack.edits.jumps import jumps
from sportstrack.edits.operations import AnyOperation, Confirm, Delete, Merge, Split, Swap
from sportstrack.edits.readings import contradictions
from sportstrack.edits.spans import Dense
from sportstrack.edits.weights import log_odds, probability
from sportstrack.identities import Identities
from sportstrack.refine.scene import Scene
from sportstrack.refine.table import TrackTable

CLOSE = 0.2  # seconds between two moments of one look
LOOK = 2.0  # seconds that one look shows
CLOSE_UP = ("crossing", "gap", "speed")  # kinds that are joined to one look


@dataclass(frozen=True)
class MomentCorrection:
    """What may be done about a moment.

    Attributes:
        name: ``keep``, ``swap``, ``merge``, ``split`` or ``delete``.
        operation: what does it; ``keep`` confirms.
        share: how probable it is that this is right, as far as is known; the best come first.
    """

    name: str
    operation: AnyOperation
    share: float


@dataclass(frozen=True)
class Moment:
    """A place in time where tracks may be wrong.

    Attributes:
        kind: see the module.
        frame: where to look, from 0.
        first: first frame that shows it.
        last: last frame that shows it.
        tracks: ids of the tracks concerned, the doubtful one first.
        probability: that something is wrong.
        corrections: the plausible ones, ``keep`` first.
        features: what the probability was computed from, by name.
    """

    kind: str
    frame: int
    first: int
    last: int
    tracks: tuple[int, ...]
    probability: float
    corrections: tuple[MomentCorrection, ...]
    features: dict[str, float]


def find_moments(
    tracks: TrackTable,
    scene: Scene,
    *,
    identities: Identities | None = None,
    anchors: Anchors | None = None,
    least: float = 0.0,
) -> list[Moment]:
    """Return the moments of tracks, the most doubtful first.

    Args:
        tracks: the tracks, frames as the scene counts them; filled boxes count as not seen.
        scene: frame rate, size, camera and shot changes.
        identities: team and number of the tracks, where they are known.
        anchors: what edits have confirmed; moments that it settles are left out.
        least: moments that are less probable are left out.
    """
    found = looks([_weighed(one) for one in single_moments(tracks, scene)], scene)
    if identities is not None:
        dense = Dense.of(tracks, scene)
        found += [_reading(*one, dense) for one in contradictions(dense, identities)]
    found = [one for one in found if one.probability >= least and not _settled(one, anchors or Anchors())]
    return sorted(found, key=lambda one: (-one.probability, one.frame, one.tracks))


def single_moments(tracks: TrackTable, scene: Scene) -> list[Moment]:
    """Return the moments one by one, before they are weighed and joined to looks; for the calibration."""
    dense = Dense.of(tracks, scene)
    if not len(dense.seen):
        return []
    found = [_crossing(one) for one in encounters(dense)]
    found += [_gap(end, dense) for end in gaps(dense)]
    born = list(births(dense))
    found += [_birth(end) for end in born]
    known = {track for end in born for track, _ in end.partners}
    found += [_death(end) for end in deaths(dense) if end.track not in known]
    found += [_jump(*one, dense) for one in jumps(dense)]
    return found + [_doubled(*one) for one in doubled(dense)]


def _crossing(one: Encounter) -> Moment:
    frame = one.nearest
    ways = [_keep((one.a, one.b), one.first - 1, one.last + 1), ("swap", Swap(one.a, one.b, frame))]
    return _moment("crossing", frame, one.first - 1, one.last + 1, (one.a, one.b), one.features, ways)


def _gap(end: End, dense: Dense) -> Moment:
    ways = [_keep((end.track,), end.last, end.first), ("split", Split(end.track, end.first, dense.new_id))]
    ways += [("swap", Swap(end.track, track, end.last + 1)) for track, _ in end.partners]
    others = tuple(track for track, _ in end.partners)
    return _moment("gap", end.first, end.last, end.first, (end.track, *others), end.features, ways)


def _birth(end: End) -> Moment:
    ways = [_keep((end.track,), end.first, end.first)]
    ways += [("merge", Merge(track, end.track)) for track, _ in end.partners]
    ways.append(("delete", Delete(end.track)))
    others = tuple(track for track, _ in end.partners)
    return _moment("birth", end.first, end.first, end.first, (end.track, *others), end.features, ways)


def _death(end: End) -> Moment:
    ways = [_keep((end.track,), end.last, end.last), ("delete", Delete(end.track))]
    return _moment("death", end.last, end.last, end.last, (end.track,), end.features, ways)


def _jump(track: int, frame: int, features: dict[str, float], dense: Dense) -> Moment:
    ways = [_keep((track,), frame - 1, frame), ("split", Split(track, frame, dense.new_id))]
    near = dense.nearest(track, frame)
    ways += [("swap", Swap(track, other, frame)) for other in near]
    return _moment("speed", frame, frame - 1, frame, (track, *near), features, ways)


def _doubled(track: int, other: int, first: int, last: int, features: dict[str, float]) -> Moment:
    ways = [_keep((track, other), first, last), ("merge", Merge(other, track)), ("delete", Delete(track, first, last))]
    return _moment("doubled", first, first, last, (track, other), features, ways)


def _reading(kind: str, tracks: tuple[int, ...], frame: int, sure: float, dense: Dense) -> Moment:
    ways = [_keep(tracks, frame - 1, frame), ("split", Split(tracks[0], frame, dense.new_id))]
    others = tracks[1:] or dense.nearest(tracks[0], frame)
    ways += [("swap", Swap(tracks[0], other, frame)) for other in others]
    made = _moment(kind, frame, max(frame - 1, 0), frame, tracks, {"sure": sure}, ways)
    return replace(made, probability=sure, corrections=_shared(made.corrections, sure))


def _keep(tracks: tuple[int, ...], first: int, last: int) -> tuple[str, AnyOperation]:
    return "keep", Confirm(tracks, max(first, 0), last)


def _moment(
    kind: str,
    frame: int,
    first: int,
    last: int,
    tracks: tuple[int, ...],
    features: dict[str, float],
    ways: Sequence[tuple[str, AnyOperation]],
) -> Moment:
    corrections = tuple(MomentCorrection(name, operation, 0.0) for name, operation in ways)
    return Moment(kind, frame, max(first, 0), last, tracks, 0.0, corrections, features)


def _weighed(one: Moment) -> Moment:
    wrong = probability(one.kind, one.features)
    return replace(one, probability=wrong, corrections=_shared(one.corrections, wrong))


def _shared(corrections: tuple[MomentCorrection, ...], wrong: float) -> tuple[MomentCorrection, ...]:
    """Return the corrections with their shares: that of keeping is what is not wrong, the others halve the rest."""
    out, rest = [replace(corrections[0], share=1.0 - wrong)], wrong
    for one in corrections[1:]:
        rest *= 0.5
        out.append(replace(one, share=rest))
    return tuple(out)


def looks(found: list[Moment], scene: Scene) -> list[Moment]:
    """Return the moments with those joined that one look shows: of the same tracks, within two seconds."""
    joined: list[list[Moment]] = []
    alone = [one for one in found if one.kind not in CLOSE_UP]
    near, most = scene.frames_in(CLOSE), scene.frames_in(LOOK)
    open_: list[list[Moment]] = []
    for one in sorted((one for one in found if one.kind in CLOSE_UP), key=lambda one: (one.first, one.last)):
        open_ = [group for group in open_ if max(other.last for other in group) + near >= one.first]
        for group in open_:
            begin, end = group[0].first, max(one.last, *(other.last for other in group))
            if end - begin <= most and set(_doubtful(one)) & {track for other in group for track in _doubtful(other)}:
                group.append(one)
                break
        else:
            open_.append([one])
            joined.append(open_[-1])
    return alone + [_joined(group) for group in joined]


def _doubtful(one: Moment) -> tuple[int, ...]:
    return one.tracks if one.kind == "crossing" else one.tracks[:1]


def _joined(group: list[Moment]) -> Moment:
    """Return one moment for several that one look shows; its kind and frame are those of the most doubtful."""
    worst = max(group, key=lambda one: one.probability)
    right = 1.0
    for one in group:
        right *= 1.0 - one.probability
    wrong = probability("look", {"odds": log_odds(1.0 - right)})
    tracks = dict.fromkeys((*worst.tracks, *(track for one in group for track in _doubtful(one))))
    doubtful = tuple(dict.fromkeys(track for one in group for track in _doubtful(one)))
    first, last = group[0].first, max(one.last for one in group)
    ways = {way.operation: way for one in group for way in one.corrections[1:]}
    best = sorted(ways.values(), key=lambda way: -way.share)
    keep = MomentCorrection("keep", Confirm(doubtful, first, last), 0.0)
    return replace(
        worst,
        first=first,
        last=last,
        tracks=tuple(tracks),
        probability=wrong,
        corrections=_shared((keep, *best), wrong),
    )


def _settled(one: Moment, anchors: Anchors) -> bool:
    """Return whether what was confirmed says that a moment is right."""
    keep = one.corrections[0].operation
    known = (*anchors.spans, *(anchors.likely if one.kind == "crossing" else ()))
    concerned = keep.tracks if isinstance(keep, Confirm) else one.tracks
    return all(any(track == other and _covers(first, last, one) for other, first, last in known) for track in concerned)


def _covers(first: int, last: int, one: Moment) -> bool:
    """Return whether a span that is one person's answers a moment: it goes through it, or lies within it, as a swap."""
    return (first <= one.first and last >= one.last) or (one.first <= first < last <= one.last)
