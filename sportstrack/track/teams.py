"""Teams and roles in a run: kit evidence before the tracker, identities after it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sportstrack.classes import ball_ids
from sportstrack.errors import OutputError
from sportstrack.field import people_of
from sportstrack.files.claim import write_text
from sportstrack.identities.names import OFF, TeamNames, parse_teams, read_team_colours, team_colours
from sportstrack.identities.table import Identities, Identity
from sportstrack.identities.watch import TeamWatch
from sportstrack.recording import RecordingInfo
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.settings import TrackSettings

_ROLES = (
    ("goalkeeper", ("goalkeeper", "goalie", "keeper", "goaltender")),
    ("referee", ("referee", "ref", "umpire", "official", "linesman", "assistant")),
)
_NO_NAMES = {-1: "person", 0: "person"}  # of detections that say nothing of classes


class TeamLearner:
    """Teams and roles, by the colours of kits; see `sportstrack.identities.watch.TeamWatch`.

    Args:
        settings: of the run.
        info: what a recording of the run says of itself.
        live: whether to say something while the run goes on; False says all at the end.
        endless: whether the run has no end, at which all could be said.

    Attributes:
        name: of its stage in the summary.
        watch: what finds the teams.
    """

    name = "teams"
    prompt = True

    def __init__(
        self, settings: TrackSettings, info: RecordingInfo, *, live: bool = True, endless: bool = False
    ) -> None:
        path = settings.team_colours
        self._path = None if path is None else Path(path)
        known = read_team_colours(self._path) if self._path is not None and self._path.exists() else {}
        self._writes = self._path is not None and not known
        roles = roles_of(info.names, settings.ball_ids(info.names) or ball_ids(info.names))
        names = TeamNames(parse_teams(settings.teams), known)
        self.watch = TeamWatch(info.width, roles, names, endless=endless)
        self._live = live

    def before(self, observation: Observation) -> Observation:
        """Return the observation with what the kits say of the teams; evidence that was recorded stays."""
        detections = observation.detections
        if detections.kit_colours is None or detections.team_evidence is not None:
            return observation
        said = self.watch.evidence(detections)
        return replace(observation, detections=replace(detections, team_evidence=said))

    def add(self, frame: TrackedFrame) -> None:
        """Learn from a frame."""
        metres = None
        if frame.pitch is not None:
            metres, _ = frame.pitch.feet(frame.index, frame.tracks.with_boxes().xyxy)
        cut, place = frame.cut_confidence > 0, (frame.index, frame.time)
        self.watch.add(*place, frame.tracks, frame.detections, cut=cut, metres=metres, live=self._live)

    def now(self, tracks: Sequence[int], known: Mapping[int, Identity]) -> Mapping[int, Identity]:  # noqa: ARG002
        """Return what is known of some tracks by now."""
        return self.watch.now(tracks)

    def finish(self, known: Identities) -> Identities:  # noqa: ARG002 - as all learners
        """Return what is known of all tracks, with the whole run in view, and write the teams' colours if asked to."""
        found = self.watch.finish()
        if self._writes and self.watch.teams is not None and self._path is not None:
            if not self._path.parent.is_dir():
                raise OutputError(f"{self._path}: cannot be written: there is no folder {self._path.parent}")
            text = json.dumps(team_colours(*self.watch.teams), indent=1, ensure_ascii=False)
            write_text(self._path, text + "\n")
            self._writes = False
        return found

    def report(self) -> dict[str, Any]:
        """Return what the summary says of the teams."""
        return self.watch.report()

    @property
    def warnings(self) -> list[str]:
        """What the user should know."""
        return self.watch.warnings


def teams_settled(settings: TrackSettings, *, recorded: RecordingInfo | None) -> str:
    """Return the setting ``teams`` of a run, ``off`` where ``auto`` finds no reason to look for them.

    Teams are looked for where the user names them or a file of colours, where an embedder looks at the images, and in a
    replay where kit colours were recorded.

    Args:
        settings: with the embedder that is in force.
        recorded: what a recording that is replayed says of itself; None in a run on a video.
    """
    if settings.teams.strip().lower() == OFF:
        return OFF
    asked = settings.team_colours is not None or bool(parse_teams(settings.teams))
    held = (None,) if recorded is None else (None, recorded.embedder)
    reason = settings.embeds_with not in held or (recorded is not None and recorded.kits)
    return settings.teams if asked or reason else OFF


def roles_of(names: Mapping[int, str], balls: Sequence[int]) -> dict[int, str]:
    """Return class id → the role that the class names, "" for any person; classes of things are left out.

    Args:
        names: class id → name.
        balls: classes of the ball.
    """
    names = names or _NO_NAMES
    found = dict.fromkeys(people_of(names), "")
    for number in found:
        words = re.findall(r"[a-z]+", names[number].lower())
        found[number] = next((role for role, known in _ROLES if set(known) & set(words)), "")
    if any(found.values()):  # a detector that knows roles means a player by a player
        found |= {n: "player" for n, role in found.items() if not role and "player" in names[n].lower()}
    return found | dict.fromkeys(balls, "ball")
