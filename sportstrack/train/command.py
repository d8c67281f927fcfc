"""The command ``python -m sportstrack.train`` (console: ``sportstrack train``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import SEED, SIDE, TRUST_HELP, Real, Whole
from sportstrack.cli.progress import ProgressBar, say_beside_bars
from sportstrack.train.guard import Epoch
from sportstrack.train.settings import OPTIMIZERS, RESUMABLE, TrainSettings, parse_more

PROGRAM = "sportstrack train"

_EXAMPLES = f"""examples:
  sportstrack train football/data.yaml                              YOLOv8n with the defaults for sports
  sportstrack train football/data.yaml --weights yolov8m.pt --imgsz 1280 --batch 8 -o runs/football-m
  sportstrack train football/data.yaml --weights yolov8n.yaml       random weights, nothing downloaded
  sportstrack train football/data.yaml -o runs/football-m --resume  after a kill
  sportstrack train football/data.yaml --device 0,1 --set mosaic=0.5 --set cos_lr=true

In -o are best.pt, last.pt, results.csv, settings.yaml and plots/. A resumed run keeps the settings that it was started
with, apart from {", ".join(RESUMABLE)}.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the command line says and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    default = TrainSettings()
    parser = new_parser(
        PROGRAM,
        "Fine-tune a detector on a YOLO data set. Works offline and sends nothing.",
        _EXAMPLES,
        argument_default=argparse.SUPPRESS,  # what is not given stays as it is when a run is resumed
    )
    add = parser.add_argument
    add("data", type=Path, metavar="DATA.yaml", help="the data set's data.yaml, or its folder")
    add("--weights", help=f"path, known name, or architecture such as yolov8n.yaml ({default.weights})")
    add("--epochs", type=Whole(1, 100_000), metavar="N", help=f"passes over the pictures ({default.epochs})")
    add("--imgsz", type=SIDE, metavar="PIXELS", help=f"longer side of the network's input ({default.imgsz})")
    add("--batch", type=Whole(1, 65_536), metavar="N", help=f"pictures per step ({default.batch})")
    add("--optimizer", choices=OPTIMIZERS, help=f"({default.optimizer})")
    add("--lr0", type=Real(0, 10, above=True), metavar="RATE", help="first learning rate (AdamW: 0.01 / (4 + classes))")
    add("--patience", type=Whole(), metavar="N", help=f"stop after N epochs without gain ({default.patience})")
    add("--freeze", type=Whole(0, 1000), metavar="N", help="keep the first N layers as they are (0)")
    add("--seed", type=SEED, help=f"({default.seed})")
    add("--set", type=_more, action="append", dest="more", metavar="NAME=VALUE", help="any other Ultralytics setting")
    group = parser.add_argument_group("machine")
    add = group.add_argument
    add("--device", help="auto, cpu, mps, cuda:0, or several GPUs: 0,1 (auto)")
    add("--amp", action=argparse.BooleanOptionalAction, help="mixed precision on a GPU (on)")
    add("--bf16", action="store_true", help="mixed precision in bfloat16, also on a processor that has it")
    add(
        "--workers",
        type=Whole(0, 256),
        metavar="N",
        help=f"processes that read pictures, with a GPU ({default.workers})",
    )
    add("--trust", action="store_true", help=TRUST_HELP)
    group = parser.add_argument_group("output")
    add = group.add_argument
    add("-o", "--output", type=Path, default=Path("runs/train"), metavar="DIR", help="(runs/train)")
    add("--resume", action="store_true", default=False, help="continue the interrupted run in DIR")
    add("--overwrite", action="store_true", default=False, help="replace the run in DIR")
    add("--mlflow", action="store_true", help="log to MLflow (MLFLOW_TRACKING_URI; a local folder if unset)")
    add("--tensorboard", action="store_true", help="write TensorBoard events into DIR")
    add("--quiet", action="store_true", default=False, help="no progress")
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
