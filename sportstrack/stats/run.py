"""The files of ``sportstrack stats``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from sportstrack.files.claim import Claim, PartFile
from sportstrack.files.names import file_name, file_names
from sportstrack.images.encode import encode_image
from sportstrack.score.game_state.files import read_game_state, write_game_state
from sportstrack.stats.game_state import game_state
from sportstrack.stats.match import MatchStats, measure_match
from sportstrack.stats.pictures import formation_picture, heat_picture, paths_picture, players_picture, shape_chart
from sportstrack.stats.settings import StatsSettings
from sportstrack.stats.skillcorner import skillcorner_files
from sportstrack.stats.tables import (
    as_csv,
    as_dict,
    minute_rows,
    player_rows,
    position_lines,
    possession_rows,
    shape_rows,
    team_rows,
)
from sportstrack.types import Image

COMMAND = "sportstrack stats"

_TABLES = {
    "stats": (player_rows, ("player",)),
    "teams": (team_rows, ("team",)),
    "minutes": (minute_rows, ("minute",)),
    "shape": (shape_rows, ("time_s", "frame", "team")),
    "possession": (possession_rows, ("start_s", "end_s", "state")),
}


def write_stats(
    result: str | Path,
    pitch: str | Path,
    output: str | Path,
    identities: str | Path | None = None,
    settings: StatsSettings | None = None,
    *,
    names: Mapping[int, str] | None = None,
    labels: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int | None], None] | bool | None = None,
) -> tuple[MatchStats, list[Path]]:
    """Measure a match and write what the settings ask for.

    Args:
        result: MOT text, CSV, JSON lines or a recording, with tracks.
        pitch: ``NAME.pitch.jsonl``.
        output: folder of the files.
        identities: ``NAME.identities.csv``.
        settings: None is the defaults.
        names: class id → name, in place of what the result knows.
        labels: SoccerNet's ``Labels-GameState.json``, whose image ids the game state takes.
        overwrite: replace also files that are not an unchanged result of the same source.
        progress: as for `measure_match`.

    Returns:
        What was measured, and the files.

    Raises:
        SportstrackError: a file cannot be read or must not be replaced.
    """
    settings = settings or StatsSettings()
    stats = measure_match(result, pitch, identities, settings, names=names, progress=progress)
    images = read_game_state(labels).images if labels is not None else ()
    made = _contents(stats, settings, images)
    stem = file_name(Path(result).stem)
    files = [f"{stem}{ending}" for ending in made]
    inputs = [Path(path) for path in (result, pitch, identities, labels) if path is not None]
    with Claim(
        output, files, stem=stem, command=COMMAND, source=Path(result), inputs=inputs, overwrite=overwrite
    ) as claim:
        done: list[PartFile] = []
        for name, content in zip(files, made.values(), strict=True):
            file = claim.file(name)
            content(file)
            done.append(file)
        claim.complete(done)
    return stats, [file.path for file in done]


def _contents(
    stats: MatchStats, settings: StatsSettings, images: tuple[str, ...]
) -> dict[str, Callable[[PartFile], None]]:
    """Return ending of a file's name → what writes it."""
    made: dict[str, Callable[[PartFile], None]] = {}
    if "csv" in settings.formats:
        for name, (rows, columns) in _TABLES.items():
            made[f".{name}.csv"] = _text(as_csv(rows(stats), columns))
    if "json" in settings.formats:
        made[".stats.json"] = _text(json.dumps(as_dict(stats), ensure_ascii=False, indent=1) + "\n")
    if "positions" in settings.formats:
        made[".positions.csv"] = lambda file: _positions(stats, file)
    if "kloppy" in settings.formats:
        match, tracking = skillcorner_files(stats)
        made |= {".match.json": _text(match), ".tracking.jsonl": _text(tracking)}
    if "game_state" in settings.formats:
        state = game_state(stats, images)
        made[".json"] = lambda file: write_game_state(file.part, state)
    if "pictures" in settings.formats:
        made |= {ending: _picture(draw) for ending, draw in _pictures(stats).items()}
        if stats.shapes:
            made["_shape.png"] = lambda file: file.write(shape_chart(stats))
    return made


def _pictures(stats: MatchStats) -> dict[str, Callable[[], Image]]:
    everyone = [number for number, person in enumerate(stats.persons) if person.is_player]
    found: dict[str, Callable[[], Image]] = {
        "_pitch_heat.png": lambda: heat_picture(stats, everyone, stats.name),
        "_pitch_paths.png": lambda: paths_picture(stats, everyone, stats.name),
        "_pitch_players.png": lambda: players_picture(stats),
    }
    for team, part in zip(stats.teams, file_names(stats.teams), strict=True):
        members = [n for n in everyone if stats.persons[n].team == team]
        found[f"_pitch_heat_{part}.png"] = lambda members=members, team=team: heat_picture(stats, members, team)  # type: ignore[misc]
        found[f"_pitch_paths_{part}.png"] = lambda members=members, team=team: paths_picture(stats, members, team)  # type: ignore[misc]
    if stats.teams:
        found["_pitch_formation.png"] = lambda: formation_picture(stats)
    return found


def _positions(stats: MatchStats, file: PartFile) -> None:
    with file.explained(), file.open_text() as stream:
        stream.writelines(position_lines(stats))


def _text(content: str) -> Callable[[PartFile], None]:
    return lambda file: file.write(content.encode())


def _picture(draw: Callable[[], Image]) -> Callable[[PartFile], None]:
    return lambda file: file.write(encode_image(draw(), ".png"))
