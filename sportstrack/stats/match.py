"""The statistics of one match: everything that follows from knowing who stands where."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from sportstrack.cli.progress import shown
from sportstrack.draw.results import ResultFile, read_result
from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.files.reading import read_json
from sportstrack.identities import Identities, read_identities
from sportstrack.pitch import PitchTrack, read_pitch
from sportstrack.recording import Recording
from sportstrack.stats.movement import Figures, Movement, Steps, add_up, find_movement, find_steps
from sportstrack.stats.persons import Cast, Person, find_persons
from sportstrack.stats.places import BallPlaces, GroundPlaces, find_places
from sportstrack.stats.possession import Possession, find_possession
from sportstrack.stats.settings import StatsSettings
from sportstrack.stats.shape import TeamShape, find_shapes
from sportstrack.types import IntArray

DEFAULT_RATE = 25.0


@dataclass(frozen=True, eq=False)
class MatchStats:
    """What was measured.

    Attributes:
        name: of the result.
        pitch: where each frame sees the pitch.
        frame_rate: frames of the video in a second.
        frames: (F,) the frames of the result, from 0.
        places: all boxes of persons with their places; without the boxes themselves where nothing needs them.
        cast: the persons.
        table: how they moved.
        steps: what each row of it adds.
        ball: the ball's places.
        possession: who has it.
        shapes: of the teams, over time.
        settings: in force.
        warnings: what the user should know.
    """

    name: str
    pitch: PitchTrack
    frame_rate: float
    frames: IntArray
    places: GroundPlaces
    cast: Cast
    table: Movement
    steps: Steps
    ball: BallPlaces
    possession: Possession
    shapes: list[TeamShape]
    settings: StatsSettings
    warnings: list[str] = field(default_factory=list)

    @property
    def persons(self) -> list[Person]:
        """Everyone who is measured."""
        return self.cast.persons

    @property
    def teams(self) -> list[str]:
        """The names of the teams."""
        return sorted({person.team for person in self.persons if person.is_player} - {""})

    def figures(self, person: int) -> Figures:
        """Return what a person's movement adds up to."""
        return add_up(self.table, self.steps, self.table.of(person), len(self.settings.bands) + 1)

    def time(self, frame: int) -> float:
        """Return the seconds of a frame since the beginning."""
        return float(frame / self.frame_rate)

    def __str__(self) -> str:
        from sportstrack.stats.report import report

        return report(self)


def measure_match(
    result: str | Path | ResultFile,
    pitch: str | Path | PitchTrack,
    identities: str | Path | Identities | None = None,
    settings: StatsSettings | None = None,
    *,
    names: Mapping[int, str] | None = None,
    progress: Callable[[int, int | None], None] | bool | None = None,
) -> MatchStats:
    """Measure how everyone moved on the pitch.

    Args:
        result: MOT text, CSV, JSON lines or a recording, with tracks.
        pitch: ``NAME.pitch.jsonl`` of the same video, or what `read_pitch` returns.
        identities: ``NAME.identities.csv``, or what `read_identities` returns; None takes what the result or such a
            file beside it knows.
        settings: how to measure; None is the defaults.
        names: class id → name, in place of what the result knows.
        progress: True shows a bar; or it is called with the boxes whose places are known, and how many there are.

    Raises:
        SportstrackError: a file cannot be read, or the two do not belong together.
    """
    settings = settings or StatsSettings()
    found = result if isinstance(result, ResultFile) else read_result(
        result, zero_based=settings.zero_based, names=names
    )  # fmt: skip
    track = pitch if isinstance(pitch, PitchTrack) else read_pitch(pitch)
    who = found.identities if identities is None else identities
    who = who if isinstance(who, Identities) else read_identities(who)
    warnings: list[str] = []
    rate = _frame_rate(found.path, settings, warnings)
    _check_size(found, track)
    every, first, last = found.every, min(found.tracks, default=0), found.last
    frames = np.arange(first, last + 1, every)
    with shown(progress, found.path.stem, "row") as told:
        places, ball = find_places(
            found, track, who, rate, forget=found is not result, boxes="game_state" in settings.formats, progress=told
        )
    cast = find_persons(places, who, found.names, track.pitch.length, by=settings.by)
    table = find_movement(places, cast, rate, settings, every)
    if not len(table):
        raise SettingError(
            f"{found.path}: nobody is seen for longer than a moment in frames whose camera is known; so that no speed "
            "can be told"
        )
    possession = find_possession(table, cast.persons, ball, frames, settings)
    _warn(track, frames, ball, cast, warnings)
    return MatchStats(
        found.path.stem, track, rate, frames, places, cast, table, find_steps(table, settings), ball, possession,
        find_shapes(table, cast.persons, settings), settings, warnings,
    )  # fmt: skip


def _frame_rate(path: Path, settings: StatsSettings, warnings: list[str]) -> float:
    if settings.frame_rate is not None:
        return settings.frame_rate
    with suppress(FormatError, SourceError, OSError):
        summary = read_json(path.with_suffix(".summary.json"))
        rate = summary.get("frame_rate") if isinstance(summary, dict) else None
        if isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate > 0:
            return float(Fraction(rate).limit_denominator(1001))
    with suppress(FormatError, SourceError, OSError):
        recording = path.with_suffix(".npz")
        if recording.is_file():
            return float(Recording(recording).info.source_rate)
    warnings.append(
        f"neither a summary nor a recording beside {path.name} tells the frame rate; {DEFAULT_RATE:g} frames a second "
        "are taken (--frame-rate)"
    )
    return DEFAULT_RATE


def _check_size(result: ResultFile, pitch: PitchTrack) -> None:
    with suppress(FormatError, SourceError, OSError, json.JSONDecodeError):
        summary = read_json(result.path.with_suffix(".summary.json"))
        if not isinstance(summary, dict) or not isinstance(summary.get("width"), int):
            return
        size = (summary["width"], summary.get("height"))
        if size != pitch.size:
            raise SettingError(
                f"{result.path}: was tracked in {size[0]}x{size[1]}, but the pitch file is of {pitch.size[0]}x"
                f"{pitch.size[1]}; give the one of this video"
            )
    result.check_video("the pitch file", *pitch.size, None)


def _warn(pitch: PitchTrack, frames: IntArray, ball: BallPlaces, cast: Cast, warnings: list[str]) -> None:
    there = {one.frame for one in pitch if one.camera is not None}
    lost = int(np.count_nonzero(~np.isin(frames, list(there))))
    if lost > 0.01 * len(frames):
        warnings.append(f"{lost} of {len(frames)} frames have no camera: nobody is measured there")
    if not len(ball.frame):
        warnings.append("the result has no ball: nothing is said of possession")
    if not any(person.team for person in cast.persons):
        warnings.append("no teams are known (--identities): nothing is said of teams")
