"""Which colour a track has: one that those near it do not have, kept for as long as the track lasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from sportstrack.types import FloatArray, IntArray

PALETTE = (
    "#ffd200", "#00b8ff", "#ff3b30", "#ffffff", "#b14dff", "#ff7800", "#3d6bff", "#ff78d2",
    "#00f0e0", "#ff0055", "#e1d287", "#9669ff", "#ffb3a7", "#a5693c", "#9ad7ff", "#ff1ee1",
    "#00a8a8", "#ffa55a", "#c7a6ff", "#d24b2d", "#fff0a8", "#1e78b4", "#ff8796", "#a55a87",
)  # fmt: skip
"""No green and no dark colours: they differ from grass and floors, and with a dark outline from ice."""

Colour = tuple[int, int, int]

OTHERS = (170, 170, 170)
"""BGR of the tracks that are not highlighted."""

TEAM_COLOURS: tuple[Colour, ...] = ((48, 59, 255), (255, 184, 0), (0, 212, 255), (255, 77, 176))
"""BGR of the teams on maps of the pitch, in the order of their names."""

OFFICIAL: Colour = (70, 70, 70)
"""BGR of referees on maps of the pitch."""

MEMORY = 250  # frames for which an absent track's colour counts as taken
MOST = 20_000  # tracks that are remembered; a video of days has more


class Colours(Protocol):
    """What chooses the colours; colours of teams can take the place of those of tracks."""

    def of(self, track_id: IntArray, xyxy: FloatArray) -> list[Colour]:
        """Return the BGR colour of each track of the next frame.

        Args:
            track_id: (N,).
            xyxy: (N, 4) pixels.
        """
        ...


class TrackColours:
    """A colour for each track, chosen when it first appears.

    A new track takes the colour that differs most from those of the tracks around it, near ones counting more. The
    choice depends on the tracks alone, in order, so that the same tracks always get the same colours.
    """

    def __init__(self) -> None:
        self._alike = np.exp(-_distances(np.array(_PALETTE_BGR, np.float64)) / 120.0)
        self._chosen: dict[int, int] = {}
        self._seen: dict[int, tuple[int, FloatArray]] = {}  # track → last frame, middle
        self._frame = 0

    def of(self, track_id: IntArray, xyxy: FloatArray) -> list[Colour]:
        """See `Colours.of`."""
        self._frame += 1
        middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2
        reach = 4.0 * float(np.median(xyxy[:, 3] - xyxy[:, 1])) if len(xyxy) else 1.0
        ids = track_id.tolist()
        new = []
        for row, track in enumerate(ids):
            if track in self._chosen:
                self._seen[track] = (self._frame, middle[row])
            else:
                new.append((track, row))
        for track, row in sorted(new):
            if track not in self._chosen:
                self._chosen[track] = self._choose(track, middle[row], max(reach, 1.0))
                self._seen[track] = (self._frame, middle[row])
        if len(self._chosen) > MOST:
            self._forget()
        return [self.colour(track) for track in ids]

    def colour(self, track_id: int) -> Colour:
        """Return the BGR colour of a track that has been seen."""
        return _PALETTE_BGR[self._chosen[track_id]]

    def _choose(self, track: int, place: FloatArray, reach: float) -> int:
        taken = [(self._chosen[other], at) for other, (frame, at) in self._seen.items() if self._fresh(frame)]
        if not taken:
            return (track - 1) % len(PALETTE)
        colours = np.array([colour for colour, _ in taken])
        far = np.linalg.norm(np.array([at for _, at in taken]) - place, axis=1)
        near = 1.0 / (1.0 + far / reach)
        used = np.bincount(colours, minlength=len(PALETTE))
        # A colour in use costs most; among the rest, those unlike the neighbours' are best.
        cost = self._alike[:, colours] @ near + 2.0 * np.bincount(colours, near, len(PALETTE)) + 0.5 * used
        return int(np.argmin(np.round(cost, 9)))

    def _fresh(self, frame: int) -> bool:
        return self._frame - frame <= MEMORY

    def _forget(self) -> None:
        old = sorted(self._seen, key=lambda track: self._seen[track][0])[: MOST // 2]
        for track in old:
            del self._seen[track], self._chosen[track]


def team_colour(team: str, teams: Sequence[str]) -> Colour:
    """Return the colour of a team on maps of the pitch; white for one that is not among them."""
    return TEAM_COLOURS[list(teams).index(team) % len(TEAM_COLOURS)] if team in teams else (255, 255, 255)


def bgr(code: str) -> Colour:
    """Return the BGR colour of a code such as #ffd200."""
    red, green, blue = bytes.fromhex(code[1:])
    return blue, green, red


_PALETTE_BGR = tuple(bgr(code) for code in PALETTE)


def ink_on(colour: Colour) -> Colour:
    """Return black or white, whichever is readable on a colour."""
    blue, green, red = colour
    return (0, 0, 0) if 0.114 * blue + 0.587 * green + 0.299 * red > 115 else (255, 255, 255)


def _distances(colours: FloatArray) -> FloatArray:
    """(N, N) how much colours differ, by the red mean (https://www.compuphase.com/cmetric.htm)."""
    red = (colours[:, None, 2] + colours[None, :, 2]) / 2
    blue_d, green_d, red_d = np.moveaxis((colours[:, None] - colours[None]) ** 2, 2, 0)
    distances: FloatArray = np.sqrt((2 + red / 256) * red_d + 4 * green_d + (2 + (255 - red) / 256) * blue_d)
    return distances
