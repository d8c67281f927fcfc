"""Train the network that finds a football pitch by itself: from random weights, on renders alone, on one or two cores.

    python weights/train_pitch.py WORK --minutes 60
    python weights/train_pitch.py WORK --minutes 60 --from WORK/last.pt      # goes on with other weights
    python weights/train_pitch.py WORK --check                               # the losses, on stadiums that do not train
    python weights/train_pitch.py WORK --export weights/sportstrack-pitch-football.onnx

A second process renders while the first one trains; each picture is used about eight times, and none is kept. Stadiums
0 to 899 train, 900 to 999 are looked at meanwhile; from 1000 on they are for tests (benchmarks/pitch_network.py).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import argparse
import copy
import math
import sys
import time
from multiprocessing import Event, Process, RawArray, Value
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from sportstrack.pitch.network.layout import FOOTBALL_LINES, INPUT, LINE_STRIDE, PLACE_STRIDE

TRAIN_SEEDS, CHECK_SEEDS = 900, range(900, 1000)
SLOTS = 6000  # pictures in memory
REUSE = 8  # times that a picture is used
WIDTH, HEIGHT = INPUT
SHAPES = {
    "image": ((HEIGHT, WIDTH, 4), np.uint8),
    "lines": ((len(FOOTBALL_LINES), HEIGHT // LINE_STRIDE, WIDTH // LINE_STRIDE), np.uint8),
    "places": ((3, HEIGHT // PLACE_STRIDE, WIDTH // PLACE_STRIDE), np.float32),
    "mirrors": ((), np.uint8),  # its mirror image is a picture as well
}
_SWAPPED = [n.replace("left", "?").replace("right", "left").replace("?", "right") for n in FOOTBALL_LINES]
MIRRORED = [FOOTBALL_LINES.index(name) for name in _SWAPPED]


# --- the network ----------------------------------------------------------------------------------------------------


def build():
    """Return the network: a residual encoder, attention between the coarsest cells, a decoder with two heads."""
    import torch
    from torch import nn
    from torch.nn import functional

    def conv(i, o, k=3, stride=1):
        return nn.Sequential(nn.Conv2d(i, o, k, stride, k // 2, bias=False), nn.BatchNorm2d(o))

    class Block(nn.Module):
        def __init__(self, i, o, stride=1):
            super().__init__()
            self.first, self.second = conv(i, o, 3, stride), conv(o, o)
            self.skip = nn.Identity() if stride == 1 and i == o else conv(i, o, 1, stride)

        def forward(self, x):
            return functional.relu(self.skip(x) + self.second(functional.relu(self.first(x))))

    class Attention(nn.Module):
        """A transformer's layer, written so that it exports plainly."""

        def __init__(self, width, heads=4):
            super().__init__()
            self.heads = heads
            self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

        def forward(self, x):
            n, tokens, width = x.shape
            split = self.qkv(self.norms[0](x)).reshape(n, tokens, 3, self.heads, width // self.heads)
            q, k, v = split.permute(2, 0, 3, 1, 4)
            weight = torch.softmax(q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5, dim=-1)
            x = x + self.out((weight @ v).transpose(1, 2).reshape(n, tokens, width))
            return x + self.mlp(self.norms[1](x))

    class PitchNet(nn.Module):
        def __init__(self):
            super().__init__()
            a, b, c, d = 24, 40, 72, 112
            self.quarter = nn.Sequential(conv(4, a, 7, 4), nn.ReLU())
            self.eighth = Block(a, b, 2)
            self.sixteenth = nn.Sequential(Block(b, c, 2), Block(c, c))
            self.coarse = nn.Sequential(Block(c, d, 2), Block(d, d))
            self.position = nn.Parameter(torch.randn(1, (WIDTH // 32) * (HEIGHT // 32), d) * 0.02)
            self.context = nn.Sequential(*(Attention(d) for _ in range(3)))
            widths = (72, 48)
            self.ups = nn.ModuleList([conv(i, o, 1) for i, o in zip((d, *widths), widths, strict=False)])
            self.laterals = nn.ModuleList([conv(i, o, 1) for i, o in zip((c, b), widths, strict=True)])
            self.mixes = nn.ModuleList([nn.Sequential(conv(o, o), nn.ReLU()) for o in widths])
            # each eighth gives the four quarters in it, which is a third cheaper than a decoder down to quarters
            self.lines = nn.Conv2d(widths[-1], 4 * len(FOOTBALL_LINES), 1)
            self.places = nn.Sequential(conv(widths[0], 48), nn.ReLU(), nn.Conv2d(48, 3, 1))
            self.pitch = nn.Linear(d, 1)
            nn.init.constant_(self.lines.bias, -4.0)

        def forward(self, x):
            eighth = self.eighth(self.quarter(x))
            sixteenth = self.sixteenth(eighth)
            coarse = self.coarse(sixteenth)
            n, d, h, w = coarse.shape
            tokens = self.context(coarse.flatten(2).transpose(1, 2) + self.position)
            up = tokens.transpose(1, 2).reshape(n, d, h, w)
            levels = []
            for skip, raise_, lateral, mix in zip(
                (sixteenth, eighth), self.ups, self.laterals, self.mixes, strict=True
            ):
                up = mix(functional.relu(functional.interpolate(raise_(up), scale_factor=2.0) + lateral(skip)))
                levels.append(up)
            return functional.pixel_shuffle(self.lines(up), 2), self.places(levels[0]), self.pitch(tokens.mean(1))[:, 0]

    return PitchNet()


def losses(outputs, lines, places, pitch):
    """Return the three losses: of the lines' maps, of the places in metres, of pitch or no pitch."""
    import torch
    from torch.nn import functional

    line_logits, place, flag = outputs
    weight = 1 + 5 * lines
    of_lines = 20 * (functional.binary_cross_entropy_with_logits(line_logits, lines, reduction="none") * weight).mean()
    valid = places[:, 2]
    off = (place[:, 0] - places[:, 0]).abs() * 52.5 + (place[:, 1] - places[:, 1]).abs() * 34.0
    log_scale = place[:, 2].clamp(-3, 4)
    likelihood = off * torch.exp(-log_scale) + 2 * log_scale
    of_places = (likelihood * valid).sum() / valid.sum().clamp(min=1)
    metres = (off * valid).sum() / valid.sum().clamp(min=1)
    of_pitch = functional.binary_cross_entropy_with_logits(flag, pitch)
    return of_lines, of_places, of_pitch, metres


# --- pictures -------------------------------------------------------------------------------------------------------


def sample(seed: int, index: int) -> dict[str, np.ndarray]:
    """Return one picture with what the network is to answer."""
    from data_prep.synthetic.pitch_pictures import render_picture
    from data_prep.synthetic.pitch_pictures.labels import line_maps, place_map
    from data_prep.synthetic.pitch_pictures.views import mirrors
    from sportstrack.pitch.network.prepare import prepare

    picture = render_picture(seed, index)
    both = picture.view is None or mirrors(picture.view.camera)
    truth = {"lines": line_maps(picture), "places": place_map(picture)}
    return {"image": prepare(picture.image), "mirrors": np.uint8(both), **truth}


def tables(slots: int) -> dict[str, object]:
    """Return shared memory for pictures."""
    return {k: RawArray("b", slots * int(np.prod(s)) * np.dtype(t).itemsize) for k, (s, t) in SHAPES.items()}


def arrays(shared: dict[str, object], slots: int) -> dict[str, np.ndarray]:
    """Return shared memory as arrays."""
    return {k: np.frombuffer(shared[k], dtype=t).reshape(slots, *s) for k, (s, t) in SHAPES.items()}


def keep_rendering(shared, made, used, stop, seed: int) -> None:
    """Fill the slots round and round, not further ahead than what is used."""
    import cv2

    cv2.setNumThreads(1)
    parent = os.getppid()
    table, rng = arrays(shared, SLOTS), np.random.default_rng(seed)
    while not stop.is_set() and os.getppid() == parent:
        stadium = int(rng.integers(TRAIN_SEEDS))
        for _ in range(6):
            while made.value > 400 + used.value / REUSE and not stop.is_set() and os.getppid() == parent:
                time.sleep(0.05)
            one = sample(stadium, int(rng.integers(1 << 30)))
            for key, array in table.items():
                array[made.value % SLOTS] = one[key]
            made.value += 1


def to_batch(table: dict[str, np.ndarray], rows: np.ndarray, rng: np.random.Generator | None = None):
    """Return tensors of some rows; colours are varied a little if there is a generator."""
    import torch

    image, lines = table["image"][rows].astype(np.float32) / 255, table["lines"][rows]
    places = table["places"][rows].copy()
    if rng is not None:
        turned = np.flatnonzero((table["mirrors"][rows] > 0) & (rng.random(len(rows)) < 0.5))
        image[turned], lines[turned] = image[turned, :, ::-1], lines[turned][:, MIRRORED, :, ::-1]
        places[turned] = places[turned][..., ::-1] * np.array([-1, 1, 1], np.float32)[:, None, None]
        image = image * rng.uniform(0.8, 1.2, (len(rows), 1, 1, 4)).astype(np.float32)
        image = image + rng.normal(0, 0.03, (len(rows), 1, 1, 1)).astype(np.float32)
    x = torch.from_numpy(np.clip(image, 0, 1).transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
    truth = torch.from_numpy(lines.astype(np.float32) / 255), torch.from_numpy(places)
    return x, *truth, (truth[1][:, 2].mean((1, 2)) > 0.02).float()


# --- training -------------------------------------------------------------------------------------------------------


def train(work: Path, minutes: float, start: Path | None, batch: int, peak: float, seed: int, bf16: bool) -> None:
    """Train by the clock: the learning rate falls with the time that is left."""
    import torch

    torch.manual_seed(seed)
    work.mkdir(parents=True, exist_ok=True)
    shared, made, used, stop = tables(SLOTS), Value("q", 0), Value("q", 0), Event()
    renderer = Process(target=keep_rendering, args=(shared, made, used, stop, seed), daemon=True)
    renderer.start()
    table, rng, checks = arrays(shared, SLOTS), np.random.default_rng(seed + 1), check_table()
    net = build().to(memory_format=torch.channels_last)
    if start is not None:
        net.load_state_dict(torch.load(start, weights_only=True))
    mean = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=peak, weight_decay=0.02)
    while made.value < 300:
        time.sleep(0.5)
    begin, step, sums = time.time(), 0, np.zeros(4)
    print(f"{sum(p.numel() for p in net.parameters()) / 1e6:.2f} M weights", flush=True)
    while (gone := (time.time() - begin) / 60 / minutes) < 1:
        rate = peak * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * gone)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        rows = rng.integers(0, min(made.value, SLOTS), batch)
        x, lines, places, pitch = to_batch(table, rows, rng)
        net.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            outputs = net(x)
        parts = losses([o.float() for o in outputs], lines, places, pitch)
        optimizer.zero_grad()
        (parts[0] + 0.25 * parts[1] + 0.3 * parts[2]).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        average(mean, net, min(0.998, (step + 1) / (step + 20)))
        used.value += batch
        sums, step = sums + [p.item() for p in parts], step + 1
        if step % 100 == 0:
            numbers = " ".join(f"{v:.3f}" for v in sums / 100)
            print(
                f"{step} {(time.time() - begin) / 60:.1f} min, {made.value} pictures, lr {rate:.5f}: {numbers}",
                flush=True,
            )
            sums[:] = 0
        if step % 1000 == 0:
            save(mean, work, checks, bf16)
    save(mean, work, checks, bf16)
    stop.set()
    renderer.join(5)


def average(mean, net, keep: float) -> None:
    """Move the averaged weights a little towards those of the network."""
    import torch

    with torch.no_grad():
        for old, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - keep)
            else:
                old.copy_(new)


def check_table() -> dict[str, np.ndarray]:
    """Return the pictures that are looked at meanwhile."""
    made = [sample(seed, index) for seed in CHECK_SEEDS for index in range(1)]
    return {key: np.stack([one[key] for one in made]) for key in SHAPES}


def save(net, work: Path, checks: dict[str, np.ndarray], bf16: bool) -> None:
    """Keep the averaged weights, and print their losses on stadiums that do not train."""
    import torch

    check(net, checks, bf16)
    part = work / "last.part"
    torch.save(net.state_dict(), part)
    part.rename(work / "last.pt")


def check(net, checks: dict[str, np.ndarray], bf16: bool) -> None:
    """Print the losses on stadiums that do not train; the last figure is the error of the places in metres."""
    import torch

    net.eval()
    sums = np.zeros(4)
    rows = np.array_split(np.arange(len(checks["image"])), 10)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for some in rows:
            x, *truth = to_batch(checks, some)
            sums += [p.item() for p in losses([o.float() for o in net(x)], *truth)]
    print("  check " + " ".join(f"{v:.3f}" for v in sums / len(rows)), flush=True)


def export(weights: Path, path: Path) -> None:
    """Write the network as ONNX: what `prepare` makes, (1, 4, 192, 320) as 0 to 255, to maps of probabilities."""
    import onnx
    import torch

    class Whole(torch.nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            lines, places, pitch = self.net(x / 255.0)
            return torch.sigmoid(lines), places, torch.sigmoid(pitch)

    net = build()
    net.load_state_dict(torch_weights(weights))
    net.eval()
    whole, example = Whole(net).eval(), torch.zeros(1, 4, HEIGHT, WIDTH)
    names = ["lines", "places", "pitch"]
    torch.onnx.export(
        whole, (example,), path, input_names=["image"], output_names=names, opset_version=17, dynamo=False
    )
    model = halved(onnx.load(path))
    entries = {"sport": "football", "lines": ",".join(FOOTBALL_LINES), "licence": "Apache-2.0"}
    for key, value in entries.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, path)


def torch_weights(path: Path) -> dict:
    """Return the weights in a file."""
    import torch

    return torch.load(path, weights_only=True)


def halved(model):
    """Return the model with its large weights kept in 16 bits: half the file; it computes in 32 as before."""
    import onnx
    from onnx import numpy_helper

    graph, casts = model.graph, []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size > 1000:
            name = weight.name
            graph.initializer.remove(weight)
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for the weights")
    parser.add_argument("--minutes", type=float, default=60, help="of training (default: %(default)s)")
    parser.add_argument("--from", dest="start", type=Path, metavar="FILE.pt", help="weights to begin with")
    parser.add_argument("--check", action="store_true", help="print the losses of WORK/last.pt, metres last, and stop")
    parser.add_argument("--export", type=Path, metavar="FILE.onnx", help="write WORK/last.pt as ONNX and stop")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=0.002, help="peak learning rate (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fp32", action="store_true", help="compute in float32 where bfloat16 is slow")
    options = parser.parse_args()
    if options.check:
        net = build()
        net.load_state_dict(torch_weights(options.work / "last.pt"))
        check(net, check_table(), not options.fp32)
        return
    if options.export is not None:
        export(options.work / "last.pt", options.export)
        return
    train(options.work, options.minutes, options.start, options.batch, options.rate, options.seed, not options.fp32)


if __name__ == "__main__":
    main()
