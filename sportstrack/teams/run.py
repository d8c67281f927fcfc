"""Who is who in a result that exists: its video is read once, nothing is detected or tracked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.cli.progress import shown
from sportstrack.draw.results import ResultFile, read_result
from sportstrack.errors import SettingError, SourceError
from sportstrack.files.claim import Claim
from sportstrack.identities.file import SUFFIX, write_identities
from sportstrack.identities.table import ATTRIBUTES, Identities
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch.file import PitchTrack, read_pitch
from sportstrack.recording import RecordingInfo
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.observe import make_replayer
from sportstrack.track.settings import TrackSettings
from sportstrack.track.summary import teams_text
from sportstrack.track.who import WhoIsWho, learners_of
from sportstrack.types import BoolArray, Detections, Tracks
from sportstrack.video import Frame, VideoSource, open_source

COMMAND = "sportstrack teams"


@dataclass(frozen=True, eq=False)
class FoundTeams:
    """What a video shows of the tracks of a result.

    Attributes:
        identities: team, role and number of each track; names and numbers that were known before stay.
        teams: what a run's summary says of the teams (see `sportstrack.Summary.teams`).
        tracks: how many there are, the ball's left out.
        frames: how many frames of the video were looked at.
        warnings: what the user should know.
        file: ``NAME.identities.csv``, where it was written.
    """

    identities: Identities
    teams: Mapping[str, Any]
    tracks: int
    frames: int
    warnings: tuple[str, ...] = field(default=())
    file: Path | None = None

    def known(self) -> dict[str, int]:
        """Return attribute → of how many tracks it is known."""
        counts = Counter(
            name
            for track in self.identities.track_ids
            for name in ATTRIBUTES
            if any(getattr(one, name) for one in self.identities.of(track) if one.role != "ball")
        )
        return {name: counts[name] for name in ATTRIBUTES}

    def __str__(self) -> str:
        known = ", ".join(f"{count} a {name}" for name, count in self.known().items() if count or name == "team")
        return f"teams: {teams_text(self.teams)}\nof {self.tracks} tracks in {self.frames} frames have {known}\n"


def find_teams(
    video: str | Path,
    result: str | Path,
    output: str | Path | None = None,
    *,
    teams: str = "auto",
    team_colours: str | Path | None = None,
    numbers: bool = False,
    pitch: str | Path | PitchTrack | None = None,
    names: Mapping[int, str] | None = None,
    zero_based: bool = False,
    frame_rate: float | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int | None], None] | bool | None = None,
) -> FoundTeams:
    """Find teams and roles, and read shirt numbers if asked to, for a result that exists.

    Args:
        video: video file, folder of images or sequence folder that was tracked.
        result: MOT text, CSV, JSON lines or a recording, with tracks, of this program or another one.
        output: folder for ``NAME.identities.csv``, NAME being the result's stem; the other commands look for it beside
            the result. None writes nothing.
        teams: auto, or ``NAME=COLOUR,NAME=COLOUR``, which names them.
        team_colours: JSON file with the teams' colours: read if it is there, else written.
        numbers: read shirt numbers, too; needs the extra ``numbers``.
        pitch: ``NAME.pitch.jsonl``, or what `read_pitch` returns: metres tell goalkeepers from officials.
        names: class id → name, where the result does not know them; without any, all are people.
        zero_based: MOT text counts frames from 0.
        frame_rate: frames per second of a folder of images; None: as its ``seqinfo.ini`` says, else 25.
        overwrite: replace a table that is not an unchanged one of the same result.
        progress: True shows a bar; or it is called after each frame with (done, expected or None).

    Raises:
        SportstrackError: a file cannot be read, the result is another video's, or a table must not be replaced.
    """
    require_cv2()
    settings = _settings(teams, team_colours, numbers)
    if output is not None:
        path = Path(result)
        name, inputs = f"{path.stem}{SUFFIX}", [one for one in (path, Path(video)) if one.is_file()]
        with Claim(output, [name], command=COMMAND, source=path, inputs=inputs, overwrite=overwrite) as claim:
            told = find_teams(
                video, result, teams=teams, team_colours=team_colours, numbers=numbers, pitch=pitch, names=names,
                zero_based=zero_based, frame_rate=frame_rate, progress=progress,
            )  # fmt: skip
            write_identities(claim.file(name), told.identities)
            return replace(told, file=claim.folder / name)
    found = read_result(result, zero_based=zero_based, names=names)
    if found.last < 0:
        raise SettingError(f"{result}: has no tracks")
    track = read_pitch(pitch) if isinstance(pitch, (str, Path)) else pitch
    with open_source(video, frame_rate=frame_rate) as source, shown(progress, source.info.name) as count:
        if source.info.live:
            raise SourceError(f"{video}: a live source has no frames to go back to; save it as a video first")
        if not source.info.colour:
            source.warnings.append("the pictures have no colour, by which kits and teams are told; expect none")
        found.check_video(source.info.name, source.info.width, source.info.height, source.info.frame_count)
        who, frames = _looked_at(source, found, settings, track, count)
    table = who.finish()
    learner = who.teams
    report, warnings = ({}, ()) if learner is None else (learner.report() | {"settled": None}, learner.warnings)
    balls = {one.track_id for one in table if one.role == "ball"}
    tracks = len(set(found.ids.tolist()) - balls)
    return FoundTeams(_kept(found.identities).merged(table), report, tracks, frames, (*source.warnings, *warnings))


def _settings(teams: str, team_colours: str | Path | None, numbers: bool) -> TrackSettings:
    settings = TrackSettings(
        teams=teams, team_colours=None if team_colours is None else str(team_colours), numbers=numbers
    )
    if settings.teams.strip().lower() == "off" and not numbers:
        raise SettingError("teams: off leaves nothing to do; ask for --numbers, or leave it out")
    return settings


def _looked_at(
    source: VideoSource,
    found: ResultFile,
    settings: TrackSettings,
    pitch: PitchTrack | None,
    progress: Callable[[int, int | None], None] | None,
) -> tuple[WhoIsWho, int]:
    """Read the video as far as the result goes; return the learners and how many frames they saw."""
    info, every = source.info, found.every
    rate = float(info.frame_rate) / every
    made = RecordingInfo(info.name, info.width, info.height, rate, found.names, every=every)
    observe = make_replayer(settings, made, _all, frame_rate=rate, has_images=True)
    who, seen, last = WhoIsWho(learners_of(settings, made, live=False)), 0, found.last
    for frame in source:
        if frame.index > last:
            break
        if frame.index in found.tracks:
            tracks, detections = _as_detected(found.tracks[frame.index])
            cut = float(frame.index in found.cuts)
            (observed,) = observe([Observation(frame.index, frame.time, detections, None, cut, image=frame.image)])
            who.add(TrackedFrame.of(replace(observed, image=None), tracks, found.names, pitch))
            seen += 1
        if progress is not None:
            progress(frame.index + 1, last + 1)
    else:
        _check_end(source, found, frame if "frame" in locals() else None)
    return who, seen


def _as_detected(tracks: Tracks) -> tuple[Tracks, Detections]:
    """Return tracks and the detections to which they point: their own boxes."""
    rows = np.arange(len(tracks))
    return replace(tracks, detection=rows), Detections(tracks.xyxy, tracks.score, tracks.class_id)


def _all(detections: Detections) -> BoolArray:
    return np.ones(len(detections), np.bool_)


def _check_end(source: VideoSource, found: ResultFile, frame: Frame | None) -> None:
    """Raise SourceError if the result goes on after the video's true end."""
    info = source.info
    found.check_video(info.name, info.width, info.height, 0 if frame is None else frame.index + 1)


def _kept(before: Identities) -> Identities:
    """Return the numbers and names of a table: teams and roles are found anew."""
    return Identities(replace(one, team="", role="") for one in before if one.number or one.name)
