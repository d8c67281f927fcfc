"""The command ``python -m sportstrack.export`` (console: ``sportstrack export``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Real, Whole, size
from sportstrack.cli.progress import ProgressBar, say_beside_bars
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_output, add_overwrite, add_quiet, add_same, joined
from sportstrack.errors import SettingError
from sportstrack.export.advice import MOST_LOSS
from sportstrack.export.settings import ExportSettings
from sportstrack.files.claim import Claim, identity

PROGRAM = "sportstrack export"
_TABLES = {"markdown": "md", "csv": "csv", "json": "json"}  # form → ending

_EXAMPLES = """examples:
  sportstrack export best.pt                                        for OpenVINO and ONNX Runtime, frames of any size
  sportstrack export best.pt --int8 football/data.yaml              8-bit variants as well
  sportstrack export best.pt --to openvino --imgsz 1280 --frame 1920x1080 --int8 match.mp4
  sportstrack export best.pt --int8 football/data.yaml --compare football/data.yaml --replay SportsMOT/val/v_1
  sportstrack export best.pt small.pt --compare football/data.yaml --limit 50          a first look in a minute
  sportstrack export best.pt --int8 match.mp4 --compare match.mp4                      speed and agreement alone

--int8 measures on the pictures which numbers occur: give about 300 of your own, from several matches. --compare puts
the weights in torch and all their exports into one table: size, start, speed, AP, agreement, and with --replay HOTA and
IDF1. It recommends the fastest that loses at most one point of AP and of HOTA. In -o are the exports, and export.md,
export.csv, export.json and charts of the comparison. TensorRT and Core ML were never run by this project.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Export as the command line says and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM, "Export a detector for other engines and in 8-bit integers, and compare all variants.", _EXAMPLES
    )
    add = parser.add_argument
    add("weights", nargs="+", metavar="WEIGHTS", help="checkpoints (.pt); for --compare also exports")
    add_settings(parser, ExportSettings, ("to", "imgsz"))
    add(
        "--frame",
        type=size,
        metavar="WxH",
        help="size of your frames, such as 1280x720: exports take the smallest input that holds them, and no other",
    )
    add_settings(parser, ExportSettings, ("precision", "int8", "pictures", "trust"))
    group = parser.add_argument_group("comparison")
    add = group.add_argument
    add("--compare", metavar="DATA", help="compare all variants on a data set; a folder or video has no truth")
    add(
        "--replay",
        action="append",
        default=[],
        metavar="SEQ",
        help="and track this sequence with each, from its frames; with truth: HOTA. May be repeated",
    )
    add("--split", default="val", help="of the data set (val)")
    add_same(group)
    add("--limit", type=Whole(1), metavar="N", help="at most N pictures, and N frames of each sequence folder")
    loss = f"points of AP or HOTA that the recommended variant may lose ({MOST_LOSS:g})"
    add("--most-loss", type=Real(0, 100), default=MOST_LOSS, metavar="POINTS", help=loss)
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format", choices=tuple(_TABLES), default="markdown", help="of the comparison that is printed (markdown)"
    )
    add_output(group, "runs/export")
    add_overwrite(group)
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    if options.replay and not options.compare:
        raise SettingError("--replay belongs to a comparison: add --compare DATA")
    checkpoints = [one for one in options.weights if not _is_export(one)]
    if len(checkpoints) < len(options.weights) and not options.compare:
        raise SettingError(f"{next(filter(_is_export, options.weights))}: {_NO_CHECKPOINT}")
    if not options.compare:
        _export(checkpoints, options)
        return 0
    from sportstrack.export.chart import chart_names

    names = [f"export.{ending}" for ending in _TABLES.values()] + chart_names()
    source = f"{', '.join(map(identity, options.weights))} on {options.split} of {identity(options.compare)}"
    inputs: list[str | Path] = [options.compare, *options.replay]
    with Claim(
        options.output, names, command=PROGRAM, source=source, inputs=inputs, overwrite=options.overwrite, stem="export"
    ) as claim:
        made = _export(checkpoints, options)
        _compare([*_in_order(options.weights, made)], options, claim)
    return 0


def _export(checkpoints: Sequence[str], options: argparse.Namespace) -> dict[str, list[Path]]:
    """Export the checkpoints; return each one's exports."""
    from sportstrack.export.run import export_model

    made: dict[str, list[Path]] = {}
    for weights in checkpoints:
        exports = export_model(
            weights,
            options.output,
            name=_stem(weights, checkpoints),
            frame=options.frame,
            overwrite=options.overwrite,
            progress=lambda name: ProgressBar(name, "picture", options.quiet),
            note=None if options.quiet else _say,
            **given(options, ExportSettings),
        )
        made[weights] = [one.path for one in exports]
        if not options.quiet:
            for one in exports:
                sides = "any size" if one.size is None else f"{one.size[1]}×{one.size[0]}"
                _say(f"{one.path}: {one.precision}, {sides}, {one.bytes / 1e6:.1f} MB, in {one.seconds:.0f} s")
    if not options.compare:
        sys.stdout.write("".join(f"{path}\n" for paths in made.values() for path in paths))
    return made


def _compare(variants: Sequence[str | Path], options: argparse.Namespace, claim: Claim) -> None:
    from sportstrack.export.chart import save_charts
    from sportstrack.export.compare import compare_variants
    from sportstrack.export.table import to_csv, to_json, to_markdown

    settings = given(options, ExportSettings)
    comparison = compare_variants(
        variants,
        options.compare,
        replay=options.replay,
        split=options.split,
        limit=options.limit,
        same=joined(options.same),
        most_loss=options.most_loss,
        progress=lambda title, unit: ProgressBar(title, unit, options.quiet),
        **{name: settings[name] for name in ("imgsz", "trust") if name in settings},
    )
    texts = {
        "markdown": to_markdown(comparison),
        "csv": to_csv(comparison),
        "json": to_json(comparison),
    }
    for form, ending in _TABLES.items():
        claim.write_text(f"export.{ending}", texts[form])
    save_charts(comparison, Path(options.output), claim)
    sys.stdout.write(texts[options.format])
    if not options.quiet:
        _say(f"wrote {options.output}")


def _in_order(given_ones: Sequence[str], made: dict[str, list[Path]]) -> list[str | Path]:
    """Return all variants: each checkpoint with its exports behind it, and exports as they were given."""
    variants: list[str | Path] = []
    for one in given_ones:
        variants += [one, *made.get(one, [])]
    return variants


def _stem(weights: str, all_weights: Sequence[str]) -> str | None:
    """Return a name for exports of weights whose file is called like another's, such as best.pt."""
    path = Path(weights)
    alike = [one for one in all_weights if Path(one).stem == path.stem]
    return f"{path.absolute().parent.name}-{path.stem}" if len(alike) > 1 else None


_NO_CHECKPOINT = "export takes the .pt file of a training; to judge a network that was exported, add --compare DATA"


def _is_export(weights: str) -> bool:
    return Path(weights).suffix.lower() not in ("", ".pt") or Path(weights).is_dir()


def _say(text: str) -> None:
    say_beside_bars(f"{PROGRAM}: {text}")
