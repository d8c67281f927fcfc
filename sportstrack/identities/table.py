"""What is known of each track beside its boxes: team, role, number and name, each with a confidence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from math import isfinite
from typing import Any

from sportstrack.columns import import_pandas
from sportstrack.errors import SettingError, nearest
from sportstrack.limits import MAX_FRAMES, MAX_WHOLE

ROLES = ("player", "goalkeeper", "referee", "other", "ball")
"""What a track can be; the empty text is unknown. A referee is any official, other is anybody else."""

ATTRIBUTES = ("team", "role", "number", "name")
LONGEST_TEXT = 200  # characters of a team or name
LONGEST_NUMBER = 3  # digits


@dataclass(frozen=True)
class Identity:
    """What one track is in a span of frames. The empty text means unknown, and its confidence is 0.

    Attributes:
        track_id: of the track.
        first_frame: first frame of the span, from 0; files count from 1.
        last_frame: last frame of it.
        team: ``A``, ``B``, or the name that it was given.
        role: one of `ROLES`.
        number: on the shirt, one to three digits; text, because 7 and 07 are two numbers.
        name: of the person.
        team_confidence: how sure the team is, 0 to 1.
        role_confidence: as above.
        number_confidence: as above.
        name_confidence: as above.

    Raises:
        SettingError: a value that cannot be.
    """

    track_id: int
    first_frame: int = 0
    last_frame: int = MAX_FRAMES
    team: str = ""
    role: str = ""
    number: str = ""
    name: str = ""
    team_confidence: float = 0.0
    role_confidence: float = 0.0
    number_confidence: float = 0.0
    name_confidence: float = 0.0

    def __post_init__(self) -> None:
        if not -MAX_WHOLE <= self.track_id <= MAX_WHOLE:
            raise SettingError(f"track_id: expected a whole number up to 2^53, got {self.track_id}")
        if not 0 <= self.first_frame <= self.last_frame <= MAX_FRAMES:
            raise SettingError(
                f"track {self.track_id}: expected frames 0 ≤ first ≤ last ≤ {MAX_FRAMES:,}, "
                f"got {self.first_frame} to {self.last_frame}"
            )
        for name in ("team", "name"):
            text = getattr(self, name)
            if text != text.strip() or not text.isprintable() or len(text) > LONGEST_TEXT:
                raise SettingError(f"{name}: expected up to {LONGEST_TEXT} characters on one line, got {text!r}")
        if self.role and self.role not in ROLES:
            raise SettingError(f"role: {self.role!r} is none of {', '.join(ROLES)}{nearest(self.role, list(ROLES))}")
        if self.number and not (self.number.isascii() and self.number.isdigit() and len(self.number) <= LONGEST_NUMBER):
            raise SettingError(f"number: expected one to three digits, got {self.number!r}")
        for name in ATTRIBUTES:
            field = f"{name}_confidence"
            value = float(getattr(self, field)) if getattr(self, name) else 0.0
            if not (isfinite(value) and 0 <= value <= 1):
                raise SettingError(f"{field}: expected a number from 0 to 1, got {value:g}")
            object.__setattr__(self, field, value)

    def overlaid(self, other: Identity) -> Identity:
        """Return this identity with each attribute that the other one knows."""
        known = [name for name in ATTRIBUTES if getattr(other, name)]
        return replace(self, **{f: getattr(other, f) for name in known for f in (name, f"{name}_confidence")})

    def same_as(self, other: Identity) -> bool:
        """Return whether both say the same of one track, wherever their spans are."""
        return replace(self, first_frame=other.first_frame, last_frame=other.last_frame) == other


class Identities:
    """An immutable table of identities, one row for a track and a span of frames, sorted by track and frame.

    Args:
        rows: the identities, in any order.

    Raises:
        SettingError: two rows speak of the same track and frame.
    """

    def __init__(self, rows: Iterable[Identity] = ()) -> None:
        self._rows = tuple(sorted(rows, key=lambda one: (one.track_id, one.first_frame)))
        self._of: dict[int, tuple[Identity, ...]] = {}
        for one in self._rows:
            before = self._of.get(one.track_id, ())
            if before and before[-1].last_frame >= one.first_frame:
                raise SettingError(f"track {one.track_id}: two rows speak of its frame {one.first_frame + 1} (from 1)")
            self._of[one.track_id] = (*before, one)
        self._starts = {track: [one.first_frame for one in rows] for track, rows in self._of.items()}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Identity]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identities) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    def __repr__(self) -> str:
        teams = ", ".join(repr(team) for team in self.teams)
        return f"<Identities: {len(self._of)} tracks{f', teams {teams}' if teams else ''}>"

    @property
    def track_ids(self) -> tuple[int, ...]:
        """The tracks that have a row, in order."""
        return tuple(self._of)

    @property
    def teams(self) -> tuple[str, ...]:
        """The names of the teams, in order."""
        return tuple(sorted({one.team for one in self._rows} - {""}))

    def of(self, track_id: int) -> tuple[Identity, ...]:
        """Return a track's rows in the order of time; none where it is not in the table."""
        return self._of.get(int(track_id), ())

    def at(self, track_id: int, frame: int) -> Identity | None:
        """Return what a track is in a frame (from 0); None where nothing is said of it."""
        rows = self._of.get(int(track_id), ())
        place = bisect_right(self._starts.get(int(track_id), []), frame) - 1
        return rows[place] if place >= 0 and frame <= rows[place].last_frame else None

    def merged(self, other: Identities) -> Identities:
        """Return one table of both; of an attribute that both know in a frame, the other's value counts."""
        return Identities(
            piece
            for track in sorted({*self._of, *other._of})
            for piece in _overlay(self._of.get(track, ()), other._of.get(track, ()))
        )

    def with_teams(self, names: Mapping[str, str]) -> Identities:
        """Return the table with other names of teams: old name → new name; those not named stay."""
        return Identities(replace(one, team=names.get(one.team, one.team)) for one in self._rows)

    def with_track_ids(self, ids: Mapping[int, int]) -> Identities:
        """Return the table with other ids: old id → new id; those not named stay.

        Raises:
            SettingError: tracks that become one speak of the same frame.
        """
        return Identities(replace(one, track_id=ids.get(one.track_id, one.track_id)) for one in self._rows)

    def to_records(self) -> list[dict[str, Any]]:
        """Return a dictionary of plain values for each row, frames from 0; the keys are `Identity`'s attributes."""
        return [asdict(one) for one in self._rows]

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with the columns of `to_records`; SettingError where pandas is missing."""
        columns = [field.name for field in fields(Identity)]
        return import_pandas("Identities").DataFrame(self.to_records(), columns=columns)


def _overlay(below: tuple[Identity, ...], above: tuple[Identity, ...]) -> list[Identity]:
    """Return the rows of one track, cut where one of the two tables says something new."""
    edges = sorted({edge for one in (*below, *above) for edge in (one.first_frame, one.last_frame + 1)})
    pieces: list[Identity] = []
    for first, end in pairwise(edges):
        said = [one for rows in (below, above) for one in rows if one.first_frame <= first <= one.last_frame]
        if not said:
            continue
        piece = said[0] if len(said) == 1 else said[0].overlaid(said[1])
        piece = replace(piece, first_frame=first, last_frame=end - 1)
        if pieces and pieces[-1].last_frame == first - 1 and pieces[-1].same_as(piece):
            piece = replace(piece, first_frame=pieces.pop().first_frame)
        pieces.append(piece)
    return pieces
