"""The command ``sportstrack augment``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data_prep.augment.run import AugmentSettings, augment_set, choose
from sportstrack.cli import new_parser, run
from sportstrack.cli.progress import ProgressBar
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_overwrite, add_quiet, add_seed, add_workers
from sportstrack.files.reading import read_text

PROGRAM = "sportstrack augment"

_EXAMPLES = """examples:
  sportstrack augment football football-plus --per-image 2
  sportstrack augment football dim --ops brightness,noise,motion_blur --share 0.3 --seed 1
  sportstrack augment football night --ops low_light,infrared,noise,motion_blur,rain,fog --pick 1 --per-image 2
  sportstrack augment football crowded --ops copy_paste,cutout --pick 0
  sportstrack augment football hard-plus --list hard.txt --per-image 4
  yolo train data=football-plus/data.yaml model=yolov8n.pt imgsz=1280

operations: copy_paste cutout flip rotate resize rain fog brightness contrast colour blur motion_blur
low_light infrared noise jpeg
(docs/augment.md describes each). OUT holds the data set and the new pictures, trains as it is, and has
augmented.jsonl (what was done to each) and sheet.png (some of them, to look at).
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Augment as the command line asks and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Add augmented pictures, with true labels, to a YOLO data set.",
        _EXAMPLES,
        interrupted="the same command goes on where it was",
    )
    add = parser.add_argument
    add("root", metavar="DATA", type=Path, help="a YOLO data set: its folder or data.yaml")
    add("out", metavar="OUT", type=Path, help="the new data set's folder")
    group = parser.add_argument_group("which pictures")
    add_settings(group, AugmentSettings, ("splits", "share"))
    add = group.add_argument
    add("--list", type=Path, metavar="FILE", help="these alone: a name or path per line")
    group = parser.add_argument_group("what is done to them")
    add_settings(group, AugmentSettings, ("ops", "pick", "per_image"))
    add_seed(group)
    add_settings(group, AugmentSettings, ("least_visible",))
    group = parser.add_argument_group("how it is written")
    add = group.add_argument
    add("--only-new", action="store_true", help="leave out the original pictures of --splits")
    add_settings(group, AugmentSettings, ("copy", "sheet"))
    add_workers(group)
    add_overwrite(group, data_set=True)
    add("--dry-run", action="store_true", help="read and count, write nothing")
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from data_prep.formats.yolo_read import read_yolo
    from data_prep.stage import check_place

    with ProgressBar("augment", "picture", options.quiet) as bar:
        settings = _settings(options, bar)
        if not options.dry_run:
            check_place(options.out)
        table = read_yolo(options.root, need=settings.splits)
        for note in table.notes:
            sys.stderr.write(f"{PROGRAM}: {note}\n")
        if options.dry_run:
            count = len(choose(table, settings))
            sys.stdout.write(f"{count:,} pictures, {count * settings.per_image:,} new ones would be made\n")
            return 0
        manifest = augment_set(table, options.out, settings)
    if not options.quiet:
        sys.stdout.write(_summary(manifest["augmented"], options.out))
    return 0


def _settings(options: argparse.Namespace, bar: ProgressBar) -> AugmentSettings:
    values = given(options, AugmentSettings)
    return AugmentSettings(**values, listed=_read_list(options.list), originals=not options.only_new, progress=bar)


def _read_list(path: Path | None) -> tuple[str, ...] | None:
    if path is None:
        return None
    return tuple(line.strip() for line in read_text(path).splitlines() if line.strip())


def _summary(counts: dict[str, Any], out: Path) -> str:
    names = ", ".join(f"{name} {count:,}" for name, count in counts["operations"].items())
    return (
        f"{counts['images']:,} new pictures with {counts['boxes']:,} boxes: {counts['dropped']:,} dropped because too "
        f"little was left of them, {counts['pasted']:,} pasted\noperations: {names}\nwrote {out}; look at "
        f"{out / 'sheet.png'}\n"
    )
