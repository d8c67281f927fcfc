"""The files of a single-object run: annotated video, text, heat map and summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from sportstrack.boxes import xyxy_to_tlwh
from sportstrack.draw.annotator import Annotator
from sportstrack.draw.heatmap import draw_path, heat_map, overlay
from sportstrack.errors import OutputError, SettingError, unknown
from sportstrack.files.claim import Claim, PartFile, file_name
from sportstrack.files.text import TextFile
from sportstrack.images.encode import encode_image
from sportstrack.mot import format_mot_rows
from sportstrack.sot.summary import SotSummary
from sportstrack.sot.types import SotResult
from sportstrack.types import FloatArray, Image, Tracks
from sportstrack.video import Frame, SourceInfo, VideoWriter

FORMATS = {"video": "_sot.mp4", "mot": ".txt", "otb": "_otb.txt", "heat": "_heat.png", "json": "_sot.json"}
"""Kind of output → what follows the source's name."""

PATH_SECONDS = 6  # The video shows the object's path over this time.


def claim_outputs(
    folder: str | Path,
    name: str,
    formats: Sequence[str],
    *,
    source: str | Path | None = None,
    inputs: Sequence[str | Path] = (),
    overwrite: bool = False,
) -> Claim:
    """Claim the files of a run, before anything is loaded or read; arguments as `sportstrack.files.claim.Claim`.

    Raises:
        SettingError: an unknown format.
        OutputError: a file must not be replaced, or another run is writing it.
    """
    for kind in formats:
        if kind not in FORMATS:
            raise SettingError(f"formats: {unknown('format', kind, FORMATS)}")
    stem = file_name(name)
    names = [f"{stem}{FORMATS[kind]}" for kind in formats]
    command = "sportstrack sot"
    return Claim(folder, names, command=command, source=source, inputs=inputs, overwrite=overwrite, stem=stem)


class SotOutputs:
    """All files that a run writes.

    Args:
        claim: the right to write them, of `claim_outputs`.
        stem: begins their names.
        formats: kinds of `FORMATS`.
        info: the source.
        track_id: the object's id in the MOT rows.
    """

    def __init__(self, claim: Claim, stem: str, formats: Sequence[str], info: SourceInfo, track_id: int) -> None:
        self._claim, self._track_id = claim, track_id
        self._paths = {kind: claim.folder / f"{stem}{FORMATS[kind]}" for kind in formats}
        self._texts = {kind: TextFile(path) for kind, path in self._paths.items() if kind in ("mot", "otb")}
        self._first: Image | None = None
        self._boxes: list[FloatArray] = []
        self._annotator = Annotator(draw=("box",), frame_rate=float(info.frame_rate))
        self._recent = max(2, round(PATH_SECONDS * info.frame_rate))
        self._video: VideoWriter | None = None
        if "video" in formats:
            size, ratio = (info.width, info.height), info.pixel_ratio
            self._video = VideoWriter(self._paths["video"], *size, info.frame_rate, pixel_ratio=ratio)

    def write(self, frame: Frame, result: SotResult) -> None:
        """Add a frame; the video draws into its image."""
        if self._first is None:
            self._first = frame.image.copy()
        self._boxes.append(result.box if result.seen else np.full(4, np.nan))
        tracks = as_tracks(result, self._track_id)
        if result.seen and "mot" in self._texts:
            self._texts["mot"].append(format_mot_rows(frame.index, tracks, with_class=False))
        if "otb" in self._texts:
            self._texts["otb"].append(",".join(f"{v:.2f}" for v in xyxy_to_tlwh(result.box[None])[0]) + "\n")
        if self._video is not None:
            draw_path(frame.image, np.stack(self._boxes[-self._recent :]))
            self._annotator.draw(frame.image, tracks)
            draw_state(frame.image, result)
            self._video.write(frame.image, frame.pts)

    def close(self) -> None:
        """Complete the files, and give them their names when all are complete."""
        for text in self._texts.values():
            text.close()
        files: list[PartFile] = list(self._texts.values())
        if self._video is not None:
            self._video.finish()
            files.append(self._video.file)
        if "heat" in self._paths and self._first is not None:
            files.append(self._heat_map(self._first))
        if "json" in self._paths:
            self._claim.remove(self._paths["json"].name)  # it describes files that are about to be replaced
        self._claim.complete(files)

    def write_summary(self, summary: SotSummary) -> None:
        """Add the files and the video's warnings to the summary, and write it."""
        if self._video is not None:
            summary.warnings += self._video.warnings
        done = {kind: str(path) for kind, path in self._paths.items() if kind == "json" or path.exists()}
        summary.outputs.update(done)
        if "json" in self._paths:
            text = json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n"
            self._claim.write_text(self._paths["json"].name, text)

    def abandon(self) -> None:
        """Leave what was written under its ``.part`` name; nothing where nothing was written."""
        for text in self._texts.values():
            with suppress(OutputError):  # another error is on its way already
                text.close()
            if not self._boxes:
                text.part.unlink(missing_ok=True)
        if self._video is not None:
            self._video.abandon()

    def _heat_map(self, image: Image) -> PartFile:
        boxes = np.stack(self._boxes)
        height, width = image.shape[:2]
        file = PartFile(self._paths["heat"])
        file.write(encode_image(draw_path(overlay(image, heat_map(boxes, width, height)), boxes)))
        return file


def as_tracks(result: SotResult, track_id: int) -> Tracks:
    """Return a frame's answer as a table with one track, or none if the object is lost; a guess has no detection."""
    if result.state == "lost":
        return Tracks.empty()
    row = np.array([0 if result.seen else -1])
    return Tracks(result.box[None], np.array([result.score]), np.array([0]), np.array([track_id]), row)


def draw_state(image: Image, result: SotResult) -> None:
    """Write the state, and the score if the object is seen, into the top left corner of an image."""
    import cv2

    size = image.shape[0] / 720
    text = f"{result.state} {result.score:.2f}" if result.seen else result.state
    place = (round(12 * size) + 2, round(30 * size) + 6)
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        thick = max(1, round(width * size))
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, max(0.4, 0.8 * size), colour, thick, cv2.LINE_AA)
