"""Structured pruning: whole channels of a YOLOv8 network are removed, so that file, memory and time really shrink.

The channels of an element-wise sum or a concatenation belong together; torch-pruning's graph of dependencies (DepGraph,
Fang et al. 2023, https://arxiv.org/abs/2301.12900) finds them. A C2f block splits the channels of one convolution into
halves, which that graph cannot follow safely, so each C2f is rewritten with a convolution for each half, pruned, and
put together again. The result holds Ultralytics' own layers only, and loads wherever the original loads.
"""

from __future__ import annotations

import io
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.detect.common import import_package, require_package
from sportstrack.errors import SettingError, SportstrackError, WeightsError
from sportstrack.files.claim import PartFile

PACKAGE = "torch_pruning"
FIX = "pip install 'sportstrack[prune]'"

_LAYERS = ("Conv", "C2f", "SPPF", "Concat", "Upsample", "Detect", "Segment")
_MULTIPLE = 8  # channels: what vector units of processors take at once
_SIDE = 256  # pixels: of the picture that the network is followed with


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        weights: numbers in it.
        flops: floating point operations for a picture of 256 × 256 (twice the multiplications).
        bytes: of its file in 16 bits.
    """

    weights: float
    flops: float
    bytes: int


def check_prune(path: str, network: Any) -> None:
    """Refuse what cannot be pruned.

    Raises:
        SettingError: the weights are random, or torch-pruning is not installed.
        WeightsError: the network has layers other than YOLOv8's.
    """
    if not path.endswith(".pt"):
        raise SettingError(f"--prune: removes the least important weights, and {path} has random ones; give a .pt file")
    require_package(PACKAGE, "--prune", FIX)
    layers: Any = getattr(network, "model", ())
    other = [name for name in (type(layer).__name__ for layer in layers) if name not in _LAYERS]
    if not other and getattr(layers[-1], "one2one_cv2", None) is not None:
        other = ["an end-to-end head"]
    if other:
        raise WeightsError(f"{path}: --prune knows the layers of YOLOv8 (detect and segment), and this has {other[0]}")


def prune(path: str, model: Any, ratio: float, target: Path) -> tuple[Any, str]:
    """Remove a share of the channels of each layer, and save what remains.

    Args:
        path: the weights, for messages.
        model: their ``ultralytics.YOLO``; it stays as it is.
        ratio: share of the channels to remove, 0…1. What remains is rounded down to a multiple of 8.
        target: file for the pruned weights.

    Returns:
        The ``ultralytics.YOLO`` of the pruned file, and a note on what was saved.

    Raises:
        SportstrackError: the pruned network is no smaller.
    """
    from sportstrack.models.checkpoint import open_checkpoint

    network = deepcopy(model.model).float()
    before = _save(network, model, target)
    prune_network(network, ratio)
    after = _save(network, model, target)
    if not (after.weights < before.weights and after.flops < before.flops and after.bytes < before.bytes):
        raise SportstrackError(f"{path}: pruning by {ratio} removes nothing; choose a larger --prune")
    note = (
        f"pruned: {before.weights / 1e6:.2f} → {after.weights / 1e6:.2f} million weights, "
        f"{100 * after.flops / before.flops:.0f} % of the operations, "
        f"{before.bytes / 1e6:.1f} → {after.bytes / 1e6:.1f} MB; the training now makes up for what is gone"
    )
    return open_checkpoint(target), note


def prune_network(network: Any, ratio: float) -> None:
    """Remove a share of the channels of each layer of a ``DetectionModel`` of YOLOv8's layers, in place."""
    import torch

    torch_pruning = import_package(PACKAGE, "--prune", FIX)
    layers, head = network.model, network.model[-1]
    for parameter in network.parameters():
        parameter.requires_grad = True  # the graph is read from the gradients' functions
    for row, layer in enumerate(layers):
        if type(layer).__name__ == "C2f":
            layers[row] = _split(layer)
    network.train()
    kept = [branch[-1] for branch in (*head.cv2, *head.cv3, *getattr(head, "cv4", ()))] + [head.dfl]
    if hasattr(head, "proto"):
        kept.append(head.proto.cv3)
    torch_pruning.pruner.BasePruner(
        network,
        torch.rand(1, next(network.parameters()).shape[1], _SIDE, _SIDE),
        torch_pruning.importance.GroupMagnitudeImportance(),
        pruning_ratio=ratio,
        round_to=_MULTIPLE,
        ignored_layers=kept,  # the numbers that the head gives have a meaning each
        output_transform=_tensors,
    ).step()
    for row, layer in enumerate(layers):
        if hasattr(layer, "halves"):
            layers[row] = _joined(layer)
    network.eval()


def as_it_is(weights: Any, classes: int) -> Any:
    """Return a copy of a pruned network to train on, with new layers for the classes where their number differs."""
    from torch import nn

    network = deepcopy(weights).float()
    network.criterion = None
    head = network.model[-1]
    if head.nc != classes:
        for branch in head.cv3:
            branch[-1] = nn.Conv2d(branch[-1].in_channels, classes, 1)
        head.nc, head.no = classes, classes + 4 * head.reg_max
        network.nc = network.yaml["nc"] = classes
        head.bias_init()
    for parameter in network.parameters():
        parameter.requires_grad = True
    return network


def is_narrowed(weights: Any) -> bool:
    """Return whether a network has other widths than those that its description (``.yaml``) says: it was pruned."""
    layers = {type(layer).__name__ for layer in weights.model}
    if not layers <= set(_LAYERS):
        return False
    described = type(weights)(deepcopy(weights.yaml), verbose=False).state_dict()
    return {name: t.shape for name, t in weights.state_dict().items()} != {n: t.shape for n, t in described.items()}


def _save(network: Any, model: Any, target: Path) -> Cost:
    """Write a checkpoint as Ultralytics does, and return what the network in it costs."""
    import torch
    import ultralytics

    torch_pruning = import_package(PACKAGE, "--prune", FIX)
    side = torch.rand(1, next(network.parameters()).shape[1], _SIDE, _SIDE)
    flops, weights = torch_pruning.utils.count_ops_and_params(network.eval(), side)
    saved = deepcopy(network).half()
    saved.names, saved.args = model.names, {}
    content = {"model": saved, "train_args": dict((model.ckpt or {}).get("train_args") or {}), "epoch": -1}
    torch.save({**content, "version": ultralytics.__version__}, buffer := io.BytesIO())
    file = PartFile(target)
    file.write(buffer.getvalue())
    file.complete()
    return Cost(weights, 2 * flops, len(buffer.getvalue()))


def _split(block: Any) -> Any:
    """Return a C2f as a block of the same function whose two halves have a convolution each."""
    import torch
    from torch import nn

    class SplitC2f(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            width = block.cv1.conv.out_channels // 2
            self.original = (block,)  # a tuple hides it from torch
            self.halves = nn.ModuleList(_rows(block.cv1, start, width) for start in (0, width))
            self.m, self.cv2 = block.m, block.cv2
            for name in ("f", "i", "type"):  # Ultralytics' place of the layer
                setattr(self, name, getattr(block, name))

        def forward(self, x: Any) -> Any:
            parts = [half(x) for half in self.halves]
            for bottleneck in self.m:
                parts.append(bottleneck(parts[-1]))
            return self.cv2(torch.cat(parts, 1))

    return SplitC2f()


def _joined(split: Any) -> Any:
    """Return the C2f that a split block stands for; its halves are equally wide, because equal widths lose equally."""
    import torch

    block: Any = split.original[0]
    first, second = split.halves
    if first.conv.out_channels != second.conv.out_channels:
        raise SportstrackError("pruning left a C2f block with unequal halves; please report this")
    block.c = first.conv.out_channels
    conv = block.cv1.conv
    conv.in_channels, conv.out_channels = first.conv.in_channels, 2 * block.c
    conv.weight = torch.nn.Parameter(torch.cat([first.conv.weight.data, second.conv.weight.data]))
    norm = block.cv1.bn
    norm.num_features = 2 * block.c
    for name in ("weight", "bias"):
        setattr(norm, name, torch.nn.Parameter(torch.cat([getattr(half.bn, name).data for half in split.halves])))
    for name in ("running_mean", "running_var"):
        setattr(norm, name, torch.cat([getattr(half.bn, name) for half in split.halves]))
    return block


def _rows(conv: Any, start: int, width: int) -> Any:
    """Return Ultralytics' Conv with some of the output channels of another."""
    from torch import nn

    found = deepcopy(conv)
    rows = slice(start, start + width)
    found.conv.weight = nn.Parameter(conv.conv.weight.data[rows].clone())
    found.conv.out_channels = found.bn.num_features = width
    for name in ("weight", "bias"):
        setattr(found.bn, name, nn.Parameter(getattr(conv.bn, name).data[rows].clone()))
    for name in ("running_mean", "running_var"):
        setattr(found.bn, name, getattr(conv.bn, name)[rows].clone())
    return found


def _tensors(value: Any) -> list[Any]:
    """Return the tensors in a network's answer, however deep."""
    if hasattr(value, "grad_fn"):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [tensor for part in parts for tensor in _tensors(part)]
