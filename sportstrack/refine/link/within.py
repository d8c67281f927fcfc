"""Within a shot: link the pieces of one player by where they end and begin, and by appearance.

Every track is taken apart at its gaps, and all gaps of the sequence are bridged anew, at once. A piece that ends and
one that begins later are the same player's if the second begins where the first would be by then, or if the first left
the picture at an edge and the second comes in at the same edge, about as high along it. How far off is too far was
measured: the log-odds of each pair weigh the differences of place and height against those of chance. One assignment
over the pairs of the whole sequence then finds the bridges whose log-odds add up to most. What the tracker itself had
bridged starts with a small lead (``trust``), because it saw more than the two ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.identities.ends import PieceEnds
from sportstrack.refine.appearance import centred_embeddings, mean_appearance
from sportstrack.refine.held import SURE as HELD
from sportstrack.refine.held import Held
from sportstrack.refine.likeness import Likeness, measure
from sportstrack.refine.link.pairs import Pairs, best_links, chain_ids, without_contradictions
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.stature import Heights
from sportstrack.refine.table import TrackTable
from sportstrack.refine.who import Who
from sportstrack.types import Embeddings, FloatArray, IntArray

_BLOCK = 1 << 18  # pairs looked at together
_LOOKS = 2  # at the statures of runs that were linked
_SHORT = 1.0  # seconds; a longer gap ends a run
_MOST_OF_STATURE = 2.0  # nats that statures can hold for a pair


@dataclass(frozen=True, eq=False)
class Pieces:
    """The unbroken runs of boxes of all tracks, in the order of the `ordered` table.

    Attributes:
        track_id: (T,) the track that each was cut from.
        first: where they begin.
        last: where they end.
        class_id: (T,) the class that most of their boxes have.
        who: their teams and numbers.
        appearance: (T, D), zeros where unknown, or None.
        boxes: (T,) how many embeddings are known of each.
        likeness: what cosines of appearances are worth, or None.
    """

    track_id: IntArray
    first: PieceEnds
    last: PieceEnds
    class_id: IntArray
    who: Who
    appearance: Embeddings | None = None
    boxes: IntArray | None = None
    likeness: Likeness | None = None


def link_pieces(table: TrackTable, scene: Scene, s: RefineSettings, held: Held | None = None) -> TrackTable:
    """Take tracks apart at gaps and shot changes, and link anew what follows on from what within each shot.

    What is ``held`` stays together, or apart.
    """
    table = table.ordered()
    if not len(table):
        return table
    starts = _cut(table, scene, s)
    pieces = _pieces(table, starts, scene, s)
    found = [_worthwhile(*pair, pieces, scene, s) for pair in _candidates(pieces, scene, s)]
    left, right, odds = (np.concatenate(column) for column in zip(*found, strict=True))

    def linked(odds: FloatArray) -> IntArray:
        good = odds > 0.0
        chosen = left[good], right[good], odds[good]
        chosen = chosen if held is None else held.links(table, starts, *chosen)
        links = best_links(*chosen)
        if s.who_weight:
            links = without_contradictions(*links, _gains(links, chosen, len(starts)), pieces.who, HELD)
        return chain_ids(pieces.track_id, *links)

    ids = linked(odds)
    if s.stature_weight:
        heights, length = Heights(table, scene), np.diff(starts)
        for _ in range(_LOOKS):  # longer runs are known better, and better known ones are linked better
            run = _runs(pieces, ids, scene, s)
            said = heights.statures(np.repeat(run, length)).log_ratio(run[left], run[right])
            ids = linked(odds + s.stature_weight * np.where(run[left] != run[right], said, 0.0))
    rows = _rows_of(np.lexsort((table.frame[starts[:-1]], ids)), starts)
    return replace(table, track_id=np.repeat(ids, np.diff(starts)))[rows]


def _gains(links: tuple[IntArray, IntArray], among: tuple[IntArray, IntArray, FloatArray], count: int) -> FloatArray:
    """Return (L,) the gains of some links, which are among the pairs that have them; `count` is above any piece."""
    key = among[0] * count + among[1]
    order = np.argsort(key)
    found: FloatArray = among[2][order][np.searchsorted(key[order], links[0] * count + links[1])]
    return found


def _runs(pieces: Pieces, ids: IntArray, scene: Scene, s: RefineSettings) -> IntArray:
    """Return (T,) which run each piece is in: linked ones with only short gaps between, none at an edge."""
    first, last = pieces.first, pieces.last
    order = np.lexsort((first.frame, ids))
    before, after = order[:-1], order[1:]
    gap = first.frame[after] - last.frame[before]
    away = (last.edges[before] & first.edges[after]).any(axis=1) & (gap > scene.frames_in(s.fill_gap_border))
    new = (ids[before] != ids[after]) | (gap > scene.frames_in(_SHORT)) | away
    run = np.zeros(len(ids), np.int64)
    run[order[1:]] = np.cumsum(new)
    return run


def _rows_of(order: IntArray, starts: IntArray) -> IntArray:
    """Return the rows of the pieces in an order of pieces; quicker than sorting the rows."""
    count = np.diff(starts)[order]
    shift: IntArray = np.repeat(starts[order] - np.cumsum(count) + count, count)
    shift += np.arange(len(shift))
    return shift


def _cut(table: TrackTable, scene: Scene, s: RefineSettings) -> IntArray:
    """Return (T + 1,) the rows where pieces begin, and the end: at shot changes and at gaps that can be bridged."""
    frame = table.frame
    new = table.track_id[1:] != table.track_id[:-1]
    row = np.flatnonzero(~new & (frame[1:] > frame[:-1] + 1))
    gap = frame[row + 1] - frame[row]
    left = scene.at_edges(table.xyxy[row], s.border_reach) & scene.at_edges(table.xyxy[row + 1], s.border_reach)
    near = gap <= scene.frames_in(s.interior_gap)
    near |= left.any(axis=1) & (gap <= scene.frames_in(s.border_gap))
    new[row[near]] = True
    new |= scene.shot(frame[1:]) != scene.shot(frame[:-1])
    return np.concatenate(([0], np.flatnonzero(new) + 1, [len(table)]))


def _pieces(table: TrackTable, starts: IntArray, scene: Scene, s: RefineSettings) -> Pieces:
    who = Who.of(table, starts)
    pieces = Pieces(
        table.track_id[starts[:-1]],
        _ends(table, starts, scene, s, starts[:-1]),
        _ends(table, starts, scene, s, starts[1:] - 1),
        _classes(table, starts),
        who,
    )
    if table.embedding is None or not s.appearance_weight:
        return pieces
    embedding = centred_embeddings(table.embedding)
    mean, boxes = mean_appearance(embedding, starts), np.add.reduceat(embedding.any(axis=1), starts[:-1])
    return replace(pieces, appearance=mean, boxes=boxes, likeness=measure(embedding, table.frame, starts, who, s))


def _ends(table: TrackTable, starts: IntArray, scene: Scene, s: RefineSettings, outer: IntArray) -> PieceEnds:
    """Fit a straight line to the boxes within ``slope_window`` of each piece's ``outer`` row."""
    window = max(scene.frames_in(s.slope_window), 1.0)
    piece = np.repeat(np.arange(len(outer)), np.diff(starts))
    rows = np.flatnonzero(np.abs(table.frame - table.frame[outer][piece]) < window)
    piece = piece[rows]
    time = (table.frame[rows] - table.frame[outer][piece])[:, None].astype(np.float64)
    box = table.xyxy[rows]
    centre = 0.5 * (box[:, :2] + box[:, 2:]) - scene.path[table.frame[rows]]
    begin = np.searchsorted(piece, np.arange(len(outer)))
    count = np.diff(np.append(begin, len(rows)))[:, None]

    def mean(values: FloatArray) -> FloatArray:
        means: FloatArray = np.add.reduceat(values, begin, axis=0) / count
        return means

    middle, where = mean(time), mean(centre)
    apart = time - middle[piece]
    slope = mean(apart * (centre - where[piece])) / np.maximum(mean(apart**2), 1e-9)
    return PieceEnds(
        table.frame[outer],
        where - slope * middle,
        slope,
        mean(box[:, 3:] - box[:, 1:2])[:, 0],
        scene.at_edges(table.xyxy[outer], s.border_reach),
    )


def _classes(table: TrackTable, starts: IntArray) -> IntArray:
    """Return (T,) the class that most boxes of each piece have, the lowest on a draw."""
    if (table.class_id == table.class_id[0]).all():
        return table.class_id[starts[:-1]]
    piece = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((table.class_id, piece))
    kind = table.class_id[order]
    new = np.concatenate(([True], (kind[1:] != kind[:-1]) | (piece[1:] != piece[:-1])))
    begin = np.flatnonzero(new)
    count = np.diff(np.append(begin, len(kind)))
    best = np.lexsort((-count, piece[begin]))
    most: IntArray = kind[begin[best[np.searchsorted(piece[begin], np.arange(len(starts) - 1))]]]
    return most


def _candidates(pieces: Pieces, scene: Scene, s: RefineSettings) -> Iterator[Pairs]:
    """Yield each pair near enough in time once, in blocks: for longer those at a common edge or of one number."""
    first, last = pieces.first, pieces.last
    everyone = np.arange(len(first.frame))
    near, far = scene.frames_in(s.interior_gap), scene.frames_in(s.border_gap)
    yield everyone[:0], everyone[:0]
    yield from _within(everyone, everyone, last.frame, first.frame, 0.0, near)
    for edge in range(4):
        left, came = np.flatnonzero(last.edges[:, edge]), np.flatnonzero(first.edges[:, edge])
        for a, b in _within(left, came, last.frame, first.frame, near, far):
            new = ~(last.edges[a, :edge] & first.edges[b, :edge]).any(axis=1)  # a corner is at two edges
            yield a[new], b[new]
    number = pieces.who.number
    for code in np.unique(number[number >= 0]).tolist():
        of_number = np.flatnonzero(number == code)
        for a, b in _within(of_number, of_number, last.frame, first.frame, near, scene.frames_in(s.number_gap)):
            new = ~(last.edges[a] & first.edges[b]).any(axis=1) | (first.frame[b] - last.frame[a] > far)
            yield a[new], b[new]


def _within(a: IntArray, b: IntArray, end: IntArray, begin: IntArray, low: float, high: float) -> Iterator[Pairs]:
    """Yield the pairs of a and b with low < begin − end ≤ high, at least those of one a at a time."""
    b = b[np.argsort(begin[b], kind="stable")]
    first = np.searchsorted(begin[b], end[a] + low, side="right")
    count = np.maximum(np.searchsorted(begin[b], end[a] + high, side="right") - first, 0)
    total = np.concatenate(([0], np.cumsum(count)))
    at = 0
    while at < len(a):
        stop = max(at + 1, int(np.searchsorted(total, total[at] + _BLOCK, side="right")) - 1)
        n = count[at:stop]
        offset = np.arange(total[stop] - total[at]) - np.repeat(total[at:stop] - total[at], n)
        yield np.repeat(a[at:stop], n), b[np.repeat(first[at:stop], n) + offset]
        at = stop


def _worthwhile(
    a: IntArray, b: IntArray, pieces: Pieces, scene: Scene, s: RefineSettings
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the pairs whose log-odds are above 0, or could be with what statures say, and these."""
    first, last, kind = pieces.first, pieces.last, pieces.class_id
    may = scene.shot(last.frame[a]) == scene.shot(first.frame[b])
    may &= (kind[a] == kind[b]) | (kind[a] < 0) | (kind[b] < 0)
    a, b = a[may], b[may]
    odds = np.maximum(_interior(last, first, a, b, scene, s), _border(last, first, a, b, scene, s))
    odds = np.where(pieces.who.one_person(a, b) & (s.who_weight > 0), np.maximum(odds, 0.0), odds)
    odds += np.where((pieces.track_id[a] == pieces.track_id[b]) & (b == a + 1), s.trust, 0.0)
    if s.who_weight:
        odds += s.who_weight * pieces.who.log_ratio(a, b)
    if pieces.likeness is not None:
        odds += _appearance(pieces, a, b)
    good = odds > -_MOST_OF_STATURE * s.stature_weight
    return a[good], b[good], odds[good]


def _appearance(pieces: Pieces, a: IntArray, b: IntArray) -> FloatArray:
    """Return the log-likelihood ratios of the pairs' appearances, 0 where one is unknown."""
    assert pieces.appearance is not None
    assert pieces.boxes is not None
    assert pieces.likeness is not None
    cosine = np.einsum("ij,ij->i", pieces.appearance[a], pieces.appearance[b]).astype(np.float64)
    fewer = np.minimum(pieces.boxes[a], pieces.boxes[b])
    return np.where(fewer > 0, pieces.likeness.log_ratio(cosine, fewer), 0.0)


def _interior(
    last: PieceEnds, first: PieceEnds, a: IntArray, b: IntArray, scene: Scene, s: RefineSettings
) -> FloatArray:
    """Return the log-odds that a piece goes on where it stopped."""
    gap = first.frame[b] - last.frame[a]
    keep = np.exp(-1.0 / scene.frames_in(s.velocity_decay))
    reach = (1.0 - keep**gap) / (1.0 - keep)
    expected = 0.5 * reach[:, None] * (last.velocity[a] + first.velocity[b]) * (1.0, s.vertical_velocity)
    height, ratio = _heights(last, first, a, b)
    off = (first.place[b] - last.place[a] - expected) / height[:, None]
    seconds = gap / scene.frame_rate
    x = s.interior_along + s.interior_along_rate * seconds
    y = s.interior_across + s.interior_across_rate * seconds
    z = s.interior_height + s.interior_height_rate * seconds
    squares = (off[:, 0] / x) ** 2 + (off[:, 1] / y) ** 2 + (ratio / z) ** 2
    odds = s.interior_prior - np.log(x * y * z) - _t_cost(squares, 3, s.tail) - seconds / s.interior_decay
    return np.where(seconds <= s.interior_gap, odds, -np.inf)


def _border(last: PieceEnds, first: PieceEnds, a: IntArray, b: IntArray, scene: Scene, s: RefineSettings) -> FloatArray:
    """Return the log-odds that a piece left at an edge and came back there."""
    common = last.edges[a] & first.edges[b]
    height, ratio = _heights(last, first, a, b)
    along = np.abs(first.place[b] - last.place[a])[:, [1, 0, 1, 0]] / height[:, None]
    off = np.where(common, along, np.inf).min(axis=1)
    seconds = (first.frame[b] - last.frame[a]) / scene.frame_rate
    u = s.border_along * np.sqrt(seconds)
    z = s.border_height + s.border_height_rate * np.sqrt(seconds)
    here = common.any(axis=1) & (seconds <= s.border_gap)
    squares = (np.where(here, off, 0.0) / u) ** 2 + (ratio / z) ** 2
    odds = s.border_prior - np.log(u * z) - _t_cost(squares, 2, s.tail) - seconds / s.border_decay
    return np.where(here, odds, -np.inf)


def _heights(last: PieceEnds, first: PieceEnds, a: IntArray, b: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return (P,) the mean height of each pair and the logarithm of its ratio."""
    before, after = last.height[a], first.height[b]
    return 0.5 * (before + after), np.log(after / before)


def _t_cost(squares: FloatArray, dimensions: int, tail: float) -> FloatArray:
    """Return minus the logarithm of a t distribution's density, up to a constant; ``squares`` is Σ (x / σ)²."""
    return 0.5 * (tail + dimensions) * np.log1p(squares / tail)
