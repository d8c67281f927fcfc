"""`GameState`: every person of a sequence with identity, place on the pitch, role, team and number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.checks import as_identities
from sportstrack.errors import FormatError, unknown
from sportstrack.types import BoolArray, FloatArray, IntArray

TextArray = NDArray[np.str_]

ROLES = ("player", "goalkeeper", "referee", "other", "ball")
TEAMS = ("left", "right", "nan", "")
"""SoccerNet's teams, by the side that they defend in the picture; ``nan`` is unknown and equals no other team."""

MAX_NUMBER = 10_000
"""The largest number on a shirt that SoccerNet's scorer takes."""

_ROW = ("frame", "track_id", "pitch", "role", "team", "number", "score", "xyxy")


@dataclass(frozen=True, eq=False)
class GameState:
    """The persons, and the ball, of a sequence with F frames; N rows.

    Attributes:
        name: the sequence; of predictions read from a file, the file.
        images: (F,) SoccerNet's ``image_id`` of each frame.
        scored: (F,) False for frames without labelled pitch, camera or persons.
        frame: (N,) frames from 0.
        track_id: (N,) 0 or more.
        pitch: (N, 3, 2) bottom left, bottom middle and bottom right of the box on the ground, x and y in metres from
            the centre spot: x along the length, y towards the near side. NaN where it is not known, which only the
            ball and frames that are not scored may have.
        role: (N,) one of `ROLES`.
        team: (N,) one of `TEAMS`; empty for none.
        number: (N,) on the shirt; −1 for none.
        score: (N,) the detection's, 0…1.
        xyxy: (N, 4) box in the picture, in pixels; NaN where there is none.
    """

    name: str
    images: tuple[str, ...]
    scored: BoolArray
    frame: IntArray
    track_id: IntArray
    pitch: FloatArray
    role: TextArray
    team: TextArray
    number: IntArray
    score: FloatArray
    xyxy: FloatArray

    @classmethod
    def of(
        cls,
        images: Sequence[str],
        frame: ArrayLike,
        track_id: ArrayLike,
        pitch: ArrayLike,
        role: Sequence[str] | TextArray,
        *,
        team: Sequence[str | None] | TextArray | None = None,
        number: ArrayLike | None = None,
        score: ArrayLike | None = None,
        xyxy: ArrayLike | None = None,
        scored: ArrayLike | None = None,
        name: str = "sequence",
    ) -> GameState:
        """Make a game state of columns, checked.

        Args:
            images: as above; those of the truth (``read_game_state("Labels-GameState.json").images``) for a result.
            frame: as above.
            track_id: as above.
            pitch: (N, 2) the bottom middle alone, or (N, 3, 2).
            role: as above.
            team: as above; None, also in single rows, for none.
            number: as above; None for none.
            score: as above; None for 1.
            xyxy: as above; None for none.
            scored: as above; None for all frames.
            name: as above.

        Raises:
            FormatError: columns of other lengths, an unknown role or team, a frame beyond the images, a negative id, an
                id twice in a frame, or a row without a place that would be scored.
        """
        frames = as_identities(frame)
        count = len(frames)
        place = np.asarray(pitch, dtype=np.float64)
        if place.shape == (count, 2):
            place = np.repeat(place[:, None], 3, axis=1)
        teams = [""] * count if team is None else ["" if one is None else str(one) for one in team]
        state = cls(
            name=name,
            images=tuple(images),
            scored=np.ones(len(images), np.bool_) if scored is None else np.asarray(scored, np.bool_),
            frame=frames,
            track_id=as_identities(track_id),
            pitch=place.reshape(0, 3, 2) if not place.size else place,
            role=np.asarray(role, dtype=np.str_),
            team=np.asarray(teams, dtype=np.str_),
            number=np.full(count, -1) if number is None else as_identities(number),
            score=np.ones(count) if score is None else np.asarray(score, np.float64),
            xyxy=np.full((count, 4), np.nan) if xyxy is None else np.asarray(xyxy, np.float64).reshape(-1, 4),
        )
        state._check()
        return state

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, rows: Any) -> GameState:
        """Return the rows picked by an index array or a boolean mask; the frames stay."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _ROW})

    @property
    def xy(self) -> FloatArray:
        """(N, 2) bottom middle in metres, which is what is scored."""
        return np.asarray(self.pitch[:, 1])

    def scorable(self) -> GameState:
        """Return what SoccerNet scores, by frame: no ball, and the labelled frames alone, counted anew."""
        kept = self[self.scored[self.frame] & (self.role != "ball")]
        kept = kept[np.argsort(kept.frame, kind="stable")]
        place = np.cumsum(self.scored) - 1
        images = tuple(image for image, there in zip(self.images, self.scored, strict=True) if there)
        return replace(kept, images=images, scored=np.ones(len(images), np.bool_), frame=place[kept.frame])

    def _check(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in _ROW}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise FormatError(f"{self.name}: columns of other lengths: {listed}")
        if len(self.scored) != len(self.images):
            raise FormatError(f"{self.name}: {len(self.images)} images, but {len(self.scored)} flags in scored")
        if self.pitch.shape[1:] != (3, 2):
            raise FormatError(f"{self.name}: pitch has the shape {self.pitch.shape}, not (N, 2) or (N, 3, 2)")
        for what, values, known in (("role", self.role, ROLES), ("team", self.team, TEAMS)):
            if odd := set(np.unique(values).tolist()) - set(known):
                raise FormatError(f"{self.name}: {unknown(what, min(odd), known)}")
        if len(self) and not 0 <= self.frame.min() <= self.frame.max() < len(self.images):
            raise FormatError(f"{self.name}: frames from {self.frame.min()} to {self.frame.max()}, but there are "
                              f"{len(self.images)} images, counted from 0")  # fmt: skip
        if len(self) and self.track_id.min() < 0:
            raise FormatError(f"{self.name}: a negative track_id, {self.track_id.min()}")
        self._check_twice()
        lost = np.flatnonzero(~np.isfinite(self.xy).all(axis=1) & self.scored[self.frame] & (self.role != "ball"))
        if len(lost):
            raise FormatError(f"{self.name}: no place on the pitch (NaN) in row {lost[0]}, which would be scored")

    def _check_twice(self) -> None:
        pairs = np.stack([self.frame, self.track_id], axis=1)
        found, count = np.unique(pairs, axis=0, return_counts=True)
        if (count > 1).any():
            frame, identity = found[count > 1][0]
            raise FormatError(
                f"{self.name}: track_id {identity} stands twice in image {self.images[frame]}; ids are one a person"
            )
