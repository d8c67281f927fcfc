"""Embeddings: a frame and its boxes in, one unit vector per box out.

An embedder is any callable ``(frame, xyxy) -> (N, D)``; `load_embedder` makes one from what a user wrote after
``--embedder``. docs/appearance.md says which one when. Importing this package loads nothing but the standard library.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.errors import SettingError, nearest

if TYPE_CHECKING:
    from sportstrack.types import Embedder

EMBEDDERS = {
    "kit": "kit colour: histogram of the torso, no network",
    "osnet": "OSNet x0.25, a small re-identification network, through onnxruntime",
    "detector": "the detector's own features, from the forward pass that finds the boxes",
}
"""Name → what it is."""

FORMS = {
    "PATH.onnx": "any ONNX re-identification model",
    "torchvision:NAME": "a torchvision backbone with its ImageNet weights, such as torchvision:resnet18",
    "torchvision:NAME:random": "the same untrained: nothing is downloaded",
    "centred:A": "A minus the mean embedding of the video's first 25 frames",
    "A+B": "several, each centred, weighted and joined, such as kit+osnet",
    "package.module:attribute": "a callable (frame, xyxy) -> (N, D) of your own",
}
"""What else `load_embedder` takes → what it is."""

_CENTRED = "centred:"
_TORCHVISION = "torchvision:"
_OSNET_FILE = "osnet_x0_25_msmt17.onnx"


def load_embedder(name: str, *, device: str = "auto", half: bool = False, engine: str = "auto") -> Embedder:
    """Make an embedder from its name.

    Args:
        name: a key of `EMBEDDERS` or one of `FORMS`.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``, for networks.
        half: 16-bit floats for torchvision backbones; needs a GPU. An ONNX file's precision is its own.
        engine: what runs an ONNX file on a CPU: onnx, openvino, or auto, the faster one; any other name is onnx.

    Raises:
        SettingError: if there is no such embedder, or it is ``detector``, which is no step of its own.
        WeightsError: if a network's file is missing, broken or no re-identification model.
        DeviceError: if the device is not there, or cannot do `half`.
    """
    parts = [name] if Path(name).is_file() else name.split("+")
    made = [_load(part.strip(), device, half, engine) for part in parts]
    if len(made) == 1:
        return made[0]
    from sportstrack.embed.fuse import Centred, Combined, weight_of

    # A combination centres each part itself.
    plain = [part.embedder if isinstance(part, Centred) else part for part in made]
    return Combined([(part, weight_of(part)) for part in plain])


def _load(name: str, device: str, half: bool, engine: str) -> Embedder:
    low = name.lower()
    if low.startswith(_CENTRED):
        from sportstrack.embed.fuse import Centred

        return Centred(_load(name[len(_CENTRED) :].strip(), device, half, engine))
    if low == "kit":
        from sportstrack.embed.kit import KitEmbedder

        return KitEmbedder()
    if low.startswith(_TORCHVISION):
        from sportstrack.embed.backbone import TorchvisionEmbedder

        backbone, _, weights = name[len(_TORCHVISION) :].partition(":")
        return TorchvisionEmbedder(backbone, weights=weights or "default", device=device, half=half)
    if low == "osnet" or low.endswith(".onnx"):
        from sportstrack.embed.onnx import OnnxEmbedder

        return OnnxEmbedder(_OSNET_FILE if low == "osnet" else name, device=device, engine=engine)
    return _load_other(name, device, half)


def _load_other(name: str, device: str, half: bool) -> Embedder:
    from sportstrack.plugins import is_plugin, load_plugin

    if name.lower() == "detector":
        raise SettingError(
            "embedder 'detector': these features come out of the detector's own forward pass, so the pipeline asks the "
            "detector for them (sportstrack track --embedder detector, load_detector(weights, features=True)); there "
            "is nothing to load by itself, to centre or to join"
        )
    if is_plugin(name):
        from sportstrack.embed.custom import CustomEmbedder

        offered = {"device": device, "half": half}
        made = load_plugin(name, "a callable (frame, xyxy) -> (N, D)", offered=offered)
        return CustomEmbedder(made, name, named=True)
    known = ", ".join([*EMBEDDERS, *FORMS])
    raise SettingError(f"no embedder {name!r}{nearest(name, list(EMBEDDERS))} (known: {known})")
