"""The settings of a tracking run, in one place: Python, command line and YAML file all fill this table."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sportstrack.detect.settings import LOWEST_BALL_SCORE, DetectorSettings, as_classes
from sportstrack.detect.settings import LOWEST_SCORE as LOWEST_SCORE
from sportstrack.detect.sizes import BALANCED, DEFAULT_SIZE, QUALITIES
from sportstrack.detect.slices import NONE as NONE
from sportstrack.detect.slices import layout
from sportstrack.draw.items import DEFAULT, ITEMS, PRESETS, items_of
from sportstrack.errors import FormatError, SettingError, SourceError, unknown
from sportstrack.files.reading import read_yaml
from sportstrack.identities.names import parse_teams
from sportstrack.identities.roster import MOST_PEOPLE
from sportstrack.limits import MAX_FRAME_RATE, MAX_FRAMES
from sportstrack.options import option
from sportstrack.track.trust import refuse_code
from sportstrack.trackers import DEFAULT_TRACKER, TRACKERS

BOXES = ("smoothed", "detected")
FORMATS = ("video", "mot", "mots", "jsonl", "csv", "coco", "heatmap", "players")
AUTO, OFF = "auto", "off"


@dataclass(frozen=True)
class TrackSettings(DetectorSettings):
    """How to track a video; each field is an option of ``sportstrack track`` and a key of its ``--config`` file.

    The detector's settings are those of `sportstrack.detect.settings.DetectorSettings`.

    Attributes:
        slices: detect in overlapping slices: none, COLUMNSxROWS such as 2x1, or auto, which cuts frames more than twice
            as large as the network's input. Small players and the ball are found, in more time.
        quality: fast, balanced or best: input size, appearance and refinement together; single options win over it
            (see `sportstrack.track.quality`).
        embedder: appearance vectors: kit (colours, no network), osnet, FILE.onnx, torchvision:NAME, detector (its own
            features), several joined by +, package.module:attribute, or none. None leaves it to the quality, or to the
            recording.
        camera: camera motion: flow, orb, ecc, boxes or package.module:Class. None leaves that to the tracker.
        shots: look for shot changes, so that no identity is matched by position across a shot change.
        on_pitch: auto leaves out people off the field (bench, stand), where its colour shows it; off tracks everybody.
            A replay takes the verdict that was recorded, or ignores it.
        teams: find teams, goalkeepers and officials by their kits: auto, off, or NAME=COLOUR,NAME=COLOUR, which names
            them: ``home=white,away=green`` takes the nearest colours. auto looks where the run has an embedder.
        team_colours: JSON file with the teams' colours: read if it is there, so that names stay the same from run to
            run, else written at the end.
        numbers: read shirt numbers and vote on one for each track; needs the extra ``numbers``. None: in a replay as it
            was recorded, else no.
        roster: CSV or YAML file with team, number, name, role of people: names them; offline each has one id.
        most_ids: never more ids of people than so many, such as 23 if you know that nobody else is there; 0 is no
            limit. None: the size of the roster; without one no limit. A track beyond that gets the id of somebody who
            is gone; only where more people are there at one time are there more ids.
        tracker: ball, botsort, bytetrack, cbiou, deepeiou, deepsort, jde, ocsort, sort, sports or package.module:Class.
        tracker_settings: the tracker's own settings (``--set key=value``).
        refine_settings: of the refinement, where tracks are refined: fields of `sportstrack.RefineSettings` that differ
            from its defaults; ``sportstrack tune`` writes them.
        ball: ids or names of the ball's class, or none: one ball at a time is followed, by a tracker of its own. None
            takes the detector's classes that are called a ball (sports ball, basketball, puck …); but the tracker
            ``ball`` and a tracker of your own get every class, unless the ball is named here.
        ball_score: lowest score of a box of the ball. None is 0.05, or the lowest score of all boxes if that is lower;
            of a recording it takes all, as ``score`` does.
        offline: refine the tracks afterwards, with the whole video known: link, fill gaps, smooth (two passes). None
            leaves it to the quality.
        every: use every Nth frame only.
        live: keep only the newest frame, so that latency does not grow.
        frame_rate: frames per second of a source without times, such as an image folder, or of a recording. None takes
            what the source states, else 25.
        formats: outputs, comma-separated: video, mot, mots, jsonl, csv, coco, heatmap, players, or all. In Python a
            list. mots and coco hold masks, where the detector gives any.
        mot_classes: whether MOT text holds the class (its id + 1) in column 8, or -1: yes or no.
        boxes: which boxes to write and draw: smoothed where the tracker makes any, or detected.
        draw: what the video shows, comma-separated: presets broadcast, analyst, debug; items box, corner, ellipse,
            ball, trace, id, team, role, number, name, class, score, speed, label, mask, keypoints, clock, minimap.
        draw_enhanced: draw on the pictures as the detector saw them, where they were enhanced, instead of the
            original ones.
        show: show the frames in a window while they are drawn.
        save_detections: record the detections in NAME.npz for replays.
        detections: replay this recording instead of running a detector, or another program's detections: MOT text, CSV,
            COCO results, supervision's JSON, or a folder of YOLO labels (see `sportstrack.foreign`).
        pitch: NAME.pitch.jsonl of sportstrack pitch: JSON lines and CSV get places on the pitch in metres.
        size: of the pictures, as WIDTHxHEIGHT, for such detections without their video.
        first_frame: number of the first frame in such detections, 0 or 1. None: 0 in a file that has a frame 0, else 1
            in MOT text, COCO results and YOLO labels, and 0 in CSV and JSON.
    """

    slices: str = option(
        NONE,
        "detect in overlapping slices: none, COLUMNSxROWS such as 2x1, or auto, which cuts frames more than twice as "
        "large as the network's input",
        metavar="CxR",
    )
    quality: str = option(
        BALANCED,
        "fast, balanced or best: input size, appearance and refinement together; single options win over it",
        choices=QUALITIES,
    )
    embedder: str | None = option(
        None,
        "appearance vectors: kit (colours, no network), osnet, FILE.onnx, torchvision:NAME, detector (its own "
        "features), several joined by +, package.module:attribute, or none",
        shown="by quality: kit for SportsTrack",
        metavar="NAME",
    )
    camera: str | None = option(
        None,
        "camera motion: flow, orb, ecc, boxes or package.module:Class",
        shown="none; a tracker may estimate it by itself",
        metavar="NAME",
    )
    shots: bool = option(True, "look for shot changes")
    on_pitch: str = option(
        AUTO,
        "auto leaves out people off the field (bench, stand), where its colour shows it; off tracks everybody",
        choices=(AUTO, OFF),
    )
    teams: str = option(
        AUTO,
        "find teams, goalkeepers and officials by their kits: auto, off, or NAME=COLOUR,NAME=COLOUR, which names them",
        metavar="TEAMS",
        pairs=True,
    )
    team_colours: str | None = option(
        None,
        "JSON file with the teams' colours: read if it is there, so that names stay the same from run to run, else "
        "written",
        metavar="FILE",
    )
    numbers: bool | None = option(
        None,
        "read shirt numbers and vote on one for each track; needs the extra numbers",
        shown="off; in a replay as it was recorded",
    )
    roster: str | None = option(
        None,
        "CSV or YAML file with team, number, name, role of people: names them; offline each has one id",
        metavar="FILE",
    )
    most_ids: int | None = option(
        None,
        "never more ids of people than so many, such as 23 if you know that nobody else is there; 0 is no limit",
        shown="the size of the roster; without one no limit",
        low=0,
        high=MOST_PEOPLE,
        metavar="N",
    )
    tracker: str = option(DEFAULT_TRACKER, f"{', '.join(sorted(TRACKERS))} or package.module:Class")
    tracker_settings: Mapping[str, Any] = field(default_factory=dict)
    refine_settings: Mapping[str, Any] = field(default_factory=dict)
    ball: Sequence[int | str] | None = option(
        None,
        "ids or names of the ball's class, or none: one ball at a time is followed, by a tracker of its own",
        shown="the detector's class ball, if it has one",
        metavar="CLASS,…",
    )
    ball_score: float | None = option(
        None, "lowest score of a box of the ball", shown=str(LOWEST_BALL_SCORE), low=0, high=1, metavar="SCORE"
    )
    offline: bool | None = option(
        None,
        "refine the tracks afterwards, with the whole video known: link, fill gaps, smooth (two passes)",
        shown="by quality: best alone",
    )
    every: int = option(1, "use every Nth frame only", low=1, high=MAX_FRAMES, metavar="N")
    live: bool = option(False, "keep only the newest frame, so that latency does not grow")
    frame_rate: float | None = option(
        None,
        "frames per second of a source without times, such as an image folder",
        shown="25",
        low=1e-6,
        high=MAX_FRAME_RATE,
        metavar="FPS",
    )
    formats: Sequence[str] = option(
        ("video", "mot"),
        f"outputs, comma-separated: {', '.join(FORMATS)}, or all",
        choices=FORMATS,
        metavar="LIST",
    )
    mot_classes: str = option(
        "yes", "whether MOT text holds the class (its id + 1) in column 8, or -1", choices=("yes", "no")
    )
    boxes: str = option(
        "smoothed", "which boxes to write and draw: smoothed where the tracker makes any, or detected", choices=BOXES
    )
    draw: Sequence[str] = option(
        DEFAULT,
        f"what the video shows, comma-separated: presets {', '.join(PRESETS)}; items {', '.join(ITEMS)}",
        metavar="LIST",
    )
    draw_enhanced: bool = option(
        False, "draw on the pictures as the detector saw them, where they were enhanced, instead of the original ones"
    )
    show: bool = option(False, "show the frames in a window while they are drawn")
    save_detections: bool = option(False, "record the detections in NAME.npz for replays")
    detections: str | None = option(
        None,
        "replay this recording instead of running a detector, or another program's detections: MOT text, CSV, "
        "COCO results, supervision's JSON, or a folder of YOLO labels",
        metavar="PATH",
    )
    size: tuple[int, int] | None = option(
        None, "of the pictures, as WIDTHxHEIGHT, for such detections without their video", metavar="WxH"
    )
    first_frame: int | None = option(
        None, "number of the first frame in such detections, 0 or 1", shown="by the file", low=0, high=1, metavar="N"
    )

    pitch: str | None = option(
        None,
        "NAME.pitch.jsonl of sportstrack pitch: JSON lines and CSV get places on the pitch in metres",
        metavar="FILE",
    )

    def __post_init__(self) -> None:
        if (named := getattr(self, "teams")) in (True, False):  # noqa: B009 - what YAML makes of on and off
            object.__setattr__(self, "teams", AUTO if named else OFF)
        for name in ("detections", "pitch", "team_colours", "roster"):
            if isinstance(path := getattr(self, name), os.PathLike):
                object.__setattr__(self, name, os.fspath(path))
        if isinstance(named := getattr(self, "ball"), str):  # noqa: B009 - typed as a list
            object.__setattr__(self, "ball", as_classes(named))
        if isinstance(written := getattr(self, "mot_classes"), bool):  # noqa: B009 - what YAML makes of yes and no
            object.__setattr__(self, "mot_classes", "yes" if written else "no")
        super().__post_init__()
        layout(self.slices, (1, 1), self.imgsz or DEFAULT_SIZE)
        items_of(self.draw)
        parse_teams(self.teams)
        if self.refine_settings:
            from sportstrack.refine.settings import checked

            checked(self.refine_settings)

    @property
    def embeds_with(self) -> str | None:
        """The embedder to load, or None."""
        return None if self.embedder is None or self.embedder.lower() == NONE else self.embedder

    def ball_ids(self, names: Mapping[int, str]) -> list[int] | None:
        """Return the ids of the classes that the ball tracker follows; None runs no ball tracker.

        Args:
            names: class id → name, of the detector or the recording.

        Raises:
            SettingError: a class is named that is not there.
        """
        from sportstrack.detect.common import class_ids

        if self.ball is not None:
            numbers = {int(one): str(one) for one in self.ball if str(one).isdecimal()}  # all there is without names
            return None if self.ball_is_off else class_ids(self.ball, names or numbers)
        if self.ball_is_off or not names:
            return None
        from sportstrack.classes import ball_ids

        kept = class_ids("all" if self.classes is None else self.classes, names)
        return [number for number in ball_ids(names) if kept is None or number in kept] or None

    @property
    def knows_who(self) -> bool:
        """Whether a run learns who its tracks are."""
        return bool(self.numbers) or self.teams != OFF or self.roster is not None

    @property
    def shows_images(self) -> bool:
        """Whether an output of the run is made of the video's pictures."""
        return self.show or bool({"video", "heatmap", "players"} & set(self.formats))

    def with_own_tracker(self) -> TrackSettings:
        """Return the settings of a run whose tracker is an object: it gets every class, unless the ball is named."""
        return self if self.ball is not None else self.changed(ball=("none",))

    @property
    def ball_is_off(self) -> bool:
        """Whether no ball tracker runs, whatever classes the detector has."""
        if self.ball is not None:
            return [str(one).lower() for one in self.ball] in ([], ["none"])
        return self.tracker.lower() == "ball" or ":" in self.tracker

    def changed(self, **values: Any) -> TrackSettings:
        """Return a copy with other values; SettingError for an unknown name."""
        return replace(self, **checked_names(values))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, fit for YAML and JSON."""
        values = asdict(self)
        values["formats"], values["draw"] = list(self.formats), list(self.draw)
        for name in ("classes", "ball", "size"):
            values[name] = None if values[name] is None else list(values[name])
        own = self.tracker_settings.items()
        values["tracker_settings"] = {k: list(v) if isinstance(v, tuple) else v for k, v in own}
        return values


def checked_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values if every name is a setting; SettingError with the nearest valid one otherwise."""
    known = [f.name for f in fields(TrackSettings)]
    for name in values:
        if name not in known:
            raise SettingError(unknown("setting", name, known))
    return dict(values)


def read_settings(path: str | Path, *, trust: bool = False, named: Collection[str] = ()) -> dict[str, Any]:
    """Read a YAML file of settings.

    A file alone makes nothing run and fetches nothing from an address of its own: a setting that would is refused.

    Args:
        path: the file.
        trust: take such settings as well; only from files that you trust.
        named: settings that the caller names itself and that count instead of the file's.

    Raises:
        SourceError: no such file.
        FormatError: not YAML, or not a table of settings; the message names the line where YAML knows it.
        SettingError: a setting that needs ``trust``; the message names the file and the setting.
    """
    file = Path(path)
    if not file.is_file():
        raise SourceError(f"{file}: settings cannot be read: no such file")
    values = read_yaml(file)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise FormatError(f"{file}: expected lines like 'tracker: bytetrack', got a {type(values).__name__}")
    try:
        values = checked_names({str(name): value for name, value in values.items()})
        TrackSettings(**values)
    except SettingError as error:
        raise FormatError(f"{file}: {error}") from error
    if not trust:
        refuse_code({name: value for name, value in values.items() if name not in named}, file)
    return values


def settings_text(settings: TrackSettings | Mapping[str, Any]) -> str:
    """Return settings, or the plain values of some of them, as YAML that ``--config`` takes back."""
    import yaml

    values = settings.as_dict() if isinstance(settings, TrackSettings) else dict(settings)
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text
