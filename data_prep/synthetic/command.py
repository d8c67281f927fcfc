"""Command line of the synthetic football renderer: ``python -m data_prep.synthetic``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data_prep.synthetic.layouts import sequence_name, write_mot, write_video, write_yolo
from data_prep.synthetic.masks import MASKS
from data_prep.synthetic.settings import Settings
from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import SHARE, Whole, size
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_overwrite, add_quiet, add_seed

PROGRAM = "sportstrack synthetic"

_EXAMPLES = """examples:
  three SportsMOT sequences of ten seconds, seeds 7, 8 and 9:
    sportstrack synthetic football --sequences 3 --seed 7
  a YOLO data set of 40 sequences, every 10th frame, the last 8 sequences for validation:
    sportstrack synthetic football-yolo --layout yolo --sequences 40 --every 10
  a video with two shot changes, a crowded ball and changing light:
    sportstrack synthetic clips --layout video --cuts 2 --crowding 0.8 --light-change 1
  a large video of high quality, from the main camera, with people off the field:
    sportstrack synthetic clips --layout video --size 1920x1080 --crf 18 --view main --bystanders 10
  the same match by day and by night:
    sportstrack synthetic day --seed 5
    sportstrack synthetic night --seed 5 --lighting night
  a data set for segmentation, whose labels are the outlines of what is seen:
    sportstrack synthetic football-seg --layout yolo --sequences 40 --masks visible
  sequences on which to test who is who (seeds from 1000 on are never trained on):
    sportstrack synthetic who --sequences 8 --seed 1000 --kits varied --lighting varied
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Render as the command line asks and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = new_parser(PROGRAM, "Render broadcast-like football with exact ground truth.", _EXAMPLES)
    add = parser.add_argument
    add("out", metavar="OUT", type=Path, help="folder for the sequences or videos; with --layout yolo, the data set")
    add(
        "--layout",
        choices=("mot", "yolo", "video"),
        default="mot",
        help="mot: SportsMOT folders; yolo: a data set to train on; video: an MP4 with its truth beside it (mot)",
    )
    add("--sequences", type=Whole(1, 100_000), default=1, metavar="N", help="how many, with seeds SEED, SEED+1, … (1)")
    add_settings(parser, Settings, ("frames",))
    add_seed(parser)
    add(
        "--size",
        type=size,
        default=(default.width, default.height),
        metavar="WxH",
        help="picture size, such as 1920x1080 (1280x720)",
    )
    add_settings(
        parser,
        Settings,
        (
            "frame_rate",
            "crowding",
            "camera_speed",
            "light_change",
            "cuts",
            "view",
            "surface",
            "kits",
            "lighting",
            "bystanders",
        ),
    )
    add("--masks", choices=MASKS, help="write exact masks too: MOTS text and COCO; with --layout yolo, segments")
    add("--every", type=Whole(1), default=10, metavar="N", help="yolo: use every Nth frame only (10)")
    add(
        "--val-share", type=SHARE, default=0.2, metavar="0..1", help="yolo: share of the sequences that go to val (0.2)"
    )
    add(
        "--crf",
        type=Whole(0, 51),
        default=23,
        metavar="0..51",
        help="video: H.264 quality; lower is better and makes larger files (23)",
    )
    add_overwrite(parser, data_set=True)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    _write(options, _all_settings(options))
    return 0


def _all_settings(options: argparse.Namespace) -> list[Settings]:
    width, height = options.size
    first = Settings(**given(options, Settings) | {"width": width, "height": height})
    return [replace(first, seed=options.seed + i) for i in range(options.sequences)]


def _write(options: argparse.Namespace, sequences: list[Settings]) -> None:
    bar = None if options.quiet else _Bar(len(sequences))
    if options.layout == "yolo":
        write_yolo(
            sequences, options.out, options.every, options.val_share, options.overwrite, bar, masks=options.masks
        )
        written = [options.out]
    elif options.layout == "mot":
        written = [
            write_mot(settings, options.out, options.overwrite, bar, masks=options.masks) for settings in sequences
        ]
    else:
        written = [options.out / f"{sequence_name(settings)}.mp4" for settings in sequences]
        for settings, path in zip(sequences, written, strict=True):
            write_video(settings, path, options.crf, options.overwrite, bar, masks=options.masks)
    if not options.quiet:
        for path in written:
            sys.stdout.write(f"wrote {path}\n")


class _Bar:
    """One line that moves on a terminal; one line per sequence in a log."""

    def __init__(self, sequences: int) -> None:
        self._sequences, self._number, self._name = sequences, 0, ""
        self._start, self._live = time.monotonic(), sys.stderr.isatty()

    def __call__(self, name: str, done: int, total: int) -> None:
        if name != self._name:
            self._name, self._number, self._start = name, self._number + 1, time.monotonic()
        last = done >= total
        if not (self._live or last):
            return
        rate = done / max(1e-9, time.monotonic() - self._start)
        line = f"{name} ({self._number}/{self._sequences}): {done}/{total} frames, {rate:.1f} frames/s"
        sys.stderr.write(("\r" if self._live else "") + line + ("\n" if last else ""))
        sys.stderr.flush()
