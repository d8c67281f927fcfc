"""The command ``sportstrack sot VIDEO``: follow one object."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import SIDE, Together, Whole, names_of
from sportstrack.cli.assignments import assigned
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_frame_rate, add_json, add_network_files, add_output, add_overwrite, add_quiet
from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError
from sportstrack.options import about, default_of
from sportstrack.sot.methods import METHODS, check_method, check_models
from sportstrack.sot.settings import SotSettings

if TYPE_CHECKING:
    from sportstrack.sot.ball import BallTracker
    from sportstrack.sot.run import Step
    from sportstrack.sot.summary import SotSummary
    from sportstrack.sot.types import SotResult
    from sportstrack.types import Detector, FloatArray, Image
    from sportstrack.video import Frame

PROGRAM = "sportstrack sot"
FORMATS = ("video", "mot", "otb", "heat", "json")

_EXAMPLES = """examples:
  sportstrack sot match.mp4 --init 640,300,40,90                 left, top, width, height in the first frame
  sportstrack sot match.mp4 --select                             draw the box with the mouse
  sportstrack sot MATCH --init-from MATCH/gt/gt.txt --id 7       a sequence folder, player 7
  sportstrack sot match.mp4 --ball --weights best.pt             the ball, by detector and tracker together
  sportstrack sot match.mp4 --detect person --weights yolov8n.pt   the person of highest score
  sportstrack sot match.mp4 --init 640,300,40,90 --start 250 --method kcf --formats mot
  sportstrack sot match.mp4 --init 640,300,40,90 --set low_ever=0   the light fades: follow the object on
  sportstrack sot match.mp4 --init 640,300,40,90 --method nano --model backbone=b.onnx --model neckhead=h.onnx

Frames count from 0 here and in the summary; MOT text counts them from 1.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Follow the object named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Follow one player or the ball through a video, and report when it was out of sight.",
        _EXAMPLES,
        interrupted="the files are complete up to there",
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", help="video file, folder of images, sequence folder, camera number or address")
    add_output(parser, "runs/sot")

    group = parser.add_argument_group("what to follow (one of these)")
    which = group.add_mutually_exclusive_group(required=True)
    which.add_argument("--init", metavar="X,Y,W,H", help="box in the first frame: left, top, width, height in pixels")
    which.add_argument("--init-from", type=Path, metavar="FILE", help="MOT text (with --id), or OTB or VOT rows")
    which.add_argument("--select", action="store_true", help="draw the box in a window")
    which.add_argument("--detect", metavar="CLASS", help="the detection of highest score; ball switches to --ball")
    which.add_argument("--ball", action="store_true", help="the ball: detector and tracker complete each other")
    group.add_argument("--id", type=Whole(), metavar="N", help="with --init-from: the track to follow")
    group.add_argument("--start", type=Whole(), metavar="FRAME", help="first frame, from 0 (0, or the id's first)")

    group = parser.add_argument_group("tracker")
    add = group.add_argument
    add("--method", default="csrt", help=f"{', '.join(METHODS)} (csrt)")
    add_network_files(group)
    add("--no-redetect", action="store_true", help="do not search for the object when it is gone")
    window = f"{about(SotSettings, 'window').help}; 0 never scales (160)"
    add_settings(group, SotSettings, ("window",), window={"type": _window, "help": window})
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the method, such as low_ever=0; may be repeated (not for --ball)",
    )
    add("--list-settings", action=_ListSettings, help="print the settings with their meaning and stop")

    group = parser.add_argument_group("detector (for --detect and --ball, and to find the object again)")
    add_settings(
        group,
        DetectorSettings,
        ("weights", "detector", "imgsz", "device", "engine", "precision", "enhance", "thermal", "trust"),
    )

    group = parser.add_argument_group("output")
    add = group.add_argument
    add(
        "--formats",
        type=names_of("format", FORMATS, whole="all"),
        action=Together,
        default=FORMATS,
        metavar="LIST",
        help=f"comma-separated: {','.join(FORMATS)} (all)",
    )
    add_frame_rate(group)
    add_overwrite(group)
    add_quiet(group)
    add_json(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.sot.outputs import claim_outputs
    from sportstrack.sot.run import follow
    from sportstrack.video import open_source

    check_models(check_method(options.method), _models(options))
    _settings(options)  # a wrong one is refused before anything is read
    start, box = _start(options)
    inputs = [
        path for path in (options.source, options.init_from, getattr(options, "weights", None)) if path is not None
    ]
    with (
        open_source(options.source, frame_rate=options.frame_rate) as source,
        claim_outputs(
            options.output, source.info.name, options.formats, source=options.source, inputs=inputs,
            overwrite=options.overwrite,
        ) as claim,
    ):  # fmt: skip
        begin = _Begin(options, box, _detector(options))
        try:
            with ProgressBar(source.info.name, quiet=options.quiet) as bar:
                summary = follow(
                    source, begin, claim, formats=options.formats, start=start, track_id=options.id or 1,
                    progress=bar,
                )  # fmt: skip
        except KeyboardInterrupt as error:
            if error.args:
                _report(error.args[0], options)
            raise
    _report(summary, options)
    return 0


class _Begin:
    """Starts the tracker on the frame where the object is first known."""

    def __init__(self, options: argparse.Namespace, box: FloatArray | None, detector: Detector | None) -> None:
        self._options, self._box, self._detector = options, box, detector
        self._ball = options.ball or options.detect == "ball"
        self._tracker: BallTracker | None = None

    def __call__(self, frame: Frame) -> tuple[SotResult, Step] | None:
        """Return the first result and the function that continues; None if the object is not in this frame."""
        if self._ball:
            return self._begin_ball(frame)
        box = self._box
        if self._options.select:
            from sportstrack.sot.start import select_box

            box = select_box(frame.image)
        elif self._options.detect is not None and (box := self._best(frame.image)) is None:
            return None
        from sportstrack.sot.single import SingleTracker

        assert box is not None
        options = self._options
        tracker = SingleTracker(
            options.method,
            models=_models(options),
            detector=self._detector,
            redetect=not options.no_redetect,
            **_settings(options),
        )
        return tracker.init(frame.image, box), tracker.update

    def _begin_ball(self, frame: Frame) -> tuple[SotResult, Step] | None:
        from sportstrack.sot.ball import BallTracker

        if self._tracker is None:
            self._tracker = BallTracker(self._detector, method=self._options.method)
        result = self._tracker.update(frame.image)
        return (result, self._tracker.update) if result.seen else None

    def _best(self, image: Image) -> FloatArray | None:
        """Return the box of highest score of the class asked for."""
        from sportstrack.detect.common import class_ids

        assert self._detector is not None
        found = self._detector([image])[0]
        wanted = class_ids([self._options.detect], self._detector.names) or []
        rows = [i for i, kind in enumerate(found.class_id.tolist()) if kind in wanted]
        return found.xyxy[max(rows, key=lambda i: float(found.score[i]))] if rows else None


def _detector(options: argparse.Namespace) -> Detector | None:
    """Load the detector that is given, or the default one if the object is to be found by it; else None."""
    asked = given(options, DetectorSettings)
    if not (options.ball or options.detect is not None or "weights" in asked or "detector" in asked):
        return None
    from sportstrack.detect import engine_note, ignored_settings, load_detector

    how = DetectorSettings(**asked)
    names = ("imgsz", "device", "engine", "precision", "enhance", "thermal", "trust")
    detector = load_detector(how.detector or how.weights, **{name: getattr(how, name) for name in names})
    for note in [*ignored_settings(detector, asked.keys() - {"weights", "detector"}), *engine_note(detector)]:
        sys.stderr.write(f"{PROGRAM}: {note}\n")
    return detector


def _start(options: argparse.Namespace) -> tuple[int, FloatArray | None]:
    """Return the first frame's index and the box in it, if the command line gives one."""
    from sportstrack.sot.start import parse_box, read_start

    if options.id is not None and options.init_from is None:
        raise SettingError("--id belongs to --init-from")
    if options.init is not None:
        return options.start or 0, parse_box(options.init)
    if options.init_from is not None:
        return read_start(options.init_from, options.id, options.start)
    return options.start or 0, None


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the method's settings that the command line gives."""
    if options.set and (options.ball or options.detect == "ball"):
        raise SettingError("--set: the ball is followed by rules of its own, which these settings do not change")
    own = given(options, SotSettings) | assigned(options.set, get_type_hints(SotSettings), "sot", "low_ever=0")
    SotSettings(**own)  # a wrong value is refused
    return own


class _ListSettings(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for one in fields(SotSettings):
            default = default_of(SotSettings, one.name)
            sys.stdout.write(f"{one.name:<16} {default:<6} {about(SotSettings, one.name).help}\n")
        parser.exit()


def _models(options: argparse.Namespace) -> dict[str, str]:
    pairs = {}
    for text in options.model:
        name, equals, path = text.partition("=")
        if not equals:
            raise SettingError(f"--model {text}: expected NAME=FILE, such as backbone=nanotrack_backbone.onnx")
        pairs[name] = path
    return pairs


def _window(text: str) -> int | None:
    return None if text == "0" else SIDE(text)


def _report(summary: SotSummary, options: argparse.Namespace) -> None:
    if options.json:
        print_json(summary.as_dict())
    elif not options.quiet:
        sys.stdout.write(summary.as_text() + "\n")
    sys.stdout.flush()
