"""What the teams are called: A for the lighter kit and B, or names given by colour, or those of an earlier run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, SettingError, nearest, unknown
from sportstrack.files.reading import read_json
from sportstrack.identities.kits import distances, lightness, points
from sportstrack.identities.palette import COLOURS, REGIONS
from sportstrack.identities.table import LONGEST_TEXT
from sportstrack.types import FloatArray

AUTO, OFF = "auto", "off"
LETTERS = ("A", "B")

_ALIASES = {
    "gray": "grey", "silver": "light grey", "amber": "gold", "wine": "claret", "burgundy": "claret", "violet": "purple",
    "turquoise": "teal", "cyan": "sky blue", "light blue": "sky blue", "sky": "sky blue", "dark blue": "navy",
    "royal": "royal blue", "light green": "lime", "fuchsia": "magenta", "beige": "cream",
}  # fmt: skip
_NEXT = re.compile(r"(=[^=,]*\w)\s+(?=[^\s=,]+\s*=)")  # the end of a COLOUR, where NAME= follows without a comma
_SAME_TEAM = 0.35  # distance up to which a kit may be that of a team known from before
_BLUR = 90.0  # levels of red, green and blue over which a colour passes for another one
_VERSION = 1


def parse_teams(text: str) -> dict[str, str]:
    """Return name → colour of ``home=white,away=green``; nothing for ``auto`` and ``off``. Spaces do for commas.

    Raises:
        SettingError: another form, more than two teams, or a colour that is not known.
    """
    if text.strip().lower() in (AUTO, OFF):
        return {}
    found: dict[str, str] = {}
    for part in _NEXT.sub(r"\1,", text).strip().removesuffix(",").split(","):
        name, equals, colour = (piece.strip() for piece in part.partition("="))
        if not (name and equals and colour):
            raise SettingError(f"teams: expected auto, off or NAME=COLOUR,NAME=COLOUR, got {part.strip()!r}")
        if name in found or not name.isprintable() or len(name) > LONGEST_TEXT:
            raise SettingError(f"teams: {name!r} is given twice or is no name")
        found[name] = as_colour(colour)
    if len(found) > 2:
        raise SettingError(f"teams: expected one or two teams, got {len(found)}")
    return found


def as_colour(word: str) -> str:
    """Return the palette's name of a colour; SettingError where there is none."""
    low = " ".join(word.lower().replace("_", " ").replace("-", " ").split())
    low = _ALIASES.get(low, low)
    if low not in COLOURS:
        raise SettingError(unknown("colour", word, COLOURS) if not nearest(low, list(COLOURS)) else _meant(word, low))
    return low


def _meant(word: str, low: str) -> str:
    return f"no colour {word!r}{nearest(low, list(COLOURS))} (known: {', '.join(COLOURS)})"


@dataclass(frozen=True)
class TeamNames:
    """How the teams of a run get their names.

    Attributes:
        colours: name → colour of the palette, as the user gave them.
        known: name → kit as a point, of an earlier run.
    """

    colours: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, FloatArray] = field(default_factory=dict)

    def order(self, pair: FloatArray, reference: FloatArray | None) -> tuple[int, int]:
        """Return (0, 1), or (1, 0) if the second kit of a pair is the first team's.

        Args:
            pair: (2, regions × colours) kits as points.
            reference: the teams' kits so far, or None.
        """
        if reference is None and len(self.known) == 2:
            reference = np.stack(list(self.known.values()))
        if reference is not None:
            far = np.nan_to_num(distances(pair, reference), nan=1.0)
            if min(far[0, 0] + far[1, 1], far[0, 1] + far[1, 0]) <= 2 * _SAME_TEAM:
                return (0, 1) if far[0, 0] + far[1, 1] <= far[0, 1] + far[1, 0] else (1, 0)
        return (0, 1) if lightness(pair[0]) >= lightness(pair[1]) else (1, 0)

    def of(self, pair: FloatArray) -> tuple[str, str]:
        """Return the names of two kits, in the order that `order` gave them."""
        if self.colours:
            return _by_colour(self.colours, pair)
        if self.known:
            return _by_kit(self.known, pair)
        return LETTERS

    def strangers(self, pair: FloatArray) -> list[str]:
        """Return the names of known teams whose kits are not among a pair."""
        far = {name: distances(pair, point[None]) for name, point in self.known.items()}
        return [name for name, one in far.items() if not np.nanmin(one) <= _SAME_TEAM]


def _by_colour(colours: Mapping[str, str], pair: FloatArray) -> tuple[str, str]:
    names = list(colours)
    fit = np.array([[_affinity(kit, colours[name]) for name in names] for kit in pair])
    if len(names) == 1:
        return (names[0], "B") if fit[0, 0] >= fit[1, 0] else ("A", names[0])
    straight = fit[0, 0] + fit[1, 1] >= fit[0, 1] + fit[1, 0]
    return (names[0], names[1]) if straight else (names[1], names[0])


def _by_kit(known: Mapping[str, FloatArray], pair: FloatArray) -> tuple[str, str]:
    names = list(known)
    far = np.nan_to_num(distances(pair, np.stack(list(known.values()))), nan=1.0)
    found = list(LETTERS)
    for row, column in sorted(np.ndindex(*far.shape), key=lambda at: far[at]):
        if far[row, column] <= _SAME_TEAM and names[column] not in found and found[row] == LETTERS[row]:
            found[row] = names[column]
    return found[0], found[1]


def _affinity(kit: FloatArray, colour: str) -> float:
    """Return how much of a kit's shirt passes for a colour, 0 to 1."""
    shares = kit.reshape(len(REGIONS), -1)[0] ** 2
    levels = np.array(list(COLOURS.values()), dtype=np.float64)
    far = np.linalg.norm(levels - levels[list(COLOURS).index(colour)], axis=1)
    return float(shares @ np.exp(-((far / _BLUR) ** 2)))


def read_team_colours(path: str | Path) -> dict[str, FloatArray]:
    """Return name → kit as a point, of a file that `team_colours` made or somebody wrote.

    Raises:
        FormatError: it is no such file; the message says what is wrong.
    """
    data = read_json(path)
    teams = data.get("teams") if isinstance(data, dict) else None
    if not isinstance(teams, list) or not 1 <= len(teams) <= 2:
        raise FormatError(f'{path}: expected {{"teams": [{{"name": …, "kit": …}}, …]}} with one or two teams')
    found = {}
    for number, team in enumerate(teams, 1):
        name, kit = (team.get("name"), team.get("kit")) if isinstance(team, dict) else (None, None)
        if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_TEXT:
            raise FormatError(f"{path}: team {number}: expected a name")
        if name.strip() in found:
            raise FormatError(f"{path}: team {number}: {name!r} is there twice")
        found[name.strip()] = _kit(kit, f"{path}: team {name!r}")
    return found


def _kit(kit: Any, where: str) -> FloatArray:
    shares = np.zeros((len(REGIONS), len(COLOURS)))
    for region, colours in kit.items() if isinstance(kit, dict) else ():
        if region not in REGIONS or not isinstance(colours, dict):
            raise FormatError(f"{where}: a kit has {', '.join(REGIONS)}, each with colours and their shares")
        for colour, share in colours.items():
            if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
                raise FormatError(f"{where}: {region}: {colour}: expected a share from 0 to 1, got {share!r}")
            try:
                shares[REGIONS.index(region), list(COLOURS).index(as_colour(colour))] += share
            except SettingError as error:
                raise FormatError(f"{where}: {region}: {error}") from error
    if not shares[0].any():
        raise FormatError(f"{where}: expected the colours of its shirt")
    point: FloatArray = points(shares.reshape(1, -1))[0]
    return point


def team_colours(names: Sequence[str], pair: FloatArray) -> dict[str, Any]:
    """Return the colours of two teams as plain values, for a JSON file that `read_team_colours` reads."""
    teams = []
    for name, point in zip(names, pair, strict=True):
        parts = point.reshape(len(REGIONS), -1) ** 2
        kit = {
            region: {colour: round(float(s), 3) for colour, s in zip(COLOURS, row, strict=True) if s >= 0.005}
            for region, row in zip(REGIONS, parts, strict=True)
        }
        teams.append({"name": name, "kit": kit})
    return {"version": _VERSION, "teams": teams}
