"""The players' table and page as outputs of a run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from sportstrack.draw.ground import GroundMap
from sportstrack.draw.players import Player, Players, players_csv
from sportstrack.draw.players_page import players_page
from sportstrack.draw.standing import MetresWalked
from sportstrack.files.claim import PartFile
from sportstrack.images.encode import encode_image
from sportstrack.limits import MAX_CANVAS
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.summary import Summary
from sportstrack.types import Image


class RunMap(Protocol):
    """The map of a run's ground, which sees each frame before the players' table does."""

    warnings: list[str]

    @property
    def ground(self) -> GroundMap:
        """The map so far."""
        ...

    def picture(self) -> Image:
        """Return the heat map of the whole run."""
        ...


class PlayersSink:
    """``NAME.players.csv``, and the same rows in the summary."""

    def __init__(
        self, path: Path, players: Players, run_map: RunMap, summary: Summary, walked: MetresWalked | None = None
    ) -> None:
        self.path, self.file, self._walked = path, PartFile(path), walked
        self.players, self.map, self.summary = players, run_map, summary
        self.found: list[Player] = []
        self.warnings: list[str] = []

    def look(self, frame: TrackedFrame) -> None:
        """Take what is needed of a frame before anything is drawn into it."""
        self.players.add(frame.index, frame.time, frame.image, frame.tracks, self.map.ground)
        if self._walked is not None:
            self._walked.add(frame.index, frame.tracks.track_id, frame.pitch_xy, frame.pitch_error)

    def write(self, frame: TrackedFrame) -> None:
        """Do nothing: the picture is drawn into by now."""

    def finish(self) -> None:
        """Complete the file under its temporary name."""
        self.abandon()

    def abandon(self) -> None:
        """Keep what is known so far under the temporary name."""
        metres = None if self._walked is None else self._walked.metres()
        self.found = self.players.table(camera_removed=self.map.ground.is_known, metres=metres)
        self.summary.players = [asdict(one) for one in self.found]
        self.file.write(players_csv(self.found).encode())


class PageSink:
    """``NAME.players.html``."""

    def __init__(self, path: Path, table: PlayersSink) -> None:
        self.path, self.file, self._table = path, PartFile(path), table

    def write(self, frame: TrackedFrame) -> None:
        """Do nothing: the table sees each frame."""

    def finish(self) -> None:
        """Complete the file under its temporary name."""
        self.abandon()

    def abandon(self) -> None:
        """Write the page of what is known so far."""
        table = self._table
        ground, heat = table.map.ground, None
        if ground.width * ground.height <= MAX_CANVAS:
            heat = encode_image(table.map.picture(), ".jpg")
        page = players_page(table.summary.name, table.found, table.players, heat, table.map.warnings)
        self.file.write(page.encode())
