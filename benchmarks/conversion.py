"""How many frames per second do labels convert, and how many times is that other converters' rate?

    python benchmarks/conversion.py --data path/to/sportsmot/train    # real labels: CLIP/gt/gt.txt, CLIP/seqinfo.ini
    python benchmarks/conversion.py                                   # simulated clips of the same kind
    python benchmarks/conversion.py --work /dev/shm --rounds 5 --csv conversion.csv

Three questions, each on one core with one thread, in processor seconds (user and system; the best of the rounds):

1. SportsMOT folders to a whole YOLO data set with hard links, no copies, as ``python -m data_prep.sportsmot`` does it:
   reading and checking gt.txt and seqinfo.ini, labels, links, sidecars, manifest.
2. COCO JSON to YOLO labels against ``ultralytics.data.converter.convert_coco``: the same JSON, labels alone.
3. The same against supervision's ``from_coco`` and ``as_yolo``, which decode each picture on the way, and so on fewer
   frames.

Contenders take turns; imports are not timed. Each label file that a contender writes is compared with ours: the same
boxes in the same order, to 0.02 pixels (the others write five or six digits). Pictures are grey ones of the right size,
one per clip, hard-linked under every frame's name. Use a folder in memory (``--work``) to measure the program rather
than the disk; nothing is deleted between rounds, because some file systems are slow after mass deletion.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import contextlib
import csv
import io
import logging
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path[0] = str(Path(__file__).resolve().parents[1])  # this file has the package's name and would hide it

from data_prep.formats.coco import read_coco, write_coco
from data_prep.formats.sportsmot import read_sportsmot
from data_prep.formats.yolo import write_yolo
from data_prep.output import WriteSettings
from data_prep.splits import every_nth
from data_prep.table import Table, objects

LABELS = WriteSettings(pictures=False)
SIZE = (1280, 720)
TOLERANCE = 0.02  # pixels
Convert = Callable[[Path], Path]
"""(a folder to fill) → the folder that holds the label files."""


def stand_in(data: Path | None, root: Path) -> Path:
    """Lay out SportsMOT with real or simulated labels and a grey picture for every frame."""
    import cv2

    done, jpeg = cv2.imencode(".jpg", np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    assert done
    for name, truth, info in real_clips(data) if data else simulated_clips():
        clip = root / "train" / name
        (clip / "gt").mkdir(parents=True)
        (clip / "img1").mkdir()
        (clip / "gt" / "gt.txt").write_bytes(truth)
        (clip / "seqinfo.ini").write_text(info)
        first = clip / "img1" / "000001.jpg"
        first.write_bytes(np.asarray(jpeg).tobytes())
        for number in range(2, int(info.split("seqLength=")[1].split()[0]) + 1):
            os.link(first, clip / "img1" / f"{number:06d}.jpg")
    return root


def real_clips(data: Path) -> list[tuple[str, bytes, str]]:
    """(name, gt.txt, seqinfo.ini) of each clip in a folder."""
    return [
        (clip.name, (clip / "gt/gt.txt").read_bytes(), (clip / "seqinfo.ini").read_text())
        for clip in sorted(data.iterdir())
        if (clip / "gt/gt.txt").is_file()
    ]


def simulated_clips(clips: int = 20, frames: int = 600, players: int = 11) -> list[tuple[str, bytes, str]]:
    """The same of players that wander about."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(clips):
        place = rng.uniform((100, 100), (1100, 500), (players, 2)) + rng.normal(0, 1, (frames, players, 2)).cumsum(0)
        place = np.clip(place.round(), (1, 1), (1220, 600)).astype(int)
        rows = [
            f"{frame}, {track}, {x}, {y}, {40 + track}, {100 + track}, 1, 1, 1\n"
            for frame in range(1, frames + 1)
            for track, (x, y) in enumerate(place[frame - 1].tolist())
        ]
        name = f"v_simulated{number:02d}_c001"
        info = f"[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength={frames}\nimWidth=1280\nimHeight=720\n"
        found.append((name, "".join(rows).encode(), info))
    return found


def flat(table: Table) -> Table:
    """Return the table as single pictures with names of their own: what all contenders can read."""
    names = objects(name.replace("/", "_") for name in table.images.name.tolist())
    alone = np.full(len(names), -1, np.int64)
    return replace(table, sequences=(), images=replace(table.images, name=names, sequence=alone, frame=alone))


def ours(coco: Path) -> Convert:
    """COCO to YOLO labels with this project."""

    def convert(out: Path) -> Path:
        write_yolo(read_coco(coco), out, LABELS)
        return out / "labels" / "train"

    return convert


def ultralytics(coco: Path) -> Convert:
    """COCO to YOLO labels with ultralytics."""
    from ultralytics.data.converter import convert_coco

    logging.getLogger("ultralytics").setLevel(logging.ERROR)

    def convert(out: Path) -> Path:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            convert_coco(str(coco / "annotations"), str(out), use_segments=False, cls91to80=False)
        return out / "labels" / "train"

    return convert


def supervision(coco: Path) -> Convert:
    """COCO to YOLO labels with supervision."""
    from supervision import DetectionDataset

    def convert(out: Path) -> Path:
        read = DetectionDataset.from_coco(str(coco / "train"), str(coco / "annotations" / "instances_train.json"))
        read.as_yolo(annotations_directory_path=str(out))
        return out

    return convert


def race(contenders: dict[str, Convert], work: Path, rounds: int) -> dict[str, float]:
    """Return each contender's best processor seconds; compare what they write in the first round."""
    best = dict.fromkeys(contenders, float("inf"))
    written: dict[str, Path] = {}
    for number in range(rounds):
        for name, convert in contenders.items():
            out = Path(tempfile.mkdtemp(dir=work)) / f"{name}{number}"
            start = time.process_time()
            folder = convert(out)
            best[name] = min(best[name], time.process_time() - start)
            written.setdefault(name, folder)
    reference = written["ours"]
    for name, folder in written.items():
        compare(reference, folder, name)
    return best


def compare(a: Path, b: Path, name: str) -> None:
    """Stop unless two folders hold the same label files, empty ones aside."""
    files = [{p.name: p for p in folder.glob("*.txt") if p.stat().st_size} for folder in (a, b)]
    if set(files[0]) != set(files[1]):
        raise SystemExit(f"{name} wrote {len(files[1])} label files with boxes, we {len(files[0])}")
    for file, path in files[0].items():
        left, right = (np.loadtxt(p, ndmin=2) for p in (path, files[1][file]))
        if left.shape != right.shape or (np.abs(left - right)[:, 1:] * np.tile(SIZE, 2) > TOLERANCE).any():
            raise SystemExit(f"{name} wrote other boxes than we into {file}")


def whole(root: Path, work: Path, rounds: int) -> tuple[Table, float, float]:
    """Return the table, and the best processor and elapsed seconds from SportsMOT to a YOLO data set."""
    best = [float("inf"), float("inf")]
    for number in range(rounds):
        start, clock = time.process_time(), time.perf_counter()
        table = read_sportsmot(root)
        write_yolo(table, work / f"whole{number}")
        best = [min(best[0], time.process_time() - start), min(best[1], time.perf_counter() - clock)]
    return table, best[0], best[1]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of SportsMOT clips (default: simulated ones)")
    parser.add_argument("--work", type=Path, help="folder to work in (default: the system's temporary one)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=20, help="supervision gets each N-th frame (20)")
    parser.add_argument("--csv", type=Path, help="also write the table here")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}\n")
    work = Path(tempfile.mkdtemp(prefix="data_prep", dir=options.work))
    try:
        rows = run(options, work)
    finally:
        shutil.rmtree(work)
    if options.csv:
        with options.csv.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("job", "converter", "frames", "cpu_seconds", "times_ours"))
            writer.writerows(rows)


def run(options: argparse.Namespace, work: Path) -> list[tuple[str, str, int, float, float]]:
    """Answer the three questions, printing a table line each."""
    root = stand_in(options.data, work / "source")
    table, seconds, elapsed = whole(root, work, options.rounds)
    frames = len(table.images)
    print(f"{frames:,} frames, {len(table.boxes):,} boxes, {len(table.sequences)} clips\n")
    print("| job | converter | frames | CPU s | frames/s | × ours |\n|---|---|---:|---:|---:|---:|")
    rows = [("SportsMOT to YOLO, links", "ours", frames, seconds, 1.0)]
    show(rows[-1])
    for name, peer, step in (("ultralytics", ultralytics, 1), ("supervision", supervision, options.every)):
        part = flat(every_nth(table, step))
        coco = work / f"coco-{name}"
        write_coco(part, coco)
        found = race({"ours": ours(coco), name: peer(coco)}, work, options.rounds)
        for converter, value in found.items():
            rows.append(("COCO to YOLO, labels", converter, len(part.images), value, value / found["ours"]))
            show(rows[-1])
    print(f"\nelapsed, SportsMOT to YOLO: {elapsed:.2f} s, {frames / elapsed:,.0f} frames/s")
    return rows


def show(row: tuple[str, str, int, float, float]) -> None:
    """Print a line of the table."""
    job, converter, frames, seconds, ratio = row
    print(f"| {job} | {converter} | {frames:,} | {seconds:.2f} | {frames / seconds:,.0f} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    main()
