"""Train the demo detector from scratch on rendered football, and measure it on seeds that it has not seen.

    python weights/train_demo.py WORK                      # render, train, export, measure: an hour or so
    python weights/train_demo.py WORK --validate FILE.pt   # only measure a file

WORK is a folder for the crops and checkpoints. Nothing is downloaded: the network starts from random weights
(``yolov8n.yaml``, four classes) and sees only renders of data_prep.synthetic.

Most of a football picture is grass, and what matters in it is small. So training sees squares of 320 pixels cut at
native scale round the ball, keepers, referee and crowded spots (some at random, for crowd and boards), never resized;
the network is fully convolutional, and runs on whole frames at imgsz 1280 afterwards.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("YOLO_OFFLINE", "true")  # no update checks, telemetry or downloads
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data_prep.synthetic import CLASSES, FrameTruth, Settings, render_sequence, write_yolo
from data_prep.synthetic.settings import BALL, GOALKEEPER, REFEREE, Image

CROP = 320  # pixels
SEQUENCE = {"frames": 240, "cuts": 2}
EVERY = 15  # one frame of 15 is cut into crops
CROPS_PER_FRAME = 6
TRAIN_SEEDS = range(1000, 1300)
CHECK_SEEDS = range(8000, 8004)  # looked at while training
TEST_SEEDS = range(9000, 9010)  # the scores in README.md; never looked at before


def scene(seed: int) -> Settings:
    """A sequence with its knobs drawn from the seed too."""
    rng = np.random.default_rng(seed)
    return Settings(
        seed=seed,
        crowding=float(rng.uniform(0.1, 0.8)),
        camera_speed=float(rng.uniform(0.5, 1.8)),
        light_change=float(rng.uniform(0, 0.8)),
        noise=float(rng.uniform(1, 4)),
        **SEQUENCE,
    )


# --- data -----------------------------------------------------------------------------------------------------------


def crop_corners(truth: FrameTruth, settings: Settings, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Top left corners of one frame's crops: the ball, rare roles, the tightest group, anything."""
    centre = (truth.xyxy[:, :2] + truth.xyxy[:, 2:]) / 2
    room = np.array([settings.width - CROP, settings.height - CROP])
    aims = [rng.uniform(0, (settings.width, settings.height))]
    people = np.flatnonzero(truth.class_id != BALL)
    if len(people):
        weight = np.where(np.isin(truth.class_id[people], (GOALKEEPER, REFEREE)), 4.0, 1.0)
        aims += [centre[i] for i in rng.choice(people, CROPS_PER_FRAME - 3, p=weight / weight.sum())]
        gap = np.linalg.norm(centre[people][:, None] - centre[people][None], axis=2)
        aims.append(centre[people[np.argmin(np.sort(gap, axis=1)[:, : min(3, len(people))].sum(axis=1))]])
    aims += [centre[i] for i in np.flatnonzero((truth.class_id == BALL) & (truth.visibility >= 0.1))]
    corners = []
    for aim in aims:
        corner = np.clip(aim - CROP / 2 + rng.uniform(-0.4, 0.4, 2) * CROP, 0, room).astype(int)
        corners.append((int(corner[0]), int(corner[1])))
    return corners


def crop_labels(truth: FrameTruth, x: int, y: int) -> list[str]:
    """YOLO lines of a crop: what is visible, as far as it lies within."""
    lines = []
    for class_id, box, visible in zip(truth.class_id, truth.xyxy, truth.visibility, strict=True):
        inside = np.clip(box - (x, y, x, y), 0, CROP)
        width, height = inside[2] - inside[0], inside[3] - inside[1]
        kept = width * height / ((box[2] - box[0]) * (box[3] - box[1]))
        if kept < (0.5 if class_id == BALL else 0.2) or kept * visible < 0.1:
            continue
        middle = (inside[:2] + inside[2:]) / 2 / CROP
        lines.append(f"{class_id} {middle[0]:.6f} {middle[1]:.6f} {width / CROP:.6f} {height / CROP:.6f}\n")
    return lines


def render_crops(job: tuple[int, Path]) -> int:
    """Cut one sequence into crops; a sequence that is already there is left alone."""
    import cv2

    seed, folder = job
    cv2.setNumThreads(1)
    done = folder / f"{seed}.done"
    if done.exists():
        return 0
    settings, rng, count = scene(seed), np.random.default_rng([seed, 99]), 0
    for image, truth in render_sequence(settings, EVERY):
        for i, (x, y) in enumerate(crop_corners(truth, settings, rng)):
            stem = folder / f"{seed}_{truth.frame:04d}_{i}"
            crop = image[y : y + CROP, x : x + CROP]
            stem.with_suffix(".jpg").write_bytes(bytes(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]))
            stem.with_suffix(".txt").write_text("".join(crop_labels(truth, x, y)), encoding="utf-8")
            count += 1
    done.touch()
    return count


def render_all(work: Path, workers: int) -> None:
    """All training crops, into WORK/crops; sequences that are there already are kept."""
    folder = work / "crops"
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(seed, folder) for seed in TRAIN_SEEDS]
    with ProcessPoolExecutor(workers) as pool:
        for n, _ in enumerate(pool.map(render_crops, jobs), 1):
            if n % 10 == 0:
                print(f"rendered {n}/{len(jobs)} sequences", flush=True)


# --- training -------------------------------------------------------------------------------------------------------


def batches(folder: Path, size: int, total: int, seed: int) -> Iterator[dict[str, Any]]:
    """``total`` shuffled crops in Ultralytics' batch form, decoded by a thread while the network computes."""
    from queue import Queue
    from threading import Thread

    files = sorted(folder.glob("*.jpg"))
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(files)) for _ in range(math.ceil(total / len(files)))])
    queue: Queue[dict[str, Any]] = Queue(4)

    def fill() -> None:
        for start in range(0, total - size + 1, size):
            queue.put(_batch([files[i] for i in order[start : start + size]], rng))

    Thread(target=fill, daemon=True).start()
    for _ in range(total // size):
        yield queue.get()


def _batch(files: list[Path], rng: np.random.Generator) -> dict[str, Any]:
    """Half of the crops mirrored, colours scaled a little: hue and size mean something here and stay."""
    import cv2
    import torch

    images, labels, index = [], [], []
    for i, file in enumerate(files):
        gain = rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3)
        table = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8).reshape(1, 256, 3)
        image = cv2.LUT(cv2.imread(str(file), cv2.IMREAD_COLOR_RGB), table)
        rows = np.array([line.split() for line in file.with_suffix(".txt").read_text().splitlines()], np.float32)
        rows = rows.reshape(-1, 5)
        if rng.random() < 0.5:
            image = image[:, ::-1]
            rows[:, 1] = 1 - rows[:, 1]
        images.append(image)
        labels.append(rows)
        index += [i] * len(rows)
    boxes = torch.from_numpy(np.concatenate(labels))
    picture = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous().float() / 255
    return {"img": picture, "cls": boxes[:, :1], "bboxes": boxes[:, 1:], "batch_idx": torch.tensor(index).float()}


def train(work: Path, options: argparse.Namespace) -> Path:
    """Train on WORK/crops, in ``--processes`` processes that share their gradients; return the exported file."""
    import torch

    meeting = work.resolve() / ".meeting"
    meeting.unlink(missing_ok=True)
    if options.processes == 1:
        train_one(0, work, options, meeting)
    else:
        torch.multiprocessing.spawn(train_one, (work, options, meeting), options.processes)
    return work / "sportstrack-demo-yolov8n.pt"


def train_one(rank: int, work: Path, options: argparse.Namespace, meeting: Path) -> None:
    """One process: AdamW, cosine to nothing, averaged weights; the first one reports and exports."""
    import torch
    from torch import distributed
    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils import IterableSimpleNamespace
    from ultralytics.utils.torch_utils import ModelEMA

    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)  # numbers too small to matter would slow the processor down
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.processes > 1:
        distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=options.processes)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = DetectionModel("yolov8n.yaml", ch=3, nc=len(CLASSES), verbose=False).to(device)
    model.names = dict(enumerate(CLASSES))
    model.args = IterableSimpleNamespace(box=7.5, cls=0.5, dfl=1.5)  # the weights of the losses, Ultralytics' own
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    matrices, vectors = [p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 5e-4}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate)
    average = ModelEMA(model, decay=0.998, tau=300)
    size = options.batch // options.processes
    total, warm, start, seen = options.images // options.processes, 150, time.monotonic(), np.zeros(3)
    for step, data in enumerate(batches(work / "crops", size, total, 1000 * options.seed + rank), 1):
        way = max(step * size / total, (time.monotonic() - start) / (60 * options.minutes))  # 0 to 1
        data = {key: value.to(device) for key, value in data.items()}
        with torch.autocast(device, torch.bfloat16, enabled=options.bf16):
            predictions = model(data["img"])
        loss, parts = model.loss(data, predictions)
        optimizer.zero_grad()
        loss.sum().backward()
        way = min(1.0, share_gradients(parameters, way) if options.processes > 1 else way)
        torch.nn.utils.clip_grad_norm_(parameters, 10.0 * size)
        for group in optimizer.param_groups:
            cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * way)) / 2
            group["lr"] = options.rate * min(1.0, step / warm) * cosine
        optimizer.step()
        average.update(model)
        last = way == 1.0 or (step + 1) * size > total
        now = np.array([float(part) for part in (parts.values() if isinstance(parts, dict) else parts)])
        seen = now if step == 1 else 0.98 * seen + 0.02 * now
        if rank == 0 and (step % 50 == 0 or last):
            count = step * size * options.processes
            losses = "box {:.3f} cls {:.3f} dfl {:.3f}".format(*seen)
            print(f"{count} crops, {way:.0%}: {losses}, {count / (time.monotonic() - start):.1f} crops/s", flush=True)
        if rank == 0 and (step % 200 == 0 or last):
            export(average.ema, work / "sportstrack-demo-yolov8n.pt")
        if last:
            break


def share_gradients(parameters: list[Any], way: float) -> float:
    """Average the gradients over the processes, and agree on how far the schedule is."""
    import torch
    from torch import distributed

    flat = torch.cat([p.grad.flatten() for p in parameters] + [torch.tensor([way])])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    start = 0
    for p in parameters:
        p.grad.copy_(flat[start : start + p.numel()].view_as(p))
        start += p.numel()
    return float(flat[-1])


def export(model: Any, path: Path) -> None:
    """Save what ``ultralytics.YOLO`` needs and nothing else: half precision, no optimizer, no paths, no dates."""
    import torch
    import ultralytics

    model = copy.deepcopy(model).cpu().half().eval()
    for name in ("criterion", "args"):
        if hasattr(model, name):
            delattr(model, name)
    settings = {"task": "detect", "model": "yolov8n.yaml", "data": "data_prep.synthetic", "imgsz": 1280}
    licence = "AGPL-3.0 (https://ultralytics.com/license)"
    part = path.with_suffix(".part")
    torch.save(
        {
            "epoch": -1, "best_fitness": None, "model": model, "ema": None, "updates": None, "optimizer": None,
            "train_args": settings, "version": ultralytics.__version__, "license": licence,
        },
        part,
    )  # fmt: skip
    part.rename(path)


# --- measuring ------------------------------------------------------------------------------------------------------


def validate(weights: Path, work: Path, seeds: range) -> dict[str, Any]:
    """Scores on whole frames of ``seeds`` by the stock ``ultralytics.YOLO`` at imgsz 1280: per class, and persons."""
    from ultralytics import YOLO

    folder = work / f"test-{seeds.start}-{seeds.stop - 1}"
    if not folder.exists():
        write_yolo([scene(seed) for seed in seeds], folder, every=20, val_share=0.5)
    data = folder / "all.yaml"
    data.write_text((folder / "data.yaml").read_text().replace("val: images/val", "val: [images/train, images/val]"))
    model = YOLO(str(weights))
    result = model.val(
        data=str(data), imgsz=1280, batch=1, plots=False, verbose=False, project=str(work / "runs"), workers=0
    ).box
    scores: dict[str, Any] = {}
    for row, class_id in enumerate(result.ap_class_index):
        values = (result.p[row], result.r[row], result.ap50[row], result.ap[row])
        named = zip(("precision", "recall", "AP50", "AP50-95"), values, strict=True)
        scores[CLASSES[class_id]] = {name: round(float(value), 3) for name, value in named}
    scores["person (any role)"] = {"AP50": round(person_ap50(model, folder), 3)}
    return scores


def person_ap50(model: Any, folder: Path) -> float:
    """AP50 with player, goalkeeper and referee taken for one class (101 points, as COCO samples it)."""
    hits: list[tuple[float, bool]] = []
    total = 0
    for image in sorted(folder.glob("images/*/*.jpg")):
        label = image.parents[2] / "labels" / image.parent.name / f"{image.stem}.txt"
        found = model.predict(str(image), imgsz=1280, conf=0.001, iou=0.7, agnostic_nms=True, verbose=False)[0]
        height, width = found.orig_shape
        truth = np.array([line.split() for line in label.read_text().splitlines()], float).reshape(-1, 5)
        truth = truth[truth[:, 0] != BALL, 1:] * (width, height, width, height)
        truth = np.hstack([truth[:, :2] - truth[:, 2:] / 2, truth[:, :2] + truth[:, 2:] / 2])
        boxes = found.boxes.data.cpu().numpy()
        hits += _matches(boxes[boxes[:, 5] != BALL], truth)
        total += len(truth)
    right = np.cumsum([hit for _, hit in sorted(hits, key=lambda row: -row[0])])
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / total, np.linspace(0, 1, 101))
    return float(np.append(envelope, 0.0)[np.minimum(at, len(envelope))].mean())


def _matches(boxes: Image, truth: Image) -> list[tuple[float, bool]]:
    """Score and whether it hit, best score first, each true box taken once (IoU 0.5 or more)."""
    free, out = np.ones(len(truth), bool), []
    for box in boxes[np.argsort(-boxes[:, 4])]:
        low, high = np.maximum(box[:2], truth[:, :2]), np.minimum(box[2:4], truth[:, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        area = np.prod(truth[:, 2:] - truth[:, :2], axis=1) + np.prod(box[2:4] - box[:2])
        overlap = np.where(free, shared / (area - shared), 0.0)
        best = int(np.argmax(overlap)) if len(overlap) else -1
        hit = best >= 0 and overlap[best] >= 0.5
        if hit:
            free[best] = False
        out.append((float(box[4]), bool(hit)))
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for crops, checkpoints and test frames")
    parser.add_argument("--validate", type=Path, metavar="FILE.pt", help="measure this file on the test seeds and stop")
    parser.add_argument("--check", action="store_true", help="measure on the seeds for looking, not the test seeds")
    parser.add_argument("--images", type=int, default=40_256, help="crops to train on (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="crops per step, over all processes (default: 32)")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the order (default: 1)")
    parser.add_argument("--workers", type=int, default=2, help="processes that render (default: 2)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop here at the latest (default: never)")
    parser.add_argument("--processes", type=int, default=1, help="that train together on a processor (default: 1)")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0 = its default, 1 wins on a busy machine")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where the processor has it")
    options = parser.parse_args()
    weights = options.validate
    if weights is None:
        render_all(options.work, options.workers)
        weights = train(options.work, options)
    print(json.dumps(validate(weights, options.work, CHECK_SEEDS if options.check else TEST_SEEDS), indent=2))


if __name__ == "__main__":
    main()
