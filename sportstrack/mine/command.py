"""The command ``python -m sportstrack.mine`` (console: ``sportstrack mine``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import SEED, SHARE, SIDE, TRUST_HELP, Whole
from sportstrack.cli.progress import ProgressBar
from sportstrack.errors import SettingError, nearest
from sportstrack.files.claim import add_overwrite
from sportstrack.mine.loss import LossWeights
from sportstrack.mine.mined import AUGMENTATIONS, KEEP, MineSettings
from sportstrack.mine.run import mine_hard_examples

PROGRAM = "sportstrack mine"

_EXAMPLES = """examples:
  sportstrack mine runs/train/best.pt football/data.yaml -o runs/mine
  sportstrack mine best.pt football/data.yaml --top 200 --per-sequence 5 --loss miss=2,false=0.5
  sportstrack mine best.pt football/data.yaml --augment motion_blur,jpeg --keep all
  sportstrack mine best.pt football/data.yaml --split val --augment none         the report alone: val must stay unseen
  sportstrack train runs/mine/data.yaml --weights best.pt                        train on the enriched list

In -o are mined.md (the report), mined.csv, confusion.csv, augmentations.csv, mined.json, the contact sheet mined.png,
and train.txt with data.yaml. detections.jsonl keeps what was found: a stopped run goes on there, and another --top or
--loss detects nothing again.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Mine the data set named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    default = MineSettings()
    parser = new_parser(
        PROGRAM, "Find the pictures that a detector does worst on, say why, and write what to train on next.", _EXAMPLES
    )
    add = parser.add_argument
    add("weights", metavar="WEIGHTS", help="detector: weights, or as sportstrack val takes them (torchvision:NAME, …)")
    add("data", type=Path, metavar="DATA.yaml", help="data set: its data.yaml or folder")
    add("--split", default="train", help="of the data set; only train is enriched (train)")
    add("--top", type=Whole(1), default=default.top, metavar="N", help=f"pictures to mine ({default.top})")
    add(
        "--per-sequence",
        type=Whole(1),
        default=default.per_sequence,
        metavar="K",
        help=f"at most K pictures of one clip ({default.per_sequence})",
    )
    add(
        "--gap",
        type=Whole(1),
        default=default.gap,
        metavar="FRAMES",
        help=f"least distance of two pictures of one clip ({default.gap})",
    )
    add("--loss", type=_losses, default=LossWeights(), metavar="PART=WEIGHT,…", help="box, cls, miss, false (1 each)")
    add("--same", type=_same, action="append", default=[], metavar="NAME=OTHER,…", help="classes that mean the same")
    add(
        "--score",
        type=SHARE,
        default=default.score,
        help=f"least score of a detection in the confusion table and the contact sheet ({default.score})",
    )
    group = parser.add_argument_group("augmentation")
    add = group.add_argument
    add(
        "--augment",
        type=_names,
        default=AUGMENTATIONS,
        metavar="LIST",
        help=f"operations of data_prep.augment to try one by one, or none ({','.join(AUGMENTATIONS)})",
    )
    add(
        "--keep",
        choices=KEEP,
        default=default.keep,
        help=f"which augmented pictures to train on, measured by their loss ({default.keep})",
    )
    add("--seed", type=SEED, default=default.seed, help=f"of the augmentations ({default.seed})")
    group = parser.add_argument_group("detector")
    add = group.add_argument
    add("--imgsz", type=SIDE, metavar="PIXELS", help="longer side of the network's input (640; torchvision: its own)")
    add("--iou", type=SHARE, help="overlap above which the weaker of two boxes is dropped (0.7; torchvision: 0.5)")
    add("--device", help="auto, cpu, cuda:0, mps (auto)")
    add("--half", action="store_true", default=None, help="16-bit floats on a GPU")
    add("--trust", action="store_true", default=None, help=TRUST_HELP)
    group = parser.add_argument_group("output")
    add = group.add_argument
    add("-o", "--output", type=Path, default=Path("runs/mine"), metavar="DIR", help="of all results (runs/mine)")
    add_overwrite(group)
    add("--quiet", action="store_true", help="no progress, no summary")
    return parser


def _main(options: argparse.Namespace) -> int:
    settings = MineSettings(
        top=options.top,
        per_sequence=options.per_sequence,
        gap=options.gap,
        weights=options.loss,
        augment=options.augment,
        keep=options.keep,
        score=options.score,
        seed=options.seed,
    )
    names = ("imgsz", "iou", "device", "half", "trust")
    with _Bars(options.quiet) as bars:
        mined = mine_hard_examples(
            options.weights,
            options.data,
            options.output,
            split=options.split,
            settings=settings,
            same={name: others for one in options.same for name, others in one.items()},
            progress=bars,
            overwrite=options.overwrite,
            **{name: getattr(options, name) for name in names if getattr(options, name) is not None},
        )
    for note in mined.notes if options.quiet else ():  # else they are in the report
        sys.stderr.write(f"{PROGRAM}: {note}\n")
    if not options.quiet:
        sys.stdout.write((options.output / "mined.md").read_text(encoding="utf-8"))
        sys.stderr.write(f"{PROGRAM}: wrote {options.output}: mined.md, mined.png, tables\n")
        if not mined.training:
            sys.stderr.write(f"{PROGRAM}: no training list: {options.split} must stay unseen in training\n")
    return 0


class _Bars:
    """One progress bar after the other."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._what = quiet, ""
        self._bar = ProgressBar("", quiet=True)

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self._bar.close()
            self._what, self._bar = what, ProgressBar(what, "picture", self._quiet)
        self._bar(done, total)

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()


def _losses(text: str) -> LossWeights:
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
        return LossWeights(**values)
    except SettingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _same(text: str) -> dict[str, list[str]]:
    from sportstrack.cli.arguments import same_classes as parse

    return parse(text)


def _names(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(name.strip() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main())
