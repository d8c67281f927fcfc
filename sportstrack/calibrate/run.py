"""From a video and marks to the cameras of all its frames, and to the pictures that show whether they are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sportstrack.calibrate.byself import NETWORKS, PitchFinder
from sportstrack.calibrate.look import Looker
from sportstrack.calibrate.overlay import draw_pitch_frame
from sportstrack.calibrate.spool import Spool
from sportstrack.cli.progress import shown
from sportstrack.draw.text import Letters
from sportstrack.errors import SettingError, SourceError
from sportstrack.files.claim import Claim, PartFile
from sportstrack.images.encode import encode_image
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch import Mark, Pitch, PitchTrack, load_pitch, read_marks, write_pitch
from sportstrack.pitch.clip.fit import ClipFit, fit_clip
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame, evidence_of_marks
from sportstrack.pitch.marks import place_marks
from sportstrack.types import FloatArray, Image
from sportstrack.video import VideoSource, VideoWriter, open_source

COMMAND = "sportstrack pitch"
ENDINGS = {"pitch": ".pitch.jsonl", "video": "_pitch.mp4", "picture": "_pitch.jpg"}
"""Output → what follows the source's name."""
FORMATS = tuple(ENDINGS)[1:]
_SHEET = 6  # frames on the picture
_SHEET_WIDTH = 960  # pixels of each
Progress = Callable[[int, "int | None"], None]
Find = Callable[[int, Image, FloatArray], "PitchEvidence | None"]
"""Called with a frame's number, from 0, its picture, and the line pixels (N, 3) that are seen in it (x, y and the angle
of the line's normal); returns the places that it finds there, if any."""


@dataclass
class Calibrated:
    """The cameras of a video.

    Attributes:
        track: where each frame sees the pitch.
        files: the files written.
        warnings: what the user should know of them.
    """

    track: PitchTrack
    files: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def calibrate_video(
    video: str | Path,
    output: str | Path | None = None,
    *,
    points: str | Path | Iterable[Mark] | None = None,
    pitch: Pitch | str = "football",
    find: Find | None = None,
    formats: Sequence[str] = (),
    overwrite: bool = False,
    frame_rate: float | None = None,
    progress: Progress | bool | None = None,
) -> Calibrated:
    """Find the camera of each frame of a video by itself, or from places of the pitch that were marked.

    Args:
        video: video file, folder of images or sequence folder.
        output: folder for ``NAME.pitch.jsonl`` and pictures; None writes nothing.
        points: marks, or the file that `read_marks` reads. Shots in which nothing is marked begin by themselves where
            there is a network for the sport (football).
        pitch: the model in the size of the real pitch, or its name.
        find: finds places in frames by itself; None for the network that ships with the project.
        formats: ``video`` and ``picture``: the model drawn over all frames, and over six of them.
        overwrite: replace also files that are not an unchanged result of the same video.
        frame_rate: frames/s of a source without times.
        progress: True shows bars; or it is called after each frame with (done, expected or None).

    Raises:
        SportstrackError: the video or the marks cannot be read; the marks tell no camera; there are none, and no
            network for the sport; outputs that must not be replaced.
    """
    require_cv2()
    model = load_pitch(pitch) if isinstance(pitch, str) else pitch
    path = points if isinstance(points, (str, Path)) else None
    marks = _marks(points)
    _check_marks(marks, model)
    if path is not None and not marks:
        raise SettingError(f"{path}: holds no marks")
    if find is None and (not marks or model.name in NETWORKS):
        find = PitchFinder(model)
    with open_source(video, frame_rate=frame_rate) as source:
        if source.info.live:
            raise SourceError(f"{video}: a live source has no frames to go back to; save it as a video first")
        if output is None:
            fit = _fit(source, marks, model, find, progress)
            return Calibrated(fit.track, [], fit.warnings + list(source.warnings))
        name, kinds = source.info.name, ["pitch", *formats]
        inputs = [one for one in (video, path) if one is not None]
        with Claim(
            output, [f"{name}{ENDINGS[kind]}" for kind in kinds], command=COMMAND, source=video, inputs=inputs,
            overwrite=overwrite, stem=f"{name}_pitch",
        ) as claim:  # fmt: skip
            fit = _fit(source, marks, model, find, progress)
            done = Calibrated(fit.track, [], fit.warnings + list(source.warnings))
            files = {kind: claim.file(f"{name}{ENDINGS[kind]}") for kind in kinds}
            write_pitch(files["pitch"], fit.track)
            if formats:
                _draw(video, frame_rate, fit.track, files, progress)
            done.files = [file.path for file in files.values()]
    return done


def _marks(points: str | Path | Iterable[Mark] | None) -> list[Mark]:
    if points is None:
        return []
    return read_marks(points) if isinstance(points, (str, Path)) else list(points)


def _check_marks(marks: list[Mark], pitch: Pitch) -> None:
    """Refuse names that are not on the pitch; arcs are allowed here."""
    place_marks((mark for mark in marks if mark.place not in pitch.arcs), pitch)


def _fit(
    source: VideoSource, marks: list[Mark], pitch: Pitch, find: Find | None, progress: Progress | bool | None
) -> ClipFit:
    info = source.info
    evidence: dict[int, PitchEvidence] = {}
    with Spool() as spool:
        with shown(progress, f"{info.name}: looking") as show:
            looker = Looker(float(info.frame_rate))
            for frame in source:
                while len(spool) < frame.index:  # frames that the source has lost
                    spool.append(SeenFrame(len(spool)))
                seen = looker.look(frame.index, frame.image)
                spool.append(seen)
                found = None if find is None else find(frame.index, frame.image, seen.lines)
                if found is not None:
                    evidence[frame.index] = found
                if show is not None:
                    show(frame.index + 1, info.frame_count)
        evidence |= evidence_of_marks(marks, info.width)
        with shown(progress, f"{info.name}: fitting") as show:
            return fit_clip(spool, evidence, pitch, (info.width, info.height), progress=show)


# --- pictures --------------------------------------------------------------------------------------------------------


def _draw(
    video: str | Path,
    frame_rate: float | None,
    track: PitchTrack,
    files: Mapping[str, PartFile],
    progress: Progress | bool | None,
) -> None:
    """Write the model over all frames as a video, over some of them as one picture."""
    wanted = set(sheet_frames(track)) if "picture" in files else set()
    cells: list[Image] = []
    letters = Letters(max(10, round(16 * track.size[1] / 720)))
    with open_source(video, frame_rate=frame_rate) as source, shown(progress, f"{source.info.name}: drawing") as show:
        info = source.info
        writer = None
        if "video" in files:
            writer = VideoWriter(
                files["video"].path, info.width, info.height, info.frame_rate, pixel_ratio=info.pixel_ratio,
                file=files["video"],
            )  # fmt: skip
        try:
            for frame in source:
                if writer is None and frame.index not in wanted:
                    continue
                draw_pitch_frame(frame.image, track.at(frame.index), track.pitch, letters)
                if frame.index in wanted:
                    cells.append(_cell(frame.image))
                if writer is not None:
                    writer.write(frame.image, frame.pts)
                if show is not None:
                    show(frame.index + 1, info.frame_count)
            if writer is not None:
                writer.close()
        finally:
            if writer is not None:
                writer.abort()
    if wanted and cells:
        files["picture"].write(encode_image(sheet(cells), ".jpg"))
        files["picture"].complete()


def sheet_frames(track: PitchTrack) -> list[int]:
    """Return the frames that the picture shows, from 0: evenly spread over those that have a camera."""
    known = [one.frame for one in track if one.camera is not None] or [one.frame for one in track]
    rows = np.linspace(0, len(known) - 1, min(_SHEET, len(known))).round().astype(int)
    return [known[row] for row in rows]


def _cell(image: Image) -> Image:
    scale = min(1.0, _SHEET_WIDTH / image.shape[1])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small: Image = require_cv2().resize(image, size, interpolation=require_cv2().INTER_AREA)
    return small


def sheet(cells: Sequence[Image]) -> Image:
    """Return pictures of one size as one, two in a row."""
    rows = [list(cells[i : i + 2]) for i in range(0, len(cells), 2)]
    if len(rows) > 1 and len(rows[-1]) == 1:
        rows[-1].append(np.zeros_like(cells[0]))
    joined: Image = np.vstack([np.hstack(row) for row in rows])
    return joined
