"""The command ``sportstrack draw VIDEO RESULT…``: results on their video, as track draws them."""

from __future__ import annotations

import argparse
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Together, Whole, words
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_classes, add_output, add_overwrite, add_quiet
from sportstrack.draw.settings import DrawSettings

PROGRAM = "sportstrack draw"

_EXAMPLES = """examples:
  sportstrack draw match.mp4 runs/track/match.txt                      the video of track again, in runs/draw
  sportstrack draw match.mp4 refined.txt --draw analyst,speed          a refined or corrected result
  sportstrack draw match.mp4 refined.txt --frames 1,50,100             pictures of these frames
  sportstrack draw match.mp4 match.csv --formats heatmap,paths         maps, the camera's motion taken out
  sportstrack draw match.mp4 edited.txt --formats players              table and page of the players
  sportstrack draw match.mp4 match.csv --ids 3,7                       two players in colour, the others grey
  sportstrack draw match.mp4 match.csv --crop-to 7 --start 1:30 --end 1:45
  sportstrack draw match.mp4 match.csv --pitch match.pitch.jsonl --draw broadcast,speed,minimap
  sportstrack draw match.mp4 match.csv --pitch match.pitch.jsonl --draw minimap --minimap alone
  sportstrack draw match.mp4 sort.txt bytetrack.txt                    two results side by side
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the results named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Draw tracking results onto their video: an annotated video, pictures, heat maps and paths.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("video", metavar="VIDEO", help="video file, folder of images or sequence folder that was tracked")
    text = "MOT text, CSV, JSON lines or a recording; several are drawn side by side"
    add("results", nargs="+", type=Path, metavar="RESULT", help=text)
    add_output(parser, "runs/draw")
    group = parser.add_argument_group("drawing")
    add_settings(group, DrawSettings, ("draw", "ids", "crop_to"), draw=_listed(words), ids=_listed(_numbers(0)))
    text = "NAME.pitch.jsonl: for the item minimap, speeds in km/h, maps of the pitch and paths in metres"
    group.add_argument("--pitch", type=Path, metavar="FILE", help=text)
    add_settings(group, DrawSettings, ("minimap", "minimap_size"))
    add_classes(group)
    text = "names of the classes, comma-separated, from class 0 on, where the result does not know them"
    group.add_argument("--names", type=words, action=Together, metavar="LIST", help=text)
    group = parser.add_argument_group("frames and outputs")
    changes = {"frames": _listed(_numbers(1)), "start": {"type": _seconds}, "end": {"type": _seconds}}
    names = ("formats", "frames", "start", "end", "frame_rate", "zero_based", "show")
    add_settings(group, DrawSettings, names, **changes)
    add_overwrite(group)
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.draw.run import draw_video

    settings = DrawSettings(**given(options, DrawSettings))
    names = dict(enumerate(options.names)) if options.names else None
    with ProgressBar(Path(options.video).name, quiet=options.quiet) as bar:
        done = draw_video(
            options.video,
            options.results,
            options.output,
            settings,
            pitch=options.pitch,
            names=names,
            overwrite=options.overwrite,
            progress=bar,
        )
    for text in done.warnings:
        sys.stderr.write(f"{PROGRAM}: warning: {text}\n")
    if not options.quiet:
        sys.stderr.write("".join(f"{PROGRAM}: wrote {file}\n" for file in done.files))
    return 0


def _listed(kind: Callable[[str], Any]) -> dict[str, Any]:
    """Return the arguments of an option that takes one comma-separated list."""
    return {"type": kind, "nargs": None}


def _numbers(low: int) -> Callable[[str], tuple[int, ...]]:
    one = Whole(low)

    def parse(text: str) -> tuple[int, ...]:
        return tuple(map(one, words(text)))

    return parse


def _seconds(text: str) -> float:
    """Return the seconds of ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(0 <= part < (1e9 if len(parts) == 1 else 1e6) for part in parts):
        raise ArgumentTypeError(f"expected a time such as 90, 1:30 or 0:01:30.5, got {text!r}")
    return float(sum(part * 60.0**power for power, part in enumerate(reversed(parts))))
