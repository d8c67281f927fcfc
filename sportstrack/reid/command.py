"""The command ``python -m sportstrack.reid SOURCE…`` (console: ``sportstrack train-reid``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.progress import Bars, say_beside_bars
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_json, add_output, add_quiet
from sportstrack.options import about
from sportstrack.reid.settings import RESUMABLE, ReidSettings
from sportstrack.reid.training import ReidEpoch
from sportstrack.track.settings import TrackSettings

PROGRAM = "sportstrack train-reid"

_EXAMPLES = f"""examples:
  sportstrack train-reid SportsMOT                         its train matches teach, its val matches judge
  sportstrack train-reid SportsMOT/dataset/train --held-out 0.25 -o runs/reid
  sportstrack train-reid SoccerNet/train --backbone resnet18 --size 128x256 --every 10
  sportstrack train-reid --corrected match.mp4 match.corrected.txt --corrected other.mp4 other.corrected.txt
  sportstrack train-reid corrected/people --weights runs/reid/last.pt --epochs 10   crops of label --format training
  sportstrack train-reid SportsMOT --backbone timm:mobilenetv4_conv_small           needs sportstrack[timm]
  sportstrack train-reid SportsMOT -o runs/reid --resume                            after a kill

then: sportstrack track match.mp4 --embedder runs/reid/reid.onnx

In -o are reid.onnx, reid.json, last.pt, results.csv, settings.yaml, scores.txt, scores.json, training.png and
rankings.png. A resumed run keeps the settings that it was started with, apart from {", ".join(RESUMABLE)}.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the command line says and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Train an embedder on people with identities, and judge it on matches that took no part.",
        _EXAMPLES,
        interrupted="the same command with --resume goes on",
    )
    add = parser.add_argument
    add(
        "sources",
        nargs="*",
        type=Path,
        metavar="SOURCE",
        help="folder of sequences (MOT, SportsMOT, SoccerNet) or of crops",
    )
    add(
        "--corrected",
        nargs=2,
        type=Path,
        action="append",
        default=[],
        metavar=("VIDEO", "RESULT"),
        help="a video and the result with its corrected tracks; may be repeated",
    )
    group = parser.add_argument_group("network")
    add_settings(group, ReidSettings, ("backbone", "weights", "size", "dim"))
    group = parser.add_argument_group("crops")
    add_settings(group, ReidSettings, ("every", "per_person", "least_height", "skip_missing"))
    group = parser.add_argument_group("judgement")
    add_settings(group, ReidSettings, ("match", "held_out", "apart", "replay"))
    add_settings(group, TrackSettings, ("tracker",))
    group = parser.add_argument_group("training")
    names = ("epochs", "people", "crops", "mates", "lr", "warmup", "weight_decay", "smoothing", "margin", "triplet")
    add_settings(group, ReidSettings, (*names, "seed"))
    group = parser.add_argument_group("how crops are varied")
    add_settings(group, ReidSettings, ("flip", "shift", "lighting_change", "colour_change", "erasing"))
    group = parser.add_argument_group("machine")
    add_settings(group, ReidSettings, ("device",))
    group.add_argument(
        "--amp",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help=f"{about(ReidSettings, 'amp').help} (on)",
    )
    add_settings(group, ReidSettings, ("workers",))
    group = parser.add_argument_group("output")
    add_output(group, "runs/reid")
    group.add_argument("--resume", action="store_true", help="continue the interrupted run in DIR")
    group.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    add_quiet(group)
    add_json(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.reid.run import train_reid

    quiet = options.quiet
    try:
        with Bars("step", quiet) as bars:
            result = train_reid(
                options.sources,
                options.output,
                corrected=[(video, found) for video, found in options.corrected],
                resume=options.resume,
                overwrite=options.overwrite,
                report=_nothing if quiet else show_epoch,
                progress=bars,
                note=_nothing if quiet else _say,
                **given(options, ReidSettings),
            )
    except KeyboardInterrupt:
        _say("the same command with --resume goes on")
        raise
    if options.json:
        print_json(result.as_dict())
    elif not quiet:
        sys.stdout.write(f"{result.as_text()}\n\n{result.onnx}   (sportstrack track VIDEO --embedder {result.onnx})\n")
    return 0


def show_epoch(epoch: ReidEpoch) -> None:
    """Print a line for an epoch on standard error."""
    parts = [f"identity {epoch.identity:.3f}, triplet {epoch.triplet:.3f}, {100 * epoch.right:.0f} % named"]
    parts += [f"{name.replace('_', ' ')} {100 * value:.1f}" for name, value in epoch.judged.items()]
    say_beside_bars(f"epoch {epoch.number}/{epoch.of}: {', '.join(parts)}")


def _say(text: str) -> None:
    say_beside_bars(f"{PROGRAM}: {text}")


def _nothing(*_: object) -> None:
    pass
