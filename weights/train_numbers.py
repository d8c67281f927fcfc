"""Make the two networks of the number reader: render players, train the locator, train the digit reader, judge both.

    python weights/train_numbers.py WORK                   # all of it: about forty minutes on one core
    python weights/train_numbers.py WORK --judge           # only judge the networks that are in WORK

WORK is a folder for renders and checkpoints. What is there already is kept: renders are not made again, and an
interrupted training goes on with its last epoch. Nothing is downloaded: the networks start from random weights and see
only pictures of data_prep.synthetic.shirts. Digits are drawn in the free fonts of the machine; on Debian

    apt install fonts-bebas-neue fonts-league-spartan fonts-inter fonts-lato fonts-open-sans fonts-roboto-unhinted \
        fonts-roboto-slab fonts-play fonts-dosis fonts-sora fonts-manrope fonts-quicksand fonts-cantarell fonts-b612 \
        fonts-national-park fonts-jura fonts-allerta fonts-staypuft fonts-rocknroll fonts-millimetre fonts-paratype \
        fonts-adf-universalis fonts-adf-gillius fonts-cabin fonts-clear-sans fonts-go fonts-roadgeek fonts-karla \
        fonts-beteckna fonts-engadget fonts-ferrite-core fonts-urw-base35 fonts-tuffy fonts-freefont-ttf \
        fonts-liberation fonts-dejavu

gives those of the files in weights/. One family of six is for judging only.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data_prep.synthetic.shirts import NumberCrop, Typefaces, new_player, render_crop
from sportstrack.numbers.windows import DIGITS, PERSON, corners_of, digits_input, person_input, sides

CHUNK = 1000  # crops of a file
CHUNKS = 60  # for training
TEST_SEED = 900  # of the chunks to judge on
TEST_CHUNKS = 2
CROPS_PER_PLAYER = 4
WINDOWS = 2  # windows of digits of each crop, differently jittered
UNREADABLE = 10  # class of the first digit
NO_SECOND = 10  # class of the second

# --- data -----------------------------------------------------------------------------------------------------------


def digit_classes(number: str) -> tuple[int, int]:
    """Return the classes of both digits."""
    return int(number[0]), int(number[1]) if len(number) == 2 else NO_SECOND


def jittered(corners: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return corners as a locator finds them: moved, scaled and turned a little."""
    right, down = sides(corners)
    tall = float(np.linalg.norm(down))
    centre = corners.mean(axis=0) + rng.normal(0, 0.06, 2) * tall
    right = right * float(np.exp(rng.normal(0, 0.12))) + rng.normal(0, 0.04, 2) * tall
    return corners_of(centre, right, down * float(np.exp(rng.normal(0, 0.1))) + rng.normal(0, 0.04, 2) * tall)


def anywhere(crop: NumberCrop, rng: np.random.Generator) -> np.ndarray:
    """Return corners of a place without a number to be read."""
    height, width = crop.image.shape[:2]
    tall = height * float(rng.uniform(0.06, 0.2))
    centre = rng.uniform((0.2, 0.1), (0.8, 0.6)) * (width, height)
    return corners_of(centre, np.array([tall * rng.uniform(0.5, 1.4), 0.0]), np.array([0.0, tall]))


def windows_of(crop: NumberCrop, rng: np.random.Generator) -> list[tuple[np.ndarray, int, int]]:
    """Return windows of digits with their classes."""
    rows = []
    for _ in range(WINDOWS):
        if crop.corners is None:
            rows.append((digits_input(crop.image, anywhere(crop, rng)), UNREADABLE, NO_SECOND))
            continue
        classes = digit_classes(crop.number) if crop.legible else (UNREADABLE, NO_SECOND)
        rows.append((digits_input(crop.image, jittered(crop.corners, rng)), *classes))
    return rows


def render_chunk(job: tuple[int, Path, bool]) -> None:
    """Render one file of crops; one that is already there is left alone."""
    import cv2

    seed, path, held_out = job
    if path.exists():
        return
    cv2.setNumThreads(1)
    faces, columns = Typefaces.of_machine(held_out=held_out), [[] for _ in range(7)]
    for n in range(CHUNK):
        if n % CROPS_PER_PLAYER == 0:
            rng = np.random.default_rng([seed, n])
            player = new_player(rng, faces, number="" if rng.random() < 0.06 else None)
        crop = render_crop(player, rng, faces)
        shape = np.array(crop.image.shape[1::-1], np.float64)
        corners = np.full((4, 2), -1.0) if crop.corners is None else crop.corners / shape
        columns[0].append(person_input(crop.image))
        columns[1].append(corners)
        columns[2].append((crop.corners is not None, crop.legible, crop.tall))
        for picture, first, second in windows_of(crop, rng):
            columns[3].append(picture)
            columns[4].append((first, second))
    part = path.with_suffix(".part.npz")
    np.savez(
        part,
        person=np.stack(columns[0]),
        corners=np.stack(columns[1]).astype(np.float32),
        known=np.array(columns[2], np.float32),
        window=np.stack(columns[3]),
        classes=np.array(columns[4], np.int64),
    )
    part.rename(path)


def render_all(work: Path, workers: int, chunks: int) -> None:
    """Render what is missing."""
    jobs = [(seed, work / f"test-{seed}.npz", True) for seed in range(TEST_SEED, TEST_SEED + TEST_CHUNKS)]
    jobs += [(seed, work / f"train-{seed:03d}.npz", False) for seed in range(chunks)]
    with ProcessPoolExecutor(workers) as pool:
        for n, _ in enumerate(pool.map(render_chunk, jobs), 1):
            if n % 5 == 0:
                print(f"rendered {n}/{len(jobs)} thousand crops", flush=True)


def load(paths: list[Path], names: tuple[str, ...]) -> list[Any]:
    """Return columns of all files, as tensors."""
    import torch

    parts: list[list[Any]] = [[] for _ in names]
    for path in paths:
        with np.load(path) as held:
            for column, name in zip(parts, names, strict=True):
                column.append(held[name])
    return [torch.from_numpy(np.concatenate(column)) for column in parts]


def planes(pictures: Any) -> Any:
    """(N, H, W, 3) uint8 to (N, 3, H, W) floats, −1…1; what the exported networks take."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def varied(pictures: Any, generator: Any) -> Any:
    """Vary light and colour of a batch of planes."""
    import torch

    n = len(pictures)
    gain = 1 + 0.25 * (torch.rand((n, 1, 1, 1), generator=generator) - 0.5)
    cast = 0.16 * (torch.rand((n, 3, 1, 1), generator=generator) - 0.5)
    moved = pictures * gain + cast
    swapped = torch.rand((n,), generator=generator) < 0.3  # colours mean nothing here
    moved[swapped] = moved[swapped][:, torch.randperm(3, generator=generator)]
    return moved.clamp(-1, 1)


def shifted(pictures: Any, targets: list[Any], kind: str, generator: Any) -> tuple[Any, list[Any]]:
    """Move and scale a batch of planes a little, each picture in its own way, and the corners with it.

    Windows of digits are turned a little, too; a crop of a person is not, because its corners would leave it.
    """
    import torch
    from torch.nn import functional

    n = len(pictures)
    reach = 0.1 if kind == "locator" else 0.05
    scale = 1 + 0.24 * (torch.rand((n, 2), generator=generator) - 0.5)
    move = 2 * reach * (2 * torch.rand((n, 2), generator=generator) - 1)
    turn = torch.zeros(n) if kind == "locator" else 0.16 * torch.randn(n, generator=generator).clamp(-2, 2)
    aspect = pictures.shape[3] / pictures.shape[2]
    rows = (
        torch.stack((scale[:, 0] * turn.cos(), -scale[:, 1] * turn.sin() / aspect, move[:, 0]), 1),
        torch.stack((scale[:, 0] * turn.sin() * aspect, scale[:, 1] * turn.cos(), move[:, 1]), 1),
    )
    grid = functional.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    if kind == "locator":  # the picture shows at x what was at scale · x + move, in −1…1
        corners = ((targets[0] * 2 - 1 - move[:, None]) / scale[:, None] + 1) / 2
        targets = [corners, *targets[1:]]
    return moved, targets


# --- networks -------------------------------------------------------------------------------------------------------


def conv(inside: int, outside: int, stride: int = 1) -> Any:
    """A 3×3 convolution with batch normalisation and ReLU."""
    from torch import nn

    layers = [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def make_locator() -> Any:
    """A fully convolutional network: (N, 3, 96, 64) to (N, 8, 12, 8).

    For each of 12 × 8 places: whether the number's middle is there, whether it is legible (both logits), the middle's
    place in the cell, and the vectors along and down, as shares of the crop's width and height.
    """
    from torch import nn

    return nn.Sequential(
        conv(3, 16, 2), conv(16, 32, 2), conv(32, 32), conv(32, 64, 2), conv(64, 64), conv(64, 64), conv(64, 64),
        nn.Conv2d(64, 8, 1),
    )  # fmt: skip


def make_reader() -> Any:
    """A classifier of both digits: (N, 3, 32, 48) to (N, 22) logits: ten digits and unreadable, ten digits and none."""
    from torch import nn

    return nn.Sequential(
        conv(3, 24, 2), conv(24, 48), conv(48, 48, 2), conv(48, 96), conv(96, 96, 2), conv(96, 96),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(96 * 24, 128), nn.ReLU(inplace=True), nn.Linear(128, 22),
    )  # fmt: skip


def locator_loss(out: Any, batch: list[Any]) -> Any:
    """Cross entropy of the place, L1 of the corners there, binary cross entropy of both scores."""
    import torch
    from torch.nn import functional

    corners, known = batch
    n, rows, columns = len(out), out.shape[2], out.shape[3]
    seen, legible = known[:, 0] > 0, known[:, 1]
    middle = corners.mean(dim=1).clamp(0, 0.999)
    cell = (middle[:, 1] * rows).long() * columns + (middle[:, 0] * columns).long()
    places = out.flatten(2)
    target = torch.zeros((n, rows * columns))
    target[seen, cell[seen]] = 1
    presence = functional.binary_cross_entropy_with_logits(places[:, 0], target, reduction="sum") / n
    if not seen.any():
        return presence
    there = places[seen].gather(2, cell[seen][:, None, None].expand(-1, places.shape[1], 1))[..., 0]
    place = functional.cross_entropy(places[seen, 0], cell[seen])
    read = functional.binary_cross_entropy_with_logits(there[:, 1], legible[seen])
    right = (corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3])[seen] / 2
    down = (corners[:, 3] - corners[:, 0] + corners[:, 2] - corners[:, 1])[seen] / 2
    grid = torch.stack((cell[seen] % columns, cell[seen] // columns), 1)
    offset = middle[seen] * torch.tensor([columns, rows]) - grid
    wanted = torch.cat((offset / 8, right, down), 1)
    shape = functional.smooth_l1_loss(torch.cat((there[:, 2:4] / 8, there[:, 4:]), 1), wanted, beta=0.02)
    return presence + place + read + 20 * shape


def reader_loss(out: Any, batch: list[Any]) -> Any:
    """Cross entropy of both digits; of what is unreadable, the second digit does not matter."""
    from torch.nn import functional

    (classes,) = batch
    readable = classes[:, 0] != UNREADABLE
    loss = functional.cross_entropy(out[:, :11], classes[:, 0], label_smoothing=0.02)
    if readable.any():
        loss = loss + functional.cross_entropy(out[readable, 11:], classes[readable, 1], label_smoothing=0.02)
    return loss


KINDS: dict[str, tuple[Any, Any, tuple[str, ...], int, int]] = {
    "locator": (make_locator, locator_loss, ("person", "corners", "known"), 14, 1),
    "reader": (make_reader, reader_loss, ("window", "classes"), 12, WINDOWS),
}
"""Network → how it is made, its loss, its columns, its epochs, and of how many rows an epoch sees one."""

# --- training -------------------------------------------------------------------------------------------------------


def batches(columns: list[Any], size: int, seed: int) -> Iterator[list[Any]]:
    """Yield the columns in a random order, in batches."""
    import torch

    order = torch.randperm(len(columns[0]), generator=torch.Generator().manual_seed(seed))
    for start in range(0, len(order) - size + 1, size):
        rows = order[start : start + size]
        yield [column[rows] for column in columns]


def train(kind: str, work: Path, *, bf16: bool = False, batch: int = 128, most: float = 0.003) -> Any:
    """Train a network, going on where an earlier call stopped, and return it ready for use."""
    import torch

    make, loss_of, names, epochs, part = KINDS[kind]
    torch.manual_seed(1)
    network, state = make(), work / f"{kind}.pt"
    optimizer = torch.optim.AdamW(network.parameters(), lr=most, weight_decay=0.02)
    columns = load(sorted(work.glob("train-*.npz")), names)
    steps = len(columns[0][::part]) // batch * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, most, total_steps=steps + 1, pct_start=0.1)
    done = 0
    if state.exists():
        held = torch.load(state, weights_only=True)
        network.load_state_dict(held["network"])
        optimizer.load_state_dict(held["optimizer"])
        schedule.load_state_dict(held["schedule"])
        done = held["epoch"]
    network = network.to(memory_format=torch.channels_last)
    for epoch in range(done, epochs):
        network.train()
        started, total, count = time.time(), 0.0, 0
        generator = torch.Generator().manual_seed(epoch)
        for pictures, *targets in batches([column[epoch % part :: part] for column in columns], batch, epoch):
            inputs, targets = shifted(varied(planes(pictures), generator), targets, kind, generator)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                found = network(inputs)
            loss = loss_of(found.float(), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total, count = total + float(loss.detach()), count + 1
        held = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}
        torch.save(held | {"schedule": schedule.state_dict()}, state.with_suffix(".part"))
        state.with_suffix(".part").replace(state)
        print(f"{kind} epoch {epoch + 1}/{epochs}: loss {total / count:.4f}, {time.time() - started:.0f} s", flush=True)
    return network.eval()


def trained(kind: str, work: Path) -> Any:
    """Return the network of a checkpoint, ready for use."""
    import torch

    network = KINDS[kind][0]()
    network.load_state_dict(torch.load(work / f"{kind}.pt", weights_only=True)["network"])
    return network.eval()


def export(kind: str, network: Any, path: Path) -> None:
    """Write an ONNX file with a free batch size."""
    import torch

    shape = PERSON if kind == "locator" else DIGITS
    example = torch.zeros((2, 3, *shape))
    network = network.to(memory_format=torch.contiguous_format)
    torch.onnx.export(
        network, (example,), str(path), input_names=["pictures"], output_names=["found"], opset_version=17,
        dynamic_axes={"pictures": {0: "n"}, "found": {0: "n"}}, dynamo=False,
    )  # fmt: skip


# --- judging --------------------------------------------------------------------------------------------------------


def judge(kind: str, network: Any, work: Path) -> None:
    """Print scores on the test chunks: other seeds, other fonts."""
    import torch

    _, loss_of, names, *_ = KINDS[kind]
    pictures, *targets = load(sorted(work.glob("test-*.npz")), names)
    with torch.no_grad():
        out = torch.cat([network(planes(part)) for part in pictures.split(500)])
        print(f"{kind}: {len(out)} pictures, loss {float(loss_of(out, targets)):.4f}")
    if kind == "locator":
        judge_locator(out, *targets)
    else:
        judge_reader(out, targets[0])


def judge_locator(out: Any, corners: Any, known: Any) -> None:
    """Print how well places are found and legibility is told."""
    import torch

    flat = out.flatten(2)
    best = flat[:, 0].argmax(dim=1)
    there = flat.gather(2, best[:, None, None].expand(-1, 8, 1))[..., 0]
    grid = torch.stack((best % 8, best // 8), 1)
    middle = (there[:, 2:4] + grid) / torch.tensor([8, 12])
    legible = known[:, 1] > 0
    off = (middle - corners.mean(dim=1)) * torch.tensor([64.0, 96.0])
    tall = (corners[:, 3, 1] - corners[:, 0, 1]) * 96
    close = off.norm(dim=1) < 0.3 * tall
    print(f"  middle within 0.3 heights: {float(close[legible].float().mean()):.3f} of {int(legible.sum())} legible")
    score = there[:, 0].sigmoid() * there[:, 1].sigmoid()
    for least in (0.2, 0.35, 0.5):
        told = score > least
        recall, precision = (told & legible).sum() / legible.sum(), (told & legible).sum() / told.sum()
        print(f"  score > {least}: recall of legible {float(recall):.3f}, precision {float(precision):.3f}")


def judge_reader(out: Any, classes: Any) -> None:
    """Print how many windows are read right, and at which price in wrong ones."""
    first, second = out[:, :11].softmax(1), out[:, 11:].softmax(1)
    readable = classes[:, 0] != UNREADABLE
    right = (first.argmax(1) == classes[:, 0]) & (second.argmax(1) == classes[:, 1])
    sure = first.max(1).values * second.max(1).values
    for least in (0.0, 0.5, 0.8, 0.9):
        said = (first.argmax(1) != UNREADABLE) & (sure > least)
        good = float((said & right & readable).sum())
        print(
            f"  confidence > {least}: of the readable {good / float(readable.sum()):.3f} right, "
            f"of the answers {good / float(said.sum()):.3f} right; "
            f"{int((said & ~(right & readable)).sum())} are wrong, {int((said & ~readable).sum())} of these not legible"
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for renders and checkpoints")
    parser.add_argument("--judge", action="store_true", help="train nothing more")
    parser.add_argument("--workers", type=int, default=1, help="processes that render (default: 1)")
    parser.add_argument("--chunks", type=int, default=CHUNKS, help="thousands of crops (default: %(default)s)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where the processor has it")
    parser.add_argument("--only", choices=["renders", *KINDS], help="do this part alone")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    render_all(options.work, options.workers, 0 if options.judge else options.chunks)
    kinds = [] if options.only == "renders" else list(KINDS) if options.only is None else [options.only]
    for kind in kinds:
        network = trained(kind, options.work) if options.judge else train(kind, options.work, bf16=options.bf16)
        judge(kind, network, options.work)
        export(kind, network, options.work / f"sportstrack-numbers-{kind}.onnx")


if __name__ == "__main__":
    main()
