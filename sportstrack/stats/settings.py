"""The settings of ``sportstrack stats``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sportstrack.errors import SettingError
from sportstrack.limits import MAX_FRAME_RATE
from sportstrack.options import check_options, option
from sportstrack.pitch.motion import MAX_GAP, TOP_SPEED

FORMATS = ("csv", "json", "pictures", "kloppy", "positions", "game_state")
KMH = 3.6
"""Kilometres per hour in a metre per second."""


@dataclass(frozen=True)
class StatsSettings:
    """How players are measured on the pitch; each field is an option of ``sportstrack stats``.

    Attributes:
        formats: outputs, comma-separated: csv, json, pictures, kloppy, positions, game_state, or all.
        by: what makes a player: each track, or all tracks of one team and number.
        bands: km/h between the bands of speed, comma-separated; FIFA's are 7, 15, 20 and 25.
        sprint_speed: km/h from which a run is a sprint.
        sprint_seconds: that a sprint lasts at least.
        top_speed: km/h that no player exceeds; faster moments are not counted.
        max_gap: seconds without a place that are bridged.
        reach: metres from the ball within which a player has it.
        contest: metres by which an opponent may be farther from the ball and still contests it.
        shape_players: outfield players of a team in view, from which its shape is measured.
        shape_step: seconds between two measurements of the teams' shape.
        frame_rate: frames per second; None takes it from the run's summary or recording.
        zero_based: MOT text counts frames from 0.
    """

    formats: Sequence[str] = option(
        ("csv", "json", "pictures"),
        f"outputs, comma-separated: {', '.join(FORMATS)}, or all",
        shown="csv,json,pictures",
        choices=FORMATS,
        metavar="LIST",
    )
    by: str = option(
        "track", "what makes a player: each track, or all tracks of a team and number", choices=("track", "number")
    )
    bands: Sequence[float] = option(
        (7.0, 15.0, 20.0, 25.0),
        "km/h between the bands of speed, comma-separated",
        shown="7,15,20,25",
        low=0,
        high=1000,
        above=True,
        metavar="LIST",
    )
    sprint_speed: float = option(25.0, "km/h from which a run is a sprint", low=0, high=1000, above=True, metavar="KMH")
    sprint_seconds: float = option(1.0, "seconds that a sprint lasts at least", low=0, high=60, metavar="S")
    top_speed: float = option(
        TOP_SPEED * KMH, "km/h that no player exceeds; faster moments do not count", low=1, high=1000, metavar="KMH"
    )
    max_gap: float = option(MAX_GAP, "seconds without a place that are bridged", low=0, high=60, metavar="S")
    reach: float = option(1.5, "metres from the ball within which a player has it", low=0, high=20, metavar="M")
    contest: float = option(
        0.5,
        "metres by which an opponent may be farther from the ball and still contests it",
        low=0,
        high=20,
        metavar="M",
    )
    shape_players: int = option(
        5, "outfield players of a team in view, from which its shape is measured", low=3, high=100, metavar="N"
    )
    shape_step: float = option(
        1.0, "seconds between two measurements of the teams' shape", low=0, high=3600, above=True, metavar="S"
    )
    frame_rate: float | None = option(
        None,
        "frames per second",
        shown="from the run's summary or recording",
        low=1e-6,
        high=MAX_FRAME_RATE,
        metavar="FPS",
    )
    zero_based: bool = option(False, "MOT text counts frames from 0")

    def __post_init__(self) -> None:
        check_options(self)
        if list(self.bands) != sorted(set(self.bands)):
            raise SettingError(f"bands: expected ascending numbers, got {', '.join(f'{b:g}' for b in self.bands)}")

    @property
    def band_names(self) -> tuple[str, ...]:
        """Each band in words: ``0-7``, ``7-15`` …, ``25+``."""
        edges = ["0", *(f"{edge:g}" for edge in self.bands)]
        return (*(f"{low}-{high}" for low, high in pairwise(edges)), f"{edges[-1]}+")
