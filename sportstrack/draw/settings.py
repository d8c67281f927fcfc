"""The settings of ``sportstrack draw``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sportstrack.draw.items import DEFAULT, ITEMS, MINIMAP_PLACES, PRESETS, items_of
from sportstrack.errors import SettingError
from sportstrack.limits import MAX_FRAME_RATE, MAX_FRAMES
from sportstrack.options import check_options, option

OUTPUTS = ("video", "heatmap", "paths", "players")


@dataclass(frozen=True)
class DrawSettings:
    """How to draw results; each field is an option of ``sportstrack draw``.

    Attributes:
        draw: what the video shows, comma-separated: presets broadcast, analyst, debug; items box, corner, ellipse,
            ball, trace, id, class, score, speed, label, mask, keypoints, clock, minimap.
        minimap: where the item minimap is: a corner, beside the picture, or alone in place of it.
        minimap_size: its width, as a share of the picture's; beside it is as high as the picture.
        ids: tracks to highlight, comma-separated; the others are drawn in grey.
        classes: these classes only: names, or numbers as in column 8 of the MOT text.
        crop_to: follow this track with a virtual camera.
        formats: outputs, comma-separated: video, heatmap, paths, players, or all.
        frames: pictures of these frames, comma-separated, counted from 1.
        start: begin at this time of the video: seconds, 1:30 or 1:02:03.
        end: end at this time.
        frame_rate: frames per second of a source without times, such as an image folder.
        zero_based: MOT text counts frames from 0.
        show: show the frames in a window while they are drawn.
    """

    draw: Sequence[str] = option(
        DEFAULT,
        f"what the video shows, comma-separated: presets {', '.join(PRESETS)}; items {', '.join(ITEMS)}",
        metavar="LIST",
    )
    minimap: str = option("lower-right", "where the item minimap is", choices=MINIMAP_PLACES)
    minimap_size: float = option(
        0.3, "its width in a corner, as a share of the picture's", low=0.1, high=1.0, metavar="0.1..1"
    )
    ids: Sequence[int] | None = option(
        None, "tracks to highlight, comma-separated; the others are drawn in grey", metavar="LIST"
    )
    classes: Sequence[int | str] | None = None
    crop_to: int | None = option(None, "follow this track with a virtual camera", metavar="ID")
    formats: Sequence[str] | None = option(
        None, f"outputs, comma-separated: {', '.join(OUTPUTS)}, or all", shown="video", choices=OUTPUTS, metavar="LIST"
    )
    frames: Sequence[int] = option(
        (), "pictures of these frames, comma-separated, counted from 1", low=1, high=MAX_FRAMES, metavar="LIST"
    )
    start: float = option(
        0.0, "begin at this time of the video: seconds, 1:30 or 1:02:03", shown="its start", low=0.0, metavar="TIME"
    )
    end: float | None = option(None, "end at this time", shown="its end", low=0.0, metavar="TIME")
    frame_rate: float | None = option(
        None,
        "frames per second of a source without times, such as an image folder",
        shown="25",
        low=1e-6,
        high=MAX_FRAME_RATE,
        metavar="FPS",
    )
    zero_based: bool = option(False, "MOT text counts frames from 0")
    show: bool = option(False, "show the frames in a window while they are drawn")

    def __post_init__(self) -> None:
        check_options(self)
        items_of(self.draw)
        if self.end is not None and self.end <= self.start:
            raise SettingError(f"end: expected more than the start, {self.start:g} s, got {self.end:g} s")

    @property
    def outputs(self) -> tuple[str, ...]:
        """What is written besides pictures: as asked, else a video if no pictures are asked for."""
        return tuple(self.formats) if self.formats is not None else () if self.frames else ("video",)
