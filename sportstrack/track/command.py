"""The command ``python -m sportstrack.track VIDEO…`` (console: ``sportstrack track``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.cli import new_parser, print_json, report_error, run
from sportstrack.cli.arguments import size, words
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_config, add_json, add_output, add_overwrite, add_quiet
from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError, SportstrackError
from sportstrack.track.assignments import parse_assignments
from sportstrack.track.in_force import explicit, is_recording, without_detector
from sportstrack.track.settings import TrackSettings, read_settings
from sportstrack.track.source_names import names_for
from sportstrack.trackers import TRACKERS, config_class, setting_types

if TYPE_CHECKING:
    from sportstrack.track.detector import LazyDetector
    from sportstrack.track.summary import Summary

PROGRAM = "sportstrack track"

_EXAMPLES = """examples:
  sportstrack track --demo                          try it: built-in clip and weights, no network
  sportstrack track match.mp4                       YOLOv8n and SportsTrack, results in runs/track
  sportstrack track *.mp4 -o out --resume           many videos, skipping the finished ones
  sportstrack track match.mp4 --weights best.pt --imgsz 1280 --classes player,ball
  sportstrack track match.mp4 --quality best        overnight: large input, OSNet if it is here, refined
  sportstrack track match.mp4 --tracker sort --set max_age=5
  sportstrack track match.mp4 --tracker bytetrack --set preset=sports   tuned on sports
  sportstrack track match.mp4 --tracker botsort --embedder kit --camera flow
  sportstrack track match.mp4 --draw analyst,speed   corners, paths and speeds instead of ellipses
  sportstrack track match.mp4 --teams home=white,away=green   name the teams by the colours of their shirts
  sportstrack track half1.mp4 half2.mp4 --team-colours match.json   A and B mean the same in both
  sportstrack track match.mp4 --ball none            the ball like all other classes
  sportstrack track match.mp4 --pitch runs/pitch/match.pitch.jsonl --formats csv   places in metres
  sportstrack track match.mp4 --on-pitch off         bench and stand as well
  sportstrack track match.mp4 --numbers              shirt numbers of the tracks (extra: numbers)
  sportstrack track match.mp4 --roster squads.csv --offline   people in place of tracks, and who was seen when
  sportstrack track match.mp4 --most-ids 23          never more ids than people, where you know how many there are
  sportstrack track match_4k.mp4 --slices auto       small players and the ball in large pictures
  sportstrack track match.mp4 --offline              look back from the end: fewer switches, no gaps
  sportstrack track SportsMOT/val/v_00HRwkvvjtQ_c001 --formats mot
  sportstrack track rtsp://camera/stream --live
  sportstrack track match.mp4 --save-detections     record, then replay in a moment with another tracker:
  sportstrack track --detections runs/track/match.npz --tracker sort
  sportstrack track match.mp4 --detections boxes.csv                                another program's detections
  sportstrack track --detections det.txt --frame-rate 25 --size 1280x720           the same without the video
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Track the sources named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Track all players and the ball in sports videos: video in; annotated video, MOT text and a summary out.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="video file, folder of images, SportsMOT/MOT sequence folder, camera number, "
        "rtsp://, udp:// or http:// address, or a recording (.npz)",
    )
    add_output(parser, "runs/track")
    add("--demo", action="store_true", help="track the built-in clip with the built-in weights, offline")
    add_config(parser)

    add_settings(parser, TrackSettings, ["quality"])
    group = parser.add_argument_group("detector")
    add_settings(group, DetectorSettings, [field.name for field in fields(DetectorSettings)])
    add_settings(group, TrackSettings, ("slices",))
    group = parser.add_argument_group("appearance, camera and shots")
    add_settings(group, TrackSettings, ("embedder", "camera", "shots", "on_pitch"))

    group = parser.add_argument_group("who is who")
    add_settings(
        group,
        TrackSettings,
        (
            "teams",
            "team_colours",
            "numbers",
            "roster",
            "most_ids",
        ),
    )

    group = parser.add_argument_group("tracker")
    add_settings(group, TrackSettings, ("tracker", "ball", "ball_score", "offline"))
    add = group.add_argument
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the tracker; may be repeated")
    add("--strict", action="store_true", help="stop at an unusable box (NaN, inverted) instead of dropping it")
    add("--list-trackers", action="store_true", help="print the trackers with their settings and stop")

    group = parser.add_argument_group("frames")
    add_settings(group, TrackSettings, ("every", "live", "frame_rate"))

    group = parser.add_argument_group("output")
    add_settings(
        group,
        TrackSettings,
        (
            "formats",
            "mot_classes",
            "boxes",
            "draw",
            "draw_enhanced",
            "show",
            "save_detections",
            "detections",
            "size",
            "first_frame",
            "pitch",
        ),
        draw={"type": words, "nargs": None},
        size={"type": size},
    )
    group.add_argument("--resume", action="store_true", help="skip sources whose complete result is there already")
    add_overwrite(group)
    add_quiet(group)
    add_json(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    if options.list_trackers:
        sys.stdout.write(tracker_list())
        return 0
    settings = _settings(options)
    sources = _sources(options, settings)
    return _track_all(sources, settings, options)


def _settings(options: argparse.Namespace) -> TrackSettings:
    asked = given(options, TrackSettings)
    values = read_settings(options.config, trust="trust" in asked, named=asked) if options.config else {}
    values |= {"weights": "demo", "imgsz": 1280} if options.demo else {}
    values |= asked
    settings = TrackSettings().changed(**values)
    if settings.detections or all(map(is_recording, options.sources or [""])):
        settings = without_detector(settings, list(asked))  # a settings file may describe a whole run
    own = dict(settings.tracker_settings) | parse_assignments(settings.tracker, options.set)
    if options.strict:
        own["strict"] = True
    return settings.changed(tracker_settings=own)


def _sources(options: argparse.Namespace, settings: TrackSettings) -> list[str]:
    sources: list[str] = list(options.sources)
    if options.demo:
        from sportstrack.models.weights import assets_folder

        sources.append(str(assets_folder() / "demo.mp4"))
    if settings.detections and not sources:
        sources.append(settings.detections)
    if not sources:
        raise SettingError("no source: name a video, folder, camera or address, or try --demo (see --help)")
    if settings.detections and len(sources) > 1:
        raise SettingError("--detections replays one recording: name one source")
    return sources


def _track_all(sources: list[str], settings: TrackSettings, options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import say_at_terminal
    from sportstrack.track.detector import LazyDetector

    if not (settings.detections or all(map(is_recording, sources))):
        say_at_terminal(_beginning(settings, demo=options.demo), quiet=options.quiet or options.json)
    detector, failed = LazyDetector(settings), 0
    for source, name in zip(sources, names_for(sources), strict=True):
        try:
            _track_one(source, name, detector, settings, options)
        except SportstrackError as error:
            if len(sources) == 1:
                raise
            failed += 1  # the other sources may be fine
            report_error(error, PROGRAM)
    if failed:
        sys.stderr.write(f"{PROGRAM}: {failed} of {len(sources)} sources failed\n")
    return 2 if failed else 0


def _beginning(settings: TrackSettings, *, demo: bool) -> str:
    """Return what a person reads while PyTorch and the network load, which takes seconds."""
    if demo:
        about = "the demo: 200 frames, about 40 seconds on two CPU cores, less on more or on a GPU\n"
        return f"{about}loading the built-in weights …"
    how = "" if settings.detector is not None else " (a first run may download and convert them)"
    return f"loading {settings.detector or settings.weights}{how} …"


def _track_one(
    source: str, name: str | None, detector: LazyDetector, settings: TrackSettings, options: argparse.Namespace
) -> None:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.track.run import track_video

    try:
        with ProgressBar(name or Path(source).name or source, quiet=options.quiet) as bar:
            summary = track_video(
                source,
                options.output,
                settings=settings,
                detector=detector,
                name=name,
                resume=options.resume,
                overwrite=options.overwrite,
                progress=bar,
                **explicit(settings, vars(options)),
            )
    except KeyboardInterrupt as error:
        if error.args:  # the summary of what was done
            _report(error.args[0], options)
        raise
    _report(summary, options)


def _report(summary: Summary, options: argparse.Namespace) -> None:
    if options.json:
        print_json(summary.as_dict())
    elif not options.quiet:
        sys.stdout.write(summary.as_text() + "\n")
    sys.stdout.flush()


def tracker_list() -> str:
    """Return the built-in trackers with their settings and defaults, as text."""
    lines = []
    for name in sorted(TRACKERS):
        about = (sys.modules[TRACKERS[name].__module__].__doc__ or "").strip().splitlines()[0]
        lines.append(f"{name}\n  {about}")
        defaults = config_class(name)()
        for setting, kind in setting_types(name).items():
            default = getattr(defaults, setting, "default" if setting == "preset" else False)
            lines.append(f"    {setting:<26} {getattr(kind, '__name__', 'numbers'):<6} {default}")
    return "\n".join(lines) + "\n"
