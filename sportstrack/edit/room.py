"""All that belongs to one open video: tracks, pictures, doubtful moments, the copy, exports."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sportstrack.edit.clip import EditClip
from sportstrack.edit.copies import ClipCopies
from sportstrack.edit.desk import DeskChange, EditDesk
from sportstrack.edit.doubts import DoubtFinder
from sportstrack.edit.exports import write_export
from sportstrack.edit.kits import team_colours
from sportstrack.edit.pictures import PictureShelf
from sportstrack.edit.settings import EditSettings
from sportstrack.edit.tracks import TracksToEdit
from sportstrack.edits import edits_beside
from sportstrack.serve.events import Bell


class EditRoom:
    """An open video with its tracks under edits.

    Args:
        clip: the video.
        tracks: before any edit.
        settings: where edits and exports go.

    Raises:
        SportstrackError: as `EditDesk`.
    """

    def __init__(self, clip: EditClip, tracks: TracksToEdit, settings: EditSettings) -> None:
        self.clip, self.tracks, self.settings = clip, tracks, settings
        self.folder = settings.output or tracks.path.parent
        self.bell = Bell()
        self.desk = EditDesk(clip, tracks, settings.edits or edits_beside(tracks.path))
        self.pictures = PictureShelf(clip)
        self.copies = ClipCopies(clip, self.folder, settings.frame_rate, lambda: self.bell.ring("tracks"))
        self.doubts = DoubtFinder(clip, tracks, self.desk)
        self.desk.follow = self.doubts.follow
        self.kits: dict[str, str] = {}
        self._thread = threading.Thread(target=self._look, name="moments", daemon=True)

    def begin(self) -> None:
        """Begin to look for doubtful moments, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Let waiting pages go."""
        self.bell.close()

    def close(self) -> None:
        """End all work, and let the file of edits go."""
        self.stop()
        self.copies.close()
        self.pictures.close()
        self.desk.close()

    def _look(self) -> None:
        self.kits = team_colours(self.clip, self.pictures, self.tracks.table, self.tracks.identities)
        self.bell.ring("tracks")
        self.doubts.search()
        self.bell.ring("tracks")

    def about(self) -> dict[str, Any]:
        """Return what the page shows of the video and its files."""
        clip = self.clip
        return {
            "name": clip.name,
            "video": {
                "width": clip.width, "height": clip.height, "frame_rate": clip.frame_rate, "frames": clip.frames,
                "variable": clip.times is not None, "unplayable": "" if self.copies.ready else clip.unplayable,
                "file": not clip.images,
                "sparse": round(clip.key_seconds, 1) if clip.sparse and not self.copies.ready else 0,
            },
            "files": {"video": _full(clip.path), "tracks": _full(self.tracks.path), "edits": _full(self.desk.path),
                      "folder": _full(self.folder)},
            "kits": self.kits, "every": self.tracks.every, "start": self.tracks.start,
            "classes": {str(number + 1): name for number, name in self.tracks.names.items()},
            "warnings": [*self.tracks.doubts, *self.desk.warnings, *clip.warnings],
        }  # fmt: skip

    def apply(self, edit: Mapping[str, Any], version: str, moment: str, *, follow: bool) -> DeskChange:
        """Apply an operation; a moment that it answers counts as looked at."""
        return self.desk.apply(edit, version, note=self.doubts.note(moment), follow=follow)

    def search(self) -> dict[str, Any]:
        """Return how the search for doubtful moments stands."""
        return self.doubts.state()

    def moments(self) -> dict[str, Any]:
        """Return the doubtful moments."""
        return self.doubts.state() | {"moments": self.doubts.listed()}

    def answers(self, key: str) -> dict[str, Any]:
        """Return what a moment concerns now, and its plausible corrections."""
        return self.doubts.answers(key)

    def export(self, form: str, every: int) -> list[Path]:
        """Write the corrected tracks; return the files."""
        return write_export(form, self.desk.result(), self.clip, self.tracks, self.folder, every=every)


def _full(path: Path) -> str:
    return str(path.resolve())
