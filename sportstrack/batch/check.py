"""What can be wrong with a batch is said before anything starts, by the same checks as in ``sportstrack track``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sportstrack.batch.phases import TRACK, BatchTask, second_settings
from sportstrack.batch.place import RECORDINGS, TRACKS, BatchPlace
from sportstrack.batch.plan import PlannedVideo
from sportstrack.batch.record import PROGRAM
from sportstrack.errors import FormatError, SourceError, SportstrackError
from sportstrack.files.claim import Claim
from sportstrack.files.reading import is_file
from sportstrack.track.outputs import claim_outputs
from sportstrack.track.settings import NONE, TrackSettings

_PROBE = "sportstrack.check"
_A_SIZE = (1280, 720)  # any will do to make a tracker


def check_settings(videos: Iterable[PlannedVideo]) -> None:
    """Check all settings; of those that several videos share, once.

    Raises:
        SportstrackError: what is wrong, with the plan's line.
    """
    seen: set[str] = set()
    for video in videos:
        key = json.dumps([video.settings.as_dict(), video.is_recorded], sort_keys=True, default=str)
        if key in seen:
            continue
        seen.add(key)
        try:
            _check(video)
        except SportstrackError as error:
            kind = FormatError if isinstance(error, ValueError) else type(error)
            raise kind(f"{video.where}: {error}") from error


def _check(video: PlannedVideo) -> None:
    from sportstrack.track.tracking import make_tracker

    settings = video.settings
    make_tracker(settings, 25.0, _A_SIZE)
    if settings.roster is not None:
        from sportstrack.identities.roster import read_roster

        read_roster(settings.roster)
    for name in ("pitch", "team_colours"):
        path = getattr(settings, name)
        if path is not None and not is_file(path):
            raise SourceError(f"{name}: {path}: no such file")
    if settings.detections is not None and not Path(settings.detections).exists():
        raise SourceError(f"detections: {settings.detections}: no such file or folder")
    if not video.is_recorded:
        _check_networks(settings)


def _check_networks(settings: TrackSettings) -> None:
    """See that weights are at hand; those that have to be fetched are fetched once, and not by each worker."""
    from sportstrack.models.weights import find_weights

    if settings.detector is None:
        find_weights(settings.weights)
    for part in (settings.embedder or NONE).split("+"):
        if part.lower().endswith(".onnx") and not is_file(part):
            raise SourceError(f"embedder: {part}: no such file")


def check_outputs(tasks: Iterable[BatchTask], place: BatchPlace, *, overwrite: bool) -> None:
    """See that the files of all tasks may be written.

    Raises:
        OutputError: one may not; the message names it.
    """
    if place.is_remote:
        place.write_text(_PROBE, "")
        place.remove([_PROBE])
        return
    for task in tasks:
        video = task.video
        folder = place.folder / (TRACKS if task.phase == TRACK else RECORDINGS)
        if not folder.is_dir():
            continue
        if task.phase != TRACK:
            names = [f"{video.name}.npz"]
            Claim(folder, names, command=PROGRAM, source=video.source, inputs=[video.source],
                  overwrite=overwrite).release()  # fmt: skip
        else:
            settings = second_settings(video.settings, None if video.is_recorded else "x.npz")
            claim_outputs(folder, video.name, settings, source=video.source, inputs=[Path(video.source)],
                          overwrite=overwrite).release()  # fmt: skip
