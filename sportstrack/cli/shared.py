"""Options that several commands have, each in one wording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sportstrack.cli.arguments import FRAME_RATE, SEED, WORKERS, Together, Whole, class_names, names_of, same_classes

FRAME_RATE_HELP = "frames per second of a source without times, such as an image folder (25)"


def add_output(parser: Any, default: str) -> None:
    """Add ``-o``: the folder of all outputs."""
    add = parser.add_argument
    add("-o", "--output", type=Path, default=Path(default), metavar="DIR", help=f"folder of the outputs ({default})")


def add_config(parser: Any) -> None:
    """Add ``--config`` of the commands that track."""
    help_text = "settings file of sportstrack track; options given here win over it"
    parser.add_argument("--config", type=Path, metavar="YAML", help=help_text)


def add_overwrite(parser: Any, *, data_set: bool = False) -> None:
    """Add ``--overwrite``: what a command may replace, files or, with ``data_set``, a whole folder of its own."""
    files = "replace files that are not this command's own unchanged result of the same source"
    folder = "replace a data set that this program wrote before"
    parser.add_argument("--overwrite", action="store_true", default=False, help=folder if data_set else files)


def add_quiet(parser: Any) -> None:
    """Add ``--quiet``."""
    parser.add_argument("--quiet", action="store_true", default=False, help="print no progress and no summary")


def add_json(parser: Any) -> None:
    """Add ``--json`` of the commands that end with a summary."""
    help_text = "print the summary as JSON, one line per source"
    parser.add_argument("--json", action="store_true", default=False, help=help_text)


def add_frame_rate(parser: Any) -> None:
    """Add ``--frame-rate`` of the commands that read frames."""
    parser.add_argument("--frame-rate", type=FRAME_RATE, metavar="FPS", help=FRAME_RATE_HELP)


def add_truth(parser: Any, *, required: bool = False) -> None:
    """Add ``--truth``: the ground truth of results."""
    parser.add_argument("--truth", required=required, type=Path, metavar="PATH", help="ground truth: folder or file")


def add_zero_based(parser: Any) -> None:
    """Add ``--zero-based`` of the commands that read MOT text."""
    parser.add_argument("--zero-based", action="store_true", help="MOT text counts frames from 0")


def add_voc_edges(parser: Any) -> None:
    """Add ``--voc-edges`` of the commands that read Pascal VOC."""
    help_text = "voc: pixels from 1, or edges (inclusive)"
    parser.add_argument("--voc-edges", choices=("inclusive", "continuous"), default="inclusive", help=help_text)


def add_classes(parser: Any) -> None:
    """Add ``--classes`` of the commands that read MOT text."""
    help_text = "these classes only: names, or numbers as in column 8 of the MOT text (default: all)"
    parser.add_argument("--classes", type=class_names, action=Together, metavar="CLASS,…", help=help_text)


def add_by(parser: Any, known: Iterable[str]) -> None:
    """Add ``--by`` of the commands that score; ``known`` are the measures that they have."""
    names = list(known)
    help_text = f"cut the scores by these, with a chart: {', '.join(names)} (which single pictures have none of)"
    parser.add_argument(
        "--by", type=names_of("measure", names), action=Together, default=(), metavar="LIST", help=help_text
    )


def add_seed(parser: Any) -> None:
    """Add ``--seed``."""
    parser.add_argument("--seed", type=SEED, default=0, metavar="N", help="same seed, same random choices (0)")


def add_workers(parser: Any, kind: Whole = WORKERS) -> None:
    """Add ``--workers``; ``kind`` has its limits."""
    help_text = "work on N pictures or sequences side by side (1)"
    parser.add_argument("--workers", type=kind, default=1, metavar="N", help=help_text)


def add_same(parser: Any) -> None:
    """Add ``--same`` of the commands that compare a detector's classes with a data set's; `joined` gives its table."""
    add = parser.add_argument
    add("--same", type=same_classes, action="append", default=[], metavar="NAME=OTHER,…", help="classes that mean one")


def joined(same: Iterable[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """Return one table of all ``--same``."""
    return {name: others for one in same for name, others in one.items()}


def add_network_files(parser: Any) -> None:
    """Add ``--model`` of the commands that run single-object trackers."""
    add = parser.add_argument
    add("--model", action="append", default=[], metavar="NAME=FILE", help="network file for nano, vit or dasiamrpn")
