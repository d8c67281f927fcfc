"""What the commands ``sportsmot``, ``soccernet`` and ``convert`` share: options, and writing a table in a format."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportstrack.cli import new_parser
from sportstrack.cli.arguments import MAX_LENGTH, SHARE, Together, Whole, words
from sportstrack.cli.progress import ProgressBar
from sportstrack.cli.shared import add_overwrite, add_quiet, add_seed, add_workers
from sportstrack.errors import SettingError, unknown

if TYPE_CHECKING:
    from data_prep.output import WriteSettings
    from data_prep.table import Table

Options = argparse.Namespace

WRITERS = {
    "yolo": ("data_prep.formats.yolo", "write_yolo"),
    "coco": ("data_prep.formats.coco", "write_coco"),
    "voc": ("data_prep.formats.voc", "write_voc"),
    "mot": ("data_prep.formats.motfolders", "write_mot_folders"),
    "mots": ("data_prep.formats.mots", "write_mots_folders"),
    "kitti-mots": ("data_prep.formats.mots", "write_kitti_mots"),
    "crops": ("data_prep.formats.crops", "write_crops"),
    "video": ("data_prep.formats.videos", "write_videos"),
}
"""Format → its module and function: (table, folder, `WriteSettings`) → manifest."""

SELECTION = (
    "only", "classes", "every", "split_by", "val_share", "test_share", "seed", "skip_missing", "extract_frames",
)  # fmt: skip
"""Options that say what is converted; the manifest records them. How it is written does not matter there."""


def new_conversion_parser(
    word: str, about: str, examples: str, source: str = "ROOT", target: str = "OUT"
) -> argparse.ArgumentParser:
    """Return the parser of ``sportstrack <word>`` with the two folders; ``source`` and ``target`` are their names."""
    interrupted = "the same command goes on where it was"
    parser = new_parser(f"sportstrack {word}", about, examples, interrupted=interrupted)
    parser.add_argument("root", metavar=source, type=Path, help="the data set's folder or file")
    parser.add_argument("out", metavar=target, type=Path, help="the new data set's folder")
    return parser


def add_format_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--to`` with YOLO as default."""
    parser.add_argument("--to", choices=sorted(WRITERS), default="yolo", help="format to write (yolo)")


def add_shared_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every conversion has."""
    group = parser.add_argument_group("what is converted")
    add = group.add_argument
    add("--only", type=words, action=Together, metavar="SPLIT,…", help="these splits alone")
    add("--classes", type=words, action=Together, metavar="NAME,…", help="these classes alone, numbered in this order")
    add("--every", type=Whole(1), default=1, metavar="N", help="use every Nth frame only (1)")
    add("--split-by", choices=("source", "match"), default="source", help="keep splits, or draw whole matches (source)")
    add("--val-share", type=SHARE, default=0.2, metavar="0..1", help="of the frames, for --split-by match (0.2)")
    add("--test-share", type=SHARE, default=0.0, metavar="0..1", help="the same for test (0)")
    add_seed(group)
    add("--skip-missing", action="store_true", help="leave out pictures that are not there, with their labels")
    add("--extract-frames", action="store_true", help="take frames from CLIP.mp4 where a clip has no pictures")

    group = parser.add_argument_group("how it is written")
    add = group.add_argument
    add("--size", type=Whole(32, MAX_LENGTH), metavar="PIXELS", help="scale pictures down to this longer side")
    add("--copy", action="store_true", help="copy pictures instead of linking them")
    add("--labels-only", action="store_true", help="labels alone, no pictures")
    add_workers(group)
    add_overwrite(group, data_set=True)
    add("--dry-run", action="store_true", help="read and count, write nothing")
    add_quiet(group)


def check_output(options: Options) -> None:
    """Refuse an output folder that holds something else, before anything is read; OutputError."""
    if not options.dry_run:
        from data_prep.stage import check_place

        check_place(options.out)


def write_as(table: Table, options: Options, word: str, own: Sequence[str] = ()) -> int:
    """Write the part of a table that the options ask for, print what was done, and return the exit status.

    Args:
        table: what was read.
        options: of the command line.
        word: the command's.
        own: names of the options that this command alone has; the manifest records them.
    """
    table = _chosen(table, options)
    for note in table.notes:
        _print_note(word, note)
    if options.dry_run:
        sys.stdout.write(_summary(table, options, "would be written"))
        return 0
    module, function = WRITERS[options.to]
    write: Callable[[Table, Path, WriteSettings], dict[str, Any]] = getattr(import_module(module), function)
    with ProgressBar(f"{word} to {options.to}", "picture", options.quiet) as bar:
        manifest = write(table, options.out, _write_settings(options, word, own, bar))
    for note in manifest.get("notes", []):
        if note not in table.notes:  # what the format cannot hold
            _print_note(word, note)
    if not options.quiet:
        sys.stdout.write(_report(manifest, options))
    return 0


def _print_note(word: str, text: str) -> None:
    sys.stderr.write(f"sportstrack {word}: {text}\n")


def _chosen(table: Table, options: Options) -> Table:
    """Return the part of a table that the options ask for, in its new splits."""
    import numpy as np

    from data_prep.pictures import without_missing
    from data_prep.splits import every_nth, split_by_match

    if options.skip_missing and not options.labels_only:
        table = without_missing(table)
    if options.split_by == "match":
        table = split_by_match(table, val_share=options.val_share, test_share=options.test_share, seed=options.seed)
    if options.only:
        for split in options.only:
            if split not in table.splits:
                raise SettingError(unknown("split", split, table.splits))
        table = table.select(np.isin(table.images.split.astype(str), options.only))
    if options.classes:
        table = table.keep_classes(options.classes)
    return every_nth(table, options.every)


def _write_settings(options: Options, word: str, own: Sequence[str], progress: ProgressBar) -> WriteSettings:
    from data_prep.output import WriteSettings

    asked = {name: _plain(getattr(options, name)) for name in (*own, *SELECTION)}
    return WriteSettings(
        copy=options.copy,
        pictures=not options.labels_only,
        size=options.size,
        workers=options.workers,
        overwrite=options.overwrite,
        source={"reader": word, "root": str(options.root.absolute()), **asked},
        progress=progress,
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _summary(table: Table, options: Options, verb: str) -> str:
    from data_prep.output import count_table

    return _lines(count_table(table)) + f"{options.out} ({options.to}) {verb}\n"


def _report(manifest: dict[str, Any], options: Options) -> str:
    return _lines(manifest["splits"]) + f"wrote {options.out} ({options.to}); its counts are in manifest.json\n"


def _lines(splits: dict[str, dict[str, Any]]) -> str:
    """One line per split: its numbers by name, those of zero left out."""
    text = ""
    for split, counts in splits.items():
        numbers = [
            f"{v:,} {k.replace('_', ' ')}" for k, v in counts.items() if isinstance(v, int) and (v or k == "boxes")
        ]
        classes = counts.get("boxes_per_class", {})
        shown = [f"{name} {number:,}" for name, number in classes.items() if number]
        text += f"{split}: {', '.join(numbers)}" + (f" ({', '.join(shown)})" if len(shown) > 1 else "") + "\n"
    return text
