"""A result whose tracks are bound to the people of a roster, and its files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sportstrack.classes import ball_ids
from sportstrack.draw.results import ResultFile, read_result
from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.files.claim import Claim
from sportstrack.files.reading import read_json
from sportstrack.identities.binding import Binding, bind_roster, identities_of_people
from sportstrack.identities.ends import PieceView
from sportstrack.identities.file import SUFFIX, read_identities, write_identities
from sportstrack.identities.people import IdCounts, one_id_for_each
from sportstrack.identities.pieces import NewIds, frames_of_tracks
from sportstrack.identities.roster import Roster, read_roster
from sportstrack.identities.seen import TimeSeen, seen_csv, seen_text, who_was_seen
from sportstrack.identities.table import Identities
from sportstrack.mot import MotTable, write_mot
from sportstrack.recording import Recording
from sportstrack.refine import TrackTable
from sportstrack.refine.steps import camera_path

COMMAND = "sportstrack roster"
SEEN = ".seen.csv"
DEFAULT_RATE = 25.0


@dataclass(frozen=True, eq=False)
class NamedTracks:
    """A result with people in place of tracks.

    Attributes:
        table: the boxes; all tracks of a person have one id.
        identities: who is who, by these ids.
        binding: which piece of which track is who, by the ids before.
        seen: the times on the picture of everyone on the roster.
        warnings: what the roster and the tracks do not agree on.
        counts: how many tracks there were, and how many ids there are.
    """

    table: MotTable
    identities: Identities
    binding: Binding
    seen: list[TimeSeen]
    warnings: tuple[str, ...]
    counts: IdCounts

    def __str__(self) -> str:
        return f"{self.counts}\n{seen_text(self.seen)}"


def name_tracks(
    result: str | Path,
    roster: str | Path | Roster,
    identities: str | Path | Identities | None = None,
    *,
    frame_rate: float | None = None,
    zero_based: bool = False,
) -> NamedTracks:
    """Bind the tracks of a result to the people of a roster.

    Args:
        result: MOT text, CSV, JSON lines or a recording, with tracks.
        roster: the people, as a table or a file (see `sportstrack.identities.roster.read_roster`).
        identities: teams, roles and numbers of the tracks; None: ``NAME.identities.csv`` beside the result, or its own
            columns.
        frame_rate: frames per second; None: as the run's summary or recording says, else 25.
        zero_based: MOT text counts frames from 0.

    Returns:
        The boxes with one id for each person, names, and who was seen when.

    Raises:
        SportstrackError: a file cannot be read, or nothing is known of the tracks.
    """
    found = read_result(result, zero_based=zero_based)
    if identities is None:
        who = found.identities
    else:
        who = identities if isinstance(identities, Identities) else read_identities(identities)
    people = roster if isinstance(roster, Roster) else read_roster(roster)
    table = _table(found)
    if len(table) and not set(who.track_ids) & set(np.unique(table.track_id).tolist()):
        raise SettingError(
            f"{result}: nothing is known of its tracks: no {Path(result).stem}{SUFFIX} beside it with their teams and "
            "numbers; track with --teams and --numbers, or give --identities"
        )
    rate, warnings = _frame_rate(Path(result), frame_rate)
    binding = bind_roster(who, frames_of_tracks(table.frame, table.track_id), people)
    balls = set(table.track_id[np.isin(table.class_id, [number + 1 for number in ball_ids(found.names)])].tolist())
    view = _view(found, table, rate)
    binding, counts = one_id_for_each(binding, people, table.frame, table.track_id, table.xyxy, view, balls)
    seen = who_was_seen(binding.person, binding.frames, people, rate, found.every)
    ids = NewIds(binding.ids)(table.frame, table.track_id)
    named = MotTable(table.frame, ids, table.xyxy, table.score, table.class_id, table.visibility)
    known = identities_of_people(binding)
    return NamedTracks(named, known, binding, seen, (*warnings, *binding.warnings), counts)


def write_named(
    result: str | Path, named: NamedTracks, output: str | Path, inputs: list[Path], *, overwrite: bool = False
) -> list[Path]:
    """Write ``NAME.txt``, ``NAME.identities.csv`` and ``NAME.seen.csv`` and return them.

    Raises:
        OutputError: a file cannot be written, or must not be replaced.
    """
    stem = Path(result).stem
    names = [f"{stem}.txt", f"{stem}{SUFFIX}", f"{stem}{SEEN}"]
    with Claim(output, names, command=COMMAND, source=Path(result), inputs=inputs, overwrite=overwrite) as claim:
        write_mot(claim.file(names[0]), named.table)
        write_identities(claim.file(names[1]), named.identities)
        claim.write_text(names[2], seen_csv(named.seen))
        return [claim.folder / name for name in names]


def _table(found: ResultFile) -> MotTable:
    frames = sorted(found.tracks)
    if not frames:
        return MotTable.empty()
    parts = [found.tracks[frame] for frame in frames]
    rows = np.repeat(frames, [len(part) for part in parts])
    boxes, score, class_id, track_id = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("xyxy", "score", "class_id", "track_id")
    )
    numbers = np.where(class_id >= 0, class_id + 1, -1)
    return MotTable(rows, track_id, boxes, score, numbers, np.full(len(rows), -1.0))


def _view(found: ResultFile, table: MotTable, rate: float) -> PieceView:
    """Return what the boxes of a result were seen through, as far as the file says; the rest is estimated from them."""
    if not len(table):
        return PieceView(rate)
    frames, cuts = sorted(found.frames or found.tracks), sorted(found.cuts)
    unknown = np.full((2, 3), np.nan)
    size = (float(table.xyxy[:, 2].max()), float(table.xyxy[:, 3].max()))
    path = camera_path(
        TrackTable.from_mot(table),
        frames,
        frame_rate=rate / found.every,
        width=max(size[0], 1.0),
        height=max(size[1], 1.0),
        camera=np.array([found.camera.get(frame, unknown) for frame in frames]) if found.camera else None,
        cuts=cuts,
    )
    return PieceView(rate, size, path, tuple(cuts))


def _frame_rate(result: Path, given: float | None) -> tuple[float, list[str]]:
    if given is not None:
        return given, []
    with suppress(FormatError, OSError):
        summary = read_json(result.with_suffix(".summary.json"))
        rate = summary.get("frame_rate") if isinstance(summary, dict) else None
        if isinstance(rate, (int, float)) and 0 < rate < 10_000:
            return float(rate), []
    recording = result.with_suffix(".npz")
    with suppress(FormatError, SourceError, OSError):
        if recording.is_file():
            return float(Recording(recording).info.frame_rate), []
    return DEFAULT_RATE, [f"the frame rate is not known; times are counted at {DEFAULT_RATE:g} (--frame-rate)"]
