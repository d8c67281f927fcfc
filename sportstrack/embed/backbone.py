"""Torchvision's classification networks without their last layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.crops import NetworkInput, embed_crops
from sportstrack.errors import SettingError, WeightsError, unknown
from sportstrack.masks.table import Masks
from sportstrack.models.devices import check_half, choose_device, import_torch
from sportstrack.plugins import first_line
from sportstrack.types import Embeddings, FloatArray, Image

_BATCH = 32  # crops at a time
_HEADS = ("fc", "heads", "head")  # what the last layer is called where the pooling comes before it
_SEED = 0
_FAINT = 1e-6  # some untrained networks weaken a signal from layer to layer until it vanishes


class TorchvisionEmbedder:
    """A torchvision backbone: pooled features of the last stage, of crops stretched to 256×128.

    These networks were trained to classify objects, not to distinguish players: they need no file from elsewhere, and a
    re-identification model does better.

    Args:
        backbone: a classification network of torchvision, such as ``resnet18`` or ``mobilenet_v3_small``.
        weights: ``default``, torchvision's own ImageNet weights, which it downloads once into its cache (TORCH_HOME);
            or ``random``, untrained weights, the same ones every time, for which nothing is downloaded.
        device: as `sportstrack.models.devices.choose_device`.
        half: 16-bit floats; needs a GPU.

    Attributes:
        name: ``torchvision:`` and the backbone.
        device: the device in use.

    Raises:
        SettingError: if torchvision has no such network.
        WeightsError: if its weights cannot be downloaded.
        DeviceError: if the device is not there, or cannot do `half`.
    """

    def __init__(
        self, backbone: str = "resnet18", *, weights: str = "default", device: str = "auto", half: bool = False
    ) -> None:
        if weights not in {"default", "random"}:
            raise SettingError(f"torchvision:{backbone}:{weights}: expected :random or nothing after the name")
        self.device = choose_device(device)
        check_half(half, self.device)
        network = load_backbone(backbone.lower(), pretrained=weights == "default")
        size = getattr(network, "image_size", None)  # transformers take one size only
        self._wants = NetworkInput((size, size)) if isinstance(size, int) else NetworkInput()
        self._network = without_head(backbone, network).eval().to(self.device)
        if half:
            self._network.half()
        self._half = half
        self.name = f"torchvision:{backbone.lower()}" + (":random" if weights == "random" else "")
        self.length = self._try_out()

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, D) unit rows for an (H, W, 3) BGR frame and (N, 4) boxes."""
        return self._embed(frame, xyxy, None)

    def masked(self, frame: Image, xyxy: FloatArray, masks: Masks) -> Embeddings:
        """Return (N, D) unit rows; the pixels outside the masks are blanked."""
        return self._embed(frame, xyxy, masks)

    def _embed(self, frame: Image, xyxy: FloatArray, masks: Masks | None) -> Embeddings:
        wants = self._wants
        return embed_crops(frame, xyxy, self._run, wants=wants, length=self.length, batch=_BATCH, masks=masks)

    def _try_out(self) -> int:
        """Run once on noise and return a vector's length."""
        noise = np.random.default_rng(_SEED).integers(0, 256, (1, *self._wants.size, 3), np.uint8)
        try:
            vector = self._run(self._wants.planes(noise))[0]
        except RuntimeError as error:
            size = "×".join(map(str, self._wants.size))
            raise SettingError(f"{self.name}: takes no pictures of {size} pixels ({first_line(error)})") from error
        if not np.abs(vector).max() > _FAINT:
            raise SettingError(f"{self.name}: this network answers (almost) nothing before training; try resnet18")
        return len(vector)

    def _run(self, planes: NDArray[np.float32]) -> Any:
        torch = import_torch()
        with torch.inference_mode():
            pictures = torch.from_numpy(planes).to(self.device)
            found = self._network(pictures.half() if self._half else pictures)
            return found.flatten(1).float().cpu().numpy()


def load_backbone(backbone: str, *, pretrained: bool, seed: int = _SEED) -> Any:
    """Return a classification network of torchvision, with ImageNet's weights or random ones.

    Raises:
        SettingError: torchvision has no such network.
        WeightsError: its weights cannot be downloaded.
    """
    torch = import_torch()
    from torchvision import models

    known = models.list_models(module=models)
    if backbone not in known:
        raise SettingError(f"torchvision: {unknown('network', backbone, known)}")
    if pretrained:
        try:
            return models.get_model(backbone, weights="DEFAULT")
        except (OSError, RuntimeError, ValueError) as error:
            raise WeightsError(
                f"torchvision:{backbone}: its weights cannot be loaded ({first_line(error)}); fetch "
                f"{models.get_model_weights(backbone).DEFAULT.url} into {torch.hub.get_dir()}/checkpoints yourself, or "
                f"use torchvision:{backbone}:random, which needs none"
            ) from error
    with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they were
        torch.manual_seed(seed)
        extra = {"init_weights": True} if backbone in {"googlenet", "inception_v3"} else {}
        return models.get_model(backbone, weights=None, **extra)


def without_head(backbone: str, network: Any) -> Any:
    """Return a network that gives (n, D) or (n, D, 1, 1) pooled features.

    Raises:
        SettingError: its last layer is not known.
    """
    from torch import nn

    for name in _HEADS:
        if hasattr(network, name):
            setattr(network, name, nn.Identity())
            return network
    if hasattr(network, "features"):
        return nn.Sequential(network.features, nn.AdaptiveAvgPool2d(1))
    if hasattr(network, "classifier"):
        network.classifier = nn.Identity()
        return network
    raise SettingError(f"torchvision:{backbone}: the last layer of this network is not known; try resnet18")
