"""The command ``python -m sportstrack.label`` (console: ``sportstrack label``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from sportstrack.cli import new_parser, report_error, run
from sportstrack.cli.arguments import Real, Together
from sportstrack.cli.progress import ProgressBar, say_at_terminal
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_config, add_overwrite, add_quiet
from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError, SportstrackError
from sportstrack.label.cvat import TOLERANCE
from sportstrack.label.labelstudio import LOCAL_FILES
from sportstrack.label.place import Place, held_data_set
from sportstrack.label.run import LabelSettings, label_name, label_video
from sportstrack.label.table import LabelledVideo, refuse_twins
from sportstrack.label.training import PARTS, write_training
from sportstrack.label.yolo import to_table, write_yolo_labels
from sportstrack.track.in_force import explicit, is_recording, without_detector
from sportstrack.track.settings import TrackSettings, read_settings

PROGRAM = "sportstrack label"
FORMATS = ("yolo", "cvat", "labelstudio", "coco", "training")
EVERY = 25  # frames, for training where --every does not say

_EXAMPLES = """examples:
  sportstrack label match.mp4 --weights best.pt --every 25 -o football-new          YOLO: pictures, labels, data.yaml
  sportstrack label match.mp4 --weights best.pt --format cvat -o to-correct         to-correct/match.xml
  sportstrack label runs/track/match.npz --format cvat -o to-correct                from a recording, without the video
  sportstrack label match.mp4 --detections match.npz --format labelstudio -o ls     pictures and ls/match.json
  sportstrack label match.mp4 --detections match.npz --edits match.edits.jsonl --format training -o corrected
                                                              labels, crops of people and truth, of corrected tracks
  sportstrack label *.mp4 --rename person=player,"sports ball"=ball -o football-new

Tracks fill the detector's gaps. A filled box is marked: occluded="1" in CVAT, the note "filled" in Label Studio, and
review.csv counts them per picture beside YOLO labels. Correct the labels before you train from them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Label the videos named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM, "Write labels to correct instead of to draw: every tracked box of a video, gaps filled.", _EXAMPLES
    )
    add = parser.add_argument
    add("sources", nargs="+", metavar="VIDEO", help="video file, folder of images, or a recording (.npz)")
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the outputs, such as football-new")
    add(
        "--format",
        choices=FORMATS,
        default="yolo",
        help="yolo, coco: to train on; cvat, labelstudio: to correct there; training: data sets of corrected tracks "
        "(yolo)",
    )
    add_overwrite(parser)
    add_quiet(parser)

    group = parser.add_argument_group("what becomes a label")
    add_settings(group, LabelSettings, ("every", "min_track_score", "min_track_frames"))
    way = group.add_mutually_exclusive_group()
    way.add_argument(
        "--offline",
        action="store_true",
        default=argparse.SUPPRESS,
        help="use the whole video: link, fill gaps, smooth (the default)",
    )
    way.add_argument(
        "--causal",
        dest="offline",
        action="store_false",
        default=argparse.SUPPRESS,
        help="leave gaps: what a live run would give",
    )
    add_settings(
        group, LabelSettings, ("rename", "edits"), rename={"type": _renames, "action": Together, "metavar": "OLD=NEW,…"}
    )

    group = parser.add_argument_group("detector and tracker")
    add_config(group)
    add_settings(
        group,
        DetectorSettings,
        ("weights", "detector", "imgsz", "score", "classes", "device", "engine", "precision", "enhance", "thermal")
        + ("trust", "batch"),
    )
    add_settings(
        group,
        TrackSettings,
        ("slices", "quality", "detections", "embedder", "tracker", "ball", "ball_score", "frame_rate"),
    )

    group = parser.add_argument_group("formats")
    add = group.add_argument
    add("--split", default="train", help="yolo, training: the split that the pictures go to, such as val (train)")
    add(
        "--tolerance",
        type=Real(),
        default=TOLERANCE,
        metavar="SHARE",
        help=f"cvat: how far a box may lie beside the line between key frames, in box heights ({TOLERANCE:g})",
    )
    add(
        "--image-root",
        default=LOCAL_FILES + "images/",
        metavar="ADDRESS",
        help=f"labelstudio: what stands in front of NAME/000001.jpg, such as https://host/ ({LOCAL_FILES}images/)",
    )
    return parser


def _main(options: argparse.Namespace) -> int:
    how, wanted = _settings(options)
    twin = refuse_twins([Path(source).stem for source in options.sources])
    if twin is not None:
        raise SettingError(f"two videos are called {twin}; label them one by one, each with its own -o")
    if how.detections and len(options.sources) > 1:
        raise SettingError("--detections belongs to one video: name one")
    if how.detections is None and wanted.edits and len(options.sources) > 1:
        raise SettingError("--edits belongs to one video: name one")
    if options.format == "training":
        _, failed = _label_for_training(options, how, wanted)
    elif options.format != "yolo":
        _, failed = _label_all(options, how, wanted)
    else:
        with held_data_set(options.output, options.sources, options.overwrite) as replace:
            videos, failed = _label_all(options, how, wanted)
            if videos:
                with ProgressBar("pictures", "picture", options.quiet) as bar:
                    write_yolo_labels(videos, options.output, split=options.split, overwrite=replace, progress=bar)
                _say(f"wrote {options.output}: pictures, labels, data.yaml, review.csv", options)
    if failed:
        sys.stderr.write(f"{PROGRAM}: {failed} of {len(options.sources)} videos failed\n")
    return 2 if failed else 0


def _label_for_training(
    options: argparse.Namespace, how: TrackSettings, wanted: LabelSettings
) -> tuple[list[LabelledVideo], int]:
    """Label whole videos, and write data sets of every Nth frame and truth of all."""
    every = wanted.every if "every" in vars(options) else EVERY
    videos, failed = _label_all(options, how, replace(wanted, every=1))
    if videos:
        with ProgressBar("pictures", "picture", options.quiet) as bar:
            made = write_training(
                videos, options.output, split=options.split, every=every, overwrite=options.overwrite, progress=bar
            )
        parts = ", ".join(f"{name}/ ({about})" for name, about in PARTS.items())
        counts = f"{made['pictures']} pictures, {made['crops']} crops, {made['boxes']} boxes of truth"
        _say(f"wrote {options.output}: {parts}; {counts}", options)
    return videos, failed


def _settings(options: argparse.Namespace) -> tuple[TrackSettings, LabelSettings]:
    own = given(options, LabelSettings)
    asked = given(options, TrackSettings, but=own)
    values = read_settings(options.config, trust="trust" in asked, named=asked) if options.config else {}
    how = TrackSettings().changed(**values | asked)
    if how.detections or all(map(is_recording, options.sources)):
        how = without_detector(how, asked)  # a settings file may describe a whole run
    return how, LabelSettings(**own)


def _label_all(
    options: argparse.Namespace, how: TrackSettings, wanted: LabelSettings
) -> tuple[list[LabelledVideo], int]:
    """Label each video; write it at once where formats have a file per video; count those that failed."""
    from sportstrack.track.detector import LazyDetector

    detector, videos, failed = LazyDetector(how), [], 0

    def label(source: str) -> LabelledVideo:
        with ProgressBar(Path(source).name, quiet=options.quiet) as bar:
            asked = explicit(how, vars(options))
            return label_video(source, settings=wanted, track=how, detector=detector, progress=bar, **asked)

    if not (how.detections or all(map(is_recording, options.sources))):
        say_at_terminal(f"loading {how.detector or how.weights} …", quiet=options.quiet)
    for source in options.sources:
        try:
            if options.format in ("yolo", "training"):
                video = label(source)
                to_table([video])  # a recording has no pictures: say so now
            else:
                video = _label_to_files(source, options, how, label)
            videos.append(video)
            _say(video.as_text(), options)
        except SportstrackError as error:
            if len(options.sources) == 1:
                raise
            failed += 1  # the other videos may be fine
            report_error(error, PROGRAM)
    return videos, failed


def _label_to_files(
    source: str, options: argparse.Namespace, how: TrackSettings, label: Callable[[str], LabelledVideo]
) -> LabelledVideo:
    """Label one video and write the files that are its own; the place is looked at first."""
    inputs = [source, *([how.detections] if how.detections else [])]
    place = Place(options.output, options.format, label_name(source, how), source, inputs, options.overwrite)
    with place.claimed() as claim:
        video = label(source)
        if options.format == "labelstudio" and video.pictures:
            with ProgressBar("pictures", "picture", options.quiet) as bar:
                done = count(1)
                place.write_pictures(video, lambda: bar(next(done), len(video.frames)))
        elif options.format == "labelstudio":
            _say(f"{video.source} has no pictures: put them where {video.name}.json looks for them", options)
        place.write(claim, video, options.tolerance, options.image_root)
    return video


def _say(text: str, options: argparse.Namespace) -> None:
    if not options.quiet:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def _renames(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        old, equals, new = (word.strip() for word in part.partition("="))
        if not (old and equals and new):
            raise argparse.ArgumentTypeError(f"expected OLD=NEW, such as person=player, got {part!r}")
        pairs[old] = new
    return pairs


if __name__ == "__main__":
    sys.exit(main())
