"""The command ``python -m sportstrack.val`` (console: ``sportstrack val``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Whole
from sportstrack.cli.progress import ProgressBar, say_at_terminal
from sportstrack.cli.settings import OF_LIBRARIES, add_settings, given
from sportstrack.cli.shared import add_by, add_output, add_overwrite, add_quiet, add_same, joined
from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError
from sportstrack.files.claim import Claim, identity
from sportstrack.score.bins import BY

PROGRAM = "sportstrack val"
_SUFFIXES = (".yaml", ".yml")
_TABLES = {"markdown": "md", "csv": "csv", "json": "json"}  # form → ending

_EXAMPLES = """examples:
  sportstrack val runs/train/best.pt football/data.yaml
  sportstrack val yolov8n.pt yolov8s.pt torchvision:fcos_resnet50_fpn football/data.yaml \\
      --same person=player,goalkeeper,referee --same "sports ball"=ball
  sportstrack val best.pt transformers:runs/rtdetr tensorflow:runs/ssd/saved_model football/data.yaml
  sportstrack val best.pt night/data.yaml --by light,scale --enhance auto
  sportstrack val mypackage.mydetector:make football/data.yaml --split test -o runs/mine

Average precision is COCO's (pycocotools gives the same numbers). The report also says which score thresholds to give to
the tracker. In -o are val.md, val.csv, val.json and charts.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the detectors named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Judge detectors on labelled pictures: precision, recall, AP, score thresholds, milliseconds.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add(
        "words",
        nargs="+",
        metavar="WEIGHTS … DATA.yaml",
        help="detectors (weights; torchvision:NAME, transformers:FOLDER, detectron2:CONFIG.yaml or tensorflow:FOLDER; "
        "package.module:NAME), then the data set's data.yaml or folder",
    )
    add("--split", default="val", help="of the data set (val)")
    add_same(parser)
    add("--limit", type=Whole(1), metavar="N", help="at most N pictures, spread evenly over the split")
    add_by(parser, BY)
    group = parser.add_argument_group("detector")
    add_settings(
        group,
        DetectorSettings,
        ("imgsz", "iou", "device", "engine", "precision", "enhance", "thermal", "half", "trust"),
        **OF_LIBRARIES,
    )
    group = parser.add_argument_group("output")
    add = group.add_argument
    add("--format", choices=("markdown", "csv", "json"), default="markdown", help="of what is printed (markdown)")
    add_output(group, "runs/val")
    add_overwrite(group)
    add("--no-charts", action="store_true", help="write tables alone")
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    weights, data = options.words[:-1], Path(options.words[-1])
    if not weights or not (data.suffix.lower() in _SUFFIXES or data.is_dir()):
        raise SettingError("expected one or more detectors and then a data set's data.yaml or folder")
    from sportstrack.val.run import judge_detectors
    from sportstrack.val.table import to_csv, to_json, to_markdown

    folder = Path(options.output)
    say_at_terminal(f"loading {', '.join(weights)} …", quiet=options.quiet)
    with _claim(weights, data, options) as claim:
        judged = judge_detectors(
            weights,
            data,
            split=options.split,
            same=joined(options.same),
            limit=options.limit,
            by=options.by,
            progress=lambda name: ProgressBar(name, "picture", options.quiet),
            **given(options, DetectorSettings),
        )
        texts = {"markdown": to_markdown(judged), "csv": to_csv(judged), "json": to_json(judged)}
        for form, ending in _TABLES.items():
            claim.write_text(f"val.{ending}", texts[form])
        if not options.no_charts:
            from sportstrack.val.charts import save_charts

            save_charts(judged, folder, claim)
    sys.stdout.write(texts[options.format])
    if not options.quiet:
        sys.stderr.write(f"{PROGRAM}: wrote {folder}\n")
    return 0


def _claim(weights: Sequence[str], data: Path, options: argparse.Namespace) -> Claim:
    from sportstrack.val.charts import chart_names
    from sportstrack.val.run import detector_names

    names = [f"val.{ending}" for ending in _TABLES.values()]
    if not options.no_charts:
        names += chart_names(detector_names(weights), cut=bool(options.by))
    source = f"{', '.join(map(identity, weights))} on {options.split} of {identity(data)}"
    inputs: list[str | Path] = [*weights, data]
    return Claim(
        options.output, names, command=PROGRAM, source=source, inputs=inputs, overwrite=options.overwrite, stem="val"
    )
