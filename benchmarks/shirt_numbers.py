"""Shirt numbers: how many tracks are read, how many of these right, and how long does it take?

    python benchmarks/shirt_numbers.py                       # 1000 rendered tracks with unseen seeds and fonts
    python benchmarks/shirt_numbers.py --parts 1000          # also each reader alone, on crops whose corners are known
    python benchmarks/shirt_numbers.py --video match.mp4     # a run of your own: what is read, and a sheet of the crops

A rendered track is one player in many poses a second apart, from behind, from the front and from the side, 60 to 400
pixels tall. Kits, poses, light, blur and compression are drawn from seeds that training never saw, the digits in the
font families that it never saw (of the machine; without any, in OpenCV's and in strokes). A track counts if ten of
its crops are legible (see `data_prep.synthetic.shirts`); poses are drawn until that is so. Every twelfth is an official
without a number: whatever is read there is wrong. Votes pass through the same vote as in a run.

Time is processor time of one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.synthetic.shirts import NumberCrop, Typefaces, new_player, render_crop
from sportstrack import NumberReader
from sportstrack.images.opencv import require_cv2
from sportstrack.numbers import NumberVotes
from sportstrack.numbers.codes import code_of, text_of
from sportstrack.numbers.networks import DigitReader, TextReader
from sportstrack.numbers.reader import TEXT_SHARE
from sportstrack.numbers.windows import digits_input, text_input

FIRST_SEED = 10_000_000
LEGIBLE = 10  # crops of a track
MOST = 60  # poses that are drawn for them


def crops_of(seed: int, faces: Typefaces) -> tuple[str, list[NumberCrop]]:
    """Return a track's number and its crops; of officials as many as of others."""
    rng = np.random.default_rng([FIRST_SEED, seed])
    official = seed % 12 == 11
    player = new_player(rng, faces, number="" if official else None)
    tall = float(np.exp(rng.uniform(np.log(60), np.log(400))))
    crops: list[NumberCrop] = []
    for _ in range(MOST):
        crops.append(render_crop(player, rng, faces, height=tall * float(rng.uniform(0.9, 1.1))))
        if sum(crop.legible for crop in crops) >= LEGIBLE or (official and len(crops) >= 25):
            break
    return player.number, crops


def read_track(reader: NumberReader, crops: list[NumberCrop]) -> str:
    """Return the number that a run would give a track with these crops, one a second."""
    read = reader.read([crop.image for crop in crops])
    votes = NumberVotes()
    for second, vote in enumerate(zip(read.code, read.confidence, strict=True)):
        votes.add(25 * second, float(second), np.array([1]), np.array([0]), np.array([vote], np.float32))
    return "".join(one.number for one in votes.now([1]).values())


def rendered(tracks: int, faces: Typefaces) -> None:
    """Print how many tracks are read, and how many right."""
    reader, sizes, rows = NumberReader(), [], []
    spent, looked, seed = 0.0, 0, 0
    while len(rows) < tracks:
        number, crops = crops_of(seed, faces)
        seed += 1
        legible = [crop for crop in crops if crop.legible]
        if number and len(legible) < LEGIBLE:
            continue  # a kit that nobody can read
        started = time.process_time()
        found = read_track(reader, crops)
        spent, looked = spent + time.process_time() - started, looked + len(crops)
        rows.append((number, found))
        sizes.append(np.median([crop.tall for crop in legible]) if legible else 0.0)
        if len(rows) % 100 == 0:
            print(f"  {len(rows)} tracks", flush=True)
    numbered = [(number, found, size) for (number, found), size in zip(rows, sizes, strict=True) if number]
    print("| tracks with ten legible crops | tracks | read | right of those read |\n|---|---|---|---|")
    for name, low, high in (("all", 0, 999), ("9 to 15 px", 0, 15), ("15 to 30 px", 15, 30), ("over 30 px", 30, 999)):
        part = [(number, found) for number, found, size in numbered if low <= size < high]
        read = [(number, found) for number, found in part if found]
        right = sum(number == found for number, found in read)
        print(f"| {name} | {len(part)} | {len(read) / max(1, len(part)):.3f} | {right / max(1, len(read)):.4f} |")
    officials = [found for number, found in rows if not number]
    print(f"officials without a number: {len(officials)}, of whom {sum(map(bool, officials))} were given one")
    print("misread:", ", ".join(f"{n} as {f}" for n, f, _ in numbered if f and f != n) or "none")
    print(f"{1000 * spent / looked:.1f} ms a crop, {seed - len(rows)} kits left out because nobody can read them")


def each_alone(count: int, faces: Typefaces) -> None:
    """Print the readers' scores on legible crops whose corners are known, and the locator's."""
    crops: list[NumberCrop] = []
    seed = 0
    while len(crops) < count:
        rng = np.random.default_rng([FIRST_SEED + 1, seed])
        crop = render_crop(new_player(rng, faces), rng, faces)
        crops += [crop] if crop.legible else []
        seed += 1
    true = np.array([code_of(crop.number) for crop in crops])
    pairs = [(crop.image, crop.corners) for crop in crops if crop.corners is not None]
    print(
        f"\n{count} legible crops\n\n| reader | right | answers at 0.5 | right of these | ms |\n|---|---|---|---|---|"
    )
    shares: dict[str, Any] = {}
    for name, network, cut in (("digits", DigitReader(), digits_input), ("rapidocr", TextReader(), text_input)):
        started = time.process_time()
        shares[name] = network([cut(*pair) for pair in pairs])
        row(name, shares[name], true, 1000 * (time.process_time() - started) / count)
    row("both", (1 - TEXT_SHARE) * shares["digits"] + TEXT_SHARE * shares["rapidocr"], true, 0)
    reader = NumberReader()
    started = time.process_time()
    read = reader.read([crop.image for crop in crops])
    table = np.zeros_like(shares["digits"])
    table[np.arange(count), np.maximum(read.code, 0)] = read.confidence
    row("located, both", table, true, 1000 * (time.process_time() - started) / count)


def row(name: str, shares: Any, true: Any, ms: float) -> None:
    """Print one row."""
    best, sure = shares.argmax(axis=1), shares.max(axis=1) >= 0.5
    right = best == true
    print(f"| {name} | {right.mean():.3f} | {sure.mean():.3f} | {right[sure].mean():.3f} | {ms:.1f} |")


def picture(path: Path, faces: Typefaces) -> None:
    """Draw rendered players with what the reader finds on them."""
    cv2, reader, cells = require_cv2(), NumberReader(), []
    for seed in range(36):
        rng = np.random.default_rng([FIRST_SEED + 2, seed])
        player = new_player(rng, faces, number="" if seed % 12 == 11 else None)
        tall = float(np.exp(rng.uniform(np.log(60), np.log(350))))
        image = render_crop(player, rng, faces, height=tall).image
        read = reader.read([image])
        scale = min(196 / len(image), 120 / image.shape[1])
        shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        said = text_of(int(read.code[0])) if read.confidence[0] >= reader.least else ""
        if said:
            place = np.round(read.corners[0] * scale).astype(np.int32)
            cv2.polylines(shown, [place], True, (0, 255, 255), 1, cv2.LINE_AA)
        cell = np.full((222, 122, 3), 24, np.uint8)
        cell[: len(shown), : shown.shape[1]] = shown
        colour = (140, 240, 140) if said == player.number else (150, 150, 150) if not said else (90, 90, 255)
        text = f"{player.number or 'none'}: {said or '-'}"
        cv2.putText(cell, text, (4, 215), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
        cells.append(cell)
    cv2.imwrite(str(path), np.vstack([np.hstack(cells[i : i + 12]) for i in range(0, len(cells), 12)]))


def of_video(path: Path, sheet: Path, **how: Any) -> None:
    """Track a video with ``--numbers``; print the numbers and the stages, and draw all crops that gave a vote."""
    from sportstrack import track

    cv2, cells, known = require_cv2(), [], {}
    run = track(path, numbers=True, **how)
    for frame in run:
        known |= {track: one.number for track, one in frame.identities.items()}
        votes = frame.detections.number_votes
        for box in np.flatnonzero(votes[:, 1] > 0) if votes is not None and frame.image is not None else ():
            x1, y1, x2, y2 = np.maximum(frame.detections.xyxy[box], 0).astype(int)
            cell = np.zeros((180, 90, 3), np.uint8)
            crop = frame.image[y1:y2, x1:x2]
            scale = min(150 / len(crop), 88 / crop.shape[1])
            crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            cell[: len(crop), : crop.shape[1]] = crop
            text = f"{text_of(int(votes[box, 0]))} {votes[box, 1]:.2f}"
            cv2.putText(cell, text, (2, 172), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
            cells.append(cell)
    print(f"{len(cells)} crops were read; numbers of {len(known)} of {run.summary.tracks} tracks: {known}")
    print(run.summary)
    if cells:
        cells += [np.zeros_like(cells[0])] * (-len(cells) % 16)
        cv2.imwrite(str(sheet), np.vstack([np.hstack(cells[i : i + 16]) for i in range(0, len(cells), 16)]))
        print(f"their crops: {sheet}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--parts", type=int, default=0, metavar="N", help="judge each reader alone on N crops first")
    parser.add_argument("--picture", type=Path, help="draw rendered players with what is read on them, and stop")
    parser.add_argument("--video", type=Path, help="track this instead")
    parser.add_argument("--weights", default="yolov8n.pt", help="for --video")
    parser.add_argument("--imgsz", type=int, help="for --video")
    parser.add_argument("--sheet", type=Path, default=Path("numbers.png"), help="picture of the crops, for --video")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    if options.video is not None:
        of_video(options.video, options.sheet, weights=options.weights, imgsz=options.imgsz)
        return
    faces = Typefaces.of_machine(held_out=True)
    if options.picture is not None:
        picture(options.picture, faces)
        return
    print(f"{len(faces.fonts)} fonts that training never saw")
    if options.parts:
        each_alone(options.parts, faces)
    if options.tracks:
        rendered(options.tracks, faces)


if __name__ == "__main__":
    main()
