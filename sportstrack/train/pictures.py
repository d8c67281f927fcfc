"""The pictures of a training run, under names that stay the same whatever Ultralytics calls them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.draw.figures import colour_of, new_axes, save_figure
from sportstrack.files.reading import read_table

_NAMES = {
    "BoxPR_curve.png": "precision-recall.png",
    "BoxF1_curve.png": "f1.png",
    "BoxP_curve.png": "precision.png",
    "BoxR_curve.png": "recall.png",
    "MaskPR_curve.png": "mask-precision-recall.png",
    "MaskF1_curve.png": "mask-f1.png",
    "MaskP_curve.png": "mask-precision.png",
    "MaskR_curve.png": "mask-recall.png",
    "confusion_matrix.png": "confusion.png",
    "confusion_matrix_normalized.png": "confusion-normalized.png",
    "results.png": "results.png",
    "labels.jpg": "labels.jpg",
    "val_batch0_labels.jpg": "samples-truth.jpg",
    "val_batch0_pred.jpg": "samples-predicted.jpg",
}
_SCORES = ("precision", "recall", "mAP50", "mAP50-95")


def save_pictures(folder: Path) -> list[Path]:
    """Move Ultralytics' pictures from `folder` to its plots/, draw losses and scores per epoch, return the files."""
    for thread in threading.enumerate():
        if "plot" in thread.name and thread is not threading.current_thread():
            thread.join(60)  # Ultralytics draws samples in the background
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    for file in sorted([*folder.glob("*.png"), *folder.glob("*.jpg")]):
        file.replace(plots / _NAMES.get(file.name, file.name))
    columns = read_results(folder / "results.csv")
    if columns:
        save_figure(losses(columns), plots / "losses.png")
        save_figure(scores(columns), plots / "scores.png")
    return sorted(plots.iterdir())


def read_results(path: Path) -> dict[str, list[float]]:
    """Return results.csv as column → values, NaN where there is no number; empty if it is not there or has no epochs.

    Raises:
        FormatError: it cannot be read.
    """
    rows = read_table(path) if path.is_file() else []
    columns = {name: [_number(row[name]) for row in rows] for name in (rows[0] if rows else ())}
    return columns if "epoch" in columns else {}


def losses(columns: dict[str, list[float]]) -> Any:
    """Return a figure of every loss over the epochs, training full and validation dashed."""
    figure, axes = new_axes(7.2, 4.8)
    names = [name.removeprefix("train/") for name in columns if name.startswith("train/")]
    for k, name in enumerate(names):
        for part, style in (("train", "-"), ("val", "--")):
            if values := columns.get(f"{part}/{name}"):
                label = f"{name.removesuffix('_loss')} {part}"
                axes.plot(columns["epoch"], values, style, marker=".", lw=1.8, color=colour_of(k), label=label)
    _epochs(axes, "loss")
    return figure


def scores(columns: dict[str, list[float]]) -> Any:
    """Return a figure of precision, recall, mAP50 and mAP50-95 over the epochs."""
    figure, axes = new_axes(7.2, 4.8)
    for k, name in enumerate(_SCORES):
        if values := columns.get(f"metrics/{name}(B)"):
            label = f"{name}, best {100 * max((v for v in values if v == v), default=np.nan):.1f}"
            axes.plot(columns["epoch"], [100 * v for v in values], marker=".", lw=1.8, color=colour_of(k), label=label)
    _epochs(axes, "per cent, on the val split")
    axes.set_ylim(0, 100)
    return figure


def _epochs(axes: Any, what: str) -> None:
    axes.set_xlabel("epoch")
    axes.set_ylabel(what)
    axes.grid(color="#e5e5e5")
    axes.legend(frameon=False, fontsize=8)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
