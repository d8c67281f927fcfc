"""Hashes of what the project computes, to show that a rebuilding changed nothing (or what it changed).

    python benchmarks/fingerprints.py before.json                      # all parts; takes about ten minutes
    python benchmarks/fingerprints.py after.json --against before.json # … and lists what differs
    python benchmarks/fingerprints.py after.json --parts trackers scores --sequences 5

Parts: every tracker on the sequences of sets.py (ids apart from boxes), ``refine`` on two of them, the scores as JSON,
the commands ``track`` (the demo; with --data also the real football clip), ``sot`` and the conversions of SportsMOT and
SoccerNet folders. Boxes are rounded to 0.01 pixels and scores to 1e-9, so that the order of additions does not count.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sets import SETS, Clip, choose, data_folder

from sportstrack import TRACKERS, MotTable, SportstrackError, Tracks, create_tracker, score_tracks

Marks = dict[str, str]
SOCCERNET = "[Sequence]\nname={name}\nnum_tracklets=2\ntrackletID_1= player team left;10\ntrackletID_2= ball;1\n"


def main(argv: list[str] | None = None) -> int:
    """Take the fingerprints, write them, and list the differences to earlier ones."""
    options = parse(argv)
    marks: Marks = {}
    with tempfile.TemporaryDirectory(prefix="fingerprints-") as scratch:
        for part in options.parts:
            for name, mark in PARTS[part](options, Path(scratch)):
                marks[f"{part}/{name}"] = mark
            sys.stderr.write(f"{part}: {sum(name.startswith(part + '/') for name in marks)} fingerprints\n")
    options.output.write_text(json.dumps(marks, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return report(marks, json.loads(options.against.read_text(encoding="utf-8"))) if options.against else 0


def report(now: Marks, before: Marks) -> int:
    """Print what differs; return 1 if anything does."""
    both = sorted(now.keys() & before.keys())
    changed = [name for name in both if now[name] != before[name]]
    print(f"{len(both)} compared, {len(changed)} differ, {len(now) - len(both)} new, {len(before) - len(both)} missing")
    print("\n".join(changed))
    return 1 if changed else 0


# --- the parts: each yields (name, fingerprint) ----------------------------------------------------------------------


def trackers(options: argparse.Namespace, _scratch: Path) -> Iterator[tuple[str, str]]:
    """Every tracker on every sequence: which detection got which id, and where the boxes are."""
    for tracker in sorted(TRACKERS):
        for name, clip in clips(options):
            tracks = run(tracker, clip)
            yield f"{tracker}/{name}/ids", mark([(t.track_id, t.detection, t.class_id) for t in tracks])
            yield f"{tracker}/{name}/boxes", mark([np.round(t.with_boxes().xyxy, 2) for t in tracks])


def scores(options: argparse.Namespace, _scratch: Path) -> Iterator[tuple[str, str]]:
    """All scores of two trackers on every sequence."""
    for tracker in ("sports", "sort"):
        for name, clip in clips(options):
            table = MotTable.from_tracks(run(tracker, clip))
            found = score_tracks(clip.truth, table, frames=len(clip.detections), benchmark=clip.benchmark)
            yield f"{tracker}/{name}", mark([round(v, 9) if isinstance(v, float) else v for v in flat(found.to_dict())])


def refine(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, str]]:
    """The command ``refine`` on the results of two trackers."""
    for tracker in ("sports", "bytetrack"):
        folder = scratch / f"refine-{tracker}"
        folder.mkdir()
        for name, clip in clips(options):
            rows = [format_rows(i, tracks) for i, tracks in enumerate(run(tracker, clip))]
            (folder / f"{name.replace('/', '-')}.txt").write_text("".join(rows), encoding="utf-8")
        command("sportstrack.refine", folder, "-o", scratch / f"refined-{tracker}", "--size", "1280x720", "--quiet")
        yield from files(scratch / f"refined-{tracker}", tracker, "*.txt")


def track(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, str]]:
    """The command ``track``: the demo, and the real football clip where it is at hand."""
    out, formats = scratch / "track", ("--formats", "mot,jsonl,csv", "--quiet")
    command("sportstrack.track", "--demo", "-o", out, *formats)
    clip, weights = options.data / "video" / "football_848x478.mp4", options.data / "weights" / "yolov8n.pt"
    if clip.is_file() and weights.is_file():
        command("sportstrack.track", clip, "--weights", weights, "-o", out, *formats)
        command("sportstrack.track", clip, "--weights", weights, "-o", out / "offline", "--offline", *formats)
    yield from files(out, "", "*.txt", "*.jsonl", "*.csv")


def sot(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, str]]:
    """The command ``sot`` on the sequences of one object."""
    for folder in sorted((options.data / "sot").glob("*/")):
        pictures = next((p for p in (folder / "img", folder / "color", folder) if any(p.glob("*.jpg"))), None)
        truth = next((p for p in sorted(folder.glob("groundtruth*.txt"))), None)
        if pictures is not None and truth is not None:
            out = scratch / "sot" / folder.name
            command("sportstrack.sot", pictures, "--init-from", truth, "-o", out, "--formats", "mot,otb", "--quiet")
            yield from files(out, folder.name, "*.txt")


def convert(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, str]]:
    """The conversions of one SportsMOT and one SoccerNet folder, labels alone."""
    source = next(iter(sorted((options.data / "sportsmot" / "train").glob("*/"))))
    sports, soccer = scratch / "sportsmot", scratch / "soccernet"
    for root, name in ((sports, source.name), (soccer, "SNMOT-060")):
        (root / "train" / name / "gt").mkdir(parents=True)
        (root / "train" / name / "gt" / "gt.txt").write_bytes((source / "gt" / "gt.txt").read_bytes())
        info = (source / "seqinfo.ini").read_text(encoding="utf-8").replace(source.name, name)
        (root / "train" / name / "seqinfo.ini").write_text(info, encoding="utf-8")
    clip = soccer / "train" / "SNMOT-060"
    rows = [line.split(",") for line in (clip / "gt" / "gt.txt").read_text(encoding="utf-8").splitlines()]
    rows = [[row[0], str(1 + int(row[1]) % 2), *row[2:6], "1", "-1", "-1", "-1"] for row in rows if int(row[1]) < 2]
    (clip / "gt" / "gt.txt").write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    (clip / "gameinfo.ini").write_text(SOCCERNET.format(name=clip.name), encoding="utf-8")
    for word, root in (("sportsmot", sports), ("soccernet", soccer)):
        for kind in ("yolo", "coco", "mot"):
            out = scratch / f"{word}-{kind}"
            command(f"data_prep.{word}", root, out, "--to", kind, "--labels-only", "--quiet")
            yield f"{word}/{kind}", mark([(n, h) for n, h in files(out, "", "*.txt", "*.json") if "manifest" not in n])


PARTS: dict[str, Callable[[argparse.Namespace, Path], Iterator[tuple[str, str]]]] = {
    part.__name__: part for part in (trackers, scores, refine, track, sot, convert)
}

# --- what they share -------------------------------------------------------------------------------------------------


def clips(options: argparse.Namespace) -> Iterator[tuple[str, Clip]]:
    """Yield the name and the sequence of every set with a detector's boxes."""
    for name, one in SETS.items():
        if one.detections is not None:
            for folder in choose(one.sequences(options.data), "all", options.sequences):
                yield f"{name}/{folder.name}", one.read(folder)


def run(tracker: str, clip: Clip) -> list[Tracks]:
    """Track a sequence with the defaults."""
    made = create_tracker(tracker, frame_rate=clip.frame_rate, frame_size=clip.size)
    return [made.update(frame) for frame in clip.detections]


def format_rows(frame: int, tracks: Tracks) -> str:
    """Return a frame as MOT text."""
    tracks = tracks.with_boxes()
    corners, size = tracks.xyxy[:, :2].tolist(), (tracks.xyxy[:, 2:] - tracks.xyxy[:, :2]).tolist()
    rows = zip(tracks.track_id, corners, size, tracks.score, strict=True)
    return "".join(f"{frame + 1},{i},{x},{y},{w},{h},{s:.4f},-1,-1,-1\n" for i, (x, y), (w, h), s in rows)


def flat(value: Any) -> Iterator[Any]:
    """Yield the keys and numbers of nested dictionaries and lists, sorted by key."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield key
            yield from flat(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from flat(item)
    else:
        yield value


def files(folder: Path, prefix: str, *patterns: str) -> Iterator[tuple[str, str]]:
    """Yield the path below the folder and the hash of each file that matches."""
    for path in sorted(p for pattern in patterns for p in folder.rglob(pattern)):
        name = path.relative_to(folder).as_posix()
        yield "/".join(filter(None, (prefix, name))), hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def command(module: str, *arguments: object) -> None:
    """Run a command of the project; stop if it fails."""
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"fingerprints.py: {module} {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")


def mark(value: Any) -> str:
    """Return a short hash of nested lists, tuples, arrays, numbers and strings."""
    digest = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.shape}".encode())
            digest.update(np.ascontiguousarray(part + 0).tobytes())  # + 0 makes −0.0 and 0.0 one
        elif isinstance(part, (list, tuple)):
            for item in part:
                add(item)
        else:
            digest.update(f"{part}|".encode())

    add(value)
    return digest.hexdigest()[:16]


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="JSON file for the fingerprints")
    parser.add_argument("--against", type=Path, help="earlier fingerprints to compare with")
    parser.add_argument("--data", type=Path, help="folder with sportsmot/, mot17/, mot15/ (SPORTSTRACK_DATA)")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--sequences", type=int, help="at most so many of each set")
    options = parser.parse_args(argv)
    try:
        options.data = data_folder(options.data)
    except SportstrackError as error:
        sys.exit(f"fingerprints.py: {error}")
    return options


if __name__ == "__main__":
    sys.exit(main())
