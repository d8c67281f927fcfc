"""Edits applied to tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sportstrack.edits.operations import AnyOperation, Edit
from sportstrack.edits.outcome import ALREADY, APPLIED, REFITTED, REFUSED, EditOutcome
from sportstrack.edits.session import EditSession
from sportstrack.identities import Identities
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray


@dataclass(frozen=True)
class Anchors:
    """What edits say of identities, for all that links tracks afterwards.

    Attributes:
        spans: (track, first frame, last frame): in this span the track is one person, gaps included.
        likely: the same of the second track of a swap: it gets what the first leaves. It answers a moment, but linking
            may find something better.
        apart: ((track, frame), (track, frame)): two boxes that are not one person's.
    """

    spans: tuple[tuple[int, int, int], ...] = ()
    likely: tuple[tuple[int, int, int], ...] = ()
    apart: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.spans or self.apart)


@dataclass(frozen=True, eq=False)
class Edited:
    """Tracks after edits.

    Attributes:
        tracks: sorted by track, then frame.
        identities: of the tracks.
        outcomes: what became of each edit, in order.
        anchors: what the edits say of identities.
        drawn: (N,) which boxes of the tracks a person has drawn; nothing may move them.
        edits: that were applied, in order.
    """

    tracks: TrackTable
    identities: Identities
    outcomes: tuple[EditOutcome, ...]
    anchors: Anchors
    drawn: BoolArray
    edits: tuple[Edit, ...] = ()

    def count(self, status: str) -> int:
        """Return how many edits have a status: ``applied``, ``refitted``, ``already`` or ``refused``."""
        return sum(outcome.status == status for outcome in self.outcomes)

    def as_text(self) -> str:
        """Return one line for people, such as ``12 edits: 10 applied, 1 already so, 1 refused``."""
        words = {APPLIED: "applied", REFITTED: "refitted to other ids", ALREADY: "already so", REFUSED: "refused"}
        parts = [f"{self.count(status)} {word}" for status, word in words.items() if self.count(status)]
        return f"{len(self.outcomes)} edits: {', '.join(parts) or 'none'}"


def apply_edits(
    tracks: TrackTable, edits: Sequence[Edit | AnyOperation], identities: Identities | None = None
) -> Edited:
    """Apply edits to tracks, in order.

    An edit that does not fit changes nothing, and the next one goes on. Edits that carry the boxes that they mean may
    be applied to their own result, which stays as it is, and to tracks that were made anew of the same video: each
    finds its tracks by these boxes.

    Args:
        tracks: what the edits were made on, or tracks made anew.
        edits: as `read_edits` returns them.
        identities: what is known of the tracks.
    """
    session = EditSession(tracks, identities)
    whole = tuple(edit if isinstance(edit, Edit) else Edit(edit) for edit in edits)
    outcomes = tuple(session.apply(edit) for edit in whole)
    return replace(edited(session, outcomes), edits=whole)


def edited(session: EditSession, outcomes: tuple[EditOutcome, ...] = ()) -> Edited:
    """Return what a session has come to."""
    table, drawn = session.tracks()
    return Edited(table, session.identities, outcomes, anchors(session), drawn)


def anchors(session: EditSession) -> Anchors:
    """Return what the edits of a session say of identities; what later edits have changed is left out."""
    board, apart = session.board, []

    def spans(pairs: Sequence[tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
        owners = [(board.owner(first), board.owner(last), first, last) for first, last in pairs]
        held = [(a, *sorted((board.frame(p), board.frame(q)))) for a, b, p, q in owners if a is not None and a == b]
        return tuple(dict.fromkeys((track, low, high) for track, low, high in held))

    for one, other in session.differ:
        a, b = board.owner(one), board.owner(other)
        if a is not None and b is not None and a != b:
            apart.append(((a, board.frame(one)), (b, board.frame(other))))
    return Anchors(spans(session.same), spans(session.likely), tuple(dict.fromkeys(apart)))
