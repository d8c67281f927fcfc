"""The command ``python -m sportstrack.mine`` (console: ``sportstrack mine``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Together
from sportstrack.cli.progress import Bars
from sportstrack.cli.settings import OF_LIBRARIES, add_settings, given
from sportstrack.cli.shared import add_output, add_overwrite, add_quiet, add_same, joined
from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError, nearest
from sportstrack.mine.loss import LossWeights
from sportstrack.mine.mined import MineSettings
from sportstrack.mine.run import mine_hard_examples

PROGRAM = "sportstrack mine"

_EXAMPLES = """examples:
  sportstrack mine runs/train/best.pt football/data.yaml -o runs/mine
  sportstrack mine best.pt football/data.yaml --top 200 --per-sequence 5 --loss miss=2,false=0.5
  sportstrack mine best.pt football/data.yaml --augment motion_blur,jpeg --keep all
  sportstrack mine best.pt football/data.yaml --split val --augment none         the report alone: val must stay unseen
  sportstrack train runs/mine/data.yaml --weights best.pt                        train on the enriched list

In -o are mined.md (the report), mined.csv, confusion.csv, augmentations.csv, mined.json, the contact sheet mined.png,
and train.txt with data.yaml. detections.jsonl keeps the detections: a stopped run continues there, and another --top or
--loss detects nothing again.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Mine the data set named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM, "Find the pictures that a detector does worst on, say why, and write what to train on next.", _EXAMPLES
    )
    add = parser.add_argument
    add("weights", metavar="WEIGHTS", help="detector: weights, or as sportstrack val takes them (torchvision:NAME, …)")
    add("data", type=Path, metavar="DATA.yaml", help="the data set's data.yaml, or its folder")
    add("--split", default="train", help="of the data set; only train is enriched (train)")
    add_settings(parser, MineSettings, ("top", "per_sequence", "gap"))
    text = "box, cls, miss, false (1 each)"
    add("--loss", type=_losses, action=Together, default={}, metavar="PART=WEIGHT,…", help=text)
    add_same(parser)
    add_settings(parser, MineSettings, ("score",))
    group = parser.add_argument_group("augmentation")
    add_settings(group, MineSettings, ("augment", "keep", "seed"), augment={"type": _names, "nargs": None})
    group = parser.add_argument_group("detector")
    add_settings(
        group,
        DetectorSettings,
        ("imgsz", "iou", "device", "engine", "precision", "enhance", "thermal", "half", "trust"),
        **OF_LIBRARIES,
    )
    group = parser.add_argument_group("output")
    add_output(group, "runs/mine")
    add_overwrite(group)
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    settings = MineSettings(weights=LossWeights(**options.loss), **given(options, MineSettings, but=("weights",)))
    with Bars("picture", options.quiet) as bars:
        mined = mine_hard_examples(
            options.weights,
            options.data,
            options.output,
            split=options.split,
            settings=settings,
            same=joined(options.same),
            progress=bars,
            overwrite=options.overwrite,
            **given(options, DetectorSettings, but=("weights", "score")),
        )
    for note in mined.notes if options.quiet else ():  # else they are in the report
        sys.stderr.write(f"{PROGRAM}: {note}\n")
    if not options.quiet:
        sys.stdout.write((options.output / "mined.md").read_text(encoding="utf-8"))
        sys.stderr.write(f"{PROGRAM}: wrote {options.output}: mined.md, mined.png, tables\n")
        if not mined.training:
            sys.stderr.write(f"{PROGRAM}: no training list: {options.split} must stay unseen in training\n")
    return 0


def _losses(text: str) -> dict[str, float]:
    known = [field.name for field in fields(LossWeights)]
    values: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        if name not in known or not equals:
            hint = nearest(name, known)
            raise argparse.ArgumentTypeError(f"expected PART=WEIGHT with {', '.join(known)}, got {part!r}{hint}")
        try:
            values[name] = float(value)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r}: {value!r} is no number") from None
    try:
        LossWeights(**values)
    except SettingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return values


def _names(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(name.strip() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main())
