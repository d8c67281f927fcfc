"""The command ``python -m sportstrack.train`` (console: ``sportstrack train``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sportstrack.cli import new_parser, run
from sportstrack.cli.progress import ProgressBar, say_beside_bars
from sportstrack.cli.settings import add_settings
from sportstrack.cli.shared import add_output, add_quiet
from sportstrack.options import about
from sportstrack.train.guard import Epoch
from sportstrack.train.settings import RESUMABLE, TrainSettings, parse_more

PROGRAM = "sportstrack train"

_EXAMPLES = f"""examples:
  sportstrack train football/data.yaml                              YOLOv8n with the defaults for sports
  sportstrack train football/data.yaml --weights yolov8m.pt --imgsz 1280 --batch 8 -o runs/football-m
  sportstrack train football/data.yaml --weights yolov8n.yaml       random weights, nothing downloaded
  sportstrack train football/data.yaml -o runs/football-m --resume  after a kill
  sportstrack train football/data.yaml --weights yolov8n.pt --distil runs/football-m/best.pt
  sportstrack train football/data.yaml --weights runs/football/best.pt --prune 0.25 --distil runs/football/best.pt
  sportstrack train football/data.yaml --device 0,1 --set mosaic=0.5 --set cos_lr=true

In -o are best.pt, last.pt, results.csv, settings.yaml and plots/. A resumed run keeps the settings that it was started
with, apart from {", ".join(RESUMABLE)}.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the command line says and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(PROGRAM, "Fine-tune a detector on a YOLO data set. Works offline and sends nothing.", _EXAMPLES)
    add = parser.add_argument
    add("data", type=Path, metavar="DATA.yaml", help="the data set's data.yaml, or its folder")
    names = (
        "weights",
        "epochs",
        "imgsz",
        "batch",
        "optimizer",
        "lr0",
        "patience",
        "freeze",
        "seed",
        "augment",
        "augment_share",
    )
    add_settings(parser, TrainSettings, names)
    add(
        "--set",
        type=_more,
        action="append",
        dest="more",
        default=argparse.SUPPRESS,
        metavar="KEY=VALUE",
        help=f"{about(TrainSettings, 'more').help}; may be repeated",
    )
    group = parser.add_argument_group("smaller and faster")
    add_settings(group, TrainSettings, ("distil", "distil_weight", "prune"))
    group = parser.add_argument_group("machine")
    add_settings(group, TrainSettings, ("device",))
    group.add_argument(
        "--amp",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help=f"{about(TrainSettings, 'amp').help} (on)",
    )
    add_settings(group, TrainSettings, ("bf16", "workers", "trust"))
    group = parser.add_argument_group("output")
    add_output(group, "runs/train")
    group.add_argument("--resume", action="store_true", help="continue the interrupted run in DIR")
    group.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    add_settings(group, TrainSettings, ("mlflow", "tensorboard"))
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.train.run import train_detector

    values: dict[str, Any] = dict(vars(options))
    quiet = values.pop("quiet")
    if "more" in values:
        values["more"] = dict(values["more"])
    try:
        with ProgressBar("training", "step", quiet) as bar:
            callbacks: dict[str, Any] = {} if quiet else {"report": show_epoch, "progress": bar, "note": _say}
            result = train_detector(**values, **callbacks)
    except KeyboardInterrupt:
        _say("the same command with --resume continues after the last complete epoch")
        raise
    scores = ", ".join(f"{name} {100 * value:.1f}" for name, value in result.scores.items())
    sys.stdout.write(f"{result.best}\n{scores} (per cent, val split)\n")
    return 0


def show_epoch(epoch: Epoch) -> None:
    """Print a line for an epoch on standard error."""
    parts = [f"epoch {epoch.number}/{epoch.of}:"]
    for name, value in epoch.figures.items():
        kind, _, short = name.partition("/")
        if kind == "train":
            parts.append(f"{short.removesuffix('_loss')} {value:.3f}")
        elif kind == "metrics" and short.endswith("(B)"):
            parts.append(f"{short.removesuffix('(B)')} {100 * value:.1f}")
    say_beside_bars(f"{parts[0]} {', '.join(parts[1:])}")


def _say(text: str) -> None:
    say_beside_bars(f"{PROGRAM}: {text}")


def _more(text: str) -> tuple[str, Any]:
    try:
        return parse_more(text)
    except Exception as error:
        raise argparse.ArgumentTypeError("expected NAME=VALUE, such as mosaic=0.5") from error
