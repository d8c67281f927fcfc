"""Track videos and keep what makes good labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.errors import SettingError, SourceError, unknown
from sportstrack.files.claim import file_name
from sportstrack.files.reading import same_name
from sportstrack.label.masks import masks_of_boxes
from sportstrack.label.table import LabelledVideo, keep_sure, numbered, on_frames, one_class_each, refuse_twins, within
from sportstrack.label.training import corrected
from sportstrack.limits import MAX_FRAMES
from sportstrack.mot import class_ids
from sportstrack.options import check_options, option
from sportstrack.refine.table import TrackTable
from sportstrack.track.detector import LazyDetector, ready
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.in_force import explicit, is_recording
from sportstrack.track.offline import refined
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings
from sportstrack.track.summary import Summary
from sportstrack.types import Detect

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import LabelKeywords

Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class LabelSettings:
    """What becomes a label.

    Attributes:
        offline: use the whole video: link, fill gaps, smooth. False leaves what a live run would give.
        every: label every Nth frame, such as every 25th; all are tracked.
        min_track_score: least mean score of a track's detected boxes; raise it where false tracks become labels.
        min_track_frames: least number of frames in which a track was detected.
        rename: other names for the detector's classes, such as person=player; classes with one name become one.
        edits: corrections by hand (``NAME.edits.jsonl`` of ``sportstrack edit``), applied to the tracks.

    Raises:
        SettingError: a value out of range.
    """

    offline: bool = option(True, "use the whole video: link, fill gaps, smooth")
    every: int = option(
        1, "label every Nth frame, such as every 25th; all are tracked", low=1, high=MAX_FRAMES, metavar="N"
    )
    min_track_score: float = option(
        0.4,
        "least mean score of a track's detected boxes; raise it where false tracks become labels",
        low=0,
        high=1,
        metavar="SCORE",
    )
    min_track_frames: int = option(
        3, "least number of frames in which a track was detected", low=0, high=MAX_FRAMES, metavar="N"
    )
    rename: Mapping[str, str] = option(dict, "other names for the detector's classes, such as person=player")
    edits: Path | None = option(
        None, "corrections by hand (NAME.edits.jsonl of sportstrack edit), applied to the tracks", metavar="FILE"
    )

    def __post_init__(self) -> None:
        check_options(self)


def label_videos(
    sources: Sequence[str | Path], *, settings: LabelSettings | None = None, **tracking: Unpack[LabelKeywords]
) -> list[LabelledVideo]:
    """Label several videos with one detector; arguments as `label_video`.

    Raises:
        SettingError: two videos have one name.
    """
    twin = refuse_twins([Path(source).stem for source in sources])
    if twin is not None:
        raise SettingError(f"two videos are called {twin}; label them one by one, each with its own -o")
    return [label_video(source, settings=settings, **tracking) for source in sources]


def label_video(
    source: str | Path,
    *,
    settings: LabelSettings | None = None,
    track: TrackSettings | None = None,
    detector: Detect | LazyDetector | str | None = None,
    progress: Progress | bool | None = None,
    **overrides: Unpack[LabelKeywords],
) -> LabelledVideo:
    """Track the players and the ball in a video and return what makes good labels.

    Args:
        source: a video, an image folder, or a recording (``.npz``), whose labels have no pictures.
        settings: a `LabelSettings`; None is its defaults.
        track: how to detect and track; None is the defaults of `sportstrack.track_video`.
        detector: a callable ``frames -> list[Detections]``, or a name, used instead of the settings' weights.
        progress: True shows a bar; or it is called after each frame with (done, expected or None).
        **overrides: single fields of `TrackSettings`, such as ``weights="best.pt"``; ``tracker``, ``embedder`` and
            ``camera`` may be objects, as for `sportstrack.track_video`.

    Raises:
        SportstrackError: as `sportstrack.track_video`.
        SourceError: a live source, which has no frames to go back to.
    """
    asked: dict[str, Any] = dict(overrides)
    if isinstance(detector, str):
        asked["detector"], detector = detector, None
    parts = {name: asked.pop(name) for name in ("tracker", "embedder", "camera") if name in asked}
    named = {name: value for name, value in parts.items() if isinstance(value, str)}
    how = (track or TrackSettings()).changed(**asked, **named)
    how = how.with_own_tracker() if "tracker" in parts and "tracker" not in named else how
    recorded = str(source) if is_recording(source) else how.detections
    if recorded is None:
        _refuse_live(source)
        detector = ready(detector, how)
    if recorded is not None and not is_recording(recorded):
        raise SettingError(f"{recorded}: is no recording; make one of it: sportstrack track --save-detections")
    frames: list[TrackedFrame] = []
    wanted = settings or LabelSettings()
    every = wanted.every
    # Neither outputs nor pictures: offline work happens here, so that the video is read once.
    summary = track_video(
        source if recorded is None else recorded,
        settings=how.changed(offline=False, formats=(), detections=None, every=1),
        detector=detector,
        on_frame=lambda frame: frames.append(_kept(frame, with_mask=frame.index % every == 0)),
        progress=progress,
        **explicit(how, asked),
        **{name: value for name, value in parts.items() if name not in named},
    )
    names = _names(detector, recorded, wanted.rename)
    return _labelled(source, recorded, frames, summary, names, how, wanted)


def _labelled(
    source: str | Path,
    recorded: str | None,
    frames: Sequence[TrackedFrame],
    summary: Summary,
    names: Mapping[int, tuple[str, str]],
    how: TrackSettings,
    wanted: LabelSettings,
) -> LabelledVideo:
    """Return the labels of a tracked video."""
    numbers = np.array([frame.index for frame in frames], np.int64)
    kept = numbers[numbers % wanted.every == 0]
    ball = how.ball_ids({number: name for number, (name, _) in names.items()}) or ()
    boxes = _tracks(frames, summary, offline=wanted.offline, shots=how.shots, ball=ball)
    told: list[str] = []
    if wanted.edits is not None:
        boxes, told = corrected(boxes, wanted.edits)
    boxes = one_class_each(keep_sure(boxes, wanted.min_track_score, wanted.min_track_frames))
    boxes, classes = numbered(*_chosen(boxes, names, how))
    boxes = on_frames(within(boxes, summary.width, summary.height), kept)
    boxes = boxes.ordered()
    masks = {frame.index: mask for frame in frames if (mask := frame.detections.mask) is not None}
    has_images = not is_recording(source)
    is_folder = recorded is None and (Path(source).is_dir() or Path(source).name.lower() == "seqinfo.ini")
    return LabelledVideo(
        summary.name if recorded is None or not has_images else file_name(Path(source).stem),
        str(source),
        summary.width,
        summary.height,
        summary.frame_rate,
        frames[-1].index + 1 if frames else 0,
        kept,
        boxes,
        classes,
        has_images,
        numbers if is_folder else None,
        (*summary.warnings, *told),
        masks_of_boxes(boxes, masks),
    )


def _kept(frame: TrackedFrame, *, with_mask: bool) -> TrackedFrame:
    """Return what a frame's labels are made of; masks take memory and are kept of labelled frames alone."""
    mask = frame.detections.mask if with_mask else None
    return replace(frame, image=None, detections=replace(frame.detections, mask=mask))


def label_name(source: str | Path, track: TrackSettings) -> str:
    """Return the name that `label_video` will give to a source, without tracking it.

    Raises:
        SourceError: there is nothing to read.
    """
    if str(source).endswith(".npz"):
        from sportstrack.recording import Recording

        return file_name(Recording(source).info.name)
    if track.detections is not None:
        return file_name(Path(source).stem)
    from sportstrack.video import probe

    return file_name(probe(source).name)


def _refuse_live(source: str | Path) -> None:
    from sportstrack.video import probe

    if probe(source).live:
        raise SourceError(f"{source}: a live source has no frames to go back to; save it as a video first")


def _tracks(
    frames: Sequence[TrackedFrame], summary: Summary, *, offline: bool, shots: bool, ball: Sequence[int] = ()
) -> TrackTable:
    """Return the tracks over the video's own frame numbers, refined if that is wanted; classes are the detector's."""
    if offline and frames:
        rate = summary.frame_rate / summary.settings["every"]
        cuts = summary.shot_starts(frames) if shots else []
        table = refined(frames, frame_rate=rate, width=summary.width, height=summary.height, cuts=cuts, ball=ball)
    else:
        tracks = [frame.tracks.with_boxes() for frame in frames]
        table = TrackTable.from_tracks(tracks, frames=[frame.index for frame in frames], coasting=True)
    return replace(table, class_id=class_ids(table.class_id))


def _names(detector: Any, recorded: str | None, rename: Mapping[str, str]) -> dict[int, tuple[str, str]]:
    """Return class id → the detector's name and the label's."""
    from sportstrack.recording import Recording

    known = Recording(recorded).info.names if recorded is not None else getattr(detector, "names", None) or {}
    names: dict[int, str] = {int(i): str(name) for i, name in sorted(dict(known).items())}
    rename = {same_name(old): new for old, new in rename.items()}
    missing = [old for old in rename if old not in map(same_name, names.values())]
    if missing and names:
        raise SettingError(f"--rename: {unknown('class', missing[0], names.values())}")
    return {i: (name, rename.get(same_name(name), name)) for i, name in names.items()}


def _chosen(
    boxes: TrackTable, names: Mapping[int, tuple[str, str]], how: TrackSettings
) -> tuple[TrackTable, dict[int, str]]:
    """Return the boxes of the classes asked for, and class id → label; unasked, of those that can occur."""
    from sportstrack.detect.common import class_ids

    own = {i: name for i, (name, _) in names.items()}
    kept = class_ids(how.classes or "sports", own) if own else None
    if kept is not None and how.classes:
        boxes = boxes[np.isin(boxes.class_id, kept)]
    there = set(np.unique(boxes.class_id).tolist())
    return boxes, {i: label for i, (_, label) in names.items() if kept is None or i in kept or i in there}
