"""The command ``sportstrack convert``: any format to any other."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.conversion import WRITERS, add_shared_options, check_output, new_conversion_parser, write_as
from sportstrack.cli import run
from sportstrack.cli.arguments import Together
from sportstrack.cli.shared import add_voc_edges, add_zero_based

if TYPE_CHECKING:
    from data_prep.table import Table

_EXAMPLES = """examples:
  sportstrack convert VOC2012 coco --from voc --to coco
  sportstrack convert football-yolo coco --from yolo --to coco
  sportstrack convert annotations/instances_val2017.json yolo --from coco --to yolo --images val2017
  sportstrack convert MOT17 persons --from mot --to yolo --classes pedestrian --every 5
  sportstrack convert football-yolo truth --from yolo --to mot --only val
  sportstrack convert KITTI_MOTS mots --from mots --to mots
  sportstrack convert MOTS20 persons --from mots --to yolo --classes pedestrian
  sportstrack convert SportsMOT/dataset videos --from mot --to video --only val

yolo   data.yaml, images/, labels/           coco   annotations/instances_SPLIT.json, SPLIT/
voc    Annotations/, JPEGImages/, ImageSets/  mot    SPLIT/CLIP/{img1,gt/gt.txt,seqinfo.ini}, seqmaps/
mots   the same with masks in gt.txt; reads KITTI-MOTS (instances_txt/, instances/) as well; kitti-mots writes it
crops  train/IDENTITY/FRAME.jpg, query/, gallery/   video  SPLIT/CLIP.mp4 and its truth
Each picture of a clip keeps its name, so labels go there and back without loss; docs/data.md says what each format
cannot hold.
"""


def _coco(options: argparse.Namespace) -> Table:
    from data_prep.formats.coco import read_coco

    return read_coco(options.root, images=options.images)


def _voc(options: argparse.Namespace) -> Table:
    from data_prep.formats.voc import read_voc

    return read_voc(options.root, images=options.images, edges=options.voc_edges)


def _yolo(options: argparse.Namespace) -> Table:
    from data_prep.formats.yolo_read import read_yolo

    return read_yolo(options.root, need=options.only or ("train",), skip_missing=options.skip_missing)


def _mot(options: argparse.Namespace) -> Table:
    from data_prep.formats.motfolders import read_mot_folders

    return read_mot_folders(
        options.root, class_names=options.class_names, zero_based=options.zero_based,
        skip_missing=options.skip_missing, from_video=options.extract_frames,
    )  # fmt: skip


def _mots(options: argparse.Namespace) -> Table:
    from data_prep.formats.mots import read_mots_folders

    return read_mots_folders(
        options.root, class_names=options.class_names, zero_based=options.zero_based,
        skip_missing=options.skip_missing, from_video=options.extract_frames,
    )  # fmt: skip


def _sportsmot(options: argparse.Namespace) -> Table:
    from data_prep.formats.sportsmot import read_sportsmot

    return read_sportsmot(
        options.root, class_names=options.class_names, skip_missing=options.skip_missing,
        from_video=options.extract_frames,
    )  # fmt: skip


def _soccernet(options: argparse.Namespace) -> Table:
    from data_prep.formats.soccernet import read_soccernet

    return read_soccernet(options.root, skip_missing=options.skip_missing, from_video=options.extract_frames)


def _createml(options: argparse.Namespace) -> Table:
    from data_prep.formats.through_supervision import read_createml

    return read_createml(options.root, images=options.images)


def _labelme(options: argparse.Namespace) -> Table:
    from data_prep.formats.labelme import read_labelme

    return read_labelme(options.root, images=options.images)


READERS: dict[str, Callable[[argparse.Namespace], Table]] = {
    "sportsmot": _sportsmot,
    "soccernet": _soccernet,
    "mot": _mot,
    "mots": _mots,
    "coco": _coco,
    "voc": _voc,
    "yolo": _yolo,
    "createml": _createml,
    "labelme": _labelme,
}
"""Format → its reader, called with the command line's options."""


def main(argv: Sequence[str] | None = None) -> int:
    """Convert as the command line asks and return the exit status."""
    return run(_parser(), _convert, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_conversion_parser(
        "convert", "Convert a data set from one format to another.", _EXAMPLES, source="SRC", target="DST"
    )
    add = parser.add_argument
    add("--from", dest="format", required=True, choices=sorted(READERS), help="format of SRC")
    add("--to", required=True, choices=sorted(WRITERS), help="format of DST")
    add("--images", type=Path, metavar="DIR", help="coco, voc, createml, labelme: the pictures' folder")
    add_voc_edges(parser)
    add(
        "--class-names",
        type=lambda text: tuple(text.split(",")),
        action=Together,
        metavar="NAME,…",
        help="mot, sportsmot: of classes 1, 2, …; from 0: 0=A,1=B",
    )
    add_zero_based(parser)
    add_shared_options(parser)
    return parser


def _convert(options: argparse.Namespace) -> int:
    check_output(options)
    own = ("format", "images", "voc_edges", "class_names", "zero_based")
    return write_as(READERS[options.format](options), options, "convert", own)
