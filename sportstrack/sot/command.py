"""The command ``python -m sportstrack.sot VIDEO`` (console: ``sportstrack sot``)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import FRAME_RATE, SIDE, TRUST_HELP, Whole, names_of
from sportstrack.errors import FormatError, SettingError
from sportstrack.files.claim import add_overwrite
from sportstrack.sot.methods import METHODS, check_method, check_models

PROGRAM = "sportstrack sot"
FORMATS = ("video", "mot", "otb", "heat", "json")

_EXAMPLES = """examples:
  sportstrack sot match.mp4 --init 640,300,40,90                 left, top, width, height in the first frame
  sportstrack sot match.mp4 --select                             draw the box with the mouse
  sportstrack sot MATCH --init-from MATCH/gt/gt.txt --id 7       a sequence folder, player 7
  sportstrack sot match.mp4 --ball --weights best.pt             the ball, by detector and tracker together
  sportstrack sot match.mp4 --detect person --weights yolov8n.pt   the person detected best
  sportstrack sot match.mp4 --init 640,300,40,90 --start 250 --method kcf --formats mot
  sportstrack sot match.mp4 --init 640,300,40,90 --method nano --model backbone=b.onnx --model neckhead=h.onnx

Frames count from 0 here and in the summary; MOT text counts them from 1.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Follow the object named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Follow one player or the ball through a video, and say where it was out of sight.",
        _EXAMPLES,
        interrupted="the files are complete up to there",
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", help="video file, folder of images, sequence folder, camera number or address")
    add("-o", "--output", type=Path, default=Path("runs/sot"), metavar="DIR", help="output folder (runs/sot)")

    group = parser.add_argument_group("what to follow (one of these)")
    which = group.add_mutually_exclusive_group(required=True)
    which.add_argument("--init", metavar="X,Y,W,H", help="box in the first frame: left, top, width, height in pixels")
    which.add_argument("--init-from", type=Path, metavar="FILE", help="MOT text (with --id), or OTB or VOT rows")
    which.add_argument("--select", action="store_true", help="draw the box in a window")
    which.add_argument("--detect", metavar="CLASS", help="what the detector is surest of; ball switches to --ball")
    which.add_argument("--ball", action="store_true", help="the ball: detector and tracker bridge each other")
    group.add_argument("--id", type=Whole(), metavar="N", help="with --init-from: the track to follow")
    group.add_argument("--start", type=Whole(), metavar="FRAME", help="first frame, from 0 (0, or the id's first)")

    group = parser.add_argument_group("tracker")
    add = group.add_argument
    add("--method", default="csrt", help=f"{', '.join(METHODS)} (csrt)")
    add("--model", action="append", default=[], metavar="NAME=FILE", help="network file for nano, vit or dasiamrpn")
    add("--no-redetect", action="store_true", help="do not search for the object when it is gone")
    add("--window", type=_window, default=160, metavar="PIXELS", help="CSRT's window for large objects; 0: full (160)")

    group = parser.add_argument_group("detector (for --detect and --ball, and to find the object again)")
    add = group.add_argument
    add("--weights", help="path, known name or 'demo'")
    add("--detector", metavar="PACKAGE.MODULE:NAME", help="one of your own: a callable frames -> list[Detections]")
    add("--trust", action="store_true", help=TRUST_HELP)
    add("--imgsz", type=SIDE, default=640, metavar="PIXELS", help="longer side of the network's input (640)")
    add("--device", default="auto", help="auto, cpu, cuda:0, mps (auto)")

    group = parser.add_argument_group("output")
    add = group.add_argument
    add(
        "--formats",
        type=names_of("format", FORMATS, whole="all"),
        default=FORMATS,
        metavar="LIST",
        help=f"comma-separated: {','.join(FORMATS)} (all)",
    )
    add("--frame-rate", type=FRAME_RATE, metavar="FPS", help="of a source without times, such as an image folder (25)")
    add_overwrite(group)
    add("--quiet", action="store_true", help="no progress, no summary")
    add("--json", action="store_true", help="print the summary as JSON")
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.sot.outputs import claim_outputs
    from sportstrack.sot.run import follow
    from sportstrack.video import open_source

    check_models(check_method(options.method), _models(options))
    start, box = _start(options)
    inputs = [path for path in (options.source, options.init_from, options.weights) if path is not None]
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

    def __init__(self, options: argparse.Namespace, box: Any, detector: Any) -> None:
        self._options, self._box, self._detector = options, box, detector
        self._ball = options.ball or options.detect == "ball"
        self._tracker: Any = None

    def __call__(self, frame: Any) -> Any:
        """Return the first result and the function that continues, or None to be asked again with the next frame."""
        if self._ball:
            return self._begin_ball(frame)
        box = self._box
        if self._options.select:
            box = select_box(frame.image)
        elif self._options.detect is not None and (box := self._best(frame.image)) is None:
            return None
        from sportstrack.sot.single import SingleTracker

        options = self._options
        tracker = SingleTracker(
            options.method,
            models=_models(options),
            detector=self._detector,
            redetect=not options.no_redetect,
            window=options.window or None,
        )
        return tracker.init(frame.image, box), tracker.update

    def _begin_ball(self, frame: Any) -> Any:
        from sportstrack.sot.ball import BallTracker

        if self._tracker is None:
            self._tracker = BallTracker(self._detector, method=self._options.method)
        result = self._tracker.update(frame.image)
        return (result, self._tracker.update) if result.seen else None

    def _best(self, image: Any) -> Any:
        from sportstrack.detect.common import class_ids

        found = self._detector([image])[0]
        wanted = class_ids([self._options.detect], self._detector.names) or []
        rows = [i for i, kind in enumerate(found.class_id.tolist()) if kind in wanted]
        return found.xyxy[max(rows, key=lambda i: float(found.score[i]))] if rows else None


def _detector(options: argparse.Namespace) -> Any:
    wanted = options.ball or options.detect is not None
    if not (options.weights or options.detector):
        if not wanted:
            return None
        options.weights = "yolov8n.pt"
    from sportstrack.detect import load_detector

    return load_detector(
        options.detector or options.weights, imgsz=options.imgsz, device=options.device, trust=options.trust
    )


def _start(options: argparse.Namespace) -> tuple[int, Any]:
    """Return the first frame's index and the box in it, as far as the command line tells."""
    if options.id is not None and options.init_from is None:
        raise SettingError("--id belongs to --init-from")
    if options.init is not None:
        return options.start or 0, parse_box(options.init)
    if options.init_from is not None:
        return read_start(options.init_from, options.id, options.start)
    return options.start or 0, None


def parse_box(text: str) -> Any:
    """Return (4,) ``xyxy`` of ``x,y,w,h``; SettingError if it is none."""
    import numpy as np

    try:
        x, y, w, h = (float(part) for part in text.replace(" ", "").split(","))
    except ValueError:
        raise SettingError(f"--init {text}: expected four numbers x,y,w,h, such as 640,300,40,90") from None
    return np.array([x, y, x + w, y + h])


def read_start(path: Path, track_id: int | None, start: int | None) -> tuple[int, Any]:
    """Return (frame from 0, (4,) ``xyxy``) to start from, out of MOT text, or of OTB's or VOT's rows.

    Args:
        path: the file; without an id, rows of 4 (left, top, width, height) or 8 values (a polygon) are OTB's or VOT's.
        track_id: whose box.
        start: the frame wanted; None is the first with a box.

    Raises:
        FormatError: if the file cannot be read.
        SettingError: if the id is not in it, not in that frame, or not given although there are several.
    """
    import numpy as np

    from sportstrack.files.reading import read_text
    from sportstrack.mot import read_mot

    first = read_text(path).strip().splitlines()[:1]
    if not first:
        raise FormatError(f"{path}: is empty")
    if track_id is None and len(first[0].replace(",", " ").split()) in (4, 8):
        return start or 0, _plain_box(path, start or 0)
    table = read_mot(path, identities=False)
    ids = np.unique(table.track_id)
    some = ", ".join(map(str, ids[:20].tolist())) + (", …" if len(ids) > 20 else "")
    if track_id is None:
        if len(ids) != 1:
            raise SettingError(f"{path}: holds {len(ids)} tracks; choose one with --id (it has: {some})")
        track_id = int(ids[0])
    rows = table[table.track_id == track_id]
    if not len(rows):
        raise SettingError(f"{path}: no id {track_id} in it (it has: {some})")
    frame = int(rows.frame.min()) if start is None else start
    at = rows.xyxy[rows.frame == frame]
    if not len(at):
        there = f"{int(rows.frame.min())} to {int(rows.frame.max())}"
        raise SettingError(f"{path}: id {track_id} is not in frame {frame} (counted from 0; it is in {there})")
    return frame, at[0]


def _plain_box(path: Path, row: int) -> Any:
    import numpy as np

    from sportstrack.files.reading import read_text

    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if row >= len(lines):
        raise SettingError(f"{path}: has no row for frame {row}; it has {len(lines)} rows")
    try:
        values = np.array([float(v) for v in lines[row].replace(",", " ").split()])
    except ValueError:
        raise FormatError(f"{path}, row {row + 1}: expected numbers, got {lines[row]!r}") from None
    if len(values) == 8:
        corners = values.reshape(4, 2)
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    if len(values) != 4:
        raise FormatError(f"{path}, row {row + 1}: expected 4 or 8 numbers, got {len(values)}")
    return np.concatenate([values[:2], values[:2] + values[2:]])


_WINDOW = """
import sys, cv2, numpy
image = cv2.imdecode(numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8), cv2.IMREAD_COLOR)
print(*cv2.selectROI(sys.argv[1], image))
"""


def select_box(image: Any) -> Any:
    """Let the user draw a box in a window and return it as (4,) ``xyxy``.

    Raises:
        SettingError: if no window can be opened, or nothing was drawn.
    """
    import numpy as np

    from sportstrack.images.opencv import require_cv2

    coded = require_cv2().imencode(".png", image)[1]
    # Without a display, OpenCV's window library ends the whole process instead of raising.
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SettingError("--select: there is no display to open a window on; give the box with --init x,y,w,h")
    # The video reader brings X libraries of its own; where they are loaded, OpenCV waits for a window that never shows.
    command = [sys.executable, "-c", _WINDOW, "Draw a box, then press Enter (c cancels)"]
    done = subprocess.run(command, input=coded.tobytes(), stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SettingError("--select: no window can be opened here; give the box with --init x,y,w,h")
    x, y, w, h = map(float, done.stdout.split()[-4:])
    if not (w and h):
        raise SettingError("--select: no box was drawn")
    return np.array([x, y, x + w, y + h], dtype=np.float64)


def _models(options: argparse.Namespace) -> dict[str, str]:
    pairs = {}
    for text in options.model:
        name, equals, path = text.partition("=")
        if not equals:
            raise SettingError(f"--model {text}: expected NAME=FILE, such as backbone=nanotrack_backbone.onnx")
        pairs[name] = path
    return pairs


def _window(text: str) -> int:
    return 0 if text == "0" else SIDE(text)


def _report(summary: Any, options: argparse.Namespace) -> None:
    if options.json:
        print_json(summary.as_dict())
    elif not options.quiet:
        sys.stdout.write(summary.as_text() + "\n")
    sys.stdout.flush()
