"""The command ``sportstrack presence RESULT.txt``: heat maps and paths of a tracking result, as a picture or a video.

In Python, `sportstrack.draw.heatmap` has the same: `heat_map`, `overlay` and `draw_path`, or `Presence` frame by frame.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sportstrack.camera.affine import apply
from sportstrack.classes import ball_ids, names_beside, of_classes
from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import SHARE, Real, Together, ids, words
from sportstrack.cli.shared import add_classes, add_overwrite, add_quiet, add_zero_based
from sportstrack.draw.ground import Ground, GroundMap
from sportstrack.draw.heatmap import OPACITY, Presence, draw_paths, heat_map, overlay
from sportstrack.errors import FormatError, OutputError, SettingError
from sportstrack.files.claim import PartFile, file_name
from sportstrack.files.reading import is_folder
from sportstrack.identities.file import identities_beside, read_identities
from sportstrack.identities.rows import attribute_of_rows
from sportstrack.images.encode import encode_image
from sportstrack.limits import MAX_CANVAS, MAX_SIDE
from sportstrack.mot import MotTable, read_mot
from sportstrack.mots import is_mots, read_mots
from sportstrack.types import Tracks

PROGRAM = "sportstrack presence"
FOLDER = "runs/presence"
PICTURES = (".png", ".jpg", ".jpeg")
_LONGEST = 100  # characters of a name that is made here
VIDEOS = (".mp4", ".m4v", ".mov")

_EXAMPLES = """examples:
  sportstrack presence runs/track/match.txt --video match.mp4              all players: runs/presence/match_heat.png
  sportstrack presence runs/track/match.txt --video match.mp4 --id 7       player 7, with the path: …/match_7_heat.png
  sportstrack presence runs/track/match.txt --team A --video match.mp4     a team
  sportstrack presence runs/track/match.txt --classes ball -o ball.png     the ball, in a file of that name
  sportstrack presence runs/track/match.txt --pitch match.pitch.jsonl      on the pitch from above
  sportstrack presence runs/sot/match.txt --video match.mp4 -o heat.mp4             grows as the video plays
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the presence asked for on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM, "Heat map of where tracked people were, as a picture or a video; for one id with its path.", _EXAMPLES
    )
    add = parser.add_argument
    add("result", type=Path, metavar="RESULT.txt", help="MOT text, as sportstrack track and sportstrack sot write it")
    add("--video", metavar="SOURCE", help="video, image folder or sequence folder to draw on (default: a dark field)")
    add("--pitch", type=Path, metavar="FILE", help="NAME.pitch.jsonl: draw on the pitch from above (people alone)")
    add("--id", type=ids, action=Together, metavar="N,…", help="these tracks only (default: all)")
    text = "the players of these teams only, as NAME.identities.csv beside the result names them"
    add("--team", type=words, action=Together, metavar="NAME,…", help=text)
    add_classes(parser)
    text = f"folder, or a file: .png or .jpg, or .mp4 for a video ({FOLDER})"
    add("-o", "--output", type=Path, default=Path(FOLDER), metavar="PATH", help=text)
    add_overwrite(parser)
    add(
        "--spread",
        type=Real(0, 16384, above=True),
        metavar="PIXELS",
        help="how far a visit reaches (a sixtieth of the picture)",
    )
    add("--opacity", type=SHARE, default=OPACITY, metavar="0..1", help=f"of the warmest places ({OPACITY})")
    add("--still", action="store_true", help="the camera stands still: look for no motion, read only one frame")
    add("--no-path", action="store_true", help="with --id: the heat map alone")
    add_zero_based(parser)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    if is_folder(options.output) or not options.output.suffix:
        options.output /= _name(options)
    suffix = options.output.suffix.lower()
    if suffix not in (*PICTURES, *VIDEOS):
        raise OutputError(f"{options.output}: end the name in {', '.join((*PICTURES, *VIDEOS))}")
    if suffix in VIDEOS and options.video is None:
        raise SettingError(f"{options.output}: a video needs --video to be drawn on")
    if options.pitch is not None and (suffix in VIDEOS or options.video is not None or options.spread is not None):
        raise SettingError("--pitch: gives one picture of the pitch; leave out --video and --spread, and name a .png")
    from sportstrack.files.option_files import claimed

    inputs = [path for path in (options.result, options.video, options.pitch) if path is not None]
    with claimed(
        [options.output],
        command=PROGRAM,
        source=options.result,
        inputs=inputs,
        overwrite=options.overwrite,
        make_folders=True,
    ) as (file,):
        table = _chosen(_read(options.result, zero_based=options.zero_based), options)
        (_write_video if suffix in VIDEOS else _write_picture)(table, options, file)
    if not options.quiet:
        sys.stderr.write(f"{PROGRAM}: wrote {options.output}\n")
    return 0


def _name(options: argparse.Namespace) -> str:
    """Return the name of the picture, such as ``match_7_heat.png`` for player 7."""
    chosen = [str(one) for words in (options.id, options.team, options.classes) for one in words or ()]
    ground = [] if options.pitch is None else ["pitch"]
    return file_name("_".join([options.result.stem, *ground, *chosen])[:_LONGEST]) + "_heat.png"


def _read(path: Path, *, zero_based: bool) -> MotTable:
    """Read MOT text, or MOTS text as the boxes around its masks."""
    if is_mots(path):
        return read_mots(path, zero_based=True if zero_based else None).boxes()
    return read_mot(path, zero_based=zero_based)


def _chosen(table: MotTable, options: argparse.Namespace) -> MotTable:
    """Return the rows of the ids and classes asked for, in the order of frames."""
    table = of_classes(table, options.classes, options.result)
    if options.id is not None:
        known = np.unique(table.track_id)
        for wanted in options.id:
            if wanted not in known:
                some = ", ".join(map(str, known[:20].tolist())) + (", …" if len(known) > 20 else "")
                raise SettingError(f"{options.result}: no id {wanted} in it (it has: {some or 'no rows'})")
        table = table[np.isin(table.track_id, options.id)]
    if options.team is not None:
        table = _of_teams(table, options)
    if not len(table):
        raise SettingError(f"{options.result}: holds no boxes")
    return table[np.argsort(table.frame, kind="stable")]


def _of_teams(table: MotTable, options: argparse.Namespace) -> MotTable:
    beside = identities_beside(options.result)
    if beside is None:
        raise SettingError(
            f"--team: no {options.result.stem}.identities.csv beside {options.result}, so its teams are not known; "
            "sportstrack track writes it"
        )
    team = attribute_of_rows(read_identities(beside), table.frame, table.track_id, "team")
    known = sorted(set(team.tolist()) - {""})
    if odd := [name for name in options.team if name not in known]:
        teams = ", ".join(known) or "none; sportstrack teams VIDEO RESULT finds them"
        raise SettingError(f"--team: {beside} knows no team {odd[0]} in it (it has: {teams})")
    return table[np.isin(team, options.team)]


def _canvas_size(table: MotTable, result: Path) -> tuple[int, int]:
    """Return the width and height of a field that holds all boxes.

    Raises:
        FormatError: a box reaches farther than any picture; the message says which.
    """
    width, height = np.ceil(table.xyxy[:, 2:].max(axis=0)).clip(16, 1e9).astype(int).tolist()
    if max(width, height) > MAX_SIDE or width * height > MAX_CANVAS:
        row = int(table.xyxy[:, 2:].max(axis=1).argmax())
        track, (x, y) = int(table.track_id[row]), table.xyxy[row, 2:].tolist()
        raise FormatError(
            f"{result}: the box of id {track} in frame {int(table.frame[row]) + 1} reaches to {x:.0f}, {y:.0f}, beyond "
            f"any picture; give --video, or leave out id {track} (--id names those to draw)"
        )
    return width, height


def _write_picture(table: MotTable, options: argparse.Namespace, file: PartFile) -> None:
    """Draw everything over one picture of the ground."""
    if options.pitch is not None:
        ground = _ground_of_pitch(table, options)
    else:
        ground = _ground_of_boxes(table, options) if options.video is None else _ground_of_video(table, options)
    height, width = ground.image.shape[:2]
    image = overlay(ground.image, heat_map(ground.foot, width, height, spread=options.spread), options.opacity)
    if options.id is not None and not options.no_path:
        draw_paths(image, ground.frame, ground.track_id, ground.foot, ground.every)
    file.write(encode_image(image, options.output.suffix))
    file.complete()
    for text in ground.warnings:
        sys.stderr.write(f"{PROGRAM}: warning: {text}\n")


def _ground_of_pitch(table: MotTable, options: argparse.Namespace) -> Ground:
    """Return the pitch from above, with the places of people in frames whose camera is known."""
    from sportstrack.draw.minimap import MAP_WIDTH, PitchCanvas
    from sportstrack.draw.standing import feet_on_pitch
    from sportstrack.pitch import read_pitch

    pitch = read_pitch(options.pitch)
    table = table[~np.isin(table.class_id - 1, ball_ids(names_beside(options.result)))]
    xy, _ = feet_on_pitch(pitch, table.frame, table.xyxy)
    known = np.asarray(np.isfinite(xy).all(axis=1), np.bool_)
    if not known.any():
        raise SettingError(
            f"{options.result}: nobody is on the pitch in a frame whose camera {options.pitch} knows; a ball is left "
            "out, because a picture does not tell where it is while it flies"
        )
    canvas = PitchCanvas(pitch.pitch, MAP_WIDTH)
    warnings = []
    if (lost := int(np.count_nonzero(~known))) > 0.01 * len(xy):
        warnings.append(f"{lost} of {len(xy)} boxes have no place on the pitch: their frames' camera is not known")
    return Ground(canvas.image, table.frame[known], table.track_id[known], canvas.pixels(xy[known]), warnings)


def _ground_of_boxes(table: MotTable, options: argparse.Namespace) -> Ground:
    """Return a dark field that holds all boxes."""
    width, height = _canvas_size(table, options.result)
    ground = GroundMap(width, height, still=options.still)
    for frame in np.unique(table.frame).tolist():
        ground.add(frame, None, _tracks(table, frame))
    return ground.ground()


def _ground_of_video(table: MotTable, options: argparse.Namespace) -> Ground:
    """Return the picture of the ground, from as many frames as the result has."""
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.video import open_source

    last, done = int(table.frame[-1]), -1
    with open_source(options.video) as source, ProgressBar(options.output.name, quiet=options.quiet) as bar:
        ground = GroundMap(source.info.width, source.info.height, still=options.still)
        for frame in source:
            ground.add(frame.index, frame.image, _tracks(table, frame.index))
            done = frame.index
            bar(done + 1, last + 1)
            if done >= last or options.still:
                break
    for number in np.unique(table.frame[table.frame > done]).tolist():
        ground.add(number, None, _tracks(table, number))
    return ground.ground()


def _tracks(table: MotTable, frame: int) -> Tracks:
    """Return the rows of one frame; the table is in the order of frames."""
    rows = slice(*(int(np.searchsorted(table.frame, frame, side)) for side in ("left", "right")))
    some = table[rows]
    return Tracks.trusted(some.xyxy, some.score, some.class_id, some.track_id, np.zeros(len(some), np.int64))


def _write_video(table: MotTable, options: argparse.Namespace, file: PartFile) -> None:
    """Write a video in which the map and the paths grow, and move with the camera."""
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.video import VideoWriter, open_source

    with open_source(options.video) as source, ProgressBar(options.output.name, quiet=options.quiet) as bar:
        info = source.info
        size = (info.width, info.height)
        ground = GroundMap(*size, still=options.still)
        with (
            VideoWriter(file.path, *size, info.frame_rate, pixel_ratio=info.pixel_ratio, file=file) as writer,
            writer.nothing_half(),
        ):
            for frame in source:
                ground.add(frame.index, frame.image, _tracks(table, frame.index))
                scene, place = ground.place()
                numbers, ids, feet = ground.rows(scene)
                feet = apply(place, feet)
                presence = Presence(*size, options.spread)
                presence.add(feet)
                image = overlay(frame.image, presence.map(), options.opacity)
                if options.id is not None and not options.no_path:
                    draw_paths(image, numbers, ids, feet, ground.every)
                writer.write(image, frame.pts)
                bar(writer.written, info.frame_count)
