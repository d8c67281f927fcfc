"""The network: a backbone, a layer that makes the embedding, and a normalisation between the two losses.

Luo et al., "Bag of Tricks and a Strong Baseline for Deep Person Re-identification" (CVPRW 2019): the triplet loss sees
the vector before the batch normalisation, the identity loss and the user the one after it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.appearance import unit_rows
from sportstrack.embed.backbone import load_backbone, without_head
from sportstrack.embed.crops import NetworkInput
from sportstrack.errors import SettingError, WeightsError, unknown
from sportstrack.models.devices import import_torch
from sportstrack.plugins import first_line
from sportstrack.reid.settings import ReidSettings
from sportstrack.types import Embeddings, IntArray

KIND = "sportstrack reid"
"""What a checkpoint of this package says that it is."""
TIMM = "timm:"
_BATCH = 128  # crops at a time, where nothing is learnt


def build_network(settings: ReidSettings, *, load: bool = True) -> Any:
    """Return a ``torch.nn.Module``: (n, 3, H, W) → two (n, dim), before and after the last normalisation.

    Args:
        settings: backbone, weights, size, dim and seed.
        load: start from the weights; False leaves random ones, for a checkpoint that fills all of them.

    Raises:
        SettingError: no such backbone, timm is missing, or it does not take crops of this size.
        WeightsError: the weights cannot be loaded, or are another network's.
    """
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        backbone = _backbone(settings, settings.weights if load else "random")
        length = _length(backbone, settings)
        network = _joined(backbone, length, settings.dim)
    if load and settings.weights not in ("default", "random"):
        found = read_weights(settings.weights)
        if found.get("kind") == KIND:
            _fill(network, found["network"], settings)
    return network


def _backbone(settings: ReidSettings, weights: str) -> Any:
    if settings.backbone.lower().startswith(TIMM):
        return _timm(settings.backbone[len(TIMM) :].strip(), weights, settings.input_size)
    name = settings.backbone.lower()
    try:
        network = load_backbone(name, pretrained=weights == "default", seed=settings.seed)
    except WeightsError as error:
        fetch = str(error).partition(", or use ")[0]
        raise WeightsError(f"{fetch}, or take --weights random, which needs none, or --weights FILE") from error
    side = getattr(network, "image_size", None)
    if isinstance(side, int) and settings.input_size != (side, side):
        raise SettingError(f"backbone {name}: takes crops of {side}x{side} alone; --size {side}x{side}, or another one")
    _start_from(network, weights, name)
    return without_head(name, network)


def _timm(name: str, weights: str, size: tuple[int, int]) -> Any:
    if find_spec("timm") is None:
        raise SettingError(f"backbone {TIMM}{name}: needs timm: pip install 'sportstrack[timm]'")
    import timm

    if name not in (known := timm.list_models()):
        raise SettingError(f"timm: {unknown('network', name, known)}")
    asked: dict[str, Any] = {"pretrained": weights == "default", "num_classes": 0}
    try:
        try:
            network = timm.create_model(name, **asked, img_size=size)  # transformers are made for one size
        except TypeError:
            network = timm.create_model(name, **asked)
    except Exception as error:  # its hub raises what it likes
        if weights != "default":
            raise SettingError(f"{TIMM}{name}: cannot be made for crops of this size ({first_line(error)})") from error
        raise WeightsError(
            f"{TIMM}{name}: its weights cannot be loaded ({first_line(error)}); --weights random needs none, --weights "
            "FILE takes a file"
        ) from error
    _start_from(network, weights, name)
    return network


def read_weights(path: str) -> dict[str, Any]:
    """Read a checkpoint or a backbone's state, without running any code in it; WeightsError if it is none."""
    torch = import_torch()
    if not Path(path).is_file():
        raise WeightsError(f"{path}: no such file; expected default, random, or a file of weights")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its readers do
        raise WeightsError(f"{path}: no weights can be read from it ({first_line(error)})") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{path}: holds a {type(found).__name__}; expected the state of a network")
    return found


def _start_from(network: Any, weights: str, name: str) -> None:
    """Load a backbone's own state, its last layer apart; a run of this package is loaded later, as a whole."""
    if weights in ("default", "random"):
        return
    found = read_weights(weights)
    if found.get("kind") == KIND:
        return
    own = network.state_dict()
    fit = {key: value for key, value in found.items() if key in own and _alike(own[key], value)}
    lacking = [key for key in own if key not in fit and not key.startswith(("classifier", "fc", "head"))]
    if lacking:
        raise WeightsError(
            f"{weights}: is not the state of {name}: {len(lacking)} of its {len(own)} arrays are missing or of another "
            f"shape, the first is {lacking[0]}"
        )
    network.load_state_dict(fit, strict=False)


def _fill(network: Any, state: dict[str, Any], settings: ReidSettings) -> None:
    """Load the network of an earlier run; the embedding's layer is learnt anew where its length differs."""
    own = network.state_dict()
    fit = {key: value for key, value in state.items() if key in own and _alike(own[key], value)}
    lacking = [key for key in own if key.startswith("backbone.") and key not in fit]
    if lacking:
        raise WeightsError(f"{settings.weights}: is a run with another backbone than {settings.backbone}")
    network.load_state_dict(fit, strict=False)


def _alike(own: Any, value: Any) -> bool:
    return bool(getattr(value, "shape", None) == own.shape)


def _length(backbone: Any, settings: ReidSettings) -> int:
    torch = import_torch()
    backbone.eval()
    try:
        with torch.inference_mode():
            found = backbone(torch.zeros(2, 3, *settings.input_size)).flatten(1)
    except Exception as error:
        raise SettingError(
            f"backbone {settings.backbone}: takes no crops of {settings.size} ({first_line(error)}); try another --size"
        ) from error
    return int(found.shape[1])


def _joined(backbone: Any, length: int, dim: int) -> Any:
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone
            self.reduce = nn.Linear(length, dim, bias=False)
            self.neck = nn.BatchNorm1d(dim)
            self.neck.bias.requires_grad_(False)

        def forward(self, planes: Any) -> Any:
            found = self.backbone(planes)
            if isinstance(found, tuple):  # Inception's networks have outputs beside, while they are trained
                found = found[0]
            before = self.reduce(found.flatten(1))
            return before, self.neck(before)

    network = Network()
    nn.init.kaiming_normal_(network.reduce.weight, mode="fan_out")
    return network


def embed(network: Any, pictures: Any, settings: ReidSettings, device: str, rows: IntArray | None = None) -> Embeddings:
    """Return (N, dim) unit rows of (M, H, W, 3) BGR crops; the network is left ready for this, not to train.

    Args:
        network: of `build_network`.
        pictures: in memory, or a file mapped to it.
        settings: of the run.
        device: where the network is.
        rows: (N,) those that are asked for; None is all.
    """
    torch, wants = import_torch(), NetworkInput(settings.input_size)
    network.eval()
    parts = [np.zeros((0, settings.dim), np.float32)]
    with torch.inference_mode():
        wanted = np.arange(len(pictures)) if rows is None else rows
        for start in range(0, len(wanted), _BATCH):
            planes = torch.from_numpy(wants.planes(np.asarray(pictures[wanted[start : start + _BATCH]]))).to(device)
            parts.append(network(planes)[1].float().cpu().numpy())
    return unit_rows(np.concatenate(parts))
