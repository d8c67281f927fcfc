"""The command ``sportstrack pitch VIDEO``: where on the pitch each frame looks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Real, Whole
from sportstrack.cli.shared import add_frame_rate, add_output, add_overwrite, add_quiet

if TYPE_CHECKING:
    from sportstrack.pitch import Pitch

PROGRAM = "sportstrack pitch"

_EXAMPLES = """examples:
  sportstrack pitch match.mp4                                         runs/pitch/match.pitch.jsonl, football by itself
  sportstrack pitch match.mp4 --draw                                  and the pitch drawn over the video: look at it
  sportstrack pitch match.mp4 --points points.csv                     from places marked in a frame
  sportstrack pitch match.mp4 --mark 250 --draw                       click the places in frame 250, then the same
  sportstrack pitch match.mp4 --points points.csv --length 100 --width 64
  sportstrack pitch game.mp4 --points points.csv --sport basketball_fiba
  sportstrack pitch --list-places --sport handball                    names of its places

points.csv has one place a line: frame,name,px,py or frame,x,y,px,py (frames from 1, x and y in metres from the centre
spot, y towards the camera); the name of a line or circle stands for any of its points. Four or more in one frame, six
or more are better; other frames follow by the camera's motion and the lines.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Calibrate the video named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Find where on the pitch each frame of a video looks: football by itself, others from marked places.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("video", nargs="?", metavar="VIDEO", help="video file, folder of images or sequence folder")
    add("--points", type=Path, metavar="FILE", help="marked places, as CSV")
    help_text = "click the places on a page in the browser, beginning with this frame (1); --points says where they go"
    add("--mark", nargs="?", type=Whole(1), const=1, metavar="FRAME", help=help_text)
    add("--sport", default="football", metavar="NAME", help="model of the pitch (football); --list-places lists them")
    side = Real(0, 500, above=True)
    add("--length", type=side, metavar="METRES", help="of the pitch (the standard one)")
    add("--width", type=side, metavar="METRES", help="of the pitch (the standard one)")
    add("--draw", action="store_true", help="write the pitch drawn over the video (NAME_pitch.mp4)")
    add("--picture", action="store_true", help="write six frames with the pitch drawn over them (NAME_pitch.jpg)")
    add("--list-places", action="store_true", help="print the sports, and the names of the places of --sport")
    add_output(parser, "runs/pitch")
    add_overwrite(parser)
    add_frame_rate(parser)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.pitch import load_pitch

    pitch = load_pitch(options.sport, options.length, options.width)
    if options.list_places:
        sys.stdout.write(_names(options.sport, options.length, options.width))
        return 0
    if options.video is None:
        _parser().error("the following arguments are required: VIDEO")
    points = options.points if options.mark is None else _mark(options, pitch)
    from sportstrack.calibrate.run import calibrate_video
    from sportstrack.pitch.clip.summary import summary_text

    done = calibrate_video(
        options.video,
        options.output,
        points=points,
        pitch=pitch,
        formats=[kind for kind, asked in (("video", options.draw), ("picture", options.picture)) if asked],
        overwrite=options.overwrite,
        frame_rate=options.frame_rate,
        progress=not options.quiet,
    )
    for text in done.warnings:
        sys.stderr.write(f"{PROGRAM}: warning: {text}\n")
    if not options.quiet:
        sys.stdout.write(summary_text(done.track))
        sys.stderr.write("".join(f"{PROGRAM}: wrote {file}\n" for file in done.files))
    return 0


def _mark(options: argparse.Namespace, pitch: Pitch) -> Path:
    """Let the user click places, and return the file that they are in."""
    from sportstrack.calibrate.marking import mark_video

    points: Path = options.points or options.output / f"{Path(options.video).stem}.points.csv"

    def tell(address: str) -> None:
        import webbrowser

        sys.stderr.write(f"{PROGRAM}: mark the pitch at {address} (Ctrl-C ends)\n")
        sys.stderr.flush()
        webbrowser.open(address)

    mark_video(options.video, points, pitch, frame=options.mark, frame_rate=options.frame_rate, open_page=tell)
    if not options.quiet:
        sys.stderr.write(f"{PROGRAM}: the marks are in {points}\n")
    return points


def _names(sport: str, length: float | None, width: float | None) -> str:
    from sportstrack.pitch import load_pitch, pitch_names

    pitch = load_pitch(sport, length, width)
    lines = [f"sports: {', '.join(pitch_names())}", "", f"points of {pitch.name}, in metres:"]
    lines += [f"  {name:<38} {', '.join(f'{v:g}' for v in point)}" for name, point in pitch.keypoints.items()]
    lines += ["", "lines:", *(f"  {name}" for name in pitch.lines), "", "circles and arcs, beside points and lines:"]
    return "\n".join([*lines, *(f"  {name}" for name in pitch.arcs)]) + "\n"
